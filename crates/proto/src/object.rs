//! Objects: what frames carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, ConversationId, FileId, UserId};

/// What a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Two people, or one with notes to oneself.
    Direct,
    /// Many people who all may write, or whom admins let write.
    Group,
    /// Few write, many read.
    Broadcast,
}

/// What a member may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and writes where `settings.post` is `all`.
    Member,
    /// Also changes the conversation and its members.
    Admin,
    /// Also appoints admins and destroys the conversation.
    Owner,
}

/// What a user may do on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// Uses it.
    Member,
    /// Invites, disables users, sees the administration; never others' conversations.
    Admin,
}

/// How the asker stands to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// An ordinary member.
    Active,
    /// A stranger wrote first; nothing is notified until `accept` or a reply.
    Request,
}

/// Whether a user is a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A person.
    Human,
    /// A program with a token.
    Bot,
}

/// How much of the past a new member reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryRule {
    /// All of it.
    All,
    /// Only what comes after joining.
    Joined,
}

/// Who may post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostRule {
    /// Every member.
    All,
    /// Owners and admins.
    Admins,
}

/// How one becomes a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Everyone on the server may join and finds it in the list.
    Open,
    /// By an invite link or by being added.
    Link,
    /// By asking. Reserved.
    Ask,
    /// By being added only.
    Closed,
}

/// The rules of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// How much of the past a new member reads.
    pub history: HistoryRule,
    /// Who may post.
    pub post: PostRule,
    /// How one becomes a member.
    pub join: JoinRule,
    /// Pause between two posts of one member, in milliseconds. Reserved: 0.
    #[serde(default)]
    pub slow_ms: u64,
    /// After how many days messages are removed; 0 = never.
    #[serde(default)]
    pub retention_days: u32,
}

/// A change of some rules; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsChange {
    /// How much of the past a new member reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryRule>,
    /// Who may post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<PostRule>,
    /// How one becomes a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<JoinRule>,
    /// Reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<u64>,
    /// After how many days messages are removed; 0 = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// A user as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Who.
    pub user: UserId,
    /// The unique name that people type.
    pub handle: String,
    /// The name that people read.
    pub name: String,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<FileId>,
    /// Person or program.
    pub kind: UserKind,
    /// Counts the changes of this profile.
    pub profile: u64,
    /// The role on the server; told of oneself only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<ServerRole>,
}

/// A user named in a page: which profile is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct UserRef {
    /// Who.
    pub user: UserId,
    /// The current count of profile changes; another than the cached one → `users`.
    pub profile: u64,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// Words in the Markdown subset.
    Text {
        /// At least one character that is not white space.
        text: String,
    },
    /// A kind that this reader does not know.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Whom `mentions.all` calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MentionAll {
    /// Every member.
    All,
    /// Every member who is there.
    Here,
}

/// Whom a message calls. The server goes by this alone and never reads the body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mentions {
    /// Single users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserId>>,
    /// All members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<MentionAll>,
}

/// How often one emoji stands under a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionCount {
    /// One emoji in its fully-qualified form.
    pub emoji: String,
    /// How many members gave it.
    pub count: u64,
    /// Whether the asker is one of them; in pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
}

/// A message: as made in its event, in its current state in pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Where.
    pub conversation: ConversationId,
    /// Its number and identity in the conversation, from 1 without gaps.
    pub seq: u64,
    /// The change that made it.
    pub rev: u64,
    /// The change that touched it last; in pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mod_rev: Option<u64>,
    /// The author; absent where the conversation itself speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    /// The author's name for it.
    pub client_id: ClientId,
    /// When the server took it, in Unix milliseconds.
    pub at_ms: u64,
    /// What it says; absent once deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Sent without a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
    /// Whom it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Mentions>,
    /// How often it was edited; in pages only, absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edits: Option<u64>,
    /// Whether it is a tombstone; in pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Whether it is pinned; in pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// What stands under it; in pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Vec<ReactionCount>>,
}

/// The newest message of a conversation in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// Which message.
    pub seq: u64,
    /// Its author; absent where the conversation itself speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    /// The beginning of its text, at most 120 code points; absent once deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// How far a conversation is, and how far the asker has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The number of the newest message.
    pub last_seq: u64,
    /// The number of the newest change.
    pub last_rev: u64,
    /// The last change of title, description, avatar, alias or settings.
    pub info_rev: u64,
    /// Everything at or below was removed by retention.
    pub floor_seq: u64,
    /// The asker's stored read mark.
    pub read_seq: u64,
    /// Explicit mentions of the asker above `read_seq`.
    pub mentions: u64,
    /// The newest message that called everyone.
    pub all_mention_seq: u64,
    /// When the newest message came, or the conversation began, in Unix milliseconds.
    pub at_ms: u64,
    /// The newest message that the asker may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
}

/// A conversation as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Which.
    pub conversation: ConversationId,
    /// The user's change that this event stands for; in the event only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_rev: Option<u64>,
    /// Direct, group or broadcast.
    pub kind: Kind,
    /// Its title; a direct conversation has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<FileId>,
    /// A unique name by which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The other side of a direct conversation; oneself for notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<User>,
    /// The asker's role.
    pub role: Role,
    /// The asker's standing.
    pub state: MemberState,
    /// How many members it has.
    pub members: u64,
    /// Its rules.
    pub settings: Settings,
    /// Until when the asker wants no notification, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_until_ms: Option<u64>,
    /// The asker keeps it on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// The asker has put it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// From where the asker wants it shown as unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<u64>,
    /// What the asker has begun to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    /// The first message that the asker may read.
    pub from_seq: u64,
    /// The newest change when the asker joined.
    pub join_rev: u64,
    /// How far it is.
    pub head: Head,
}

/// A member as the member list shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Since when, in Unix milliseconds.
    pub joined_ms: u64,
}

/// Four sums that prove that nothing was missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// The user's counter.
    pub user_rev: u64,
    /// How many conversations the user has.
    pub conversations: u64,
    /// The sum of their `last_rev`.
    pub revs: u64,
    /// The sum of the user's stored `read_seq`.
    pub reads: u64,
}

/// A place in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// Where.
    pub conversation: ConversationId,
    /// Up to which message.
    pub seq: u64,
}

/// How far a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserMark {
    /// Who.
    pub user: UserId,
    /// Up to which message.
    pub seq: u64,
}

/// Whether a user is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Whether they are there.
    pub state: PresenceState,
    /// What they say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Whether a user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// At least one session is active.
    Online,
    /// All sessions rest.
    Away,
    /// There, and not to be disturbed.
    Dnd,
    /// No session.
    Offline,
    /// Not told to the asker, or not known yet.
    Unknown,
}

/// What a user wants to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// What the sessions do.
    #[default]
    Auto,
    /// Away.
    Away,
    /// Not to be disturbed.
    Dnd,
    /// Shown as offline.
    Invisible,
}
