// A client without a server, for tests of views: its snapshot is set by hand, its actions are recorded.
import type { ClientId, ConversationId, User, UserId } from "#/proto/wire";
import type { Actions, Client, ConversationView, Snapshot, TimelineView } from "#/sync/client";
import { EMPTY_TIMELINE, LIMITS, ME } from "./builders";

interface State {
  readonly connection?: Snapshot["connection"];
  readonly me?: User;
  readonly conversations?: readonly ConversationView[];
  readonly users?: readonly User[];
  readonly timelines?: Readonly<Record<string, TimelineView>>;
  readonly blocked?: readonly UserId[];
}

export interface Call {
  readonly action: string;
  readonly values: readonly unknown[];
}

export interface FakeClient extends Client {
  /** Every action that was asked for, oldest first. */
  readonly calls: Call[];
  /** Replaces parts of the snapshot and tells the listeners. */
  set(state: State): void;
  /** What `findUsers` answers. */
  people: readonly User[];
  /** What other actions answer, by name; whatever is not here resolves to nothing. */
  answers: Record<string, () => unknown>;
}

const LIVE: Snapshot["connection"] = { state: "live", since_ms: 0, n_waiting: 0 };

export function fakeClient(start: State = {}): FakeClient {
  let state: State = start;
  let snapshot = toSnapshot(state);
  const listeners = new Set<() => void>();
  const calls: Call[] = [];
  const client: FakeClient = {
    calls,
    people: [],
    answers: {},
    set(next) {
      state = { ...state, ...next };
      snapshot = toSnapshot(state);
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    snapshot: () => snapshot,
    actions: record(calls, (action) => answer(client, action)),
    tell: () => undefined,
    close: () => undefined,
    forget: () => Promise.resolve(),
  };
  return client;
}

function toSnapshot(state: State): Snapshot {
  const users = new Map((state.users ?? [ME]).map((user): [UserId, User] => [user.user, user]));
  return {
    connection: state.connection ?? LIVE,
    me: state.me ?? ME,
    limits: LIMITS,
    conversations: state.conversations ?? [],
    users,
    blocked: state.blocked ?? [],
    presence: new Map(),
    timeline: (id) => state.timelines?.[id] ?? EMPTY_TIMELINE,
  };
}

function answer(client: FakeClient, action: string): unknown {
  const own = client.answers[action];
  if (own) return own();
  const usual: Readonly<Record<string, () => unknown>> = {
    send: () => Promise.resolve("client-new" as ClientId),
    createDirect: () => Promise.resolve("c_new" as ConversationId),
    createGroup: () => Promise.resolve("c_new" as ConversationId),
    createBroadcast: () => Promise.resolve("c_new" as ConversationId),
    findUsers: () => Promise.resolve(client.people),
    findMessage: () => undefined,
    watch: () => () => undefined,
  };
  return usual[action] ? usual[action]() : Promise.resolve();
}

function record(calls: Call[], answered: (action: string) => unknown): Actions {
  return new Proxy(
    {} as Actions,
    {
      get(target: Record<string, unknown>, action: string) {
        // One function for each action, as views keep them in lists of dependencies.
        target[action] ??= (...values: unknown[]) => {
          calls.push({ action, values });
          return answered(action);
        };
        return target[action];
      },
    } as unknown as ProxyHandler<Actions>,
  );
}
