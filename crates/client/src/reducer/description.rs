//! How a conversation is described, and heads as the server tells them: in syncs, events and answers.

use voodoo_proto::object::{Conversation as Described, Head};
use voodoo_proto::request::{Get, Request};

use super::State;
use super::conversation::{Conversation, Description, HOLE_MS, Repair};
use super::effect::{Effect, Timer};
use super::head::KnownHead;

impl State {
    /// Takes a head as the server told it. `is_binding`: it counts even where more is held.
    pub(super) fn tell_head(
        &mut self,
        conversation: &mut Conversation,
        head: Head,
        is_binding: bool,
    ) {
        if head.last_rev < conversation.head.head.last_rev {
            if is_binding {
                self.begin_anew(conversation, head);
            } else if head.read_seq > conversation.head.head.read_seq {
                conversation.head.read(head.read_seq, head.mentions);
            }
            return;
        }
        self.stir();
        if head.info_rev > conversation.head.head.info_rev {
            conversation.description = Description::Outdated;
        }
        let (last_rev, floor_seq) = (head.last_rev, head.floor_seq);
        if is_binding {
            conversation.head = KnownHead::told(head);
        } else {
            conversation.head.tell(head);
        }
        match &mut conversation.content {
            None => {
                conversation.have = last_rev;
                self.drain(conversation);
            }
            Some(content) => {
                content.raise_floor(floor_seq);
                if conversation.is_behind() {
                    self.repair_later(conversation, true);
                }
            }
        }
    }

    /// What was held contradicts the server: only its head remains.
    fn begin_anew(&mut self, conversation: &mut Conversation, head: Head) {
        if conversation.content.is_some() {
            self.effect(Effect::Drop { conversation: conversation.id() });
        }
        conversation.forget_content();
        conversation.have = head.last_rev;
        conversation.head = KnownHead::told(head);
    }

    /// Takes a description with its head.
    pub(super) fn describe(&mut self, described: Described, is_binding: bool) {
        let id = described.conversation;
        if let Some(peer) = &described.peer {
            self.put_user(peer.clone());
        }
        if !self.conversations.contains_key(&id) {
            self.stir();
            self.conversations.insert(id, Conversation::begun(described));
            return;
        }
        self.with(id, |state, known| {
            let head = described.head.clone();
            // Left and joined again: what was held is not this membership's.
            if described.join_rev > known.have {
                state.begin_anew(known, head.clone());
                known.own_read_seq = 0;
            }
            // The same mark again may be older than the reading that cleared it.
            known.is_unmarked &= described.unread_from == known.about.unread_from;
            // Its own part is news; what it describes may be older than what events told since.
            let is_older = !is_binding && head.last_rev < known.head.head.last_rev;
            let mut about = described;
            if is_older {
                refresh_info(&mut about, known.about.clone());
            }
            known.about = about;
            let is_current = !is_older && head.info_rev >= known.head.head.info_rev;
            state.tell_head(known, head, is_binding);
            if is_current {
                known.description = Description::Current;
            }
        });
    }

    /// Takes what `get` answered: not the member's own part, which only events of the user change.
    pub(super) fn refresh(&mut self, described: Described) {
        let id = described.conversation;
        if !self.conversations.contains_key(&id) {
            self.describe(described, false);
            return;
        }
        if let Some(peer) = &described.peer {
            self.put_user(peer.clone());
        }
        self.with(id, |state, known| {
            let head = described.head.clone();
            if head.last_rev >= known.head.head.last_rev {
                refresh_info(&mut known.about, described);
                known.head.head.info_rev = head.info_rev;
                known.description = Description::Current;
            } else if known.description == Description::Asked {
                // Events overtook the answer: it is asked for again when they have settled.
                state.wait(Timer::Fill { conversation: id }, HOLE_MS, HOLE_MS);
            }
            if known.content.is_none() && known.repair == Repair::Asked {
                known.repair = Repair::None;
            }
            state.tell_head(known, head, false);
            if !known.held.is_empty() {
                state.repair_later(known, false);
            }
        });
    }

    /// Asks for a description, now or as soon as there is a session.
    pub(super) fn ask_about(&mut self, known: &mut Conversation) {
        known.description = Description::Outdated;
        if self.is_live() {
            known.description = Description::Asked;
            self.request(Request::Get(Get { conversations: vec![known.id()] }));
        }
    }
}

fn refresh_info(about: &mut Described, told: Described) {
    about.title = told.title;
    about.description = told.description;
    about.avatar = told.avatar;
    about.alias = told.alias;
    about.peer = told.peer;
    about.members = told.members;
    about.settings = told.settings;
}
