//! Requests about presence, typing and what is on screen.

use voodoo_proto::event::{Reads, ServerFrame, Typing};
use voodoo_proto::object::{Kind, Mark, Presence, PresenceState, UserMark};
use voodoo_proto::reply::{Done as Nothing, Watched};
use voodoo_proto::{ConversationId, RefusalCode, UserId, request};

use super::requests::Asker;
use super::{Done, Session};
use crate::account;
use crate::attention::Status;
use crate::bus::{Hint, Whisper};
use crate::census::Acquaintance;
use crate::error::Refusal;
use crate::frame;
use crate::rates::Bucket;

/// Code points of a status text, at most.
const MAX_STATUS_CHARS: usize = 128;

impl Session {
    /// Passes on up to where messages have arrived, to whoever looks at small conversations.
    pub(super) fn note_received(&self, heads: &[Mark]) {
        let Some(handle) = self.handle() else { return };
        let limit = usize::try_from(self.core.settings.rules.limits.page).unwrap_or(usize::MAX);
        for mark in heads.iter().take(limit) {
            if !self.core.hub.is_subscribed(handle, mark.conversation) {
                continue;
            }
            let received = vec![UserMark { user: handle.user, seq: mark.seq }];
            let conversation = mark.conversation;
            let reads = Reads { conversation, read: Vec::new(), received };
            self.core.bus.publish(Hint::Whisper(Whisper {
                conversation,
                from: handle.user,
                to_all: false,
                frame: frame::encode(&ServerFrame::Reads(reads)),
            }));
        }
    }
}

impl Asker {
    pub(super) fn focus(&self, focus: request::Focus) -> Done {
        let limit = self.core.settings.rules.limits.focus;
        let n = focus.conversations.len();
        if n > usize::try_from(limit).unwrap_or(usize::MAX) {
            let words = format!("{n} on screen, {limit} allowed");
            return self.answer::<Nothing>(None, Err(Refusal::field("conversations", words)));
        }
        let own = |id: &ConversationId| self.core.hub.is_subscribed(&self.handle, *id);
        self.handle.set_focus(focus.conversations.into_iter().filter(own).collect());
        self.answer(None, Ok(Nothing {}))
    }

    pub(super) fn active(&self, active: &request::Active) -> Done {
        self.core.attention.set_active(&self.handle, active.on);
        self.answer(None, Ok(Nothing {}))
    }

    pub(super) fn status(&self, status: request::Status) -> Done {
        let text = status.text.map(|text| account::tidy(&text)).filter(|text| !text.is_empty());
        let is_fit = text.as_ref().is_none_or(|text| {
            text.chars().count() <= MAX_STATUS_CHARS && !text.chars().any(crate::apply::is_unseen)
        });
        let set = if is_fit { self.rate(Bucket::React) } else { Err(unfit()) };
        if set.is_ok() {
            let (state, until_ms) = (status.state, status.until_ms);
            let status = Status { state, text, until_ms };
            self.core.attention.set_status(self.handle.user, status);
        }
        self.answer(None, set.map(|()| Nothing {}))
    }

    pub(super) async fn watch(self, watch: request::Watch) -> Done {
        let known = match self.may_watch(watch.users.len()) {
            Ok(()) => {
                let (user, store) = (self.handle.user, &self.core.store);
                self.timed(store.acquaintances(user, &watch.users)).await
            }
            Err(refusal) => Err(refusal),
        };
        let answer = known.map(|known| {
            let presence: Vec<Presence> =
                watch.users.iter().map(|user| self.presence_of(*user, &known)).collect();
            let is_told = |one: &&Presence| {
                known.iter().any(|known| known.user == one.user && !known.is_blocked)
            };
            let told: Vec<Presence> = presence.iter().filter(is_told).cloned().collect();
            self.core.attention.watch(&self.handle, &told);
            Watched { presence }
        });
        self.answer(None, answer)
    }

    fn may_watch(&self, n: usize) -> Result<(), Refusal> {
        self.rate(Bucket::History)?;
        let limit = self.core.settings.rules.limits.watch;
        if n > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(Refusal::field("users", format!("{n} watched, {limit} allowed")));
        }
        Ok(())
    }

    /// Whoever shares nothing with the asker is unknown; of two who block, each sees the other
    /// offline.
    fn presence_of(&self, user: UserId, known: &[Acquaintance]) -> Presence {
        let plain = |state| Presence { user, state, text: None };
        match known.iter().find(|known| known.user == user) {
            None => plain(PresenceState::Unknown),
            Some(Acquaintance { is_blocked: true, .. }) => plain(PresenceState::Offline),
            Some(_) => {
                let (core, now_ms) = (&self.core, self.core.clock.now_ms());
                core.attention.presence(&core.hub, &core.settings, user, now_ms)
            }
        }
    }

    /// Tells others that the asker is writing; a sign that may not go out is dropped, for it has
    /// no reply.
    pub(super) async fn typing(self, typing: request::Typing) -> Done {
        if let Some(to_all) = self.may_show_typing(typing.conversation).await {
            let (user, conversation) = (self.handle.user, typing.conversation);
            let frame = ServerFrame::Typing(Typing { conversation, user });
            let frame = frame::encode(&frame);
            self.core.bus.publish(Hint::Whisper(Whisper {
                conversation,
                from: user,
                to_all,
                frame,
            }));
        }
        Done::Answered { lane: None, frame: None, is_over_rate: false }
    }

    /// Whether it goes to all sessions, or to those that look; `None` if to nobody.
    async fn may_show_typing(&self, conversation: ConversationId) -> Option<bool> {
        let core = &self.core;
        let user = self.handle.user;
        if !core.hub.is_subscribed(&self.handle, conversation)
            || !self.handle.may_type(conversation, core.settings.typing_pause)
        {
            return None;
        }
        let found =
            self.timed(core.store.conversations(user, &[conversation])).await.ok()?.pop()?;
        let small = u64::from(core.settings.rules.limits.small_conversation);
        match (found.kind, found.peer) {
            (Kind::Direct, Some(peer)) => {
                let known = self.timed(core.store.acquaintances(user, &[peer.user])).await.ok()?;
                let is_blocked = known.iter().any(|known| known.is_blocked);
                (!is_blocked).then_some(true)
            }
            (Kind::Group, _) if found.members <= small => Some(false),
            (Kind::Direct | Kind::Group | Kind::Broadcast, _) => None,
        }
    }
}

fn unfit() -> Refusal {
    Refusal {
        field: Some("text"),
        ..Refusal::new(
            RefusalCode::BadRequest,
            format!("at most {MAX_STATUS_CHARS} characters, no control characters"),
        )
    }
}
