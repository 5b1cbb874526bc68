//! A store with moods: the in-memory one, at which calls can be held up, refused or broken.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use voodoo_core::apply::{Applied, Write};
use voodoo_core::store::{
    Around, Opened, PageSize, Result, Scope, Snapshot, Store as _, Subscribe,
};
use voodoo_core::testkit::{Engine, MemoryStore, Over, begin_in_parts};
use voodoo_core::{Fault, Refusal, Settings, StoreError};
use voodoo_proto::reply::HistoryPage;
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
impl Over for Moody {
    fn engine(&self) -> &dyn Engine {
        self.store.as_ref()
    }

    async fn pass<T: Send>(
        &self,
        call: &'static str,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.feel((call, None)).await?;
        answer.await
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        self.feel(("commit", writes.first().and_then(Write::conversation))).await?;
        self.store.commit(writes).await
    }

    /// In parts, each of which has its mood.
    async fn begin(
        &self,
        who: Opened,
        now_ms: u64,
        scope: Scope,
        subscribe: Subscribe,
    ) -> Result<Option<Snapshot>> {
        begin_in_parts(self, (who, now_ms), scope, subscribe).await
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
}
