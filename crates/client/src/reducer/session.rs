//! The session: greeting, the pages of a sync, the user's own counter, and the digest that proves nothing was missed.

use std::collections::BTreeSet;

use voodoo_proto::event::{ChangedRange, Heads, MeChanged, Pong, Read, Reads, Sync, Welcome};
use voodoo_proto::object::{Conversation as Described, Digest, Head, User};
use voodoo_proto::request::{Get, Request, Resume};
use voodoo_proto::{ConversationId, UserId};

use super::State;
use super::conversation::Description;
use super::effect::{Effect, Timer};
use super::event::Event;

/// Between two proofs: 5 min ± 20 %.
const CHECK_MIN_MS: u64 = 240_000;
const CHECK_MAX_MS: u64 = 360_000;
const QUIET_MS: u64 = 1_000;
const HOLE_MS: u64 = 500;
/// Events that come before `done` and are kept until then.
const MAX_KEPT: usize = 4_096;
const MAX_HELD: usize = 1_000;
const GET_PER_REQUEST: usize = 100;

/// How far the session is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// No socket.
    #[default]
    Offline,
    /// `hello` is sent.
    Greeting,
    /// `welcome` came, the pages follow.
    Syncing,
    /// Everything is told; events follow.
    Live,
}

/// The proof that nothing was missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Check {
    /// The own sums when the ping went out.
    pub asked: Option<Digest>,
    /// 0 nothing suspected; 1 unequal once; 2 resync of all heads asked; 3 resync of everything asked.
    pub level: u8,
    /// Something was applied since the quiet second began.
    pub is_stirred: bool,
}

/// A sync that has begun and is not done.
#[derive(Debug, Clone, Default)]
pub(super) struct Syncing {
    /// What it does not name is gone, and what it tells counts even where more was held.
    is_full: bool,
    /// Of `welcome`; absent in a `resync`.
    welcomed: Option<(String, u64)>,
    named: BTreeSet<ConversationId>,
    /// Events that came meanwhile.
    kept: Vec<Kept>,
    /// More came than are kept: the digest has to find what is missing.
    is_overflowing: bool,
}

impl Syncing {
    /// Begins a `resync` on a live session.
    pub(super) fn again(is_full: bool) -> Self {
        Self { is_full, ..Self::default() }
    }
}

/// What the server said of itself.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    Event(Event),
    User(u64, UserEvent),
    Destroyed(ConversationId),
    Read(Read),
    Heads(Heads),
    Changed(Box<ChangedRange>),
}

impl From<Event> for Kept {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// An event of the user's own counter.
#[derive(Debug, Clone)]
pub(super) enum UserEvent {
    Conversation(Box<Described>),
    Gone(ConversationId),
    Me(Box<MeChanged>),
}

impl UserEvent {
    /// The conversation that it describes.
    fn described(&self) -> Option<ConversationId> {
        match self {
            Self::Conversation(described) => Some(described.conversation),
            Self::Gone(_) | Self::Me(_) => None,
        }
    }
}

impl State {
    pub(super) fn connect(&mut self, now_ms: u64) {
        self.disconnect();
        self.phase = Phase::Greeting;
        // The server subscribes the session before it answers: events may come ahead of `welcome`.
        self.sync = Some(Syncing::default());
        self.now_ms = now_ms;
        let (user_rev, since_ms) = (self.user_rev, self.since_ms);
        let resume = self.epoch.clone().map(|epoch| Resume { epoch, user_rev, since_ms });
        self.effect(Effect::Hello { resume });
    }

    /// What was asked is not answered any more. Cursors stay as the last finished sync left them.
    pub(super) fn disconnect(&mut self) {
        self.phase = Phase::Offline;
        self.sync = None;
        self.asked_users.clear();
        self.check = Check::default();
        for conversation in self.conversations.values_mut() {
            // A repair that broke off begins anew: what its missing pages would have brought is not known to be missing.
            if let Some(chain) = conversation.chain.take() {
                conversation.have = chain.since_rev;
            }
            conversation.repair = super::Repair::None;
            conversation.loading.clear();
            if conversation.description == Description::Asked {
                conversation.description = Description::Outdated;
            }
        }
        self.interrupt();
    }

    pub(super) fn take_welcome(&mut self, welcome: Welcome) {
        if self.epoch.as_ref().is_some_and(|epoch| *epoch != welcome.epoch) {
            // The same numbers are given again: cursors, messages, heads and marks are void.
            self.effect(Effect::DropAll);
            self.epoch = None;
            self.user_rev = 0;
            self.since_ms = 0;
            self.conversations.clear();
            self.held.clear();
        }
        self.phase = Phase::Syncing;
        self.own = Some(welcome.user);
        self.limits = Some(welcome.limits);
        self.sync = Some(Syncing {
            is_full: !welcome.resumed,
            welcomed: Some((welcome.epoch, welcome.now_ms)),
            ..self.sync.take().unwrap_or_default()
        });
    }

    /// What came meanwhile is applied after all; the next proof tells whether something is missing.
    pub(super) fn resync_refused(&mut self, retry_after_ms: Option<u64>) {
        let Some(sync) = self.sync.take() else { return };
        self.check = Check::default();
        self.replay(sync.kept);
        let pause_ms = retry_after_ms.unwrap_or(QUIET_MS);
        self.wait(Timer::Check, pause_ms, pause_ms);
    }

    pub(super) fn take_sync(&mut self, mut page: Sync) {
        let Some(sync) = &mut self.sync else { return };
        let is_full = sync.is_full;
        sync.named.extend(page.conversations.iter().map(|described| described.conversation));
        sync.named.extend(page.heads.iter().map(|head| head.conversation));
        for described in std::mem::take(&mut page.conversations) {
            self.describe(described, is_full);
        }
        self.tell_heads(std::mem::take(&mut page.heads), is_full);
        for id in &page.gone {
            self.leave(*id);
        }
        if page.done {
            self.finish(page);
        }
    }

    fn finish(&mut self, page: Sync) {
        let Some(mut sync) = self.sync.take() else { return };
        if sync.is_full {
            let is_unnamed = |id: &ConversationId| !sync.named.contains(id);
            let unnamed: Vec<_> = self.conversations.keys().copied().filter(is_unnamed).collect();
            unnamed.into_iter().for_each(|id| self.leave(id));
        }
        if let Some(me) = page.me {
            self.take_me(me.user, me.blocked);
        }
        self.user_rev = page.digest.map_or(self.user_rev, |digest| digest.user_rev);
        if let Some((epoch, now_ms)) = sync.welcomed.take() {
            self.epoch = Some(epoch);
            self.since_ms = now_ms;
        }
        // The sums of the snapshot are compared before anything kept is applied.
        let is_proven = page.digest == Some(self.digest()) && !sync.is_overflowing;
        self.phase = Phase::Live;
        self.effect(Effect::Save);
        let is_all_wanted = self.after_sync(is_proven);
        self.replay(sync.kept);
        self.repeat_reads();
        for id in self.opened.clone() {
            self.want_content(id);
        }
        self.repair_all();
        self.tell_heads(Vec::new(), false);
        self.pump();
        if is_all_wanted {
            self.resync(0, 0);
        }
    }

    /// Returns whether everything is to be told anew.
    fn after_sync(&mut self, is_proven: bool) -> bool {
        if is_proven || self.check.level == 3 {
            // After everything was told anew there is nothing more to ask for: the next regular proof begins afresh.
            self.check = Check::default();
            self.wait(Timer::Check, CHECK_MIN_MS, CHECK_MAX_MS);
            return false;
        }
        if self.check.level == 2 {
            self.check = Check { level: 3, ..Check::default() };
            return true;
        }
        self.suspect();
        false
    }

    fn suspect(&mut self) {
        self.check = Check { level: 1, ..Check::default() };
        self.wait(Timer::Quiet, QUIET_MS, QUIET_MS);
    }

    fn replay(&mut self, kept: Vec<Kept>) {
        for each in kept {
            self.take_or_keep(each);
        }
    }

    fn repeat_reads(&mut self) {
        let reads = self.conversations.values().filter_map(|known| {
            Some(Effect::Read { conversation: known.id(), seq: known.untold_read()? })
        });
        let reads: Vec<_> = reads.collect();
        self.effects.extend(reads);
    }

    fn repair_all(&mut self) {
        let is_holed = |known: &super::Conversation| !known.held.is_empty() || known.is_behind();
        let holed = self.conversations.values().filter(|known| is_holed(known));
        for id in holed.map(super::Conversation::id).collect::<Vec<_>>() {
            self.with(id, |state, known| {
                let is_told = known.is_behind();
                state.repair_later(known, is_told);
            });
        }
        if self.held.keys().any(|rev| *rev > self.user_rev) {
            self.wait(Timer::User, HOLE_MS, HOLE_MS);
        }
    }

    /// Applies what the server says, or keeps it until a sync is done.
    pub(super) fn take_or_keep(&mut self, said: impl Into<Kept>) {
        let said = said.into();
        if self.sync.is_some()
            && let Kept::Event(Event::Message(message)) = &said
        {
            self.settle(message);
        }
        if let Some(sync) = &mut self.sync {
            if sync.kept.len() < MAX_KEPT {
                sync.kept.push(said);
            } else {
                sync.is_overflowing = true;
            }
        } else if self.is_live() {
            self.take_said(said);
        }
    }

    fn take_said(&mut self, said: Kept) {
        match said {
            Kept::Event(event) => self.offer(event),
            Kept::User(rev, event) => self.offer_user(rev, event),
            Kept::Destroyed(id) => self.leave(id),
            Kept::Read(read) => self.tell_read(&read),
            Kept::Heads(heads) => self.take_heads(heads),
            Kept::Changed(range) => self.take_changed(*range),
        }
    }

    fn take_heads(&mut self, heads: Heads) {
        self.tell_heads(heads.heads, false);
        if heads.user_rev > self.user_rev {
            self.resync(self.user_rev, self.since_ms);
        }
    }

    fn tell_heads(&mut self, heads: Vec<Head>, is_binding: bool) {
        let mut unknown = Vec::new();
        for head in heads {
            let id = head.conversation;
            self.with(id, |state, known| state.tell_head(known, head, is_binding));
            if !self.conversations.contains_key(&id) {
                unknown.push(id);
            }
        }
        unknown.extend(self.outdated());
        for ids in unknown.chunks(GET_PER_REQUEST) {
            self.request(Request::Get(Get { conversations: ids.to_vec() }));
        }
    }

    /// Takes those whose descriptions have still to be asked for.
    fn outdated(&mut self) -> Vec<ConversationId> {
        let all = self.conversations.values_mut();
        let outdated = all.filter(|known| known.description == Description::Outdated);
        outdated
            .map(|known| {
                known.description = Description::Asked;
                known.id()
            })
            .collect()
    }

    /// Applies, holds or drops an event of the user's own counter.
    fn offer_user(&mut self, rev: u64, event: UserEvent) {
        if rev <= self.user_rev {
            return;
        }
        if rev == self.user_rev + 1 {
            self.apply_user(event, rev);
            self.drain_user();
        } else if !self.held.contains_key(&rev) && self.held.len() < MAX_HELD {
            if self.held.is_empty() {
                self.wait(Timer::User, HOLE_MS, HOLE_MS);
            }
            self.held.insert(rev, event);
        }
    }

    fn drain_user(&mut self) {
        while let Some(entry) = self.held.first_entry() {
            let rev = *entry.key();
            if rev > self.user_rev + 1 {
                break;
            }
            let event = entry.remove();
            if rev <= self.user_rev {
                continue;
            }
            let begun = event.described().filter(|id| !self.conversations.contains_key(id));
            self.apply_user(event, rev);
            if let Some(id) = begun {
                // Its events that came while it waited found nothing to move.
                self.with(id, |state, known| state.ask_about(known));
            }
        }
    }

    pub(super) fn take_me(&mut self, user: User, blocked: Vec<UserId>) {
        self.put_user(user.clone());
        self.me = Some(user);
        self.blocked = blocked;
    }

    /// The hole in the user's counter stayed open.
    pub(super) fn fill_user(&mut self) {
        self.drain_user();
        if !self.held.is_empty() {
            self.resync(self.user_rev, self.since_ms);
        }
    }

    /// Asks for the proof; one at a time, and not in a sync, which ends with one.
    pub(super) fn begin_check(&mut self) {
        if self.is_settled() && self.check.asked.is_none() {
            self.check.asked = Some(self.digest());
            self.effect(Effect::Ping);
        }
    }

    /// A second is over: was it quiet?
    pub(super) fn after_quiet(&mut self) {
        if self.check.level != 1 || !self.is_live() || self.check.asked.is_some() {
            return;
        }
        if self.check.is_stirred {
            self.suspect();
        } else {
            self.begin_check();
        }
    }

    pub(super) fn take_pong(&mut self, pong: &Pong) {
        let Some(asked) = self.check.asked.take() else { return };
        let Some(told) = pong.digest else {
            // The server could not read the sums, or a heartbeat was answered: they are asked for again.
            return self.wait(Timer::Check, QUIET_MS, QUIET_MS);
        };
        if asked == told {
            self.check = Check::default();
            self.since_ms = pong.now_ms;
            self.effect(Effect::Save);
            self.wait(Timer::Check, CHECK_MIN_MS, CHECK_MAX_MS);
        } else if self.check.level == 0 {
            self.suspect();
        } else {
            self.check = Check { level: 2, ..Check::default() };
            self.resync(self.user_rev, 0);
        }
    }

    pub(super) fn take_reads(&mut self, reads: &Reads) {
        if let Some(known) = self.conversations.get_mut(&reads.conversation) {
            for mark in &reads.read {
                let seq = known.reads.entry(mark.user).or_default();
                *seq = mark.seq.max(*seq);
            }
        }
    }
}
