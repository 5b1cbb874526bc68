//! A few people on a server, and short ways to say what they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use voodoo_proto::object::{Body, Kind, Mentions, SettingsChange, UserKind};
use voodoo_proto::{ClientId, ConversationId, UserId};

use crate::apply::{Applied, Create, Reply, Send, Write};
use crate::error::Refusal;
use crate::rows::Placed;
use crate::store::{Claim, NewDevice, NewUser, OneTime, Opened, PageSize};
use crate::testkit::Engine;

/// What every test begins at, in Unix milliseconds.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;

/// A page that is never full.
pub(super) const ALL: PageSize = PageSize { n_messages: 10_000, n_bytes: usize::MAX };

/// Some people on an engine, and a clock that moves by a second with every write.
pub struct Stage {
    /// The engine under test.
    pub engine: Arc<dyn Engine>,
    next: AtomicU64,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, next: AtomicU64::new(1) }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The time of the next write.
    pub fn now_ms(&self) -> u64 {
        NOW_MS + self.number() * 1_000
    }

    /// A name never used before.
    pub fn client_id(&self) -> ClientId {
        ClientId::from_bytes(u128::from(self.number()).to_be_bytes())
    }

    /// Makes an account.
    pub async fn user(&self, handle: &str) -> UserId {
        let signed = self.engine.sign_up(None, person(handle), None, NOW_MS).await;
        signed.expect("an account is made").user
    }

    /// Opens a device with a token of this byte.
    pub async fn device(&self, user: UserId, byte: u8) -> Opened {
        let opened = self.engine.open_device(user, device(byte, u64::MAX >> 11), NOW_MS).await;
        opened.expect("a device is opened")
    }

    /// Makes many accounts at once.
    pub async fn crowd(&self, n_users: usize) -> Vec<UserId> {
        use futures_util::stream::{StreamExt as _, iter};
        let sign_up = |n: usize| {
            let new = person(&format!("crowd-{n}"));
            async { self.engine.sign_up(None, new, None, NOW_MS).await.expect("an account").user }
        };
        let mut users: Vec<_> = iter(0..n_users).map(sign_up).buffered(2_000).collect().await;
        users.sort_unstable();
        users
    }

    /// Makes the owner of the server, who alone opens broadcasts.
    pub async fn owner(&self, handle: &str) -> UserId {
        let secret = [255; 32];
        let kept = self.engine.put_one_time(OneTime::SetUp, secret, None, u64::MAX >> 11).await;
        kept.expect("a secret is kept");
        let device = device(255, u64::MAX >> 11);
        let claim = Claim { secret, user: person(handle), device, server_name: None };
        self.engine.claim(claim, NOW_MS).await.expect("the server is claimed").user
    }

    /// Does one write.
    ///
    /// # Errors
    ///
    /// Its refusal.
    pub async fn write(&self, write: Write) -> Result<Applied, Refusal> {
        let mut results = self.engine.commit(vec![write]).await.expect("the engine takes it");
        results.pop().expect("one result for one write")
    }

    /// Creates a conversation.
    pub async fn create(
        &self,
        creator: UserId,
        kind: Kind,
        members: &[UserId],
        settings: SettingsChange,
    ) -> ConversationId {
        let title = (kind != Kind::Direct).then(|| "Title".to_owned());
        let create = Create {
            creator,
            client_id: self.client_id(),
            kind,
            title,
            description: None,
            alias: None,
            members: members.to_vec(),
            settings,
            at_ms: self.now_ms(),
        };
        let applied = self.write(Write::Create(create)).await.expect("it is created");
        let Reply::In(conversation) = applied.reply else { panic!("not an answer to create") };
        conversation
    }

    /// Creates a group.
    pub async fn group(&self, creator: UserId, members: &[UserId]) -> ConversationId {
        self.create(creator, Kind::Group, members, SettingsChange::default()).await
    }

    /// A message to be sent.
    pub fn message(&self, conversation: ConversationId, sender: UserId, text: &str) -> Send {
        Send {
            conversation,
            sender,
            client_id: self.client_id(),
            body: Body::Text { text: text.to_owned() },
            reply_to: None,
            is_silent: false,
            mentions: None,
            at_ms: self.now_ms(),
            over_rate_ms: None,
        }
    }

    /// Sends a message.
    pub async fn send(&self, conversation: ConversationId, sender: UserId, text: &str) -> Placed {
        self.sent(self.message(conversation, sender, text)).await.0
    }

    /// Sends a message that calls a user.
    pub async fn call(&self, conversation: ConversationId, sender: UserId, user: UserId) -> Placed {
        let mentions = Some(Mentions { users: Some(vec![user]), all: None });
        self.sent(Send { mentions, ..self.message(conversation, sender, "you") }).await.0
    }

    /// Sends, and says whether it was there already.
    pub async fn sent(&self, send: Send) -> (Placed, bool) {
        place(&self.write(Write::Send(send)).await.expect("it is sent"))
    }
}

/// Where a message came to stand, and whether it stood there already.
pub(super) fn place(applied: &Applied) -> (Placed, bool) {
    let Reply::Sent { placed, duplicate } = applied.reply else { panic!("not an answer to send") };
    (placed, duplicate)
}

/// Somebody who signs up.
pub(super) fn person(handle: &str) -> NewUser {
    let password = Some("a hash".to_owned());
    NewUser { handle: handle.to_owned(), name: name_of(handle), password, kind: UserKind::Human }
}

fn name_of(handle: &str) -> String {
    let mut name = handle.replace(['.', '-'], " ");
    name[..1].make_ascii_uppercase();
    name
}

/// A device whose token is made of one byte.
pub(super) fn device(byte: u8, expires_ms: u64) -> NewDevice {
    NewDevice { name: format!("device {byte}"), token: [byte; 32], expires_ms }
}
