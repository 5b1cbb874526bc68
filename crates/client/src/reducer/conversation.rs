//! The rules of one conversation: an event is dropped, applied or held by its `rev`, and holes are filled.
//!
//! Two positions: `have`, up to which what is held is complete, and the head's `last_rev`. An event moves the head only
//! if it is news to it, and never over a hole.

use std::collections::{BTreeMap, BTreeSet};

use voodoo_proto::event::{HistoryEvent, MemberChangeKind, Membership, Read, Updated};
use voodoo_proto::object::{Conversation as Described, Kind, Message};
use voodoo_proto::{ConversationId, UserId};

use super::content::{Content, MAX_ROWS};
use super::effect::{Effect, Timer};
use super::event::{Event, MessageChange};
use super::head::KnownHead;
use super::{State, UserEvent};

/// More events over a hole than this are not kept; the repair brings them.
const MAX_HELD: usize = 1_000;
/// A hole is left alone for this long: what is missing is mostly on its way.
pub(super) const HOLE_MS: u64 = 500;
/// Clients of large conversations spread their repairs over this much more.
const HOLE_SPREAD_MS: u64 = 2_000;
const SMALL_CONVERSATION: u64 = 200;

/// How the hole of a conversation is dealt with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repair {
    /// There is none.
    #[default]
    None,
    /// The timer runs: what is missing may still come.
    Waiting,
    /// Asked.
    Asked,
}

/// Whether a description is that of the head it stands beside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Description {
    /// It is.
    #[default]
    Current,
    /// A head told of another one, or of mentions that are not known one by one: `get` has to
    /// bring it.
    Outdated,
    /// Asked in this session.
    Asked,
}

/// A repair that comes in several pages of `changes`. Pages are ordered by the change that touched last, so that a
/// message may come pages after one that was made later: what is new to the head is counted with the last page only,
/// and live events wait until then.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chain {
    /// What was held when the first page was asked for.
    pub(super) since_rev: u64,
    /// Messages so far, in their latest state.
    pub(super) messages: BTreeMap<u64, Message>,
    pub(super) events: Vec<HistoryEvent>,
}

/// A page of messages that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// The newest.
    Newest,
    /// The one before what is held.
    Older,
    /// The one after a gap.
    Newer,
}

/// What is known of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// As told; its head moves on in `head`.
    pub about: Described,
    /// How far it is.
    pub head: KnownHead,
    /// The mark of this client, ahead of the told one until the server answers.
    pub own_read_seq: u64,
    /// Reading cleared `unread_from` here, and the server has not said so yet.
    pub is_unmarked: bool,
    /// Whether the description is that of the head.
    pub description: Description,
    /// What is held is complete up to this change. Without content the same as the head's
    /// `last_rev`; with content it may be less, and is repaired then. More only between the
    /// pages of a repair.
    pub have: u64,
    /// Events over a hole.
    pub held: BTreeMap<u64, Event>,
    /// How the hole is dealt with.
    pub repair: Repair,
    pub(super) chain: Option<Box<Chain>>,
    /// The messages; absent where only the head is held.
    pub content: Option<Content>,
    /// Pages that are asked for.
    pub loading: BTreeSet<Page>,
    /// How far others have read, as far as it was told.
    pub reads: BTreeMap<UserId, u64>,
}

impl Conversation {
    pub(super) fn begun(about: Described) -> Self {
        let head = KnownHead::told(about.head.clone());
        Self {
            have: about.head.last_rev,
            about,
            head,
            own_read_seq: 0,
            is_unmarked: false,
            description: Description::Current,
            held: BTreeMap::new(),
            repair: Repair::None,
            chain: None,
            content: None,
            loading: BTreeSet::new(),
            reads: BTreeMap::new(),
        }
    }

    /// Which.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.about.conversation
    }

    /// Messages above the shown mark, or from where the user marked it unread.
    #[must_use]
    pub fn unread(&self) -> u64 {
        let counted = self.head.unread(self.own_read_seq);
        match self.about.unread_from.filter(|_| !self.is_unmarked) {
            Some(from) => counted.max((self.head.head.last_seq + 1).saturating_sub(from)).max(1),
            None => counted,
        }
    }

    /// Mentions above the shown mark.
    #[must_use]
    pub fn mentions(&self) -> u64 {
        self.head.mentions(self.own_read_seq)
    }

    /// Whether the member may read messages before the first one held.
    #[must_use]
    pub fn has_older(&self) -> bool {
        let Some(content) = self.content.as_ref().filter(|content| !content.at_start) else {
            return false;
        };
        let first_seq = self.about.from_seq.max(self.head.head.floor_seq + 1);
        content.ranges.first().is_some_and(|(from, _)| *from > first_seq)
    }

    /// Whether events or messages are missing below what is known.
    pub(super) fn is_behind(&self) -> bool {
        self.have < self.head.head.last_rev
    }

    /// The mark that the server has still to be told of, if there is one.
    pub(super) fn untold_read(&self) -> Option<u64> {
        let (told_seq, own_seq) = (self.head.head.read_seq, self.own_read_seq);
        (own_seq > told_seq || self.is_unmarked).then_some(own_seq.max(told_seq))
    }

    /// Only the head remains of what is held.
    pub(super) fn forget_content(&mut self) {
        self.content = None;
        self.chain = None;
        self.held.clear();
        self.repair = Repair::None;
        self.loading.clear();
    }
}

impl State {
    pub(super) fn is_broadcast(&self, id: ConversationId) -> bool {
        self.conversations.get(&id).is_some_and(|known| known.about.kind == Kind::Broadcast)
    }

    /// Takes a conversation out while it is changed; `change` decides what becomes of it.
    pub(super) fn with(
        &mut self,
        id: ConversationId,
        change: impl FnOnce(&mut Self, &mut Conversation),
    ) {
        let Some(mut conversation) = self.conversations.remove(&id) else { return };
        change(self, &mut conversation);
        self.conversations.insert(id, conversation);
    }

    /// Applies, holds or drops an event.
    pub(super) fn offer(&mut self, event: Event) {
        if let Event::Message(message) = &event {
            self.settle(message);
        }
        // Without a description there is nothing to move: it comes with its own head.
        self.with(event.conversation(), |state, conversation| {
            let rev = event.rev();
            if rev <= conversation.have {
            } else if rev == conversation.have + 1 && conversation.chain.is_none() {
                state.apply_event(conversation, event);
                state.drain(conversation);
            } else if !conversation.held.contains_key(&rev) && conversation.held.len() < MAX_HELD {
                conversation.held.insert(rev, event);
                state.repair_later(conversation, false);
            }
        });
    }

    /// Applies what was held and fits by now, and forgets what is old.
    pub(super) fn drain(&mut self, conversation: &mut Conversation) {
        while let Some(entry) = conversation.held.first_entry() {
            let rev = *entry.key();
            let is_next = rev == conversation.have + 1 && conversation.chain.is_none();
            if rev > conversation.have && !is_next {
                break;
            }
            let event = entry.remove();
            if is_next {
                self.apply_event(conversation, event);
            }
        }
        // A timer or reply that still comes finds nothing to do.
        if conversation.held.is_empty()
            && !conversation.is_behind()
            && conversation.repair == Repair::Waiting
        {
            conversation.repair = Repair::None;
        }
    }

    /// Applies the event that comes next.
    fn apply_event(&mut self, conversation: &mut Conversation, event: Event) {
        self.stir();
        conversation.have = event.rev();
        if event.rev() > conversation.head.head.last_rev {
            self.take_news(conversation, &event);
        }
        let is_open = self.opened.contains(&conversation.id());
        if let Some(content) = &mut conversation.content {
            match event {
                Event::Message(message) => {
                    self.want_unknown(message.from);
                    content.put(*message);
                    if !is_open {
                        content.keep_newest(MAX_ROWS);
                    }
                }
                Event::Change(change) => content.change(&change, self.own),
                Event::History(event) => match *event {
                    HistoryEvent::Floored(event) => content.raise_floor(event.floor_seq),
                    event @ (HistoryEvent::Membership(_) | HistoryEvent::Updated(_)) => {
                        content.put_events([event]);
                    }
                },
                Event::Skipped { .. } => {}
            }
        }
    }

    /// Moves the head, and what is told of the conversation, by an event that is news to it.
    pub(super) fn take_news(&mut self, conversation: &mut Conversation, event: &Event) {
        let head = &mut conversation.head;
        head.head.last_rev = event.rev();
        match event {
            Event::Message(message) => self.take_message_news(conversation, message),
            Event::Change(change) => match &change.change {
                MessageChange::Edited { body, .. } => head.set_text(change.seq, Some(body)),
                MessageChange::Deleted => head.set_text(change.seq, None),
                MessageChange::Reacted { .. } | MessageChange::Pinned { .. } => {}
            },
            Event::History(event) => match &**event {
                HistoryEvent::Membership(event) => {
                    take_members(&mut conversation.about, event, self.own);
                }
                HistoryEvent::Updated(event) => {
                    head.head.info_rev = event.rev;
                    take_info(&mut conversation.about, event);
                }
                HistoryEvent::Floored(event) => self.raise_floor(conversation, event.floor_seq),
            },
            Event::Skipped { .. } => {}
        }
    }

    /// The floor of the head moves up, and what is left open by that is asked for.
    pub(super) fn raise_floor(&mut self, conversation: &mut Conversation, floor_seq: u64) {
        let is_doubtful = conversation.head.is_doubtful_above(floor_seq);
        conversation.head.raise_floor(floor_seq);
        if is_doubtful {
            self.ask_about(conversation);
        }
    }

    fn take_message_news(&mut self, conversation: &mut Conversation, message: &Message) {
        let reader = self.reader();
        let is_foreign = message.from.is_none() || message.from != reader.user;
        let is_unseen = message.seq > conversation.head.shown_read(conversation.own_read_seq);
        let is_quiet = message.silent == Some(true) || message.deleted == Some(true);
        if is_foreign && is_unseen && !is_quiet {
            self.effect(Effect::Notify { conversation: conversation.id(), seq: message.seq });
        }
        conversation.head.make(message, reader);
    }

    /// Lets the hole of a conversation be filled: after the wait for what comes late, or at once after a told head.
    pub(super) fn repair_later(&mut self, conversation: &mut Conversation, is_told: bool) {
        // A sync may bring it; when it is done all holes are looked at.
        if !self.is_settled() || conversation.repair != Repair::None {
            return;
        }
        let from_ms = if is_told { 0 } else { HOLE_MS };
        let is_large = conversation.about.members > SMALL_CONVERSATION;
        let spread_ms = if is_large { HOLE_SPREAD_MS } else { 0 };
        self.wait(Timer::Fill { conversation: conversation.id() }, from_ms, from_ms + spread_ms);
        conversation.repair = Repair::Waiting;
    }

    /// The own mark was stored: on this session's word or another one's.
    pub(super) fn tell_read(&mut self, read: &Read) {
        self.with(read.conversation, |state, known| {
            if read.seq <= known.head.head.read_seq {
                return;
            }
            state.stir();
            let is_doubtful = known.head.is_doubtful(read.seq, read.mentions);
            known.head.read(read.seq, read.mentions);
            if is_doubtful {
                state.ask_about(known);
            }
        });
    }

    /// The conversation is no longer the user's.
    pub(super) fn leave(&mut self, id: ConversationId) {
        if self.conversations.remove(&id).is_some() {
            self.stir();
            self.effect(Effect::Drop { conversation: id });
        }
    }

    /// The user has read up to here, at this client.
    pub(super) fn read_here(&mut self, id: ConversationId, up_to_seq: u64) {
        self.with(id, |state, known| {
            let seq = up_to_seq.min(known.head.head.last_seq);
            let is_marked = known.about.unread_from.is_some() && !known.is_unmarked;
            if seq <= known.own_read_seq.max(known.head.head.read_seq) && !is_marked {
                return;
            }
            known.is_unmarked |= is_marked;
            known.own_read_seq = known.own_read_seq.max(seq);
            if state.is_live() {
                state.effect(Effect::Read { conversation: id, seq });
            }
        });
    }

    /// Applies an event of the user's own counter that comes next.
    pub(super) fn apply_user(&mut self, event: UserEvent, rev: u64) {
        self.stir();
        self.user_rev = rev;
        match event {
            UserEvent::Me(me) => self.take_me(me.user, me.blocked),
            UserEvent::Gone(id) => self.leave(id),
            UserEvent::Conversation(described) => {
                let id = described.conversation;
                self.describe(*described, false);
                self.want_content(id);
            }
        }
    }
}

fn take_members(about: &mut Described, event: &Membership, own: Option<UserId>) {
    for change in &event.changes {
        match change.change {
            MemberChangeKind::Joined => about.members += 1,
            MemberChangeKind::Left | MemberChangeKind::Removed => {
                about.members = about.members.saturating_sub(1);
            }
            MemberChangeKind::Role if Some(change.user) == own => {
                about.role = change.role.unwrap_or(about.role);
            }
            MemberChangeKind::Role => {}
        }
    }
}

fn take_info(about: &mut Described, event: &Updated) {
    let set = |field: &mut Option<String>, value: &Option<String>| {
        if let Some(value) = value {
            *field = Some(value.clone()).filter(|text| !text.is_empty());
        }
    };
    set(&mut about.title, &event.title);
    set(&mut about.description, &event.description);
    set(&mut about.alias, &event.alias);
    if let Some(avatar) = &event.avatar {
        about.avatar = avatar.parse().ok();
    }
    if let Some(settings) = &event.settings {
        about.settings = settings.clone();
    }
}
