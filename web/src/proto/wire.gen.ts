// Written by `cargo xtask codegen` from the protocol's schema; never edited.

/**
 * The durable events that stand between messages in a timeline.
 */
export type HistoryEvent = Membership | Updated | Floored;
export type UserId = string & { readonly __brand: "UserId" };
/**
 * How a membership changed.
 */
export type MemberChangeKind = "joined" | "left" | "removed" | "role";
/**
 * What a member may do.
 */
export type Role = "member" | "admin" | "owner";
export type ConversationId = string & { readonly __brand: "ConversationId" };
/**
 * How much of the past a new member reads.
 */
export type HistoryRule = "all" | "joined";
/**
 * How one becomes a member.
 */
export type JoinRule = "open" | "link" | "ask" | "closed";
/**
 * Who may post.
 */
export type PostRule = "all" | "admins";
/**
 * What a message says.
 */
export type Body = {
  kind: "text";
  /**
   * At least one character that is not white space.
   */
  text: string;
};
export type ClientId = string & { readonly __brand: "ClientId" };
/**
 * Whom `mentions.all` calls.
 */
export type MentionAll = "all" | "here";
export type FileId = string & { readonly __brand: "FileId" };
/**
 * What a conversation is.
 */
export type Kind = "direct" | "group" | "broadcast";
/**
 * Whether a user is a person or a program.
 */
export type UserKind = "human" | "bot";
/**
 * What a user may do on the server.
 */
export type ServerRole = "member" | "admin";
/**
 * How the asker stands to a conversation.
 */
export type MemberState = "active" | "request";
export type InviteId = string & { readonly __brand: "InviteId" };
/**
 * Whether a user is there.
 */
export type PresenceState = "online" | "away" | "dnd" | "offline" | "unknown";
/**
 * Everything that a client may ask.
 */
export type Request =
  | HelloRequest
  | ResyncRequest
  | PingRequest
  | ByeRequest
  | SendRequest
  | EditRequest
  | DeleteRequest
  | ReactRequest
  | PinRequest
  | ReadRequest
  | ReceivedRequest
  | ReceiptsRequest
  | FocusRequest
  | TypingRequest
  | WatchRequest
  | StatusRequest
  | ActiveRequest
  | CreateRequest
  | GetRequest
  | UpdateRequest
  | DestroyRequest
  | JoinRequest
  | LeaveRequest
  | ListRequest
  | InviteCreateRequest
  | InviteRevokeRequest
  | MemberAddRequest
  | MemberRemoveRequest
  | MemberRoleRequest
  | MembersRequest
  | SetRequest
  | AcceptRequest
  | BlockRequest
  | CountsRequest
  | HistoryRequest
  | ChangesRequest
  | UsersRequest;
/**
 * What a user wants to show.
 */
export type StatusState = "auto" | "away" | "dnd" | "invisible";
/**
 * Everything that the server says but `ok`, whose fields depend on the request.
 */
export type ServerFrame =
  | Welcome
  | Sync
  | Pong
  | Goaway
  | Notice
  | Refused
  | MessageFrame
  | Edited
  | Deleted
  | Reacted
  | Pinned
  | Membership
  | Updated
  | Floored
  | Read
  | Reads
  | Typing
  | PresenceChange
  | ConversationFrame
  | ConversationGone
  | MeChanged
  | Heads
  | ChangedRange
  | Skipped;
export type DeviceId = string & { readonly __brand: "DeviceId" };
/**
 * Why a request was understood and yet not carried out.
 */
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
/**
 * Whether a request that was refused may be repeated.
 */
export type Retry = "same" | "changed" | "never";
/**
 * Why a conversation is no longer the asker's.
 */
export type GoneWhy = "left" | "removed" | "destroyed";
/**
 * Whether strangers may make an account.
 */
export type SignUpRule = "invite" | "open" | "closed";

/**
 * Everything that voodoo.v1 sends: requests, frames of the server, and what `ok` carries for each request.
 */
export interface Wire {
  replies: Replies;
  request: Request;
  server_frame: ServerFrame;
}
export interface Replies {
  accept: Done;
  active: Done;
  block: Done;
  changes: ChangesPage;
  counts: Counts;
  create: InConversation;
  delete: Changed;
  destroy: Done;
  edit: Changed;
  focus: Done;
  get: Conversations;
  history: HistoryPage;
  invite_create: Invite;
  invite_revoke: Done;
  join: InConversation;
  leave: Done;
  list: Listed;
  member_add: Added;
  member_remove: Done;
  member_role: Done;
  members: Members;
  pin: Changed;
  react: Changed;
  receipts: Receipts;
  resync: Done;
  send: Sent;
  set: Done;
  status: Done;
  update: Done;
  users: Users;
  watch: Watched;
}
/**
 * To a request that answers nothing more, and to one that changed nothing.
 */
export interface Done {}
/**
 * To `changes`: everything touched since, complete up to `rev`; or a reset.
 */
export interface ChangesPage {
  /**
   * Events, by ascending `rev`.
   */
  events: HistoryEvent[];
  /**
   * With `reset`: how far the conversation is.
   */
  head?: Head;
  /**
   * Messages touched, in their current state, by ascending `mod_rev`.
   */
  messages: Message[];
  /**
   * Whether there is more above `rev`.
   */
  more: boolean;
  /**
   * What was asked for is not to be had: drop what is held and take this newest page.
   */
  reset?: boolean;
  /**
   * The page is complete up to this change.
   */
  rev: number;
  /**
   * Users named in them.
   */
  users: UserRef[];
}
/**
 * Memberships changed.
 */
export interface Membership {
  type: "membership";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * By whom.
   */
  by?: UserId;
  /**
   * Which.
   */
  changes: MemberChange[];
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * The change.
   */
  rev: number;
}
/**
 * One changed membership.
 */
export interface MemberChange {
  /**
   * How.
   */
  change: MemberChangeKind;
  /**
   * The role that they have.
   */
  role?: Role;
  /**
   * Whose.
   */
  user: UserId;
}
/**
 * Title, description, avatar, alias or settings changed; an empty text means cleared.
 */
export interface Updated {
  type: "updated";
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * A picture.
   */
  avatar?: string;
  /**
   * By whom.
   */
  by?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * The change.
   */
  rev: number;
  /**
   * Its rules, all of them.
   */
  settings?: Settings;
  /**
   * The title.
   */
  title?: string;
}
/**
 * The rules of a conversation.
 */
export interface Settings {
  /**
   * How much of the past a new member reads.
   */
  history: HistoryRule;
  /**
   * How one becomes a member.
   */
  join: JoinRule;
  /**
   * Who may post.
   */
  post: PostRule;
  /**
   * After how many days messages are removed; 0 = never.
   */
  retention_days?: number;
  /**
   * Pause between two posts of one member, in milliseconds. Reserved: 0.
   */
  slow_ms?: number;
}
/**
 * Retention removed messages: clients drop what lies at or below `floor_seq`.
 */
export interface Floored {
  type: "floored";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Everything at or below is gone.
   */
  floor_seq: number;
  /**
   * The change.
   */
  rev: number;
}
/**
 * How far a conversation is, and how far the asker has read.
 */
export interface Head {
  /**
   * The newest message that called everyone.
   */
  all_mention_seq: number;
  /**
   * When the newest message came, or the conversation began, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * Which conversation.
   */
  conversation: ConversationId;
  /**
   * Everything at or below was removed by retention.
   */
  floor_seq: number;
  /**
   * The last change of title, description, avatar, alias or settings.
   */
  info_rev: number;
  /**
   * The number of the newest change.
   */
  last_rev: number;
  /**
   * The number of the newest message.
   */
  last_seq: number;
  /**
   * Explicit mentions of the asker above `read_seq`.
   */
  mentions: number;
  /**
   * The newest message that the asker may read.
   */
  preview?: Preview;
  /**
   * The asker's stored read mark.
   */
  read_seq: number;
}
/**
 * The newest message of a conversation in a few words.
 */
export interface Preview {
  /**
   * Its author; absent where the conversation itself speaks.
   */
  from?: UserId;
  /**
   * Which message.
   */
  seq: number;
  /**
   * The beginning of its text, at most 120 code points; absent once deleted.
   */
  text?: string;
}
/**
 * A message: as made in its event, in its current state in pages.
 */
export interface Message {
  /**
   * When the server took it, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * What it says; absent once deleted.
   */
  body?: Body;
  /**
   * The author's name for it.
   */
  client_id: ClientId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whether it is a tombstone; in pages only.
   */
  deleted?: boolean;
  /**
   * How often it was edited; in pages only, absent = never.
   */
  edits?: number;
  /**
   * The author; absent where the conversation itself speaks.
   */
  from?: UserId;
  /**
   * Whom it calls.
   */
  mentions?: Mentions;
  /**
   * The change that touched it last; in pages only.
   */
  mod_rev?: number;
  /**
   * Whether it is pinned; in pages only.
   */
  pinned?: boolean;
  /**
   * What stands under it; in pages only.
   */
  reactions?: ReactionCount[];
  /**
   * The message that it answers.
   */
  reply_to?: number;
  /**
   * The change that made it.
   */
  rev: number;
  /**
   * Its number and identity in the conversation, from 1 without gaps.
   */
  seq: number;
  /**
   * Sent without a notification.
   */
  silent?: boolean;
}
/**
 * Whom a message calls. The server goes by this alone and never reads the body.
 */
export interface Mentions {
  /**
   * All members.
   */
  all?: MentionAll;
  /**
   * Single users.
   */
  users?: UserId[];
}
/**
 * How often one emoji stands under a message.
 */
export interface ReactionCount {
  /**
   * How many members gave it.
   */
  count: number;
  /**
   * One emoji in its fully-qualified form.
   */
  emoji: string;
  /**
   * Whether the asker is one of them; in pages only.
   */
  mine?: boolean;
}
/**
 * A user named in a page: which profile is the current one.
 */
export interface UserRef {
  /**
   * The current count of profile changes; another than the cached one → `users`.
   */
  profile: number;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * To `counts`: the counters of a broadcast, at most 10 s old.
 */
export interface Counts {
  /**
   * How many members it has.
   */
  members: number;
  /**
   * Per post.
   */
  posts: PostCounts[];
}
/**
 * The counters of one post.
 */
export interface PostCounts {
  /**
   * What stands under it.
   */
  reactions: ReactionCount[];
  /**
   * Which post.
   */
  seq: number;
  /**
   * Members who have read up to it.
   */
  views: number;
}
/**
 * To `create` and `join`: which conversation; its event comes too.
 */
export interface InConversation {
  /**
   * Which.
   */
  conversation: ConversationId;
}
/**
 * To `edit`, `delete`, `react` and `pin`. `rev` stands for exactly one event that this session
 * does not get; absent, nothing changed or the events come to this session too.
 */
export interface Changed {
  /**
   * When it was made, in Unix milliseconds.
   */
  at_ms?: number;
  /**
   * The change.
   */
  rev?: number;
}
/**
 * To `get`; what the asker has not got is left out.
 */
export interface Conversations {
  /**
   * The objects.
   */
  conversations: Conversation[];
}
/**
 * A conversation as one of its members sees it.
 */
export interface Conversation {
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * The asker has put it away.
   */
  archived?: boolean;
  /**
   * A picture.
   */
  avatar?: FileId;
  /**
   * Which.
   */
  conversation: ConversationId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * What the asker has begun to write.
   */
  draft?: string;
  /**
   * The first message that the asker may read.
   */
  from_seq: number;
  /**
   * How far it is.
   */
  head: Head;
  /**
   * The newest change when the asker joined.
   */
  join_rev: number;
  /**
   * Direct, group or broadcast.
   */
  kind: Kind;
  /**
   * How many members it has.
   */
  members: number;
  /**
   * Until when the asker wants no notification, in Unix milliseconds.
   */
  mute_until_ms?: number;
  /**
   * The other side of a direct conversation; oneself for notes.
   */
  peer?: User;
  /**
   * The asker keeps it on top.
   */
  pinned?: boolean;
  /**
   * The asker's role.
   */
  role: Role;
  /**
   * Its rules.
   */
  settings: Settings;
  /**
   * The asker's standing.
   */
  state: MemberState;
  /**
   * Its title; a direct conversation has none.
   */
  title?: string;
  /**
   * From where the asker wants it shown as unread.
   */
  unread_from?: number;
  /**
   * The user's change that this event stands for; in the event only.
   */
  user_rev?: number;
}
/**
 * A user as others see them.
 */
export interface User {
  /**
   * A picture.
   */
  avatar?: FileId;
  /**
   * The unique name that people type.
   */
  handle: string;
  /**
   * Person or program.
   */
  kind: UserKind;
  /**
   * The name that people read.
   */
  name: string;
  /**
   * Counts the changes of this profile.
   */
  profile: number;
  /**
   * The role on the server; told of oneself only.
   */
  role?: ServerRole;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * To `history`: a page of messages in their current state, and the events between them.
 */
export interface HistoryPage {
  /**
   * Events between them, by ascending `rev`.
   */
  events: HistoryEvent[];
  /**
   * Everything at or below was removed by retention.
   */
  floor_seq: number;
  /**
   * Messages by ascending `seq`.
   */
  messages: Message[];
  /**
   * Whether there are more in the direction asked.
   */
  more: boolean;
  /**
   * The newest change when this page was read.
   */
  rev: number;
  /**
   * Users named in them.
   */
  users: UserRef[];
}
/**
 * To `invite_create`.
 */
export interface Invite {
  /**
   * The secret that lets in; shown this once.
   */
  code: string;
  /**
   * Which invite, to revoke it.
   */
  invite: InviteId;
  /**
   * The link that carries it in its fragment.
   */
  url: string;
}
/**
 * To `list`.
 */
export interface Listed {
  /**
   * One page of open conversations.
   */
  conversations: PublicConversation[];
  /**
   * Whether there are more.
   */
  more: boolean;
}
/**
 * An open conversation as everyone may see it.
 */
export interface PublicConversation {
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * Which.
   */
  conversation: ConversationId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * How one becomes a member.
   */
  join: JoinRule;
  /**
   * Group or broadcast.
   */
  kind: Kind;
  /**
   * How many members it has.
   */
  members: number;
  /**
   * Its title.
   */
  title: string;
}
/**
 * To `member_add`: who was added; those who already were members are left out.
 */
export interface Added {
  /**
   * Who.
   */
  users: UserId[];
}
/**
 * To `members`.
 */
export interface Members {
  /**
   * One page, by ascending user.
   */
  members: Member[];
  /**
   * Whether there are more.
   */
  more: boolean;
  /**
   * Users named in it.
   */
  users: UserRef[];
}
/**
 * A member as the member list shows them.
 */
export interface Member {
  /**
   * Since when, in Unix milliseconds.
   */
  joined_ms: number;
  /**
   * As what.
   */
  role: Role;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * To `receipts`.
 */
export interface Receipts {
  /**
   * How many members have read it.
   */
  read: number;
  /**
   * How many members have received it.
   */
  received: number;
  /**
   * In small conversations: how far each member has read.
   */
  who?: UserMark[];
}
/**
 * How far a member is.
 */
export interface UserMark {
  /**
   * Up to which message.
   */
  seq: number;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * To `send`: the message is committed and on disk.
 */
export interface Sent {
  /**
   * When the server took it first, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * Whether it was there already.
   */
  duplicate: boolean;
  /**
   * The change that made it.
   */
  rev: number;
  /**
   * Its number.
   */
  seq: number;
}
/**
 * To `users`.
 */
export interface Users {
  /**
   * Those found.
   */
  users: User[];
}
/**
 * To `watch`.
 */
export interface Watched {
  /**
   * What is known at this moment.
   */
  presence: Presence[];
}
/**
 * Whether a user is there.
 */
export interface Presence {
  /**
   * Whether they are there.
   */
  state: PresenceState;
  /**
   * What they say of it.
   */
  text?: string;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * Opens the session; first and once. Carries no `id`; `welcome` answers.
 */
export interface HelloRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "hello";
  /**
   * Which program speaks.
   */
  client: ClientInfo;
  /**
   * Where the client stands; absent = first connect.
   */
  resume?: Resume;
  /**
   * A single-use ticket of `POST /tickets`, for pages of another origin.
   */
  ticket?: string;
}
/**
 * Which program speaks.
 */
export interface ClientInfo {
  /**
   * Its name.
   */
  name: string;
  /**
   * Its version.
   */
  version: string;
}
/**
 * Where a client stands that was here before.
 */
export interface Resume {
  /**
   * The incarnation of the database that its cursors belong to.
   */
  epoch: string;
  /**
   * Changes from this server time on are wanted.
   */
  since_ms: number;
  /**
   * Its user counter.
   */
  user_rev: number;
}
/**
 * Asks for the pages of a sync on a live session.
 */
export interface ResyncRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "resync";
  /**
   * Changes from this server time on; 0 = everything.
   */
  since_ms: number;
  /**
   * The client's user counter; 0 = everything.
   */
  user_rev: number;
}
/**
 * Keeps the session and, with `check`, asks for the digest. Carries no `id`; `pong` answers.
 */
export interface PingRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "ping";
  /**
   * Whether the answer carries the digest.
   */
  check?: boolean;
}
/**
 * Ends the session in good order.
 */
export interface ByeRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "bye";
}
/**
 * Sends a message.
 */
export interface SendRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "send";
  /**
   * What it says.
   */
  body: Body;
  /**
   * The client's name for it; a repeat with the same name is the same message.
   */
  client_id: ClientId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whom it calls.
   */
  mentions?: Mentions;
  /**
   * The message that it answers.
   */
  reply_to?: number;
  /**
   * Without a notification.
   */
  silent?: boolean;
}
/**
 * Replaces the body of an own message if its number of edits is still `edits`.
 */
export interface EditRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "edit";
  /**
   * What it shall say.
   */
  body: Body;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * The number of edits that the author saw.
   */
  edits: number;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * Deletes messages, all or none.
 */
export interface DeleteRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "delete";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Which messages; at most 100.
   */
  seqs: number[];
}
/**
 * Sets or clears one reaction of the asker.
 */
export interface ReactRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "react";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * One emoji grapheme in its fully-qualified form, at most 32 bytes.
   */
  emoji: string;
  /**
   * Whether it shall stand.
   */
  on: boolean;
  /**
   * Under which message.
   */
  seq: number;
}
/**
 * Pins or unpins a message.
 */
export interface PinRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "pin";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whether it shall be pinned.
   */
  on: boolean;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * Moves the asker's read mark; the greater wins. No reply.
 */
export interface ReadRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "read";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Up to which message.
   */
  seq: number;
}
/**
 * Tells up to where messages have arrived. Best effort, no reply.
 */
export interface ReceivedRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "received";
  /**
   * Up to where, per conversation.
   */
  heads: Mark[];
}
/**
 * A place in a conversation.
 */
export interface Mark {
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Up to which message.
   */
  seq: number;
}
/**
 * Asks who has read and received a message.
 */
export interface ReceiptsRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "receipts";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * Replaces the set of conversations on screen; at most 8.
 */
export interface FocusRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "focus";
  /**
   * All of them.
   */
  conversations: ConversationId[];
}
/**
 * Tells that the asker is writing; at most every 3 s. No reply.
 */
export interface TypingRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "typing";
  /**
   * Where.
   */
  conversation: ConversationId;
}
/**
 * Replaces the set of users whose presence is wanted; at most 200.
 */
export interface WatchRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "watch";
  /**
   * All of them.
   */
  users: UserId[];
}
/**
 * Sets what the asker shows.
 */
export interface StatusRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "status";
  /**
   * What.
   */
  state: StatusState;
  /**
   * A few words.
   */
  text?: string;
  /**
   * Until when, in Unix milliseconds.
   */
  until_ms?: number;
}
/**
 * Tells whether the user is at this session.
 */
export interface ActiveRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "active";
  /**
   * Whether.
   */
  on: boolean;
}
/**
 * Creates a conversation; a direct one that exists is returned.
 */
export interface CreateRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "create";
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * The client's name for it.
   */
  client_id: ClientId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * What it shall be.
   */
  kind: Kind;
  /**
   * Whom to add; for a direct one the other side, or oneself.
   */
  members?: UserId[];
  /**
   * Its rules where they differ from the default.
   */
  settings?: SettingsChange;
  /**
   * Its title; needed but for direct ones.
   */
  title?: string;
}
/**
 * A change of some rules; what is absent stays.
 */
export interface SettingsChange {
  /**
   * How much of the past a new member reads.
   */
  history?: HistoryRule;
  /**
   * How one becomes a member.
   */
  join?: JoinRule;
  /**
   * Who may post.
   */
  post?: PostRule;
  /**
   * After how many days messages are removed; 0 = never.
   */
  retention_days?: number;
  /**
   * Reserved.
   */
  slow_ms?: number;
}
/**
 * Asks for conversation objects; at most 100.
 */
export interface GetRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "get";
  /**
   * Which.
   */
  conversations: ConversationId[];
}
/**
 * Changes title, description, avatar, alias or settings; an empty text clears.
 */
export interface UpdateRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "update";
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * A picture; empty = none.
   */
  avatar?: string;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * Its rules.
   */
  settings?: SettingsChange;
  /**
   * The title.
   */
  title?: string;
}
/**
 * Destroys a conversation for everyone.
 */
export interface DestroyRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "destroy";
  /**
   * Where.
   */
  conversation: ConversationId;
}
/**
 * Joins by conversation, alias or invite code; exactly one of them.
 */
export interface JoinRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "join";
  /**
   * Its alias, if it is open.
   */
  alias?: string;
  /**
   * The code of an invite.
   */
  code?: string;
  /**
   * Which, if it is open.
   */
  conversation?: ConversationId;
}
/**
 * Leaves a conversation.
 */
export interface LeaveRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "leave";
  /**
   * Where.
   */
  conversation: ConversationId;
}
/**
 * Finds open conversations.
 */
export interface ListRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "list";
  /**
   * The last one of the page before.
   */
  after?: ConversationId;
  /**
   * How many; at most 100.
   */
  limit?: number;
  /**
   * Reserved for other lists; `true`.
   */
  public?: boolean;
  /**
   * A part of the title or alias.
   */
  query?: string;
}
/**
 * Makes an invite into a conversation.
 */
export interface InviteCreateRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "invite_create";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * As what.
   */
  role?: Role;
  /**
   * For how long, in seconds; absent = 7 days.
   */
  ttl_s?: number;
  /**
   * How often it can be used; absent = without limit.
   */
  uses?: number;
}
/**
 * Ends an invite.
 */
export interface InviteRevokeRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "invite_revoke";
  /**
   * Which.
   */
  invite: InviteId;
}
/**
 * Adds members.
 */
export interface MemberAddRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "member_add";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whom; at most 200.
   */
  users: UserId[];
}
/**
 * Removes a member.
 */
export interface MemberRemoveRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "member_remove";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whom.
   */
  user: UserId;
}
/**
 * Gives a member another role.
 */
export interface MemberRoleRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "member_role";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Which.
   */
  role: Role;
  /**
   * Whom.
   */
  user: UserId;
}
/**
 * Lists members.
 */
export interface MembersRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "members";
  /**
   * The last one of the page before.
   */
  after?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * How many; at most 100.
   */
  limit?: number;
  /**
   * A part of a name or handle.
   */
  query?: string;
}
/**
 * Changes the asker's own settings of a conversation; 0 or an empty text clears.
 */
export interface SetRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "set";
  /**
   * Put away.
   */
  archived?: boolean;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * What was begun to write.
   */
  draft?: string;
  /**
   * No notification until then, in Unix milliseconds.
   */
  mute_until_ms?: number;
  /**
   * Keep on top.
   */
  pinned?: boolean;
  /**
   * Show as unread from this message on.
   */
  unread_from?: number;
}
/**
 * Accepts a request; its conversation becomes an ordinary one.
 */
export interface AcceptRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "accept";
  /**
   * Where.
   */
  conversation: ConversationId;
}
/**
 * Blocks a user or ends that.
 */
export interface BlockRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "block";
  /**
   * Whether.
   */
  on: boolean;
  /**
   * Whom.
   */
  user: UserId;
}
/**
 * Asks for the counters of a broadcast.
 */
export interface CountsRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "counts";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Of which posts; at most 50.
   */
  seqs: number[];
}
/**
 * Asks for one page of messages in their current state; at most one of `before`, `after`, `around`; none = the newest.
 */
export interface HistoryRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "history";
  /**
   * Messages above this number.
   */
  after?: number;
  /**
   * Messages on both sides of this number.
   */
  around?: number;
  /**
   * Messages below this number.
   */
  before?: number;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * How many; at most 100.
   */
  limit?: number;
}
/**
 * Asks for everything that was touched since a change.
 */
export interface ChangesRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "changes";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * How many; at most 100.
   */
  limit?: number;
  /**
   * The newest change that the client has.
   */
  since_rev: number;
}
/**
 * Finds users by a part of name or handle, or names them; exactly one of both.
 */
export interface UsersRequest {
  /**
   * Unique among the requests in flight; without it there is no reply.
   */
  id?: number;
  type: "users";
  /**
   * Which; at most 100.
   */
  ids?: UserId[];
  /**
   * A part of a name or handle.
   */
  query?: string;
}
/**
 * Answers `hello`.
 */
export interface Welcome {
  type: "welcome";
  /**
   * The device that logged in.
   */
  device: DeviceId;
  /**
   * This incarnation of the database; cursors of another are void.
   */
  epoch: string;
  /**
   * Ping when idle for this long.
   */
  heartbeat_ms: number;
  /**
   * What may be sent.
   */
  limits: Limits;
  /**
   * The server's time in Unix milliseconds.
   */
  now_ms: number;
  /**
   * Whether the pages that follow build on the client's cursors.
   */
  resumed: boolean;
  /**
   * Spread a reconnect over this window.
   */
  retry_window_ms: number;
  /**
   * Who serves.
   */
  server: ServerInfo;
  /**
   * This session, for support and logs.
   */
  session: string;
  /**
   * Who logged in.
   */
  user: UserId;
}
/**
 * What one request, message, conversation or user may measure.
 */
export interface Limits {
  /**
   * Users that one user may block.
   */
  blocked?: number;
  /**
   * Conversations of one user.
   */
  conversations?: number;
  /**
   * A description, in Unicode code points.
   */
  description?: number;
  /**
   * How long an author may edit a message, in milliseconds.
   */
  edit_window_ms?: number;
  /**
   * Files of one message.
   */
  files?: number;
  /**
   * Conversations that one session may focus.
   */
  focus?: number;
  /**
   * A frame to the server before `hello`, in bytes.
   */
  frame_in_before_hello_bytes?: number;
  /**
   * A frame to the server, in bytes as it arrives.
   */
  frame_in_bytes?: number;
  /**
   * A frame to the client, in bytes.
   */
  frame_out_bytes?: number;
  /**
   * Members of a group.
   */
  group_members?: number;
  /**
   * Requests of one session that are not yet answered.
   */
  in_flight?: number;
  /**
   * Users named in one `create` or `member_add`.
   */
  members_per_request?: number;
  /**
   * Users that one message mentions by name.
   */
  mentions?: number;
  /**
   * Messages of one page, at most.
   */
  page?: number;
  /**
   * Token buckets.
   */
  rates?: Rates;
  /**
   * Distinct reactions of one message.
   */
  reactions?: number;
  /**
   * Live sessions of one user.
   */
  sessions?: number;
  /**
   * Members up to which typing, receipts by person and single reaction events exist.
   */
  small_conversation?: number;
  /**
   * A text, in Unicode code points.
   */
  text?: number;
  /**
   * A text, in bytes of UTF-8.
   */
  text_bytes?: number;
  /**
   * A title, in Unicode code points.
   */
  title?: number;
  /**
   * Users that one session may watch.
   */
  watch?: number;
}
/**
 * The token buckets, per user.
 */
export interface Rates {
  /**
   * `create` and invites.
   */
  create?: Rate;
  /**
   * `history`, `changes` and the other reading requests.
   */
  history?: Rate;
  /**
   * `join`.
   */
  join?: Rate;
  /**
   * `react`.
   */
  react?: Rate;
  /**
   * `search`.
   */
  search?: Rate;
  /**
   * `send`, `edit`, `delete` and `pin`.
   */
  send?: Rate;
}
/**
 * A token bucket: `per_s` tokens a second, at most `burst` kept. 0 a second means no limit.
 */
export interface Rate {
  /**
   * Tokens kept at most.
   */
  burst: number;
  /**
   * Tokens a second; 0 = off.
   */
  per_s: number;
}
/**
 * Who serves.
 */
export interface ServerInfo {
  /**
   * The name that its owner gave it.
   */
  name: string;
  /**
   * The version of the program.
   */
  version: string;
}
/**
 * One page of the state at the start of a session, newest first.
 */
export interface Sync {
  type: "sync";
  /**
   * Conversations whose membership or description is new to the client.
   */
  conversations: Conversation[];
  /**
   * On the last page: the sums of the snapshot that all pages came from.
   */
  digest?: Digest;
  /**
   * Whether this is the last page.
   */
  done: boolean;
  /**
   * Conversations that are no longer the asker's.
   */
  gone: ConversationId[];
  /**
   * Conversations of which only the head is new.
   */
  heads: Head[];
  /**
   * On the last page: the asker.
   */
  me?: Me;
}
/**
 * Four sums that prove that nothing was missed.
 */
export interface Digest {
  /**
   * How many conversations the user has.
   */
  conversations: number;
  /**
   * The sum of the user's stored `read_seq`.
   */
  reads: number;
  /**
   * The sum of their `last_rev`.
   */
  revs: number;
  /**
   * The user's counter.
   */
  user_rev: number;
}
/**
 * The asker and whom they block.
 */
export interface Me {
  /**
   * Users blocked.
   */
  blocked: UserId[];
  /**
   * Own profile.
   */
  user: User;
}
/**
 * Answers `ping`.
 */
export interface Pong {
  type: "pong";
  /**
   * With `check`: the sums of a snapshot taken after the ping came in.
   */
  digest?: Digest;
  /**
   * The server's time in Unix milliseconds.
   */
  now_ms: number;
}
/**
 * The server wants this session to come back elsewhere or later.
 */
export interface Goaway {
  type: "goaway";
  /**
   * Why, in a word.
   */
  why: string;
  /**
   * This session's own moment to leave, from now.
   */
  within_ms: number;
}
/**
 * Something that people should read.
 */
export interface Notice {
  type: "notice";
  /**
   * `info`, `warning` or `error`.
   */
  level: string;
  /**
   * The words.
   */
  text: string;
}
/**
 * The request was understood and is not carried out; nothing was changed.
 */
export interface Refused {
  type: "refused";
  /**
   * Why.
   */
  code: RefusalCode;
  /**
   * The field that is at fault.
   */
  field?: string;
  /**
   * Of the request.
   */
  id: number;
  /**
   * Why, in words.
   */
  message: string;
  /**
   * Whether a repeat can help.
   */
  retry: Retry;
  /**
   * Not before this many milliseconds.
   */
  retry_after_ms?: number;
}
/**
 * A message: as made in its event, in its current state in pages.
 */
export interface MessageFrame {
  type: "message";
  /**
   * When the server took it, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * What it says; absent once deleted.
   */
  body?: Body;
  /**
   * The author's name for it.
   */
  client_id: ClientId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whether it is a tombstone; in pages only.
   */
  deleted?: boolean;
  /**
   * How often it was edited; in pages only, absent = never.
   */
  edits?: number;
  /**
   * The author; absent where the conversation itself speaks.
   */
  from?: UserId;
  /**
   * Whom it calls.
   */
  mentions?: Mentions;
  /**
   * The change that touched it last; in pages only.
   */
  mod_rev?: number;
  /**
   * Whether it is pinned; in pages only.
   */
  pinned?: boolean;
  /**
   * What stands under it; in pages only.
   */
  reactions?: ReactionCount[];
  /**
   * The message that it answers.
   */
  reply_to?: number;
  /**
   * The change that made it.
   */
  rev: number;
  /**
   * Its number and identity in the conversation, from 1 without gaps.
   */
  seq: number;
  /**
   * Sent without a notification.
   */
  silent?: boolean;
}
/**
 * A message got another body.
 */
export interface Edited {
  type: "edited";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * What it says.
   */
  body: Body;
  /**
   * By whom.
   */
  by?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * How often it was edited by then.
   */
  edits: number;
  /**
   * The change.
   */
  rev: number;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * A message became a tombstone.
 */
export interface Deleted {
  type: "deleted";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * By whom.
   */
  by?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * The change.
   */
  rev: number;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * The reactions to a message changed.
 */
export interface Reacted {
  type: "reacted";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * By whom; absent where one change stands for many people.
   */
  by?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * All that stands there.
   */
  counts: ReactionCount[];
  /**
   * What `by` set or cleared.
   */
  emoji?: string;
  /**
   * Whether `by` set it.
   */
  on?: boolean;
  /**
   * The change.
   */
  rev: number;
  /**
   * Under which message.
   */
  seq: number;
}
/**
 * A message was pinned or unpinned.
 */
export interface Pinned {
  type: "pinned";
  /**
   * When, in Unix milliseconds.
   */
  at_ms: number;
  /**
   * By whom.
   */
  by?: UserId;
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Whether it is pinned.
   */
  on: boolean;
  /**
   * The change.
   */
  rev: number;
  /**
   * Which message.
   */
  seq: number;
}
/**
 * The asker's stored read mark moved.
 */
export interface Read {
  type: "read";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Explicit mentions above it.
   */
  mentions: number;
  /**
   * Up to which message.
   */
  seq: number;
}
/**
 * How far others are, in small conversations on screen. Best effort.
 */
export interface Reads {
  type: "reads";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Read up to.
   */
  read: UserMark[];
  /**
   * Received up to.
   */
  received: UserMark[];
}
/**
 * Somebody is writing; shown for 6 s. Best effort.
 */
export interface Typing {
  type: "typing";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * Watched users came or went. Best effort.
 */
export interface PresenceChange {
  type: "presence";
  /**
   * Who and how.
   */
  users: Presence[];
}
/**
 * A conversation as one of its members sees it.
 */
export interface ConversationFrame {
  type: "conversation";
  /**
   * A unique name by which it is found.
   */
  alias?: string;
  /**
   * The asker has put it away.
   */
  archived?: boolean;
  /**
   * A picture.
   */
  avatar?: FileId;
  /**
   * Which.
   */
  conversation: ConversationId;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * What the asker has begun to write.
   */
  draft?: string;
  /**
   * The first message that the asker may read.
   */
  from_seq: number;
  /**
   * How far it is.
   */
  head: Head;
  /**
   * The newest change when the asker joined.
   */
  join_rev: number;
  /**
   * Direct, group or broadcast.
   */
  kind: Kind;
  /**
   * How many members it has.
   */
  members: number;
  /**
   * Until when the asker wants no notification, in Unix milliseconds.
   */
  mute_until_ms?: number;
  /**
   * The other side of a direct conversation; oneself for notes.
   */
  peer?: User;
  /**
   * The asker keeps it on top.
   */
  pinned?: boolean;
  /**
   * The asker's role.
   */
  role: Role;
  /**
   * Its rules.
   */
  settings: Settings;
  /**
   * The asker's standing.
   */
  state: MemberState;
  /**
   * Its title; a direct conversation has none.
   */
  title?: string;
  /**
   * From where the asker wants it shown as unread.
   */
  unread_from?: number;
  /**
   * The user's change that this event stands for; in the event only.
   */
  user_rev?: number;
}
/**
 * A conversation is no longer the asker's; its content is to be dropped.
 */
export interface ConversationGone {
  type: "conversation_gone";
  /**
   * Which.
   */
  conversation: ConversationId;
  /**
   * The user's change; absent where it was destroyed for everyone.
   */
  user_rev?: number;
  /**
   * Why.
   */
  why: GoneWhy;
}
/**
 * Own profile or blocks changed.
 */
export interface MeChanged {
  type: "me";
  /**
   * Users blocked, all of them.
   */
  blocked: UserId[];
  /**
   * Own profile.
   */
  user: User;
  /**
   * The user's change.
   */
  user_rev: number;
}
/**
 * Events were left out for a session that read too slowly: the heads that moved meanwhile.
 */
export interface Heads {
  type: "heads";
  /**
   * Only conversations that changed meanwhile.
   */
  heads: Head[];
  /**
   * Whether this closes a lag.
   */
  lagging: boolean;
  /**
   * The user's counter; greater than the client's → `resync`.
   */
  user_rev: number;
}
/**
 * The server's own repair of a hole, shaped as a reply to `changes`.
 */
export interface ChangedRange {
  type: "changed";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * Events.
   */
  events: HistoryEvent[];
  /**
   * Messages touched, in their current state.
   */
  messages: Message[];
  /**
   * … and less than this one.
   */
  rev: number;
  /**
   * Applies where the client has at least this change …
   */
  since_rev: number;
  /**
   * Users named in them.
   */
  users?: UserRef[];
}
/**
 * A change that this session may not see: the counter moves, nothing else.
 */
export interface Skipped {
  type: "skipped";
  /**
   * Where.
   */
  conversation: ConversationId;
  /**
   * The change.
   */
  rev: number;
}
/**
 * Answers `POST /bots`.
 */
export interface BotMade {
  /**
   * The bearer token, shown this once.
   */
  token: string;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * `POST /bots`: makes a program's account.
 */
export interface BotRequest {
  /**
   * Its handle.
   */
  handle: string;
  /**
   * Its name.
   */
  name: string;
}
/**
 * One of the asker's devices.
 */
export interface Device {
  /**
   * Since when, in Unix milliseconds.
   */
  created_ms: number;
  /**
   * Whether the request came from it.
   */
  current: boolean;
  /**
   * Which.
   */
  device: DeviceId;
  /**
   * How it is called.
   */
  name: string;
  /**
   * Last used, in Unix milliseconds, to the minute.
   */
  seen_ms: number;
}
/**
 * `POST /invites/look`: what does this code lead to?
 */
export interface InviteLook {
  /**
   * The code.
   */
  code: string;
}
/**
 * `POST /invites`: into the server, or into a conversation on it.
 */
export interface InviteRequest {
  /**
   * Into which conversation.
   */
  conversation?: ConversationId;
  /**
   * As what in that conversation.
   */
  role?: Role;
  /**
   * For how long, in seconds; absent = 7 days.
   */
  ttl_s?: number;
  /**
   * How often it can be used; absent = without limit.
   */
  uses?: number;
}
/**
 * Answers `POST /invites/look`.
 */
export interface InviteSeen {
  /**
   * Into which conversation.
   */
  conversation?: InvitedTo;
  /**
   * Who invites.
   */
  inviter: Inviter;
  /**
   * How the server is called.
   */
  server_name: string;
}
/**
 * The conversation of an invite, as a stranger may see it.
 */
export interface InvitedTo {
  /**
   * Group or broadcast.
   */
  kind: Kind;
  /**
   * Its title.
   */
  title: string;
}
/**
 * Who invites, as a stranger may see them.
 */
export interface Inviter {
  /**
   * Their handle.
   */
  handle: string;
  /**
   * Their name.
   */
  name: string;
}
/**
 * `POST /log-in`.
 */
export interface LogIn {
  /**
   * How the device is to be called in the list of devices.
   */
  device_name?: string;
  /**
   * Whose.
   */
  handle: string;
  /**
   * The password.
   */
  password: string;
}
/**
 * Answers whatever logs in: with an allowed `Origin` the cookie is set and `token` is absent.
 */
export interface LoggedIn {
  /**
   * On which device.
   */
  device: DeviceId;
  /**
   * Until when without use, in Unix milliseconds.
   */
  expires_ms: number;
  /**
   * For programs: the bearer token, shown this once.
   */
  token?: string;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * `PATCH /me`: what is absent stays; an empty avatar clears.
 */
export interface MePatch {
  /**
   * A picture.
   */
  avatar?: string;
  /**
   * The name that people read.
   */
  name?: string;
}
/**
 * `GET /me` and the answer to `PATCH /me`.
 */
export interface MeSeen {
  /**
   * Own profile.
   */
  user: User;
}
/**
 * `POST /conversations/{conversation}/messages`: as `send`, whose `client_id` comes as the header
 * `Idempotency-Key`. Answers with [`crate::reply::Sent`].
 */
export interface NewMessage {
  /**
   * What it says.
   */
  body: Body;
  /**
   * Whom it calls.
   */
  mentions?: Mentions;
  /**
   * The message that it answers.
   */
  reply_to?: number;
  /**
   * Without a notification.
   */
  silent?: boolean;
}
/**
 * `POST /me/password`: ends all other devices.
 */
export interface PasswordChange {
  /**
   * The new one.
   */
  new: string;
  /**
   * The old one.
   */
  old: string;
}
/**
 * An error as RFC 9457 has it, with the code of the socket's refusals.
 */
export interface Problem {
  /**
   * Why, for programs.
   */
  code: RefusalCode;
  /**
   * Why, in words.
   */
  detail: string;
  /**
   * The field at fault.
   */
  field?: string;
  /**
   * Not before this many milliseconds.
   */
  retry_after_ms?: number;
  /**
   * The HTTP status.
   */
  status: number;
  /**
   * The status in words.
   */
  title: string;
  /**
   * `about:blank`: the code says what it is.
   */
  type: string;
}
/**
 * `POST /reset`: sets a new password by a link from the operator.
 */
export interface Reset {
  /**
   * The new password.
   */
  password: string;
  /**
   * From the link.
   */
  token: string;
}
/**
 * `GET /server`: what everyone may know.
 */
export interface ServerAbout {
  /**
   * Whether it has an owner.
   */
  claimed: boolean;
  /**
   * The name that its owner gave it.
   */
  name: string;
  /**
   * Subprotocols spoken on the socket.
   */
  protocols: string[];
  /**
   * Whether strangers may make an account.
   */
  sign_up: SignUpRule;
}
/**
 * `POST /setup`: makes the owner; once.
 */
export interface SetUp {
  /**
   * The owner's handle.
   */
  handle: string;
  /**
   * The owner's name.
   */
  name: string;
  /**
   * The owner's password.
   */
  password: string;
  /**
   * How the server is called.
   */
  server_name?: string;
  /**
   * From the link that the server printed.
   */
  token: string;
}
/**
 * `POST /sign-up`: makes an account.
 */
export interface SignUp {
  /**
   * 2–32 of `a-z 0-9 . _ -`, a letter first; upper case is folded.
   */
  handle: string;
  /**
   * The code of an invite; needed unless sign-up is open.
   */
  invite?: string;
  /**
   * The name that people read.
   */
  name: string;
  /**
   * At least 8 characters.
   */
  password: string;
}
/**
 * `POST /tickets`: lets a page of another origin say who it is in `hello`.
 */
export interface Ticket {
  /**
   * Until when, in Unix milliseconds.
   */
  expires_ms: number;
  /**
   * Single use.
   */
  ticket: string;
}
