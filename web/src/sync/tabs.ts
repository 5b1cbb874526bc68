/**
 * Several tabs, one socket. The leader, which holds a lock, applies every input and tells it to the others; they apply
 * the same inputs to the same state, so that all show the same. What a person does in a follower is done by the leader.
 */
import type { ConversationId, Presence, Request } from "#/proto/wire";
import type { Input } from "./input";
import type { Cancel } from "./ports";
import type { Screen } from "./screens";
import type { Answer, LinkView } from "./socket";
import type { State } from "./step";

export type TabMessage =
  /** A follower wants the state. */
  | { readonly kind: "hello"; readonly from: string }
  | {
      readonly kind: "state";
      readonly to: string;
      readonly n: number;
      readonly state: State;
      readonly link: LinkView;
      readonly presence: readonly Presence[];
    }
  /** The leader applied its `n`-th input. */
  | { readonly kind: "applied"; readonly n: number; readonly input: Input }
  | { readonly kind: "link"; readonly link: LinkView }
  /** A new leader: its state counts. */
  | { readonly kind: "leads" }
  | { readonly kind: "do"; readonly input: Input }
  | { readonly kind: "shows"; readonly from: string; readonly screen: Screen }
  | { readonly kind: "typing"; readonly conversation: ConversationId }
  | { readonly kind: "ask"; readonly from: string; readonly id: number; readonly request: Request }
  | { readonly kind: "answer"; readonly to: string; readonly id: number; readonly answer: Answer }
  | { readonly kind: "connect" }
  /** Logged out: storage is gone. */
  | { readonly kind: "forget" };

export interface Channel {
  post(message: TabMessage): void;
  listen(hear: (message: TabMessage) => void): void;
  close(): void;
}

/** What the tabs of one user share. */
export interface Tabs {
  readonly channel: Channel;
  /** Calls back once this tab is the leader, which it stays until cancelled. */
  lead(began: () => void): Cancel;
}

/** Tabs of a browser: Web Locks and a BroadcastChannel. */
export function browserTabs(name: string, locks: LockManager, channel: BroadcastChannel): Tabs {
  return {
    channel: {
      post: (message) => channel.postMessage(message),
      listen(hear) {
        channel.onmessage = ({ data }: MessageEvent<TabMessage>) => hear(data);
      },
      close: () => channel.close(),
    },
    lead(began) {
      const ended = new AbortController();
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const hold = () => {
        began();
        return held;
      };
      // Aborting a request that waits rejects it: nothing is left to do then.
      locks.request(name, { signal: ended.signal }, hold).catch(() => {});
      return () => {
        release();
        ended.abort();
      };
    },
  };
}

/** A tab that is alone: it leads at once. */
export function aloneTabs(): Tabs {
  return {
    channel: { post() {}, listen() {}, close() {} },
    lead(began) {
      began();
      return () => {};
    },
  };
}
