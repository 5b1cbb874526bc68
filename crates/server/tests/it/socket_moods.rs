//! A store with moods: the in-memory one, at which calls can be held up, refused or broken.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use voodoo_core::apply::{Applied, Effect, Write};
use voodoo_core::census::{Acquaintance, Census, ListPage, MemberPage};
use voodoo_core::retention::{Due, Retention, Terms};
use voodoo_core::store::{
    Around, Opened, PageSize, ReadMark, Result, Scope, Snapshot, Store, StoredMark, Subscription,
};
use voodoo_core::testkit::MemoryStore;
use voodoo_core::{Fault, Refusal, Settings, StoreError};
use voodoo_proto::object::{Conversation, Digest, Head, User};
use voodoo_proto::reply::{ChangesPage, Counts, HistoryPage, Listed, Members, Receipts};
use voodoo_proto::{ConversationId, UserId};

use crate::http::options;
use crate::socket::{Server, until};

/// What becomes of a call.
#[derive(Clone)]
pub(crate) enum Mood {
    /// It waits for a permit.
    Waits(Arc<Semaphore>),
    IsAway,
    Breaks,
    Panics,
}

/// The name of a call, and the conversation that it is about.
type Call = (&'static str, Option<ConversationId>);

/// The in-memory store with moods.
pub(crate) struct Moody {
    store: Arc<MemoryStore>,
    moods: Mutex<HashMap<Call, Mood>>,
    calls: Mutex<HashMap<Call, usize>>,
}

impl Moody {
    /// A server over it, in good mood.
    pub(crate) async fn server(settings: Settings) -> (Server, Arc<Self>) {
        let store = MemoryStore::new(Arc::new(settings.rules.clone()));
        let moods = Mutex::default();
        let moody = Arc::new(Self { store: store.clone(), moods, calls: Mutex::default() });
        (Server::over(settings, options(), moody.clone(), store).await, moody)
    }

    /// Sets the mood for a call from here on.
    pub(crate) fn set(&self, call: Call, mood: Mood) {
        self.moods.lock().insert(call, mood);
    }

    /// Every such call waits until the gate that is returned lets it through.
    pub(crate) fn hold(&self, call: Call) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(call, Mood::Waits(Arc::clone(&gate)));
        gate
    }

    pub(crate) fn cheer_up(&self) {
        self.moods.lock().clear();
    }

    /// Waits until a call was made so often.
    pub(crate) async fn called(&self, call: Call, n_times: usize) {
        until(|| self.calls.lock().get(&call).is_some_and(|n| *n >= n_times)).await;
    }

    async fn feel(&self, call: Call) -> Result<()> {
        *self.calls.lock().entry(call).or_default() += 1;
        let mood = self.moods.lock().get(&call).cloned();
        match mood {
            None => Ok(()),
            Some(Mood::Waits(gate)) => {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
            Some(Mood::IsAway) => Err(StoreError::Unavailable("the disk is full".to_owned())),
            Some(Mood::Breaks) => Err(Fault::new("disk I/O error at /secret/path").into()),
            Some(Mood::Panics) => panic!("a store in a bad mood"),
        }
    }
}

#[async_trait]
impl Store for Moody {
    async fn epoch(&self) -> Result<Arc<str>> {
        self.store.epoch().await
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        self.feel(("commit", writes.first().and_then(Write::conversation))).await?;
        self.store.commit(writes).await
    }

    async fn takes_writes(&self) -> Result<()> {
        self.feel(("takes_writes", None)).await
    }

    async fn advance_read(
        &self,
        marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
        self.store.advance_read(marks, now_ms).await
    }

    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>> {
        self.store.subscriptions(who, now_ms).await
    }

    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot> {
        self.feel(("snapshot", None)).await?;
        self.store.snapshot(user, scope).await
    }

    async fn digest(&self, user: UserId) -> Result<Digest> {
        self.feel(("digest", None)).await?;
        self.store.digest(user).await
    }

    async fn conversations(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Conversation>> {
        self.store.conversations(user, conversations).await
    }

    async fn heads(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<(Vec<Head>, u64)> {
        self.feel(("heads", None)).await?;
        self.store.heads(user, conversations).await
    }

    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage> {
        self.feel(("history", Some(conversation))).await?;
        self.store.history(user, conversation, around, page).await
    }

    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage> {
        self.store.changes(user, conversation, since_rev, page).await
    }

    async fn find_users(&self, asker: UserId, query: &str, limit: usize) -> Result<Vec<User>> {
        self.store.find_users(asker, query, limit).await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>> {
        self.store.users(users).await
    }
}

#[async_trait]
impl Retention for Moody {
    async fn due(&self, after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Result<Due> {
        self.store.due(after, terms, now_ms).await
    }

    async fn prune(&self, conversation: ConversationId, terms: Terms, now_ms: u64) -> Result<bool> {
        self.store.prune(conversation, terms, now_ms).await
    }

    async fn forget_names(&self, terms: Terms, now_ms: u64) -> Result<bool> {
        self.store.forget_names(terms, now_ms).await
    }
}

#[async_trait]
impl Census for Moody {
    async fn acquaintances(&self, user: UserId, others: &[UserId]) -> Result<Vec<Acquaintance>> {
        self.store.acquaintances(user, others).await
    }

    async fn members(
        &self,
        user: UserId,
        conversation: ConversationId,
        page: MemberPage,
    ) -> Result<Members> {
        self.store.members(user, conversation, page).await
    }

    async fn open_conversations(&self, page: ListPage) -> Result<Listed> {
        self.store.open_conversations(page).await
    }

    async fn receipts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Receipts> {
        self.store.receipts(user, conversation, seq).await
    }

    async fn counts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: &[u64],
    ) -> Result<Counts> {
        self.store.counts(user, conversation, seqs).await
    }
}
