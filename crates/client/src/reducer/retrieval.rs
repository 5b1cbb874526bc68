//! What is asked for, and what its answers do: pages of history, everything touched since, descriptions, profiles.

use voodoo_proto::event::{ChangedRange, HistoryEvent};
use voodoo_proto::object::{Conversation as Described, Head, Message, User};
use voodoo_proto::reply::{ChangesPage, HistoryPage, Refused};
use voodoo_proto::request::{Changes, Get, History, Request};
use voodoo_proto::{ConversationId, Retry, UserId};

use super::State;
use super::content::{Content, MAX_ROWS, touched_at};
use super::conversation::{Chain, Conversation, Description, Page, Repair};
use super::effect::{Effect, KeptContent, Timer};
use super::event::Event;

/// Messages of a page that is asked for.
const PAGE: u32 = 50;
/// A repair that was refused for the moment, without a time told.
const AGAIN_MS: u64 = 1_000;

/// A stretch of changes, complete up to `rev`.
struct Stretch {
    rev: u64,
    messages: Vec<Message>,
    events: Vec<HistoryEvent>,
}

impl State {
    /// The messages of a conversation are wanted.
    pub(super) fn open(&mut self, id: ConversationId) {
        if !self.opened.contains(&id) {
            self.opened.push(id);
        }
        self.want_content(id);
    }

    pub(super) fn close(&mut self, id: ConversationId) {
        let n_before = self.opened.len();
        self.opened.retain(|opened| *opened != id);
        if self.opened.len() == n_before {
            return;
        }
        let content = self.conversations.get_mut(&id).and_then(|known| known.content.as_mut());
        if let Some(content) = content {
            content.keep_newest(MAX_ROWS);
        }
    }

    /// Asks for the newest page of an open conversation of which only the head is held.
    pub(super) fn want_content(&mut self, id: ConversationId) {
        if !self.is_live() || !self.opened.contains(&id) {
            return;
        }
        self.with(id, |state, known| {
            if known.content.is_none() {
                state.ask_page(known, Page::Newest, history(id));
            }
        });
    }

    fn ask_page(&mut self, known: &mut Conversation, page: Page, request: History) {
        if known.loading.insert(page) {
            self.request(Request::History(request));
        }
    }

    pub(super) fn ask_older(&mut self, id: ConversationId) {
        if !self.is_live() {
            return;
        }
        self.with(id, |state, known| {
            let first = known.content.as_ref().and_then(|content| content.ranges.first());
            if let Some((before, _)) = first.copied().filter(|_| known.has_older()) {
                let request = History { before: Some(before), ..history(id) };
                state.ask_page(known, Page::Older, request);
            }
        });
    }

    pub(super) fn ask_newer(&mut self, id: ConversationId, after_seq: u64) {
        if !self.is_live() {
            return;
        }
        self.with(id, |state, known| {
            if known.content.is_some() {
                let request = History { after: Some(after_seq), ..history(id) };
                state.ask_page(known, Page::Newer, request);
            }
        });
    }

    pub(super) fn ask_around(&mut self, id: ConversationId, seq: u64) {
        let Some(known) = self.conversations.get(&id).filter(|_| self.is_live()) else { return };
        let content = known.content.as_ref();
        if content.is_none_or(|content| !content.messages.contains_key(&seq)) {
            self.request(Request::History(History { around: Some(seq), ..history(id) }));
        }
    }

    /// Messages from a cache: complete up to the `have` that they were kept with.
    pub(super) fn adopt(&mut self, id: ConversationId, kept: KeptContent) {
        self.with(id, |state, known| {
            let is_fitting = (known.about.join_rev..=known.head.head.last_rev).contains(&kept.have);
            if known.content.is_some() || !is_fitting {
                return;
            }
            known.have = kept.have;
            let mut content = Content::adopted(kept);
            content.raise_floor(known.head.head.floor_seq);
            known.content = Some(content);
            state.catch_up(known);
        });
    }

    /// Keeps the head only.
    pub(super) fn forget(&mut self, id: ConversationId) {
        if self.opened.contains(&id) {
            return;
        }
        self.with(id, |state, known| {
            if known.content.take().is_none() {
                return;
            }
            known.have = known.head.head.last_rev;
            known.repair = Repair::None;
            known.chain = None;
            known.loading.clear();
            state.drain(known);
            if !known.held.is_empty() {
                // The repair that was under way was one of the messages.
                state.repair_later(known, false);
            }
        });
    }

    /// What is held may be behind the head, and is repaired then.
    fn catch_up(&mut self, known: &mut Conversation) {
        if known.is_behind() {
            self.repair_later(known, true);
        }
    }

    /// The timer of a hole is over.
    pub(super) fn fill(&mut self, id: ConversationId) {
        self.with(id, |state, known| {
            let is_waiting = known.repair == Repair::Waiting;
            if is_waiting {
                known.repair = if state.is_live() { Repair::Asked } else { Repair::None };
            }
            if !state.is_live() {
                return;
            }
            let is_held = known.content.is_some();
            if is_waiting && is_held {
                state.request(changes(id, known.have));
            }
            if known.description == Description::Asked || (is_waiting && !is_held) {
                state.request(Request::Get(Get { conversations: vec![id] }));
            }
        });
        self.want_content(id);
    }

    pub(super) fn take_history(&mut self, request: &History, page: HistoryPage) {
        self.settle_all(&page.messages);
        self.with(request.conversation, |state, known| {
            state.want_changed(&page.users);
            known.loading.remove(&match request {
                History { before: Some(_), .. } => Page::Older,
                History { after: Some(_), .. } => Page::Newer,
                History { .. } => Page::Newest,
            });
            if known.content.is_none() && known.repair == Repair::Asked {
                // A hole under a head is repaired by `get`, one under messages by `changes`.
                known.repair = Repair::None;
            }
            let content = known.content.get_or_insert_default();
            content.put_all(page.messages);
            content.put_events(page.events);
            content.at_start |= request.after.is_none() && request.around.is_none() && !page.more;
            content.raise_floor(page.floor_seq.max(known.head.head.floor_seq));
            state.raise_floor(known, page.floor_seq);
            // A page older than what was applied lacks what the events since changed in it.
            known.have = known.have.min(page.rev);
            state.catch_up(known);
            if !known.held.is_empty() {
                state.repair_later(known, false);
            }
        });
    }

    pub(super) fn take_changes(&mut self, request: &Changes, page: ChangesPage) {
        self.settle_all(&page.messages);
        self.with(request.conversation, |state, known| {
            state.want_changed(&page.users);
            known.repair = Repair::None;
            let chain = known.chain.take();
            match page {
                ChangesPage {
                    reset: Some(true), head: Some(head), messages, events, rev, ..
                } => {
                    state.take_reset(known, head, Stretch { rev, messages, events });
                }
                ChangesPage { messages, events, rev, more, .. }
                    if known.content.is_some() && request.since_rev <= known.have =>
                {
                    let since_rev = request.since_rev;
                    let mut chain =
                        chain.unwrap_or_else(|| Box::new(Chain { since_rev, ..Chain::default() }));
                    state.take_stretch(known, &mut chain, Stretch { rev, messages, events });
                    if more {
                        known.repair = Repair::Asked;
                        known.chain = Some(chain);
                        state.request(changes(known.id(), known.have));
                    } else {
                        state.take_last(known, *chain, rev);
                    }
                }
                _ => state.catch_up(known),
            }
        });
    }

    /// The last page came: the head moves, and what was held follows.
    fn take_last(&mut self, known: &mut Conversation, chain: Chain, rev: u64) {
        self.take_chain(known, chain, rev);
        self.drain(known);
        if known.held.is_empty() {
            self.catch_up(known);
        } else {
            self.repair_later(known, false);
        }
    }

    /// Puts everything touched beside what is held, which is complete up to `rev` then.
    fn take_stretch(&mut self, known: &mut Conversation, chain: &mut Chain, stretch: Stretch) {
        self.stir();
        let Stretch { rev, messages, events } = stretch;
        chain.messages.extend(messages.iter().map(|message| (message.seq, message.clone())));
        chain.events.extend(events.iter().cloned());
        if let Some(content) = &mut known.content {
            known.have = known.have.max(rev);
            content.put_touched(messages, chain.since_rev);
            content.put_events(events);
        }
    }

    /// Moves the head by everything that is news to it, in the order in which it happened.
    fn take_chain(&mut self, known: &mut Conversation, chain: Chain, rev: u64) {
        let (known_rev, read_seq) = (known.head.head.last_rev, known.head.head.read_seq);
        for message in chain.messages.values().filter(|message| touched_at(message) > known_rev) {
            known.head.set_text(message.seq, message.body.as_ref());
        }
        // A message that was made and deleted meanwhile may have called the user: only the server knows.
        let is_doubtful = chain.messages.values().any(|message| {
            message.deleted == Some(true)
                && message.rev > known_rev
                && message.seq > read_seq
                && (message.from.is_none() || message.from != self.own)
        });
        let made = chain.messages.into_values().map(|message| Event::Message(Box::new(message)));
        let mut news: Vec<Event> = made.chain(chain.events.into_iter().map(Event::from)).collect();
        news.sort_by_key(Event::rev);
        for event in news.iter().filter(|event| event.rev() > known_rev) {
            self.take_news(known, event);
        }
        if is_doubtful {
            self.ask_about(known);
        }
        known.head.head.last_rev = known_rev.max(rev);
        match &mut known.content {
            None => known.have = known.head.head.last_rev,
            Some(content) => content.raise_floor(known.head.head.floor_seq),
        }
    }

    fn take_reset(&mut self, known: &mut Conversation, head: Head, stretch: Stretch) {
        let Stretch { rev, messages, events } = stretch;
        self.stir();
        self.effect(Effect::Drop { conversation: known.id() });
        // What is held over the hole waits until the page is there to take it.
        let held = std::mem::take(&mut known.held);
        let complete_rev = head.last_rev.max(rev);
        known.content = None;
        known.have = known.head.head.last_rev;
        self.tell_head(known, head, false);
        if known.description == Description::Outdated {
            self.ask_about(known);
        }
        let mut content = Content::default();
        content.put_all(messages);
        content.put_events(events);
        known.content = Some(content);
        known.have = known.have.min(complete_rev);
        known.held = held;
        self.drain(known);
        self.catch_up(known);
    }

    /// The server's own repair: fits only where it begins at or below what is held.
    pub(super) fn take_changed(&mut self, range: ChangedRange) {
        self.settle_all(&range.messages);
        self.with(range.conversation, |state, known| {
            if range.rev <= known.have {
                return;
            }
            state.want_changed(&range.users);
            if range.since_rev > known.have || known.chain.is_some() {
                state.repair_later(known, false);
                return;
            }
            let ChangedRange { since_rev, rev, messages, events, .. } = range;
            let mut chain = Chain { since_rev, ..Chain::default() };
            state.take_stretch(known, &mut chain, Stretch { rev, messages, events });
            state.take_chain(known, chain, rev);
            state.drain(known);
        });
    }

    pub(super) fn take_get(&mut self, ids: &[ConversationId], described: Vec<Described>) {
        let answered: Vec<_> = described.iter().map(|each| each.conversation).collect();
        for each in described {
            self.refresh(each);
        }
        // What is left out is not the user's any more, and the event that says so was missed.
        let is_missed =
            |id: &ConversationId| !answered.contains(id) && self.conversations.contains_key(id);
        if ids.iter().any(is_missed) {
            self.resync(self.user_rev, self.since_ms);
        }
    }

    pub(super) fn take_users(&mut self, ids: &[UserId], users: Vec<User>) {
        for user in users {
            self.put_user(user);
        }
        self.asked_users.retain(|user| !ids.contains(user));
    }

    fn settle_all(&mut self, messages: &[Message]) {
        for message in messages {
            self.settle(message);
        }
    }

    /// A page did not come. Whoever reads asks again for an older one; for the first nobody else
    /// would.
    pub(super) fn history_refused(&mut self, id: ConversationId, refusal: &Refused) {
        self.with(id, |state, known| {
            known.loading.clear();
            if known.content.is_none() && refusal.retry == Retry::Same {
                state.fill_again(known, refusal);
            }
        });
    }

    /// A repair did not come.
    pub(super) fn repair_refused(&mut self, id: ConversationId, refusal: &Refused) {
        if !self.conversations.contains_key(&id) {
            return;
        }
        let is_again = refusal.retry == Retry::Same;
        self.with(id, |state, known| {
            if is_again {
                known.repair = Repair::Waiting;
                state.fill_again(known, refusal);
                return;
            }
            if known.content.is_some() {
                state.effect(Effect::Drop { conversation: id });
            }
            // Ahead of the server, or no longer a member: what is held proves nothing, and any told head counts.
            known.forget_content();
            known.head.head.last_rev = 0;
            known.have = 0;
        });
        if !is_again {
            self.resync(self.user_rev, 0);
        }
    }

    /// A description did not come: a hole that waits for it is tried again.
    pub(super) fn get_refused(&mut self, id: ConversationId, refusal: &Refused) {
        self.with(id, |state, known| {
            let is_again = refusal.retry == Retry::Same;
            if known.content.is_none() && known.repair == Repair::Asked {
                known.repair = if is_again { Repair::Waiting } else { Repair::None };
            } else if known.description != Description::Asked {
                return;
            }
            if is_again {
                state.fill_again(known, refusal);
            }
        });
    }

    fn fill_again(&mut self, known: &Conversation, refusal: &Refused) {
        let pause_ms = refusal.retry_after_ms.unwrap_or(AGAIN_MS);
        self.wait(Timer::Fill { conversation: known.id() }, pause_ms, pause_ms);
    }
}

fn history(conversation: ConversationId) -> History {
    History { conversation, before: None, after: None, around: None, limit: Some(PAGE) }
}

fn changes(conversation: ConversationId, since_rev: u64) -> Request {
    Request::Changes(Changes { conversation, since_rev, limit: None })
}
