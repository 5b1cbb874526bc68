/**
 * What goes into the reducer and what comes out of it, as plain data: the golden files hold exactly these objects.
 *
 * The reducer has no clock and does no I/O. Time comes in as `timer` inputs; what is to be done goes out as effects.
 */
import type {
  Body,
  ClientId,
  ConversationId,
  HistoryEvent,
  Mentions,
  Message,
  RefusalCode,
  Replies,
  Request,
  Resume,
  Retry,
  ServerFrame,
  UserId,
} from "#/proto/wire";

/** One message on its way. Everything but `state`, `n_tries` and `refusal` is as its author made it. */
export interface Entry {
  readonly client_id: ClientId;
  readonly conversation: ConversationId;
  readonly body: Body;
  readonly reply_to?: number;
  readonly silent?: boolean;
  readonly mentions?: Mentions;
  /** When it was written, by this device's clock. */
  readonly made_ms: number;
  /** `waiting`: refused for the moment, and sent again after a timer. */
  readonly state: "queued" | "sending" | "waiting" | "refused";
  readonly n_tries?: number;
  readonly refusal?: EntryRefusal;
}

export interface EntryRefusal {
  /** `expired`: waited longer than 14 days and was not sent. */
  readonly code: RefusalCode | "expired";
  readonly message: string;
  readonly retry: Retry;
}

/** Without the fields of its progress: as it is queued. */
export type Draft = Omit<Entry, "state" | "n_tries" | "refusal">;

/** An event of a kind that this client does not know: it only counts. */
export interface UnknownFrame {
  readonly type: "unknown";
  readonly conversation?: ConversationId;
  readonly rev?: number;
}

export type Frame = ServerFrame | UnknownFrame;

export type ReplyTo<T extends Request["type"]> = T extends keyof Replies ? Replies[T] : never;

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly retry: Retry;
  readonly retry_after_ms?: number;
  readonly field?: string;
}

export type Timer =
  /** A hole in a conversation stays open. */
  | { readonly timer: "fill"; readonly conversation: ConversationId }
  /** A send that was refused for the moment may be tried again. */
  | { readonly timer: "send"; readonly conversation: ConversationId }
  /** A hole in the user's own counter stays open. */
  | { readonly timer: "user" }
  /** The digest is due. */
  | { readonly timer: "check" }
  /** A second without anything applied may be over. */
  | { readonly timer: "quiet" };

export type Input =
  /** A socket is open; `now_ms` is this device's clock. */
  | { readonly do: "connect"; readonly now_ms: number }
  | { readonly do: "disconnect" }
  | { readonly do: "frame"; readonly frame: Frame }
  | { readonly do: "ok"; readonly request: Request; readonly reply: object }
  | { readonly do: "refused"; readonly request: Request; readonly refusal: Refusal }
  | ({ readonly do: "timer" } & Timer)
  /** The device woke up or came online. */
  | { readonly do: "wake" }
  | { readonly do: "queue"; readonly entry: Draft }
  /** Sends a refused entry again. */
  | { readonly do: "retry"; readonly client_id: ClientId }
  | { readonly do: "discard"; readonly client_id: ClientId }
  | { readonly do: "open"; readonly conversation: ConversationId }
  | { readonly do: "close"; readonly conversation: ConversationId }
  /** Puts back what a cache kept of a conversation: complete up to `have`. */
  | ({ readonly do: "adopt"; readonly conversation: ConversationId } & KeptContent)
  /** Frees the messages of a conversation that is not open. */
  | { readonly do: "forget"; readonly conversation: ConversationId }
  | { readonly do: "older"; readonly conversation: ConversationId; readonly before_seq?: number }
  | { readonly do: "newer"; readonly conversation: ConversationId; readonly after_seq: number }
  | { readonly do: "around"; readonly conversation: ConversationId; readonly seq: number }
  | { readonly do: "read"; readonly conversation: ConversationId; readonly seq: number }
  | { readonly do: "name"; readonly users: readonly UserId[] };

export interface KeptContent {
  readonly have: number;
  readonly at_start: boolean;
  readonly ranges: readonly Range[];
  readonly messages: readonly Message[];
  readonly events: readonly HistoryEvent[];
}

/** Messages from the first to the second `seq`, both included, are held without a gap. */
export type Range = readonly [from: number, to: number];

export type Effect =
  | { readonly do: "hello"; readonly resume?: Resume }
  | { readonly do: "request"; readonly request: Request }
  /** `ping{check:true}`. */
  | { readonly do: "ping" }
  /** The request `read`, which has no reply. */
  | { readonly do: "read"; readonly conversation: ConversationId; readonly seq: number }
  /** Hand the timer back after a time drawn from `min_ms..=max_ms`; replaces the same timer. */
  | ({ readonly do: "wait"; readonly min_ms: number; readonly max_ms: number } & Timer)
  /** The entry is acknowledged: remove it from storage. */
  | { readonly do: "settle"; readonly client_id: ClientId }
  /** The entry is not sent again by itself: keep that. */
  | { readonly do: "hand_back"; readonly client_id: ClientId }
  /** The cursors moved: keep them together with the state. */
  | { readonly do: "save" }
  /** The content of a conversation is void: remove it from the cache. */
  | { readonly do: "drop"; readonly conversation: ConversationId }
  /** Another epoch: everything but the outbox is void. */
  | { readonly do: "drop_all" }
  /** A message that nobody at this client has seen. */
  | { readonly do: "notify"; readonly conversation: ConversationId; readonly seq: number };
