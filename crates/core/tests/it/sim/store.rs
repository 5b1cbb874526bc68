//! The store of a world, slow and unreliable as the seed wants it, and watched.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use voodoo_core::StoreError;
use voodoo_core::apply::{Applied, Effect, Reply, Write};
use voodoo_core::error::Refusal;
use voodoo_core::rows::Placed;
use voodoo_core::store::{
    Around, Opened, PageSize, ReadMark, Result, Scope, Snapshot, StoredMark, Subscribe,
    Subscription,
};
use voodoo_core::testkit::{Engine, Over, begin_in_parts};
use voodoo_proto::object::{Digest, Message};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ClientId, ConversationId, UserId};

use super::bus::is_doomed;
use super::chance::Chance;
use super::disk::at_once;
use super::plan::{Breakage, Plan};
use super::truth::Truth;

pub(super) struct WatchedStore {
    engine: Arc<dyn Engine>,
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
        engine: Arc<dyn Engine>,
        truth: Arc<Mutex<Truth>>,
        plan: Plan,
        chance: Chance,
    ) -> Arc<Self> {
        let state = Mutex::new(State { chance, is_healed: false });
        Arc::new(Self { engine, truth, plan, state })
    }

    pub(super) fn heal(&self, is_healed: bool) {
        self.state.lock().is_healed = is_healed;
    }

    /// Carries out what a call comes to, at one moment of its time.
    async fn take_time<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        self.pause().await;
        self.fail()?;
        let answer = at_once(answer);
        self.pause().await;
        answer
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
    fn watch(&self, user: UserId) {
        if let Ok(all) = at_once(self.engine.snapshot(user, Scope::All)) {
            self.truth.lock().seen(user, &all);
        }
    }

    fn commit_one(&self, write: Write) -> Result<std::result::Result<Applied, Refusal>> {
        let write = self.forget_name(write);
        if let Some(applied) = self.pretend(&write) {
            return Ok(Ok(applied));
        }
        let result = at_once(self.engine.commit(vec![write.clone()]))?.pop();
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

/// What people count on takes its time and fails. The rest is asked for when it is shown.
const COUNTED_ON: &[&str] = &["conversations", "heads", "users"];

#[async_trait]
impl Over for WatchedStore {
    fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    async fn pass<T: Send>(
        &self,
        call: &'static str,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match COUNTED_ON.contains(&call) {
            true => self.take_time(answer).await,
            false => at_once(answer),
        }
    }

    /// No seed decides the epoch of a database: the world is told another.
    async fn epoch(&self) -> Result<Arc<str>> {
        Ok(Arc::from("simulated"))
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        self.pause().await;
        self.fail()?;
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.commit_one(write)?);
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

    async fn advance_read(
        &self,
        mut marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
        // They come in the order of a hash map, which no seed decides.
        marks.sort_by_key(|mark| (mark.user, mark.conversation));
        let advance = async {
            let told = self.engine.advance_read(marks, now_ms).await?;
            self.truth.lock().marked(&told.0);
            Ok(told)
        };
        self.take_time(advance).await
    }

    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>> {
        self.pause().await;
        let subscriptions = at_once(self.engine.subscriptions(who, now_ms));
        self.pause().await;
        subscriptions
    }

    /// As the engine does it, or in two parts, between which others write.
    async fn begin(
        &self,
        who: Opened,
        now_ms: u64,
        scope: Scope,
        subscribe: Subscribe,
    ) -> Result<Option<Snapshot>> {
        let is_in_parts = self.state.lock().chance.is(500);
        if is_in_parts {
            return begin_in_parts(self, (who, now_ms), scope, subscribe).await;
        }
        let begin = async {
            self.watch(who.user);
            self.engine.begin(who, now_ms, scope, subscribe).await
        };
        self.take_time(begin).await
    }

    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot> {
        let snapshot = async {
            self.watch(user);
            self.engine.snapshot(user, scope).await
        };
        self.take_time(snapshot).await
    }

    async fn digest(&self, user: UserId) -> Result<Digest> {
        let digest = async {
            self.watch(user);
            self.engine.digest(user).await
        };
        self.take_time(digest).await
    }

    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage> {
        let page = self.page(page);
        let history = self.engine.history(user, conversation, around, page);
        let mut found = self.take_time(history).await?;
        self.swallow(&mut found.messages);
        Ok(found)
    }

    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage> {
        let page = self.page(page);
        let changes = self.engine.changes(user, conversation, since_rev, page);
        let mut found = self.take_time(changes).await?;
        self.swallow(&mut found.messages);
        Ok(found)
    }
}
