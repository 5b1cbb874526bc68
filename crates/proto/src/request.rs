//! Requests: what a client may ask.
//!
//! A request travels as `{type, id, …}`; the `id` belongs to the envelope ([`crate::Incoming`])
//! and not to the request, so that rules never see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, ConversationId, InviteId, UserId};
use crate::object::{Body, Kind, Mark, Mentions, Role, SettingsChange, StatusState};

/// Which program speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where a client stands that was here before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resume {
    /// The incarnation of the database that its cursors belong to.
    pub epoch: String,
    /// Its user counter.
    pub user_rev: u64,
    /// Changes from this server time on are wanted.
    pub since_ms: u64,
}

/// Opens the session; first and once. Carries no `id`; `welcome` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HelloRequest")]
pub struct Hello {
    /// Which program speaks.
    pub client: ClientInfo,
    /// A single-use ticket of `POST /tickets`, for pages of another origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Where the client stands; absent = first connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// Asks for the pages of a sync on a live session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ResyncRequest")]
pub struct Resync {
    /// The client's user counter; 0 = everything.
    pub user_rev: u64,
    /// Changes from this server time on; 0 = everything.
    pub since_ms: u64,
}

/// Keeps the session and, with `check`, asks for the digest. Carries no `id`; `pong` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PingRequest")]
pub struct Ping {
    /// Whether the answer carries the digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<bool>,
}

/// Ends the session in good order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ByeRequest")]
pub struct Bye {}

/// Sends a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SendRequest")]
pub struct Send {
    /// Where.
    pub conversation: ConversationId,
    /// The client's name for it; a repeat with the same name is the same message.
    pub client_id: ClientId,
    /// What it says.
    pub body: Body,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Without a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
    /// Whom it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Mentions>,
}

/// Replaces the body of an own message if its number of edits is still `edits`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EditRequest")]
pub struct Edit {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: u64,
    /// The number of edits that the author saw.
    pub edits: u64,
    /// What it shall say.
    pub body: Body,
}

/// Deletes messages, all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeleteRequest")]
pub struct Delete {
    /// Where.
    pub conversation: ConversationId,
    /// Which messages; at most 100.
    pub seqs: Vec<u64>,
}

/// Sets or clears one reaction of the asker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReactRequest")]
pub struct React {
    /// Where.
    pub conversation: ConversationId,
    /// Under which message.
    pub seq: u64,
    /// One emoji grapheme in its fully-qualified form, at most 32 bytes.
    pub emoji: String,
    /// Whether it shall stand.
    pub on: bool,
}

/// Pins or unpins a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PinRequest")]
pub struct Pin {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: u64,
    /// Whether it shall be pinned.
    pub on: bool,
}

/// Moves the asker's read mark; the greater wins. No reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReadRequest")]
pub struct Read {
    /// Where.
    pub conversation: ConversationId,
    /// Up to which message.
    pub seq: u64,
}

/// Tells up to where messages have arrived. Best effort, no reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReceivedRequest")]
pub struct Received {
    /// Up to where, per conversation.
    pub heads: Vec<Mark>,
}

/// Asks who has read and received a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReceiptsRequest")]
pub struct Receipts {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: u64,
}

/// Replaces the set of conversations on screen; at most 8.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FocusRequest")]
pub struct Focus {
    /// All of them.
    pub conversations: Vec<ConversationId>,
}

/// Tells that the asker is writing; at most every 3 s. No reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TypingRequest")]
pub struct Typing {
    /// Where.
    pub conversation: ConversationId,
}

/// Replaces the set of users whose presence is wanted; at most 200.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WatchRequest")]
pub struct Watch {
    /// All of them.
    pub users: Vec<UserId>,
}

/// Sets what the asker shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StatusRequest")]
pub struct Status {
    /// What.
    pub state: StatusState,
    /// A few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Until when, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Tells whether the user is at this session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ActiveRequest")]
pub struct Active {
    /// Whether.
    pub on: bool,
}

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

/// Asks for one page of messages in their current state; at most one of `before`, `after`, `around`; none = the newest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HistoryRequest")]
pub struct History {
    /// Where.
    pub conversation: ConversationId,
    /// Messages below this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Messages above this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Messages on both sides of this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub around: Option<u64>,
    /// How many; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Asks for everything that was touched since a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChangesRequest")]
pub struct Changes {
    /// Where.
    pub conversation: ConversationId,
    /// The newest change that the client has.
    pub since_rev: u64,
    /// How many; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Finds users by a part of name or handle, or names them; exactly one of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UsersRequest")]
pub struct Users {
    /// A part of a name or handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Which; at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<UserId>>,
}

macro_rules! requests {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// Everything that a client may ask.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum Request {
            $(#[doc = concat!("`", $name, "`")] $variant($variant),)*
        }

        impl Request {
            /// The `type` of every request that is served or will be.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The `type` on the wire.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Reads the fields of a request of the named type; `None` if there is no such type.
            pub(crate) fn read(name: &str, frame: &str) -> Option<serde_json::Result<Self>> {
                match name {
                    $($name => Some(serde_json::from_str::<$variant>(frame).map(Self::$variant)),)*
                    _ => None,
                }
            }
        }
    };
}

requests! {
    Hello = "hello",
    Resync = "resync",
    Ping = "ping",
    Bye = "bye",
    Send = "send",
    Edit = "edit",
    Delete = "delete",
    React = "react",
    Pin = "pin",
    Read = "read",
    Received = "received",
    Receipts = "receipts",
    Focus = "focus",
    Typing = "typing",
    Watch = "watch",
    Status = "status",
    Active = "active",
    Create = "create",
    Get = "get",
    Update = "update",
    Destroy = "destroy",
    Join = "join",
    Leave = "leave",
    List = "list",
    InviteCreate = "invite_create",
    InviteRevoke = "invite_revoke",
    MemberAdd = "member_add",
    MemberRemove = "member_remove",
    MemberRole = "member_role",
    Members = "members",
    Set = "set",
    Accept = "accept",
    Block = "block",
    Counts = "counts",
    History = "history",
    Changes = "changes",
    Users = "users",
}

/// Types that are spoken for and answered with `unknown_type` until they are served.
pub const RESERVED_TYPES: &[&str] =
    &["search", "versions", "vote", "jobs", "job_cancel", "request_list", "request_answer"];

/// Fields that are spoken for: a request that carries one is refused with its name.
pub const RESERVED_FIELDS: &[(&str, &[&str])] =
    &[("send", &["files", "due_ms", "forward"]), ("member_remove", &["ban"])];
