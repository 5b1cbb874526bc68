//! What goes into the reducer and what comes out of it, as plain data.

use serde::Serialize;
use voodoo_proto::event::{HistoryEvent, ServerFrame};
use voodoo_proto::object::{Body, Mentions, Message};
use voodoo_proto::reply::{
    Changed, ChangesPage, Conversations, HistoryPage, Members, Refused, Sent, Users,
};
use voodoo_proto::request::{Request, Resume};
use voodoo_proto::{ClientId, ConversationId, RefusalCode, Retry, UserId};

/// A message as its author made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    /// The author's name for it; a repeat with the same name is the same message.
    pub client_id: ClientId,
    /// Where.
    pub conversation: ConversationId,
    /// What it says.
    pub body: Body,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Without a notification.
    pub silent: Option<bool>,
    /// Whom it calls.
    pub mentions: Option<Mentions>,
    /// When it was written, by this program's clock in Unix milliseconds.
    pub made_ms: u64,
}

/// How far a message of the outbox is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Waits for its turn.
    Queued,
    /// Sent and not answered.
    Sending,
    /// Refused for the moment, and sent again after a timer.
    Waiting,
    /// Not sent again by itself.
    Refused(EntryRefusal),
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRefusal {
    /// The server's code; absent where it waited longer than 14 days and was not sent.
    pub code: Option<RefusalCode>,
    /// Why, in words.
    pub message: String,
    /// Whether a repeat can help.
    pub retry: Retry,
}

/// One message on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// As it was made.
    pub draft: Draft,
    /// How far it is.
    pub progress: Progress,
    /// How often it was refused for the moment.
    pub n_tries: u32,
}

/// The reply to a request, read by its kind; those that the state does not need are [`Reply::Other`].
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `send`.
    Sent(Sent),
    /// To `edit`, `delete`, `react` and `pin`.
    Changed(Changed),
    /// To `get`.
    Conversations(Conversations),
    /// To `history`.
    History(HistoryPage),
    /// To `changes`.
    Changes(ChangesPage),
    /// To `users`.
    Users(Users),
    /// To `members`.
    Members(Members),
    /// To everything else.
    Other,
}

impl Reply {
    /// Reads the fields of the reply that belongs to `request`.
    ///
    /// # Errors
    ///
    /// If they are not of that kind.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the state needs no other reply")]
    pub fn read(request: &Request, text: &str) -> serde_json::Result<Self> {
        use serde_json::from_str;
        Ok(match request {
            Request::Send(_) => Self::Sent(from_str(text)?),
            Request::Edit(_) | Request::Delete(_) | Request::React(_) | Request::Pin(_) => {
                Self::Changed(from_str(text)?)
            }
            Request::Get(_) => Self::Conversations(from_str(text)?),
            Request::History(_) => Self::History(from_str(text)?),
            Request::Changes(_) => Self::Changes(from_str(text)?),
            Request::Users(_) => Self::Users(from_str(text)?),
            Request::Members(_) => Self::Members(from_str(text)?),
            _ => Self::Other,
        })
    }
}

/// What a timer is for. A timer that is set again replaces the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum Timer {
    /// A hole in a conversation stays open.
    Fill {
        /// Which.
        conversation: ConversationId,
    },
    /// A send that was refused for the moment may be tried again.
    Send {
        /// Where.
        conversation: ConversationId,
    },
    /// A hole in the user's own counter stays open.
    User,
    /// The digest is due.
    Check,
    /// A second without anything applied may be over.
    Quiet,
}

/// What a cache kept of a conversation: complete up to `have`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptContent {
    /// Complete up to this change.
    pub have: u64,
    /// Nothing older exists for this member.
    pub at_start: bool,
    /// Which messages are held without a gap.
    pub ranges: Vec<(u64, u64)>,
    /// The messages.
    pub messages: Vec<Message>,
    /// The events between them.
    pub events: Vec<HistoryEvent>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A socket is open.
    Connect {
        /// This program's clock.
        now_ms: u64,
    },
    /// The socket is gone.
    Disconnect,
    /// A frame came that is not a reply.
    Frame(Box<ServerFrame>),
    /// An event of an unknown kind came.
    Unknown {
        /// Where.
        conversation: Option<ConversationId>,
        /// The change.
        rev: Option<u64>,
    },
    /// A request was carried out.
    Ok {
        /// Which.
        request: Box<Request>,
        /// What it answered.
        reply: Box<Reply>,
    },
    /// A request was not carried out.
    Refused {
        /// Which.
        request: Box<Request>,
        /// Why.
        refusal: Refused,
    },
    /// The time of a timer is over.
    Timer(Timer),
    /// The machine woke up or came online.
    Wake,
    /// A message is to be sent.
    Queue(Box<Draft>),
    /// A refused message is to be sent again.
    Retry(ClientId),
    /// A message is taken back.
    Discard(ClientId),
    /// The messages of a conversation are wanted.
    Open(ConversationId),
    /// They are no longer looked at.
    Close(ConversationId),
    /// A cache had them.
    Adopt(ConversationId, Box<KeptContent>),
    /// They are to be freed.
    Forget(ConversationId),
    /// Older messages are wanted.
    Older(ConversationId),
    /// Messages after a gap are wanted.
    Newer {
        /// Where.
        conversation: ConversationId,
        /// After which message.
        after_seq: u64,
    },
    /// Messages around one are wanted.
    Around {
        /// Where.
        conversation: ConversationId,
        /// Which one.
        seq: u64,
    },
    /// The user has read up to here.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Up to which message.
        seq: u64,
    },
    /// These profiles are wanted where they are unknown.
    Name(Vec<UserId>),
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// Open the session.
    Hello {
        /// The cursors; absent = first connect.
        #[serde(skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Ask, and hand the answer back with the request.
    Request {
        /// What.
        request: Box<Request>,
    },
    /// Send `ping{check:true}`.
    Ping,
    /// Send `read`, which has no reply.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Up to which message.
        seq: u64,
    },
    /// Hand the timer back after a time drawn from `min_ms..=max_ms`.
    Wait {
        /// Which.
        #[serde(flatten)]
        timer: Timer,
        /// Not before.
        min_ms: u64,
        /// Not after.
        max_ms: u64,
    },
    /// The message is acknowledged or taken back: it is the outbox's no more.
    Settle {
        /// Which.
        client_id: ClientId,
    },
    /// The message is not sent again by itself.
    HandBack {
        /// Which.
        client_id: ClientId,
    },
    /// The cursors moved.
    Save,
    /// The content of a conversation is void.
    Drop {
        /// Which.
        conversation: ConversationId,
    },
    /// Another epoch: everything but the outbox is void.
    DropAll,
    /// A message that nobody at this client has seen.
    Notify {
        /// Where.
        conversation: ConversationId,
        /// Which.
        seq: u64,
    },
}
