//! What the operator asks of accounts, and the two ways to have it done.
//!
//! A question is carried out over the open store, by the same code in both cases: in the process
//! of the command if nobody serves the data folder, else in the process of the server, which
//! takes it by a socket in that folder. So a change reaches live sessions at once.

mod door;
mod operator;
mod way;

use serde::{Deserialize, Serialize};
use voodoo_core::Refusal;
use voodoo_proto::object::{ServerRole, UserKind};
use voodoo_proto::{ConversationId, InviteId, RefusalCode, UserId};

pub(crate) use door::AdminDoor;
pub(crate) use operator::Operator;
pub(crate) use way::{Way, cannot_open, no_data};

/// The socket of a running server, in its data folder.
const SOCKET: &str = "admin.sock";
/// A question or an answer, in bytes, at most; each is one line of JSON.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// What the operator asks.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Makes an account.
    Add(Add),
    /// A page of accounts.
    List(List),
    /// Ends what let somebody in, and gives a new way in.
    Reset(Handle),
    /// Shuts an account.
    Disable(Handle),
    /// Opens it again.
    Enable(Handle),
    /// Makes an invite.
    Invite(Invite),
}

/// An account to be made.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Add {
    /// The unique name; folded and checked by whoever answers.
    pub(crate) handle: String,
    /// The name that people read.
    pub(crate) name: String,
    /// Person or program.
    pub(crate) kind: UserKind,
    /// Role on the server.
    pub(crate) role: ServerRole,
    /// Of a person; absent = they set it themselves, by a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

/// A page of accounts, by handle.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct List {
    /// Above this handle; absent = from the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

/// Whose account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// The unique name.
    pub(crate) handle: String,
}

/// An invite to be made.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Invite {
    /// The handle of who invites; absent = the first admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Into which conversation; absent = into the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<ConversationId>,
    /// How often it can be used; absent = without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uses: Option<u32>,
    /// For how long, in seconds; absent = as long as the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl_s: Option<u64>,
}

/// What comes back.
#[derive(Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// To everything about one account.
    Account(AccountSeen),
    /// To [`Ask::List`].
    Accounts(Accounts),
    /// To [`Ask::Invite`].
    Invited(Invited),
    /// To what is not done.
    Refused(Refused),
}

/// An account, and the way in that was made with the answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountSeen {
    /// Who.
    pub(crate) user: UserId,
    /// The unique name.
    pub(crate) handle: String,
    /// The name that people read.
    pub(crate) name: String,
    /// Person or program.
    pub(crate) kind: UserKind,
    /// Role on the server.
    pub(crate) role: ServerRole,
    /// Whether the account is shut.
    pub(crate) disabled: bool,
    /// Since when there is the account, in Unix milliseconds.
    pub(crate) created_ms: u64,
    /// For a person without a password: by it they set one, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// Until when the link is good, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_expires_ms: Option<u64>,
    /// For a program: its bearer token, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

/// A page of accounts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Accounts {
    /// By handle.
    pub(crate) accounts: Vec<AccountSeen>,
    /// Whether there are more above.
    pub(crate) more: bool,
}

/// An invite that was made.
#[derive(Serialize, Deserialize)]
pub(crate) struct Invited {
    /// Which.
    pub(crate) invite: InviteId,
    /// The handle of who invites.
    pub(crate) by: String,
    /// The secret that lets in, shown this once.
    pub(crate) code: String,
    /// The link that carries it in its fragment.
    pub(crate) url: String,
    /// Until when, in Unix milliseconds.
    pub(crate) expires_ms: u64,
}

/// Why it is not done; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// For programs.
    pub(crate) code: RefusalCode,
    /// In words.
    pub(crate) message: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message, field, .. } = refusal;
        Self { code, message, field: field.map(str::to_owned) }
    }
}
