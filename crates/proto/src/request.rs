//! Requests: what a client may ask.
//!
//! A request travels as `{type, id, …}`; the `id` belongs to the envelope ([`crate::Incoming`])
//! and not to the request, so that rules never see it.

mod conversations;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, ConversationId, UserId};
use crate::object::{Body, Mark, Mentions, StatusState};

pub use self::conversations::{
    Accept, Block, Counts, Create, Destroy, Get, InviteCreate, InviteRevoke, Join, Leave, List,
    MemberAdd, MemberRemove, MemberRole, Members, Set, Update,
};

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
