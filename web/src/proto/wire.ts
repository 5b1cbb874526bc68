/** The objects of the wire `voodoo.v1`, as `docs/protocol` describes them. */

export type UserId = string & { readonly __brand: "UserId" };
export type ConversationId = string & { readonly __brand: "ConversationId" };
export type DeviceId = string & { readonly __brand: "DeviceId" };
export type FileId = string & { readonly __brand: "FileId" };
export type InviteId = string & { readonly __brand: "InviteId" };
/** A UUIDv7 made by the author's client. */
export type ClientId = string & { readonly __brand: "ClientId" };

export type Kind = "direct" | "group" | "broadcast";
export type Role = "member" | "admin" | "owner";

export interface Settings {
  history: "all" | "joined";
  post: "all" | "admins";
  join: "open" | "link" | "ask" | "closed";
  slow_ms?: number;
  retention_days?: number;
}

export interface User {
  user: UserId;
  handle: string;
  name: string;
  avatar?: FileId;
  kind: "human" | "bot";
  /** Counts the changes of this profile. */
  profile: number;
  /** Told of oneself only. */
  role?: "member" | "admin";
}

export interface UserRef {
  user: UserId;
  profile: number;
}

export type Body = { kind: "text"; text: string } | { kind: "unknown" };

export interface Mentions {
  users?: UserId[];
  all?: "all" | "here";
}

export interface ReactionCount {
  emoji: string;
  count: number;
  mine?: boolean;
}

export interface Message {
  conversation: ConversationId;
  seq: number;
  rev: number;
  mod_rev?: number;
  from?: UserId;
  client_id: ClientId;
  at_ms: number;
  body?: Body;
  reply_to?: number;
  silent?: boolean;
  mentions?: Mentions;
  edits?: number;
  deleted?: boolean;
  pinned?: boolean;
  reactions?: ReactionCount[];
}

export interface Preview {
  seq: number;
  from?: UserId;
  text?: string;
}

export interface Head {
  conversation: ConversationId;
  last_seq: number;
  last_rev: number;
  info_rev: number;
  floor_seq: number;
  read_seq: number;
  mentions: number;
  all_mention_seq: number;
  at_ms: number;
  preview?: Preview;
}

export interface Conversation {
  conversation: ConversationId;
  user_rev?: number;
  kind: Kind;
  title?: string;
  description?: string;
  avatar?: FileId;
  alias?: string;
  peer?: User;
  role: Role;
  state: "active" | "request";
  members: number;
  settings: Settings;
  mute_until_ms?: number;
  pinned?: boolean;
  archived?: boolean;
  unread_from?: number;
  draft?: string;
  from_seq: number;
  join_rev: number;
  head: Head;
}

export interface Digest {
  user_rev: number;
  conversations: number;
  revs: number;
  reads: number;
}

export type Retry = "same" | "changed" | "never";

export interface Limits {
  frame_in_bytes: number;
  frame_out_bytes: number;
  in_flight: number;
  text: number;
  text_bytes: number;
  title: number;
  description: number;
  reactions: number;
  mentions: number;
  edit_window_ms: number;
  page: number;
  small_conversation: number;
  focus: number;
  watch: number;
}

export type RefusalCode =
  | "bad_request"
  | "unknown_type"
  | "too_large"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "gone"
  | "read_only"
  | "blocked"
  | "limit_exceeded"
  | "rate_limited"
  | "slow_mode"
  | "unavailable"
  | "timeout"
  | "internal";

export interface Refused {
  id: number;
  code: RefusalCode;
  message: string;
  retry: Retry;
  retry_after_ms?: number;
  field?: string;
}

export interface Welcome {
  epoch: string;
  session: string;
  device: DeviceId;
  user: UserId;
  now_ms: number;
  resumed: boolean;
  heartbeat_ms: number;
  retry_window_ms: number;
  limits: Limits;
  server: { name: string; version: string };
}

export interface Me {
  user: User;
  blocked: UserId[];
}

export interface Sync {
  conversations: Conversation[];
  gone: ConversationId[];
  heads: Head[];
  done: boolean;
  me?: Me;
  digest?: Digest;
}

export interface Edited {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  seq: number;
  edits: number;
  body: Body;
}

export interface Deleted {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  seq: number;
}

export interface Reacted {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  seq: number;
  emoji?: string;
  on?: boolean;
  counts: ReactionCount[];
}

export interface Pinned {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  seq: number;
  on: boolean;
}

export interface MemberChange {
  user: UserId;
  change: "joined" | "left" | "removed" | "role";
  role?: Role;
}

export interface Membership {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  changes: MemberChange[];
}

export interface Updated {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  by?: UserId;
  title?: string;
  description?: string;
  avatar?: FileId;
  alias?: string;
  settings?: Settings;
}

export interface Floored {
  conversation: ConversationId;
  rev: number;
  at_ms: number;
  floor_seq: number;
}

export type HistoryEvent =
  | ({ type: "membership" } & Membership)
  | ({ type: "updated" } & Updated)
  | ({ type: "floored" } & Floored);

export interface Read {
  conversation: ConversationId;
  seq: number;
  mentions: number;
}

export interface UserMark {
  user: UserId;
  seq: number;
}

export interface Reads {
  conversation: ConversationId;
  read: UserMark[];
  received: UserMark[];
}

export interface ConversationGone {
  conversation: ConversationId;
  user_rev?: number;
  why: "left" | "removed" | "destroyed";
}

export interface MeChanged {
  user_rev: number;
  user: User;
  blocked: UserId[];
}

export interface Heads {
  heads: Head[];
  user_rev: number;
  lagging: boolean;
}

export interface ChangedRange {
  conversation: ConversationId;
  since_rev: number;
  rev: number;
  messages: Message[];
  events: HistoryEvent[];
  users: UserRef[];
}

export type ServerFrame =
  | ({ type: "welcome" } & Welcome)
  | ({ type: "sync" } & Sync)
  | { type: "pong"; now_ms: number; digest?: Digest }
  | { type: "goaway"; why: string; within_ms: number }
  | { type: "notice"; level: string; text: string }
  | ({ type: "refused" } & Refused)
  | ({ type: "message" } & Message)
  | ({ type: "edited" } & Edited)
  | ({ type: "deleted" } & Deleted)
  | ({ type: "reacted" } & Reacted)
  | ({ type: "pinned" } & Pinned)
  | ({ type: "membership" } & Membership)
  | ({ type: "updated" } & Updated)
  | ({ type: "floored" } & Floored)
  | ({ type: "read" } & Read)
  | ({ type: "reads" } & Reads)
  | { type: "typing"; conversation: ConversationId; user: UserId }
  | { type: "presence"; users: { user: UserId; state: string; text?: string }[] }
  | ({ type: "conversation" } & Conversation)
  | ({ type: "conversation_gone" } & ConversationGone)
  | ({ type: "me" } & MeChanged)
  | ({ type: "heads" } & Heads)
  | ({ type: "changed" } & ChangedRange)
  | { type: "skipped"; conversation: ConversationId; rev: number };

export interface Resume {
  epoch: string;
  user_rev: number;
  since_ms: number;
}

/** Requests that the state itself makes; every other one is typed where it is made. */
export type Request =
  | { type: "resync"; user_rev: number; since_ms: number }
  | {
      type: "send";
      conversation: ConversationId;
      client_id: ClientId;
      body: Body;
      reply_to?: number;
      silent?: boolean;
      mentions?: Mentions;
    }
  | { type: "edit"; conversation: ConversationId; seq: number; edits: number; body: Body }
  | { type: "delete"; conversation: ConversationId; seqs: number[] }
  | { type: "react"; conversation: ConversationId; seq: number; emoji: string; on: boolean }
  | { type: "pin"; conversation: ConversationId; seq: number; on: boolean }
  | { type: "create"; client_id: ClientId; kind: Kind; title?: string; members?: UserId[] }
  | { type: "get"; conversations: ConversationId[] }
  | {
      type: "history";
      conversation: ConversationId;
      before?: number;
      after?: number;
      around?: number;
      limit?: number;
    }
  | { type: "changes"; conversation: ConversationId; since_rev: number; limit?: number }
  | { type: "users"; query?: string; ids?: UserId[] };

export interface HistoryPage {
  messages: Message[];
  events: HistoryEvent[];
  users: UserRef[];
  rev: number;
  floor_seq: number;
  more: boolean;
}

export interface ChangesPage {
  messages: Message[];
  events: HistoryEvent[];
  users: UserRef[];
  rev: number;
  more: boolean;
  reset?: boolean;
  head?: Head;
}

export interface Replies {
  resync: Record<never, never>;
  send: { seq: number; rev: number; at_ms: number; duplicate: boolean };
  edit: { rev?: number; at_ms?: number };
  delete: { rev?: number; at_ms?: number };
  react: { rev?: number; at_ms?: number };
  pin: { rev?: number; at_ms?: number };
  create: { conversation: ConversationId };
  get: { conversations: Conversation[] };
  history: HistoryPage;
  changes: ChangesPage;
  users: { users: User[] };
}
