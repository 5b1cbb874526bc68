//! SQLite and the model side by side: whatever is written, both answer and read alike, and what
//! the effects tell adds up to what a fresh snapshot holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use voodoo_core::apply::{
    Accept, AddMembers, Applied, Block, Create, Delete, Destroy, Edit, Effect, Join, JoinBy, Leave,
    Pin, Profile, React, RemoveMember, Reply, Rules, Send, Set, SetRole, Update, Write,
};
use voodoo_core::store::{Around, Opened, PageSize, ReadMark, Scope, StoredMark};
use voodoo_core::testkit::{Engine, MemoryStore, contract::Stage};
use voodoo_core::{Refusal, StoreError};
use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{Body, HistoryRule, Kind, Mentions, Role, SettingsChange};
use voodoo_proto::reply::ChangesPage;
use voodoo_proto::{ClientId, ConversationId, DeviceId, UserId};
use voodoo_store::verify;

use crate::folder::Folder;

const N_USERS: u8 = 4;
const BEGIN_MS: u64 = 1_700_000_000_000;
const ALL: PageSize = PageSize { n_messages: 1_000, n_bytes: usize::MAX };

/// What somebody does; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
struct Step {
    act: u8,
    by: u8,
    other: u8,
    place: u8,
    seq: u8,
    on: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (0..40_u8, 0..N_USERS, 0..N_USERS, 0..5_u8, 0..12_u8, any::<bool>())
        .prop_map(|(act, by, other, place, seq, on)| Step { act, by, other, place, seq, on })
}

fn id<T>(made: Result<T, voodoo_proto::id::BadId>) -> T {
    made.unwrap()
}

fn user(number: u8) -> UserId {
    id(UserId::new(i64::from(number) + 1))
}

impl Step {
    /// The write, with a time and a name by its place in the run.
    fn write(&self, number: u64) -> Write {
        let at_ms = BEGIN_MS + number * 1_000;
        let conversation = id(ConversationId::new(i64::from(self.place) + 1));
        let (by, user, seq) = (user(self.by), user(self.other), u64::from(self.seq));
        let client_id = ClientId::from_bytes(u128::from(number).to_be_bytes());
        let on = self.on;
        match self.act {
            0..=2 => self.create(client_id, at_ms),
            3 => Write::Edit(self.edit(conversation, at_ms)),
            4 => {
                let seqs = if on { vec![seq] } else { vec![seq, seq + 1] };
                Write::Delete(Delete { conversation, by, seqs, at_ms })
            }
            5..=7 => {
                let emoji = if self.other > 1 { "👍" } else { "🎉" }.to_owned();
                Write::React(React { conversation, by, seq, emoji, on, at_ms })
            }
            8 => Write::Pin(Pin { conversation, by, seq, on, at_ms }),
            9..=10 => Write::Update(self.update(conversation, at_ms)),
            11 => Write::Join(Join { by, target: JoinBy::Conversation(conversation), at_ms }),
            12 => Write::Leave(Leave { conversation, by, at_ms }),
            13..=14 => Write::AddMembers(AddMembers { conversation, by, users: vec![user], at_ms }),
            15 => Write::RemoveMember(RemoveMember { conversation, by, user, at_ms }),
            16 => {
                let role = if on { Role::Admin } else { Role::Owner };
                Write::SetRole(SetRole { conversation, by, user, role, at_ms })
            }
            17 => Write::Set(self.set(conversation)),
            18 => Write::Block(Block { by, user, on }),
            19 => Write::Profile(Profile { by, name: format!("Name {seq}") }),
            20 if seq == 0 => Write::Destroy(Destroy { conversation, by, at_ms }),
            20 => Write::Accept(Accept { conversation, by }),
            _ => Write::Send(self.send(conversation, client_id, at_ms)),
        }
    }

    fn create(&self, client_id: ClientId, at_ms: u64) -> Write {
        let kind = [Kind::Group, Kind::Direct, Kind::Broadcast][usize::from(self.act)];
        let history = if self.on { HistoryRule::All } else { HistoryRule::Joined };
        Write::Create(Create {
            creator: user(self.by),
            client_id,
            kind,
            title: Some("Title".to_owned()),
            description: None,
            alias: (self.seq == 1).then(|| format!("alias-{}", self.place)),
            members: vec![user(self.other)],
            settings: SettingsChange { history: Some(history), ..SettingsChange::default() },
            at_ms,
        })
    }

    fn edit(&self, conversation: ConversationId, at_ms: u64) -> Edit {
        let body = Body::Text { text: format!("edited {}", self.other) };
        let edits = u64::from(self.on);
        Edit { conversation, by: user(self.by), seq: u64::from(self.seq), edits, body, at_ms }
    }

    fn update(&self, conversation: ConversationId, at_ms: u64) -> Update {
        Update {
            conversation,
            by: user(self.by),
            title: self.on.then(|| format!("Title {}", self.seq)),
            description: (!self.on).then(|| format!("About {}", self.seq)),
            alias: (self.seq < 3).then(|| format!("alias-{}", self.other)),
            settings: None,
            at_ms,
        }
    }

    fn set(&self, conversation: ConversationId) -> Set {
        Set {
            conversation,
            by: user(self.by),
            mute_until_ms: (self.seq > 8).then_some(BEGIN_MS),
            pinned: Some(self.on),
            archived: None,
            unread_from: Some(u64::from(self.seq)),
            draft: Some(format!("draft {}", self.other)),
        }
    }

    fn send(&self, conversation: ConversationId, client_id: ClientId, at_ms: u64) -> Send {
        let mentions = Some(Mentions { users: Some(vec![user(self.other)]), all: None });
        Send {
            conversation,
            sender: user(self.by),
            client_id,
            body: Body::Text { text: "text ".repeat(usize::from(self.seq) + 1) },
            reply_to: (self.seq == 3).then_some(1),
            is_silent: self.seq == 4,
            mentions: mentions.filter(|_| self.on),
            at_ms,
            over_rate_ms: None,
        }
    }
}

/// What the sessions of one user know by the effects alone.
#[derive(Default)]
struct Known {
    user_rev: u64,
    revs: BTreeMap<ConversationId, u64>,
    reads: BTreeMap<ConversationId, u64>,
}

impl Known {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other frame is for one user")]
    fn frame(&mut self, frame: &ServerFrame) {
        let user_rev = match frame {
            ServerFrame::Conversation(object) => {
                self.revs.insert(object.conversation, object.head.last_rev);
                self.reads.insert(object.conversation, object.head.read_seq);
                object.user_rev
            }
            ServerFrame::ConversationGone(gone) => gone.user_rev,
            ServerFrame::Me(me) => Some(me.user_rev),
            ServerFrame::Read(read) => {
                self.reads.insert(read.conversation, read.seq);
                None
            }
            other => panic!("{} is not for one user", other.name()),
        };
        if let Some(user_rev) = user_rev {
            assert_eq!(user_rev, self.user_rev + 1, "user_rev has no gap");
            self.user_rev = user_rev;
        }
    }

    fn leave(&mut self, conversation: ConversationId) {
        self.revs.remove(&conversation);
        self.reads.remove(&conversation);
    }
}

#[derive(Default)]
struct Everyone(BTreeMap<UserId, Known>);

impl Everyone {
    fn hear(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Event { conversation, rev, .. } => {
                    for known in self.0.values_mut() {
                        if let Some(have) = known.revs.get_mut(conversation) {
                            assert!(*rev <= *have + 1, "rev has no gap");
                            *have = (*have).max(*rev);
                        }
                    }
                }
                Effect::ToUser { user, frame } => self.0.entry(*user).or_default().frame(frame),
                Effect::Enter { .. } => {}
                Effect::Exit { user, conversation } => {
                    self.0.entry(*user).or_default().leave(*conversation);
                }
                Effect::Destroyed { conversation, .. } => {
                    self.0.values_mut().for_each(|known| known.leave(*conversation));
                }
            }
        }
    }

    /// Sending moves the sender's mark, which their `ok` says.
    fn sent(&mut self, write: &Write, applied: &Applied) {
        if let (Write::Send(send), Reply::Sent { placed, duplicate: false }) =
            (write, &applied.reply)
        {
            let known = self.0.entry(send.sender).or_default();
            known.reads.insert(send.conversation, placed.seq);
        }
    }

    fn read(&mut self, marks: &[StoredMark]) {
        for mark in marks {
            self.0.entry(mark.user).or_default().reads.insert(mark.conversation, mark.seq);
        }
    }
}

fn said<T>(result: Result<T, StoreError>) -> Result<T, Refusal> {
    match result {
        Ok(value) => Ok(value),
        Err(StoreError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

struct Pair {
    model: Arc<dyn Engine>,
    sqlite: Arc<dyn Engine>,
    everyone: Everyone,
    folder: Folder,
}

impl Pair {
    async fn new() -> Self {
        let folder = Folder::new();
        let model: Arc<dyn Engine> = MemoryStore::new(Arc::new(Rules::default()));
        let sqlite: Arc<dyn Engine> = folder.open();
        for engine in [&model, &sqlite] {
            let stage = Stage::new(Arc::clone(engine));
            for (byte, handle) in (1..).zip(["ann", "bob", "cem", "dea"]) {
                let user = stage.user(handle).await;
                stage.device(user, byte).await;
            }
        }
        Self { model, sqlite, everyone: Everyone::default(), folder }
    }

    async fn write(&mut self, writes: Vec<Write>) {
        let expected = self.model.commit(writes.clone()).await.unwrap();
        let found = self.sqlite.commit(writes.clone()).await.unwrap();
        assert_eq!(found, expected, "{writes:?}");
        for (write, result) in writes.iter().zip(&expected) {
            if let Ok(applied) = result {
                self.everyone.hear(&applied.effects);
                self.everyone.sent(write, applied);
            }
        }
    }

    async fn read(&mut self, step: &Step, now_ms: u64) {
        let conversation = id(ConversationId::new(i64::from(step.place) + 1));
        let marks = vec![ReadMark { user: user(step.by), conversation, seq: step.seq.into() }];
        let expected = self.model.advance_read(marks.clone(), now_ms).await.unwrap();
        assert_eq!(self.sqlite.advance_read(marks, now_ms).await.unwrap(), expected);
        self.everyone.hear(&expected.1);
        self.everyone.read(&expected.0);
    }

    async fn compare(&self, step: &Step, now_ms: u64) {
        for number in 0..N_USERS {
            let user = user(number);
            let digest = self.model.digest(user).await.unwrap();
            assert_eq!(self.sqlite.digest(user).await.unwrap(), digest);
            let quiet = Known::default();
            let known = self.everyone.0.get(&user).unwrap_or(&quiet);
            assert_eq!(known.user_rev, digest.user_rev);
            assert_eq!(u64::try_from(known.revs.len()).unwrap(), digest.conversations);
            assert_eq!(known.revs.values().sum::<u64>(), digest.revs);
            assert_eq!(known.reads.values().sum::<u64>(), digest.reads);
            let user_rev = digest.user_rev.saturating_sub(u64::from(step.other));
            let since_ms = now_ms - u64::from(step.seq) * 1_000;
            for scope in [Scope::All, Scope::Since { user_rev, since_ms }] {
                let expected = self.model.snapshot(user, scope).await.unwrap();
                assert_eq!(self.sqlite.snapshot(user, scope).await.unwrap(), expected);
            }
            self.compare_lists(user).await;
            for place in 1..=5 {
                self.compare_pages(user, id(ConversationId::new(place)), step).await;
            }
        }
    }

    async fn compare_lists(&self, user: UserId) {
        let ids: Vec<_> = (1..=6).map(|place| id(ConversationId::new(place))).collect();
        let expected = self.model.conversations(user, &ids).await.unwrap();
        assert_eq!(self.sqlite.conversations(user, &ids).await.unwrap(), expected);
        let expected = self.model.heads(user, &ids).await.unwrap();
        assert_eq!(self.sqlite.heads(user, &ids).await.unwrap(), expected);
        // Each user has opened one device, in the order of the users.
        let who = Opened { user, device: id(DeviceId::new(user.get())) };
        let mut expected = self.model.subscriptions(who, BEGIN_MS).await.unwrap().unwrap();
        let mut found = self.sqlite.subscriptions(who, BEGIN_MS).await.unwrap().unwrap();
        expected.sort_unstable_by_key(|one| one.conversation);
        found.sort_unstable_by_key(|one| one.conversation);
        assert_eq!(found, expected);
    }

    async fn compare_pages(&self, user: UserId, conversation: ConversationId, step: &Step) {
        let seq = u64::from(step.seq);
        let n_messages = usize::from(step.other) + 1;
        let size = PageSize { n_messages, ..ALL };
        for around in [Around::Newest, Around::Before(seq), Around::After(seq), Around::Both(seq)] {
            let expected = said(self.model.history(user, conversation, around, size).await);
            let found = said(self.sqlite.history(user, conversation, around, size).await);
            assert_eq!(found, expected, "{around:?}");
        }
        let whole = said(self.model.changes(user, conversation, seq, ALL).await);
        let found = said(self.sqlite.changes(user, conversation, seq, ALL).await);
        assert_eq!(found, whole);
        let Ok(whole) = whole else { return };
        if whole.reset.is_none() {
            for engine in [&self.model, &self.sqlite] {
                let parts = reassemble(engine, (user, conversation), seq, size).await;
                assert_eq!(parts, (whole.messages.clone(), whole.events.clone(), whole.rev));
            }
        }
    }
}

type Parts = (Vec<voodoo_proto::object::Message>, Vec<voodoo_proto::event::HistoryEvent>, u64);

/// All changes, page by page.
async fn reassemble(
    engine: &Arc<dyn Engine>,
    (user, conversation): (UserId, ConversationId),
    since_rev: u64,
    size: PageSize,
) -> Parts {
    let mut parts = (Vec::new(), Vec::new(), since_rev);
    loop {
        let page = engine.changes(user, conversation, parts.2, size).await.unwrap();
        let ChangesPage { messages, events, rev, more, .. } = page;
        assert!(rev > parts.2 || !more, "a page leads on");
        parts.0.extend(messages);
        parts.1.extend(events);
        parts.2 = rev;
        if !more {
            return parts;
        }
    }
}

/// Writes in batches, some of them again, with reading marks between.
async fn run(steps: &[Step]) {
    let mut pair = Pair::new().await;
    let (mut number, mut batch, mut written) = (0, Vec::new(), Vec::<Write>::new());
    for step in steps {
        number += 1;
        let now_ms = BEGIN_MS + number * 1_000;
        let again = usize::from(step.seq) + usize::from(step.place) * 3;
        match step.act {
            36..=37 => pair.read(step, now_ms).await,
            38..=39 if again < written.len() => batch.push(written[again].clone()),
            _ => batch.push(step.write(number)),
        }
        if step.other > 1 || batch.len() > 6 {
            written.extend(batch.iter().cloned());
            pair.write(std::mem::take(&mut batch)).await;
        }
        if number % 12 == 0 {
            pair.compare(step, now_ms).await;
        }
    }
    pair.write(batch).await;
    if let Some(last) = steps.last() {
        pair.compare(last, BEGIN_MS + number * 1_000).await;
    }
    assert_eq!(verify(pair.folder.path()).unwrap().findings, []);
}

#[test]
fn sqlite_does_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = proptest::collection::vec(step(), 1..120);
    let result = runner.run(&steps, |steps| -> TestCaseResult {
        runtime.block_on(run(&steps));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
