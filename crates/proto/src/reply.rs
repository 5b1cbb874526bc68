//! Replies: what `ok` carries for each request, and what a refusal says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::codes::{RefusalCode, Retry};
use crate::event::HistoryEvent;
use crate::id::{ConversationId, InviteId, UserId};
use crate::object::{
    Conversation, Head, JoinRule, Kind, Member, Message, Presence, ReactionCount, User, UserMark,
    UserRef,
};

/// The request was understood and is not carried out; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Of the request.
    pub id: u64,
    /// Why.
    pub code: RefusalCode,
    /// Why, in words.
    pub message: String,
    /// Whether a repeat can help.
    pub retry: Retry,
    /// Not before this many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The field that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// To a request that answers nothing more, and to one that changed nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}

/// To `send`: the message is committed and on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    /// Its number.
    pub seq: u64,
    /// The change that made it.
    pub rev: u64,
    /// When the server took it first, in Unix milliseconds.
    pub at_ms: u64,
    /// Whether it was there already.
    pub duplicate: bool,
}

/// To `edit`, `delete`, `react` and `pin`. `rev` stands for exactly one event that this session
/// does not get; absent, nothing changed or the events come to this session too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// When it was made, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
}

/// To `create` and `join`: which conversation; its event comes too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InConversation {
    /// Which.
    pub conversation: ConversationId,
}

/// To `get`; what the asker has not got is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversations {
    /// The objects.
    pub conversations: Vec<Conversation>,
}

/// To `history`: a page of messages in their current state, and the events between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// Messages by ascending `seq`.
    pub messages: Vec<Message>,
    /// Events between them, by ascending `rev`.
    pub events: Vec<HistoryEvent>,
    /// Users named in them.
    pub users: Vec<UserRef>,
    /// The newest change when this page was read.
    pub rev: u64,
    /// Everything at or below was removed by retention.
    pub floor_seq: u64,
    /// Whether there are more in the direction asked.
    pub more: bool,
}

/// To `changes`: everything touched since, complete up to `rev`; or a reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangesPage {
    /// Messages touched, in their current state, by ascending `mod_rev`.
    pub messages: Vec<Message>,
    /// Events, by ascending `rev`.
    pub events: Vec<HistoryEvent>,
    /// Users named in them.
    pub users: Vec<UserRef>,
    /// The page is complete up to this change.
    pub rev: u64,
    /// Whether there is more above `rev`.
    pub more: bool,
    /// What was asked for is not to be had: drop what is held and take this newest page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<bool>,
    /// With `reset`: how far the conversation is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
}

/// To `users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Users {
    /// Those found.
    pub users: Vec<User>,
}

/// To `members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Members {
    /// One page, by ascending user.
    pub members: Vec<Member>,
    /// Users named in it.
    pub users: Vec<UserRef>,
    /// Whether there are more.
    pub more: bool,
}

/// To `watch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Watched {
    /// What is known at this moment.
    pub presence: Vec<Presence>,
}

/// To `receipts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipts {
    /// How many members have read it.
    pub read: u64,
    /// How many members have received it.
    pub received: u64,
    /// In small conversations: how far each member has read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Vec<UserMark>>,
}

/// To `list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// One page of open conversations.
    pub conversations: Vec<PublicConversation>,
    /// Whether there are more.
    pub more: bool,
}

/// An open conversation as everyone may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicConversation {
    /// Which.
    pub conversation: ConversationId,
    /// Group or broadcast.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A unique name by which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// How many members it has.
    pub members: u64,
    /// How one becomes a member.
    pub join: JoinRule,
}

/// To `invite_create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invite {
    /// Which invite, to revoke it.
    pub invite: InviteId,
    /// The secret that lets in; shown this once.
    pub code: String,
    /// The link that carries it in its fragment.
    pub url: String,
}

/// To `counts`: the counters of a broadcast, at most 10 s old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// How many members it has.
    pub members: u64,
    /// Per post.
    pub posts: Vec<PostCounts>,
}

/// The counters of one post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PostCounts {
    /// Which post.
    pub seq: u64,
    /// Members who have read up to it.
    pub views: u64,
    /// What stands under it.
    pub reactions: Vec<ReactionCount>,
}

/// To `member_add`: who was added; those who already were members are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    /// Who.
    pub users: Vec<UserId>,
}

/// Writes the `ok` of a request: `{"type":"ok","id":…` and the fields of `reply`.
///
/// # Panics
///
/// Never for the types of this module: each serialises to a JSON object.
#[must_use]
pub fn encode_ok<R: Serialize>(id: u64, reply: &R) -> String {
    let fields = serde_json::to_string(reply).expect("a reply is plain data");
    let inner = &fields[1..];
    let comma = if inner == "}" { "" } else { "," };
    format!("{{\"type\":\"ok\",\"id\":{id}{comma}{inner}")
}
