/**
 * What views read: immutable, and the same object as long as nothing in it changed.
 *
 * Times are Unix milliseconds of the server, except where `at_ms` belongs to a pending line (this device's clock).
 */
import type {
  Body,
  ClientId,
  Conversation,
  ConversationId,
  HistoryEvent,
  Kind,
  Limits,
  Message,
  Presence,
  Preview,
  Retry,
  Role,
  User,
  UserId,
} from "#/proto/wire";

export interface Snapshot {
  readonly connection: ConnectionView;
  /** Absent until the first sync, unless an earlier session left a copy on this device. */
  readonly me?: User;
  readonly limits: Limits;
  /** Pinned ones first, then by last activity, the newest first. */
  readonly conversations: readonly ConversationView[];
  readonly users: ReadonlyMap<UserId, User>;
  /** Users that this user blocks. */
  readonly blocked: readonly UserId[];
  /** Of those who are watched, as far as it is known. */
  readonly presence: ReadonlyMap<UserId, Presence>;
  /** The same object until that timeline changes; an empty one for an unknown conversation. */
  timeline(id: ConversationId): TimelineView;
}

export type ConnectionState = "connecting" | "syncing" | "live" | "waiting" | "stopped";

export interface ConnectionView {
  readonly state: ConnectionState;
  /** When this state began, by this device's clock; the banner waits 2 s from here. */
  readonly since_ms: number;
  /** In `waiting`: when the next attempt comes, by this device's clock. */
  readonly retry_at_ms?: number;
  /** In `stopped`: the close code (4401: log in again; 4409: only `connectNow` goes on) and why, in words. */
  readonly stopped?: { readonly code: number; readonly why: string };
  /** Messages of the outbox that are not acknowledged yet; refused ones are not counted. */
  readonly n_waiting: number;
}

export interface ConversationView {
  readonly conversation: ConversationId;
  readonly kind: Kind;
  /** The title, or the other side's name in a direct conversation. */
  readonly title: string;
  readonly peer?: User;
  readonly role: Role;
  readonly state: "active" | "request";
  /** Messages above the shown read mark; at least 1 where the user marked it unread. */
  readonly unread: number;
  readonly mentions: number;
  readonly at_ms: number;
  readonly preview?: LastLine;
  readonly muted: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** Who writes in it at this moment, in the order in which they began; absent where nobody does. */
  readonly typing?: readonly UserId[];
  /** The last line is mine, and how far it got: for the ticks in the list. */
  readonly own_tick?: "pending" | "refused" | "sent" | "read";
  /** The whole description, head included. */
  readonly head: Conversation;
}

/** What was said last; an own message stands here from the moment it was written, when it has no `seq`. */
export type LastLine = Omit<Preview, "seq">;

export interface TimelineView {
  /** Oldest first. */
  readonly lines: readonly Line[];
  readonly has_older: boolean;
  /** The newest loaded line is not the newest of the conversation. */
  readonly has_newer: boolean;
  readonly is_loading: boolean;
  /** The shown read mark: the unread divider stands after this `seq`. */
  readonly read_seq: number;
  /** The first message that this member may read. */
  readonly from_seq: number;
}

export type Line =
  | {
      readonly kind: "sent";
      readonly key: string;
      readonly message: Message;
      readonly status: "sent" | "read";
    }
  | PendingLine
  | RefusedLine
  /** Messages between `after_seq` and `before_seq` are not loaded. */
  | { readonly kind: "gap"; readonly key: string; readonly after_seq: number; readonly before_seq: number }
  | { readonly kind: "event"; readonly key: string; readonly event: TimelineEvent };

/** In the outbox. `key` stays the same when it becomes `sent`. */
export interface PendingLine {
  readonly kind: "pending";
  readonly key: string;
  readonly client_id: ClientId;
  readonly body: Body;
  readonly reply_to?: number;
  readonly at_ms: number;
  /** Handed to the socket and not answered yet. */
  readonly is_sending: boolean;
}

/** In the outbox, and not sent again by itself. */
export interface RefusedLine {
  readonly kind: "refused";
  readonly key: string;
  readonly client_id: ClientId;
  readonly body: Body;
  readonly reply_to?: number;
  readonly at_ms: number;
  /** A refusal code of the wire, or `expired`: waited longer than 14 days. */
  readonly code: string;
  readonly message: string;
  readonly retry: Retry;
}

/** A durable change that is shown as a line of its own. */
export type TimelineEvent = HistoryEvent;
