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
