//! What the server says: answers to the session, events of conversations and of the user.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, DeviceId, UserId};
use crate::limits::Limits;
use crate::object::{
    Body, Conversation, Digest, Head, Message, Presence, ReactionCount, Role, Settings, User,
    UserMark, UserRef,
};
use crate::reply::Refused;

/// Answers `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// This incarnation of the database; cursors of another are void.
    pub epoch: String,
    /// This session, for support and logs.
    pub session: String,
    /// The device that logged in.
    pub device: DeviceId,
    /// Who logged in.
    pub user: UserId,
    /// The server's time in Unix milliseconds.
    pub now_ms: u64,
    /// Whether the pages that follow build on the client's cursors.
    pub resumed: bool,
    /// Ping when idle for this long.
    pub heartbeat_ms: u64,
    /// Spread a reconnect over this window.
    pub retry_window_ms: u64,
    /// What may be sent.
    #[serde(deserialize_with = "crate::limits::told")]
    pub limits: Limits,
    /// Who serves.
    pub server: ServerInfo,
}

/// Who serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// The name that its owner gave it.
    pub name: String,
    /// The version of the program.
    pub version: String,
}

/// The asker and whom they block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// Own profile.
    pub user: User,
    /// Users blocked.
    pub blocked: Vec<UserId>,
}

/// One page of the state at the start of a session, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sync {
    /// Conversations whose membership or description is new to the client.
    pub conversations: Vec<Conversation>,
    /// Conversations that are no longer the asker's.
    pub gone: Vec<ConversationId>,
    /// Conversations of which only the head is new.
    pub heads: Vec<Head>,
    /// Whether this is the last page.
    pub done: bool,
    /// On the last page: the asker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<Me>,
    /// On the last page: the sums of the snapshot that all pages came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Answers `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pong {
    /// The server's time in Unix milliseconds.
    pub now_ms: u64,
    /// With `check`: the sums of a snapshot taken after the ping came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// The server wants this session to come back elsewhere or later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Goaway {
    /// Why, in a word.
    pub why: String,
    /// This session's own moment to leave, from now.
    pub within_ms: u64,
}

/// Something that people should read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// `info`, `warning` or `error`.
    pub level: String,
    /// The words.
    pub text: String,
}

/// A message got another body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Which message.
    pub seq: u64,
    /// How often it was edited by then.
    pub edits: u64,
    /// What it says.
    pub body: Body,
}

/// A message became a tombstone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Which message.
    pub seq: u64,
}

/// The reactions to a message changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reacted {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom; absent where one change stands for many people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Under which message.
    pub seq: u64,
    /// What `by` set or cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Whether `by` set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// All that stands there.
    pub counts: Vec<ReactionCount>,
}

/// A message was pinned or unpinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pinned {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Which message.
    pub seq: u64,
    /// Whether it is pinned.
    pub on: bool,
}

/// How a membership changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberChangeKind {
    /// Came in.
    Joined,
    /// Went by themselves.
    Left,
    /// Was removed.
    Removed,
    /// Has another role.
    Role,
}

/// One changed membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberChange {
    /// Whose.
    pub user: UserId,
    /// How.
    pub change: MemberChangeKind,
    /// The role that they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// Memberships changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Which.
    pub changes: Vec<MemberChange>,
}

/// Title, description, avatar, alias or settings changed; an empty text means cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Updated {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// A unique name by which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its rules, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// Retention removed messages: clients drop what lies at or below `floor_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Floored {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// Everything at or below is gone.
    pub floor_seq: u64,
}

/// The asker's stored read mark moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    /// Where.
    pub conversation: ConversationId,
    /// Up to which message.
    pub seq: u64,
    /// Explicit mentions above it.
    pub mentions: u64,
}

/// How far others are, in small conversations on screen. Best effort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reads {
    /// Where.
    pub conversation: ConversationId,
    /// Read up to.
    pub read: Vec<UserMark>,
    /// Received up to.
    pub received: Vec<UserMark>,
}

/// Somebody is writing; shown for 6 s. Best effort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Typing {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
}

/// Watched users came or went. Best effort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceChange {
    /// Who and how.
    pub users: Vec<Presence>,
}

/// Why a conversation is no longer the asker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoneWhy {
    /// The asker left.
    Left,
    /// The asker was removed.
    Removed,
    /// It was destroyed for everyone.
    Destroyed,
}

/// A conversation is no longer the asker's; its content is to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationGone {
    /// Which.
    pub conversation: ConversationId,
    /// The user's change; absent where it was destroyed for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_rev: Option<u64>,
    /// Why.
    pub why: GoneWhy,
}

/// Own profile or blocks changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeChanged {
    /// The user's change.
    pub user_rev: u64,
    /// Own profile.
    pub user: User,
    /// Users blocked, all of them.
    pub blocked: Vec<UserId>,
}

/// Events were left out for a session that read too slowly: the heads that moved meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heads {
    /// Only conversations that changed meanwhile.
    pub heads: Vec<Head>,
    /// The user's counter; greater than the client's → `resync`.
    pub user_rev: u64,
    /// Whether this closes a lag.
    pub lagging: bool,
}

/// The server's own repair of a hole, shaped as a reply to `changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedRange {
    /// Where.
    pub conversation: ConversationId,
    /// Applies where the client has at least this change …
    pub since_rev: u64,
    /// … and less than this one.
    pub rev: u64,
    /// Messages touched, in their current state.
    pub messages: Vec<Message>,
    /// Events.
    pub events: Vec<HistoryEvent>,
    /// Users named in them.
    #[serde(default)]
    pub users: Vec<UserRef>,
}

/// A change that this session may not see: the counter moves, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
}

/// The durable events that stand between messages in a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HistoryEvent {
    /// Memberships changed.
    Membership(Membership),
    /// The description changed.
    Updated(Updated),
    /// Retention removed messages.
    Floored(Floored),
}

impl HistoryEvent {
    /// The change that it stands for.
    #[must_use]
    pub fn rev(&self) -> u64 {
        match self {
            Self::Membership(event) => event.rev,
            Self::Updated(event) => event.rev,
            Self::Floored(event) => event.rev,
        }
    }
}

macro_rules! server_frames {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal),* $(,)?) => {
        /// Everything that the server says but `ok`, whose fields depend on the request.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type")]
        pub enum ServerFrame {
            $($(#[$doc])* #[serde(rename = $name)] $variant($payload),)*
        }

        impl ServerFrame {
            /// The `type` of every frame of the server but `ok`.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The `type` on the wire.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }
        }
    };
}

server_frames! {
    /// Answers `hello`.
    Welcome(Welcome) = "welcome",
    /// A page of the state.
    Sync(Sync) = "sync",
    /// Answers `ping`.
    Pong(Pong) = "pong",
    /// Come back elsewhere or later.
    Goaway(Goaway) = "goaway",
    /// Words for people.
    Notice(Notice) = "notice",
    /// A request is not carried out.
    Refused(Refused) = "refused",
    /// A message was made.
    Message(Message) = "message",
    /// A message got another body.
    Edited(Edited) = "edited",
    /// A message became a tombstone.
    Deleted(Deleted) = "deleted",
    /// Reactions changed.
    Reacted(Reacted) = "reacted",
    /// A message was pinned or unpinned.
    Pinned(Pinned) = "pinned",
    /// Memberships changed.
    Membership(Membership) = "membership",
    /// The description changed.
    Updated(Updated) = "updated",
    /// Retention removed messages.
    Floored(Floored) = "floored",
    /// Own mark moved.
    Read(Read) = "read",
    /// Others' marks moved.
    Reads(Reads) = "reads",
    /// Somebody is writing.
    Typing(Typing) = "typing",
    /// Watched users came or went.
    Presence(PresenceChange) = "presence",
    /// A conversation is new, or own role or settings in it changed.
    Conversation(Box<Conversation>) = "conversation",
    /// A conversation is no longer the asker's.
    ConversationGone(ConversationGone) = "conversation_gone",
    /// Own profile or blocks changed.
    Me(MeChanged) = "me",
    /// The end of a lag.
    Heads(Heads) = "heads",
    /// The server's own repair.
    Changed(ChangedRange) = "changed",
    /// Something this session may not see.
    Skipped(Skipped) = "skipped",
}
