//! A client that stays: it connects, comes back by itself, keeps an outbox in memory and answers requests.
//!
//! One task a client owns the socket and the state. Handles are cheap to clone; the task ends with [`Client::close`]
//! or when the last handle is gone.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;
use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{Body, Kind};
use voodoo_proto::reply::{InConversation, Refused};
use voodoo_proto::request::{Create, Request};
use voodoo_proto::{ClientId, ConversationId, UserId};

use crate::frame::Reply;
use crate::http::Address;
use crate::reducer::{Draft, EntryRefusal, Input, State};
use crate::session::{self, Command};

/// Commands that wait for the client's task; a caller waits while there are more.
const COMMANDS: usize = 64;
/// What follows a reply comes at once; after this time something is wrong.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Where to connect, and as whom.
#[derive(Clone)]
pub struct Options {
    /// The server.
    pub address: Address,
    /// The bearer token of a device.
    pub token: String,
    /// Events kept for a subscriber that is slow; older ones are lost to it, and it is told how many.
    pub n_events: usize,
}

impl Options {
    /// With room for 256 events.
    #[must_use]
    pub fn new(address: Address, token: impl Into<String>) -> Self {
        Self { address, token: token.into(), n_events: 256 }
    }
}

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A socket is being opened, or waits for its turn.
    Connecting,
    /// A socket is open, and the state not yet complete.
    Syncing,
    /// The state is complete; events keep it so.
    Live,
    /// The server does not want the client back; the number of the close says why.
    Stopped(u16),
}

/// What a subscriber hears.
#[derive(Debug, Clone)]
pub enum Event {
    /// The state has just been completed: after the first connect and after each return.
    Live,
    /// A frame came that is no reply; the state has it already.
    Frame(Arc<ServerFrame>),
    /// A message came that nobody at this client has seen, live or by catching up.
    Notify {
        /// Where.
        conversation: ConversationId,
        /// Which.
        seq: u64,
    },
}

/// Where an acknowledged message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// The author's name for it.
    pub client_id: ClientId,
    /// Its number.
    pub seq: u64,
    /// The change that made it.
    pub rev: u64,
    /// When the server took it first, in Unix milliseconds.
    pub at_ms: u64,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server refused it, or it waited longer than 14 days.
    #[error("refused: {}", .0.message)]
    Refused(EntryRefusal),
    /// As many messages wait as may (10,000): it was not taken at all.
    #[error("as many messages wait as may")]
    Full,
    /// The client was closed, or the message taken back: it may have been stored.
    #[error("the client ended before the acknowledgement")]
    Ended,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The server refused it.
    #[error("refused with {}: {}", .0.code.name(), .0.message)]
    Refused(Refused),
    /// There was no session, or it ended before the answer: it may have been carried out.
    #[error("the session ended before the answer")]
    Broken,
    /// The answer is not of the expected shape, or what should follow it did not come.
    #[error("the answer cannot be used: {0}")]
    Unusable(String),
}

/// The state did not become as wanted in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not in time")]
pub struct TimedOut;

/// What the task and the handles share.
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    pub(crate) status: watch::Sender<Status>,
    /// Counts the changes of the state.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) events: broadcast::Sender<Event>,
}

/// A handle of a running client.
#[derive(Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

impl Client {
    /// Starts a client on the current runtime; it connects at once and keeps trying.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let (commands, mailbox) = mpsc::channel(COMMANDS);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            status: watch::Sender::new(Status::Connecting),
            changes: watch::Sender::new(0),
            events: broadcast::Sender::new(options.n_events.max(1)),
        });
        tokio::spawn(session::run(options, Arc::clone(&shared), mailbox));
        Self { commands, shared }
    }

    /// What happens from here on; a subscriber that is slow hears how many events it lost.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// How the connection is.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.shared.status.borrow()
    }

    /// Looks at the state. The client's task waits meanwhile: take what is needed and be gone.
    pub fn state<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.state.lock())
    }

    /// Waits until the state is as wanted.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if it is not within `limit`, or the client ends before.
    pub async fn wait_until(
        &self,
        limit: Duration,
        mut is_wanted: impl FnMut(&State) -> bool,
    ) -> Result<(), TimedOut> {
        let mut changes = self.shared.changes.subscribe();
        let wait = async {
            while !self.state(&mut is_wanted) {
                changes.changed().await.map_err(|_ended| TimedOut)?;
            }
            Ok(())
        };
        tokio::time::timeout(limit, wait).await.unwrap_or(Err(TimedOut))
    }

    /// Waits until the state is complete.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if it is not within `limit`.
    pub async fn wait_live(&self, limit: Duration) -> Result<(), TimedOut> {
        self.wait_until(limit, State::is_settled).await
    }

    /// Sends a text and waits for its acknowledgement, over as many connections as that takes. Messages of one
    /// conversation are sent one after the other, in the order of these calls.
    ///
    /// # Errors
    ///
    /// [`SendError`] as its variants say.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the message back.
    pub async fn send(
        &self,
        conversation: ConversationId,
        text: impl Into<String>,
    ) -> Result<Acked, SendError> {
        self.send_draft(draft(conversation, Body::Text { text: text.into() })).await
    }

    /// Sends a message made by [`draft`] or otherwise; the same `client_id` twice is one message.
    ///
    /// # Errors
    ///
    /// [`SendError`] as its variants say.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the message back.
    pub async fn send_draft(&self, draft: Draft) -> Result<Acked, SendError> {
        let (acked, wait) = oneshot::channel();
        let command = Command::Send { draft: Box::new(draft), acked };
        self.commands.send(command).await.map_err(|_ended| SendError::Ended)?;
        wait.await.unwrap_or(Err(SendError::Ended))
    }

    /// Asks on the current session; the state has the answer's effect when this returns.
    ///
    /// # Errors
    ///
    /// [`RequestError`] as its variants say.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the request back.
    pub async fn request(&self, request: Request) -> Result<Reply, RequestError> {
        let (answer, wait) = oneshot::channel();
        let command = Command::Request { request: Box::new(request), answer };
        self.commands.send(command).await.map_err(|_ended| RequestError::Broken)?;
        wait.await.unwrap_or(Err(RequestError::Broken))
    }

    /// Finds or makes the direct conversation with `user`, and waits until the state has it.
    ///
    /// # Errors
    ///
    /// [`RequestError`] as its variants say.
    pub async fn create_direct(&self, user: UserId) -> Result<ConversationId, RequestError> {
        let request = Request::Create(Create {
            client_id: client_id(),
            kind: Kind::Direct,
            title: None,
            description: None,
            alias: None,
            members: Some(vec![user]),
            settings: None,
        });
        let reply = self.request(request).await?;
        let made: InConversation =
            reply.read().map_err(|error| RequestError::Unusable(error.to_string()))?;
        let id = made.conversation;
        self.wait_until(ARRIVAL, |state| state.conversations.contains_key(&id))
            .await
            .map_err(|late| RequestError::Unusable(format!("the conversation came {late}")))?;
        Ok(id)
    }

    /// Hands an input to the reducer: opens a conversation, moves a mark, asks for older messages.
    pub async fn act(&self, input: Input) {
        // A client that has ended has nothing to do with it.
        drop(self.commands.send(Command::Act(Box::new(input))).await);
    }

    /// Holds the messages of a conversation from here on, beginning with the newest page.
    pub async fn open(&self, conversation: ConversationId) {
        self.act(Input::Open(conversation)).await;
    }

    /// Marks everything up to `seq` as read.
    pub async fn mark_read(&self, conversation: ConversationId, seq: u64) {
        self.act(Input::Read { conversation, seq }).await;
    }

    /// Ends the session; the handles that remain answer nothing more.
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.commands.send(Command::Close(done)).await.is_ok() {
            // The task may end before it answers.
            drop(wait.await);
        }
    }
}

/// A message as its author makes it, with a new client id.
#[must_use]
pub fn draft(conversation: ConversationId, body: Body) -> Draft {
    Draft {
        client_id: client_id(),
        conversation,
        body,
        reply_to: None,
        silent: None,
        mentions: None,
        made_ms: session::now_ms(),
    }
}

/// A new client id: a `UUIDv7`.
#[must_use]
pub fn client_id() -> ClientId {
    ClientId::new(Uuid::now_v7())
}
