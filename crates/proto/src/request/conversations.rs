//! Requests about conversations, who is in them, and what of them is one's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, ConversationId, InviteId, UserId};
use crate::object::{Kind, Role, SettingsChange};

/// Creates a conversation; a direct one that exists is returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CreateRequest")]
pub struct Create {
    /// The client's name for it.
    pub client_id: ClientId,
    /// What it shall be.
    pub kind: Kind,
    /// Its title; needed but for direct ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A unique name by which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whom to add; for a direct one the other side, or oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserId>>,
    /// Its rules where they differ from the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsChange>,
}

/// Asks for conversation objects; at most 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GetRequest")]
pub struct Get {
    /// Which.
    pub conversations: Vec<ConversationId>,
}

/// Changes title, description, avatar, alias or settings; an empty text clears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UpdateRequest")]
pub struct Update {
    /// Where.
    pub conversation: ConversationId,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture; empty = none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// A unique name by which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsChange>,
}

/// Destroys a conversation for everyone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DestroyRequest")]
pub struct Destroy {
    /// Where.
    pub conversation: ConversationId,
}

/// Joins by conversation, alias or invite code; exactly one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JoinRequest")]
pub struct Join {
    /// Which, if it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Its alias, if it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The code of an invite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Leaves a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LeaveRequest")]
pub struct Leave {
    /// Where.
    pub conversation: ConversationId,
}

/// Finds open conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ListRequest")]
pub struct List {
    /// Reserved for other lists; `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// A part of the title or alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last one of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<ConversationId>,
    /// How many; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Makes an invite into a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "InviteCreateRequest")]
pub struct InviteCreate {
    /// Where.
    pub conversation: ConversationId,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How often it can be used; absent = without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// For how long, in seconds; absent = 7 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u64>,
}

/// Ends an invite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "InviteRevokeRequest")]
pub struct InviteRevoke {
    /// Which.
    pub invite: InviteId,
}

/// Adds members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MemberAddRequest")]
pub struct MemberAdd {
    /// Where.
    pub conversation: ConversationId,
    /// Whom; at most 200.
    pub users: Vec<UserId>,
}

/// Removes a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MemberRemoveRequest")]
pub struct MemberRemove {
    /// Where.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserId,
}

/// Gives a member another role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MemberRoleRequest")]
pub struct MemberRole {
    /// Where.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserId,
    /// Which.
    pub role: Role,
}

/// Lists members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MembersRequest")]
pub struct Members {
    /// Where.
    pub conversation: ConversationId,
    /// A part of a name or handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last one of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<UserId>,
    /// How many; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Changes the asker's own settings of a conversation; 0 or an empty text clears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SetRequest")]
pub struct Set {
    /// Where.
    pub conversation: ConversationId,
    /// No notification until then, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_until_ms: Option<u64>,
    /// Keep on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Show as unread from this message on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<u64>,
    /// What was begun to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
}

/// Accepts a request; its conversation becomes an ordinary one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AcceptRequest")]
pub struct Accept {
    /// Where.
    pub conversation: ConversationId,
}

/// Blocks a user or ends that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BlockRequest")]
pub struct Block {
    /// Whom.
    pub user: UserId,
    /// Whether.
    pub on: bool,
}

/// Asks for the counters of a broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CountsRequest")]
pub struct Counts {
    /// Where.
    pub conversation: ConversationId,
    /// Of which posts; at most 50.
    pub seqs: Vec<u64>,
}
