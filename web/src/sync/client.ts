/** The facade: what views may ask and do. Knows no React and no page. */
import type { Body, ClientId, ConversationId, Mentions, Message, User, UserId } from "#/proto/wire";
import type { Snapshot } from "./view";

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
  subscribe(listener: () => void): () => void;
  /** The same object until something changes, so that `useSyncExternalStore` rests. */
  snapshot(): Snapshot;
  readonly actions: Actions;
  /** What the page tells: it came online, became visible, went offline. */
  tell(signal: Signal): void;
  /** Ends the session and frees everything; storage stays. */
  close(): void;
  /** Ends the session and empties this device's storage: for log-out. */
  forget(): Promise<void>;
}

export type Signal = "online" | "offline" | "visible" | "hidden";

export interface SendOptions {
  readonly reply_to?: number;
  readonly silent?: boolean;
  readonly mentions?: Mentions;
}

/**
 * Promises of requests reject with a `Refusal` (see refusal.ts) or, when the session ends before the answer, with a
 * `Refusal` of code `unavailable`.
 */
export interface Actions {
  /** Loads the newest page if nothing is held; counts as focused until `close`. */
  open(id: ConversationId): void;
  close(id: ConversationId): void;
  /** Keeps the message on this device, then sends it; resolves with its client id once it is kept. */
  send(id: ConversationId, text: string, options?: SendOptions): Promise<ClientId>;
  /** Sends a refused message again, under the same client id; `body` replaces what it says (a new client id then). */
  retry(client_id: ClientId, body?: Body): Promise<void>;
  /** Takes a pending or refused message back and returns its text. */
  discard(client_id: ClientId): Promise<void>;
  loadOlder(id: ConversationId): void;
  loadNewer(id: ConversationId): void;
  /** Moves the shown mark at once; the server is told at most once a second. */
  markRead(id: ConversationId, seq: number): void;
  /** Finds or makes the direct conversation with that user. */
  createDirect(user: UserId): Promise<ConversationId>;
  findUsers(query: string): Promise<readonly User[]>;
  /** A message that may not be in the timeline, for reply previews. */
  findMessage(id: ConversationId, seq: number): Message | undefined;
  /** Tries at once instead of waiting; also after `stopped` with 4409. */
  connectNow(): void;
}
