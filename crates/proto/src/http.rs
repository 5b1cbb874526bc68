//! What crosses the HTTP door beside the socket, under `/api/v1`.
//!
//! Secrets travel in bodies and fragments, never in a path or query.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::codes::RefusalCode;
use crate::id::{ConversationId, DeviceId, InviteId, UserId};
use crate::object::{Body, Kind, Mentions, Role, User};

/// Whether strangers may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignUpRule {
    /// With an invite.
    #[default]
    Invite,
    /// Everyone.
    Open,
    /// Nobody.
    Closed,
}

/// `GET /server`: what everyone may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerAbout {
    /// The name that its owner gave it.
    pub name: String,
    /// Whether it has an owner.
    pub claimed: bool,
    /// Whether strangers may make an account.
    pub sign_up: SignUpRule,
    /// Subprotocols spoken on the socket.
    pub protocols: Vec<String>,
}

/// `POST /setup`: makes the owner; once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetUp {
    /// From the link that the server printed.
    pub token: String,
    /// The owner's handle.
    pub handle: String,
    /// The owner's name.
    pub name: String,
    /// The owner's password.
    pub password: String,
    /// How the server is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// `POST /sign-up`: makes an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignUp {
    /// The code of an invite; needed unless sign-up is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
    /// 2–32 of `a-z 0-9 . _ -`, a letter first; upper case is folded.
    pub handle: String,
    /// The name that people read.
    pub name: String,
    /// At least 8 characters.
    pub password: String,
}

/// `POST /log-in`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogIn {
    /// Whose.
    pub handle: String,
    /// The password.
    pub password: String,
    /// How the device is to be called in the list of devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// `POST /reset`: sets a new password by a link from the operator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reset {
    /// From the link.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// Answers whatever logs in: with an allowed `Origin` the cookie is set and `token` is absent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedIn {
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// Until when without use, in Unix milliseconds.
    pub expires_ms: u64,
    /// For programs: the bearer token, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// One of the asker's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Which.
    pub device: DeviceId,
    /// How it is called.
    pub name: String,
    /// Since when, in Unix milliseconds.
    pub created_ms: u64,
    /// Last used, in Unix milliseconds, to the minute.
    pub seen_ms: u64,
    /// Whether the request came from it.
    pub current: bool,
}

/// `PATCH /me`: what is absent stays; an empty avatar clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MePatch {
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// `POST /me/password`: ends all other devices.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChange {
    /// The old one.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// `POST /tickets`: lets a page of another origin say who it is in `hello`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// Single use.
    pub ticket: String,
    /// Until when, in Unix milliseconds.
    pub expires_ms: u64,
}

/// `POST /invites`: into the server, or into a conversation on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteRequest {
    /// Into which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// As what in that conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How often it can be used; absent = without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// For how long, in seconds; absent = 7 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u64>,
}

/// `POST /invites/look`: what does this code lead to?
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteLook {
    /// The code.
    pub code: String,
}

/// Answers `POST /invites/look`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteSeen {
    /// How the server is called.
    pub server_name: String,
    /// Who invites.
    pub inviter: Inviter,
    /// Into which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<InvitedTo>,
}

/// Who invites, as a stranger may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inviter {
    /// Their handle.
    pub handle: String,
    /// Their name.
    pub name: String,
}

/// The conversation of an invite, as a stranger may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitedTo {
    /// Group or broadcast.
    pub kind: Kind,
    /// Its title.
    pub title: String,
}

/// `GET /me` and the answer to `PATCH /me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeSeen {
    /// Own profile.
    pub user: User,
}

/// `POST /invites` answers with [`crate::reply::Invite`]; `DELETE /invites/{invite}` ends one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InviteEnded {
    /// Which.
    pub invite: InviteId,
}

/// `POST /conversations/{conversation}/messages`: as `send`, whose `client_id` comes as the header
/// `Idempotency-Key`. Answers with [`crate::reply::Sent`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewMessage {
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

/// `POST /bots`: makes a program's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotRequest {
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
}

/// Answers `POST /bots`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotMade {
    /// Who.
    pub user: UserId,
    /// The bearer token, shown this once.
    pub token: String,
}

/// One line of the answers to `GET /livez` and `GET /readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    pub check: String,
    /// Whether it is well.
    pub ok: bool,
    /// What there is to say of it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// An error as RFC 9457 has it, with the code of the socket's refusals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why, in words.
    pub detail: String,
    /// Why, for programs.
    pub code: RefusalCode,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Not before this many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
