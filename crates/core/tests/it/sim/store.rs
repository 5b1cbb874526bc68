//! The model of the store, slow and unreliable as the seed wants it, and watched.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use voodoo_core::StoreError;
use voodoo_core::apply::{Applied, Effect, Reply, Write};
use voodoo_core::census::{Acquaintance, Census, ListPage, MemberPage};
use voodoo_core::error::Refusal;
use voodoo_core::retention::{Due, Retention, Terms};
use voodoo_core::rows::Placed;
use voodoo_core::store::{
    Around, Opened, PageSize, ReadMark, Result, Scope, Snapshot, Store, StoredMark, Subscription,
};
use voodoo_core::testkit::MemoryStore;
use voodoo_proto::object::{Conversation, Digest, Head, Message, User};
use voodoo_proto::reply::{ChangesPage, Counts, HistoryPage, Listed, Members, Receipts};
use voodoo_proto::{ClientId, ConversationId, UserId};

use super::bus::is_doomed;
use super::chance::Chance;
use super::plan::{Breakage, Plan};
use super::truth::Truth;

pub(super) struct WatchedStore {
    model: Arc<MemoryStore>,
    truth: Arc<Mutex<Truth>>,
    plan: Plan,
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    is_healed: bool,
}

impl WatchedStore {
    pub(super) fn new(
        model: Arc<MemoryStore>,
        truth: Arc<Mutex<Truth>>,
        plan: Plan,
        chance: Chance,
    ) -> Arc<Self> {
        let state = Mutex::new(State { chance, is_healed: false });
        Arc::new(Self { model, truth, plan, state })
    }

    pub(super) fn heal(&self, is_healed: bool) {
        self.state.lock().is_healed = is_healed;
    }

    /// Before and after the one moment at which a call sees or changes the store.
    async fn pause(&self) {
        let wait = {
            let mut state = self.state.lock();
            let most_ms = if state.is_healed { 2 } else { self.plan.store_ms };
            state.chance.ms(0, most_ms.min(self.plan.store_ms))
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn fail(&self) -> Result<()> {
        let mut state = self.state.lock();
        if !state.is_healed && state.chance.is(self.plan.store_faults) {
            return Err(StoreError::Unavailable("the seed says so".to_owned()));
        }
        Ok(())
    }

    /// A page may end anywhere after its first message.
    fn page(&self, page: PageSize) -> PageSize {
        let mut state = self.state.lock();
        let n_messages = match state.chance.is(300) {
            true => page.n_messages.min(state.chance.index(6) + 1),
            false => page.n_messages,
        };
        PageSize { n_messages, ..page }
    }

    /// Notes what the user has at this very moment.
    async fn watch(&self, user: UserId) {
        if let Ok(all) = self.model.snapshot(user, Scope::All).await {
            self.truth.lock().seen(user, &all);
        }
    }

    async fn commit_one(&self, write: Write) -> Result<std::result::Result<Applied, Refusal>> {
        let write = self.forget_name(write);
        if let Some(applied) = self.pretend(&write) {
            return Ok(Ok(applied));
        }
        let result = self.model.commit(vec![write.clone()]).await?.pop();
        let result = result.expect("one result for one write");
        if let Ok(applied) = &result {
            self.truth.lock().committed(&write, applied);
        }
        Ok(result)
    }

    /// Broken on purpose: a repeat gets another name.
    fn forget_name(&self, mut write: Write) -> Write {
        if let (Breakage::ForgottenClientIds, Write::Send(send)) = (self.plan.breakage, &mut write)
        {
            let name = (send.conversation, send.sender, send.client_id);
            if self.truth.lock().named.contains_key(&name) {
                let number = self.state.lock().chance.next();
                send.client_id = ClientId::from_bytes(u128::from(number).to_be_bytes());
            }
        }
        write
    }

    /// Broken on purpose: an acknowledgement without a message.
    fn pretend(&self, write: &Write) -> Option<Applied> {
        let Write::Send(send) = write else { return None };
        if self.plan.breakage != Breakage::AckWithoutCommit || !self.state.lock().chance.is(50) {
            return None;
        }
        let truth = self.truth.lock();
        let place =
            truth.places.get(&send.conversation).filter(|place| place.is_in(send.sender))?;
        let (seq, rev) = (place.last_seq + 1, place.last_rev + 1);
        let placed = Placed { seq, rev, at_ms: send.at_ms };
        Some(Applied::unchanged(Reply::Sent { placed, duplicate: false }))
    }

    /// Broken on purpose: no page has the messages whose events are swallowed.
    fn swallow(&self, messages: &mut Vec<Message>) {
        if self.plan.breakage == Breakage::SwallowedEvents {
            messages.retain(|message| !is_doomed(message.body.as_ref()));
        }
    }
}

fn tells_who_hears(effect: &Effect) -> bool {
    matches!(effect, Effect::Enter { .. } | Effect::Exit { .. } | Effect::Destroyed { .. })
}

#[async_trait]
impl Store for WatchedStore {
    async fn epoch(&self) -> Result<Arc<str>> {
        self.model.epoch().await
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        self.pause().await;
        self.fail()?;
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.commit_one(write).await?);
        }
        let is_kept_quiet = |result: &std::result::Result<Applied, Refusal>| {
            let effects = result.as_ref().map_or(&[][..], |applied| applied.effects.as_slice());
            !effects.iter().any(tells_who_hears)
        };
        // Kept, and yet nobody is told. Who hears of what is not left open like this: an engine
        // that loses track of a commit ends the process, and sessions subscribe anew.
        if results.iter().all(is_kept_quiet) {
            self.fail()?;
        }
        self.pause().await;
        Ok(results)
    }

    async fn takes_writes(&self) -> Result<()> {
        self.model.takes_writes().await
    }

    async fn advance_read(
        &self,
        mut marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
        self.pause().await;
        self.fail()?;
        // They come in the order of a hash map, which no seed decides.
        marks.sort_by_key(|mark| (mark.user, mark.conversation));
        let told = self.model.advance_read(marks, now_ms).await?;
        self.truth.lock().marked(&told.0);
        self.pause().await;
        Ok(told)
    }

    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>> {
        self.pause().await;
        let subscriptions = self.model.subscriptions(who, now_ms).await;
        self.pause().await;
        subscriptions
    }

    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot> {
        self.pause().await;
        self.fail()?;
        self.watch(user).await;
        let snapshot = self.model.snapshot(user, scope).await;
        self.pause().await;
        snapshot
    }

    async fn digest(&self, user: UserId) -> Result<Digest> {
        self.pause().await;
        self.fail()?;
        self.watch(user).await;
        let digest = self.model.digest(user).await;
        self.pause().await;
        digest
    }

    async fn conversations(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Conversation>> {
        self.pause().await;
        self.fail()?;
        let found = self.model.conversations(user, conversations).await;
        self.pause().await;
        found
    }

    async fn heads(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<(Vec<Head>, u64)> {
        self.pause().await;
        self.fail()?;
        let heads = self.model.heads(user, conversations).await;
        self.pause().await;
        heads
    }

    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage> {
        self.pause().await;
        self.fail()?;
        let found = self.model.history(user, conversation, around, self.page(page)).await;
        self.pause().await;
        found.map(|mut page| {
            self.swallow(&mut page.messages);
            page
        })
    }

    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage> {
        self.pause().await;
        self.fail()?;
        let found = self.model.changes(user, conversation, since_rev, self.page(page)).await;
        self.pause().await;
        found.map(|mut page| {
            self.swallow(&mut page.messages);
            page
        })
    }

    async fn find_users(&self, asker: UserId, query: &str, limit: usize) -> Result<Vec<User>> {
        self.model.find_users(asker, query, limit).await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>> {
        self.pause().await;
        self.fail()?;
        self.model.users(users).await
    }
}

#[async_trait]
impl Retention for WatchedStore {
    async fn due(&self, after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Result<Due> {
        self.model.due(after, terms, now_ms).await
    }

    async fn prune(&self, conversation: ConversationId, terms: Terms, now_ms: u64) -> Result<bool> {
        self.model.prune(conversation, terms, now_ms).await
    }

    async fn forget_names(&self, terms: Terms, now_ms: u64) -> Result<bool> {
        self.model.forget_names(terms, now_ms).await
    }
}

/// Nothing here is counted on: it is asked for when it is shown.
#[async_trait]
impl Census for WatchedStore {
    async fn acquaintances(&self, user: UserId, others: &[UserId]) -> Result<Vec<Acquaintance>> {
        self.model.acquaintances(user, others).await
    }

    async fn members(
        &self,
        user: UserId,
        conversation: ConversationId,
        page: MemberPage,
    ) -> Result<Members> {
        self.model.members(user, conversation, page).await
    }

    async fn open_conversations(&self, page: ListPage) -> Result<Listed> {
        self.model.open_conversations(page).await
    }

    async fn receipts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Receipts> {
        self.model.receipts(user, conversation, seq).await
    }

    async fn counts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: &[u64],
    ) -> Result<Counts> {
        self.model.counts(user, conversation, seqs).await
    }
}
