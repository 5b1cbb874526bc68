/** The facade: what views may ask and do. Knows no React and no page. */
import type {
  Body,
  ClientId,
  ConversationId,
  Mentions,
  Message,
  Replies,
  Request,
  User,
  UserId,
} from "#/proto/wire";
import { type Means, type RequestActions, requestActions, send } from "./actions";
import { clientId } from "./clientId";
import { Engine, type EngineOptions } from "./engine";
import type { Input } from "./input";
import { type Clock, type Random, type SocketLike, systemClock } from "./ports";
import { aloneTabs, type Tabs } from "./tabs";
import type { Snapshot } from "./view";
import { Views } from "./views";

export type {
  ConversationChange,
  Door,
  Founding,
  InviteTerms,
  OwnSettings,
  Page,
  RequestActions,
} from "./actions";
export type {
  ConnectionState,
  ConnectionView,
  ConversationView,
  Line,
  PendingLine,
  RefusedLine,
  Snapshot,
  TimelineEvent,
  TimelineView,
} from "./view";

export interface Client {
  /** Calls `listener` after each change of the snapshot; returns how to stop it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The same object until something changes, so that `useSyncExternalStore` rests. */
  readonly snapshot: () => Snapshot;
  readonly actions: Actions;
  /** What the page tells: it came online, became visible, went offline or away. */
  tell(signal: Signal): void;
  /** Ends the session and frees everything; storage stays. */
  close(): void;
  /** Ends the session in every tab and empties this device's storage: for log-out. */
  forget(): Promise<void>;
}

export type Signal = "online" | "offline" | "visible" | "hidden";

export interface SendOptions {
  readonly reply_to?: number;
  readonly silent?: boolean;
  readonly mentions?: Mentions;
}

/**
 * Promises of requests reject with a `Refusal` (see refusal.ts); when the session ends before the answer, with one of
 * code `unavailable`.
 */
export interface Actions extends RequestActions {
  /** Loads the newest page if nothing is held; counts as focused until `close`. */
  open(id: ConversationId): void;
  close(id: ConversationId): void;
  /** Keeps the message on this device, then sends it; resolves with its client id once it is kept. */
  send(id: ConversationId, text: string, options?: SendOptions): Promise<ClientId>;
  /** Sends a refused message again, under the same client id; `body` replaces what it says (a new client id then). */
  retry(client_id: ClientId, body?: Body): Promise<void>;
  /** Takes a pending or refused message back. */
  discard(client_id: ClientId): Promise<void>;
  /** Loads what precedes `before_seq`, the first message after a gap, or the oldest loaded message. */
  loadOlder(id: ConversationId, before_seq?: number): void;
  /** Loads what follows `after_seq`: of a gap, or of the newest loaded message. */
  loadNewer(id: ConversationId, after_seq?: number): void;
  /** Loads the messages around one that is not held. */
  loadAround(id: ConversationId, seq: number): void;
  /** Moves the shown mark at once; the server is told at most once a second. */
  markRead(id: ConversationId, seq: number): void;
  findUsers(query: string): Promise<readonly User[]>;
  /** A message that is held, for reply previews. */
  findMessage(id: ConversationId, seq: number): Message | undefined;
  /** Asks for these profiles where they are unknown. */
  wantUsers(users: readonly UserId[]): void;
  /** The user writes in it: call it at each change of the text, told at most every 3 s. */
  typing(id: ConversationId): void;
  /** Asks for the presence of these users, shown in `Snapshot.presence`; returns how to stop it. */
  watch(users: readonly UserId[]): () => void;
  /** Any request of the protocol; its effect is in the snapshot when this resolves. */
  request<T extends keyof Replies>(request: Extract<Request, { type: T }>): Promise<Replies[T]>;
  /** Tries at once instead of waiting; also after `stopped` with 4409. */
  connectNow(): void;
}

export interface ClientOptions {
  /** Who is logged in: what this device keeps is kept apart by user. */
  readonly user: UserId;
  readonly program: { readonly name: string; readonly version: string };
  /** Opens a WebSocket to the server with the subprotocol `voodoo.v1`. */
  readonly open_socket: () => SocketLike;
  /** Whether the server says 401: asked after a socket that did not open. */
  readonly is_logged_out?: () => Promise<boolean>;
  /** Whether somebody can see the page as it starts; absent = yes. `tell` tells of changes. */
  readonly is_visible?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly random_bytes?: (n: number) => Uint8Array;
  readonly tabs?: Tabs;
  readonly notify?: (conversation: ConversationId, seq: number) => void;
  /** The title of the conversation with oneself; absent = one's own name. */
  readonly self_title?: string;
}

/** Starts a client. Its first snapshot is empty; what this device keeps follows at once, then the server. */
export function createClient(options: ClientOptions): Client {
  const clock = options.clock ?? systemClock;
  const random_bytes = options.random_bytes ?? ((n) => crypto.getRandomValues(new Uint8Array(n)));
  const makeId = () => clientId(clock.now(), random_bytes(10));
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const engineOptions: EngineOptions = {
    user: options.user,
    program: options.program,
    open_socket: options.open_socket,
    clock,
    random: options.random ?? Math.random,
    tabs: options.tabs ?? aloneTabs(),
    tab: makeId(),
    ...(options.is_logged_out === undefined ? {} : { is_logged_out: options.is_logged_out }),
    ...(options.is_visible === undefined ? {} : { is_visible: options.is_visible }),
    ...(options.notify === undefined ? {} : { notify: options.notify }),
  };
  const engine = new Engine(engineOptions, changed);
  const views = new Views(options.self_title);
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  };
  void engine.start();
  return {
    subscribe,
    snapshot: () => views.snapshot(engine, clock.now()),
    actions: actionsOf(engine, { clock, makeId, subscribe }),
    tell(signal) {
      if (signal === "visible" || signal === "hidden") engine.show({ is_visible: signal === "visible" });
      if (signal === "online" || signal === "visible") engine.wake();
      else if (signal === "hidden") engine.flush();
    },
    close: () => void engine.close(),
    forget: () => engine.forget(),
  };
}

function actionsOf(engine: Engine, means: Means): Actions {
  const shown = new Map<ConversationId, number>();
  const show = (id: ConversationId, by: number) => {
    const n = (shown.get(id) ?? 0) + by;
    if (n > 0) shown.set(id, n);
    else shown.delete(id);
    engine.show({ conversations: [...shown.keys()] });
  };
  const watched = new Map<UserId, number>();
  const watch = (users: readonly UserId[], by: number) => {
    for (const user of users) {
      const n = (watched.get(user) ?? 0) + by;
      if (n > 0) watched.set(user, n);
      else watched.delete(user);
    }
    engine.show({ watched: [...watched.keys()] });
  };
  const local = (input: Input) => engine.local(input);
  return {
    ...requestActions(engine, means),
    open: (id) => show(id, 1),
    close: (id) => show(id, -1),
    send: (id, text, options = {}) =>
      send(engine, means, { conversation: id, body: { kind: "text", text }, ...options }),
    retry: (client_id, body) => retry(engine, means, client_id, body),
    async discard(client_id) {
      local({ do: "discard", client_id });
    },
    loadOlder: (id, before_seq) =>
      local({ do: "older", conversation: id, ...(before_seq === undefined ? {} : { before_seq }) }),
    loadNewer(id, after_seq) {
      const last = engine.state.conversations.get(id)?.content?.ranges.at(-1)?.[1];
      const after = after_seq ?? last;
      if (after !== undefined) local({ do: "newer", conversation: id, after_seq: after });
    },
    loadAround: (id, seq) => local({ do: "around", conversation: id, seq }),
    markRead: (id, seq) => local({ do: "read", conversation: id, seq }),
    async findUsers(query) {
      return (await engine.ask<"users">({ type: "users", query })).users;
    },
    findMessage: (id, seq) => engine.state.conversations.get(id)?.content?.messages.get(seq),
    wantUsers(users) {
      if (users.some((user) => !engine.state.users.has(user))) local({ do: "name", users });
    },
    typing: (id) => engine.typing(id),
    watch(users) {
      watch(users, 1);
      let is_over = false;
      return () => {
        if (!is_over) watch(users, -1);
        is_over = true;
      };
    },
    request: (request) => engine.ask(request),
    connectNow: () => engine.connectNow(),
  };
}

/** What was refused was not stored: another text is another message. */
async function retry(
  engine: Engine,
  means: Means,
  client_id: ClientId,
  body: Body | undefined,
): Promise<void> {
  const entry = engine.outbox.find((each) => each.client_id === client_id);
  if (entry === undefined) return;
  if (body === undefined) {
    engine.local({ do: "retry", client_id });
    return;
  }
  const { conversation, reply_to, silent, mentions } = entry;
  await send(engine, means, {
    conversation,
    body,
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(silent === undefined ? {} : { silent }),
    ...(mentions === undefined ? {} : { mentions }),
  });
  engine.local({ do: "discard", client_id });
}
