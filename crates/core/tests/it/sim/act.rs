//! What people do, at random and from what their device shows them.

use std::sync::Arc;

use voodoo_client::reducer::{Conversation, Draft, Input, Phase};
use voodoo_core::apply::{MoveFloor, Profile, Write};
use voodoo_proto::object::{
    Body, HistoryRule, JoinRule, Kind, MentionAll, Mentions, Message, PostRule, Role,
    SettingsChange,
};
use voodoo_proto::request::{
    Accept, Block, Create, Delete, Destroy, Edit, Join, Leave, MemberAdd, MemberRemove, MemberRole,
    Pin, React, Request, Send, Set, Update,
};
use voodoo_proto::{ClientId, ConversationId, UserId};

use super::bus::DOOM;
use super::chance::Chance;
use super::device::{Common, Device};
use super::truth::Checked;

const EMOJI: [&str; 3] = ["👍", "🎉", "❤️"];

/// Who acts: a person, at a device, with what they know.
pub(super) struct Actor<'a> {
    pub(super) device: &'a mut Device,
    pub(super) common: &'a mut Common,
    pub(super) chance: &'a mut Chance,
    pub(super) users: &'a [UserId],
    /// Counts what is made, so that every text and name is made once.
    pub(super) n_made: &'a mut u64,
}

impl Actor<'_> {
    pub(super) fn act(&mut self) -> Checked {
        let kind = self.chance.below(100);
        match kind {
            0..=39 => self.write(),
            40..=49 => self.read(),
            50..=63 => self.look(),
            64..=79 => self.touch_message(),
            _ => self.arrange(),
        }
    }

    fn number(&mut self) -> u64 {
        *self.n_made += 1;
        *self.n_made
    }

    fn client_id(&mut self) -> ClientId {
        ClientId::from_bytes(u128::from(self.number()).to_be_bytes())
    }

    fn text(&mut self) -> String {
        let number = self.number();
        let n_more = match self.chance.below(10) {
            0 => self.chance.index(2_000),
            _ => self.chance.index(20),
        };
        let doom = if self.chance.is(60) { DOOM } else { "" };
        format!("{number} {doom}{}", "x".repeat(n_more))
    }

    fn place(&mut self) -> Option<ConversationId> {
        let known: Vec<_> = self.device.state.conversations.keys().copied().collect();
        self.chance.pick(&known)
    }

    fn conversation(&self, id: ConversationId) -> &Conversation {
        &self.device.state.conversations[&id]
    }

    fn user(&mut self) -> UserId {
        self.chance.pick(self.users).unwrap()
    }

    fn ask(&mut self, request: Request) -> Checked {
        if self.device.state.phase == Phase::Live {
            self.device.ask(self.common, request);
        }
        Ok(())
    }

    fn tell(&mut self, input: Input) -> Checked {
        self.device.apply(self.common, input)
    }

    fn write(&mut self) -> Checked {
        if self.chance.is(100) {
            return self.repeat();
        }
        let Some(conversation) = self.place() else { return Ok(()) };
        let last_seq = self.conversation(conversation).head.head.last_seq;
        // Nobody calls themselves, of which a broadcast could not tell its other readers.
        let called = self.user();
        let called = (self.chance.is(300) && called != self.device.who.user).then(|| vec![called]);
        let all = (self.chance.is(60)).then_some(MentionAll::All);
        let mentions =
            (called.is_some() || all.is_some()).then_some(Mentions { users: called, all });
        let draft = Draft {
            client_id: self.client_id(),
            conversation,
            body: Body::Text { text: self.text() },
            reply_to: (last_seq > 0 && self.chance.is(100)).then(|| self.chance.range(1, last_seq)),
            silent: self.chance.is(60).then_some(true),
            mentions,
            made_ms: self.common.server().core.clock.now_ms(),
        };
        self.device.queue(self.common, draft)
    }

    /// Sends once more what was sent long ago.
    fn repeat(&mut self) -> Checked {
        let drafts = self.device.drafts.values();
        let drafts = drafts.filter(|draft| self.common.acked.contains_key(&draft.client_id));
        let drafts: Vec<_> = drafts.cloned().collect();
        let Some(draft) = self.chance.pick(&drafts) else { return Ok(()) };
        let Draft { conversation, client_id, body, reply_to, silent, mentions, .. } = draft;
        self.ask(Request::Send(Send { conversation, client_id, body, reply_to, silent, mentions }))
    }

    fn read(&mut self) -> Checked {
        let Some(conversation) = self.place() else { return Ok(()) };
        let last_seq = self.conversation(conversation).head.head.last_seq;
        let seq = if self.chance.is(500) { last_seq } else { self.chance.range(0, last_seq) };
        self.tell(Input::Read { conversation, seq })
    }

    fn look(&mut self) -> Checked {
        let Some(conversation) = self.place() else { return Ok(()) };
        let last_seq = self.conversation(conversation).head.head.last_seq;
        let seq = self.chance.range(0, last_seq);
        let input = match self.chance.below(14) {
            0..=5 => Input::Open(conversation),
            6 | 7 => Input::Close(conversation),
            8 => Input::Forget(conversation),
            9 => Input::Newer { conversation, after_seq: seq },
            10 => Input::Around { conversation, seq },
            11 => Input::Wake,
            _ => Input::Older(conversation),
        };
        self.tell(input)
    }

    /// A message that the device holds.
    fn message(&mut self) -> Option<Message> {
        let conversation = self.place()?;
        let content = self.conversation(conversation).content.as_ref()?;
        let held: Vec<_> = content.messages.values().cloned().collect();
        self.chance.pick(&held)
    }

    fn touch_message(&mut self) -> Checked {
        let Some(message) = self.message() else { return Ok(()) };
        let (conversation, seq) = (message.conversation, message.seq);
        let on = self.chance.is(600);
        let request = match self.chance.below(10) {
            0..=2 => {
                let edits = message.edits.unwrap_or_default();
                let body = Body::Text { text: self.text() };
                Request::Edit(Edit { conversation, seq, edits, body })
            }
            3 => Request::Delete(Delete { conversation, seqs: vec![seq] }),
            4 => {
                let seqs = (seq..seq + self.chance.range(1, 3)).collect();
                Request::Delete(Delete { conversation, seqs })
            }
            5 | 6 => Request::Pin(Pin { conversation, seq, on }),
            _ => {
                let emoji = self.chance.pick(&EMOJI).unwrap().to_owned();
                Request::React(React { conversation, seq, emoji, on })
            }
        };
        self.ask(request)
    }

    /// What changes conversations and who is in them.
    fn arrange(&mut self) -> Checked {
        let (user, on) = (self.user(), self.chance.is(600));
        let request = match self.chance.below(40) {
            0..=5 => self.create(),
            6 => Request::Block(Block { user, on }),
            7 => return self.rename(),
            8 => return self.lower(),
            9..=12 => {
                // Known from elsewhere, or guessed.
                let conversation = ConversationId::new(1 + i64::from(self.chance.is(500))).unwrap();
                Request::Join(Join { conversation: Some(conversation), alias: None, code: None })
            }
            act => {
                let Some(conversation) = self.place() else { return Ok(()) };
                match act {
                    13..=17 => Request::MemberAdd(MemberAdd {
                        conversation,
                        users: vec![user, self.user()],
                    }),
                    18..=21 => Request::MemberRemove(MemberRemove { conversation, user }),
                    22 | 23 => Request::Leave(Leave { conversation }),
                    24..=26 => {
                        let role = self.chance.pick(&[Role::Member, Role::Admin, Role::Owner]);
                        Request::MemberRole(MemberRole { conversation, user, role: role.unwrap() })
                    }
                    27..=32 => self.set(conversation),
                    33 => Request::Accept(Accept { conversation }),
                    34 if self.chance.is(400) => Request::Destroy(Destroy { conversation }),
                    _ => self.update(conversation),
                }
            }
        };
        self.ask(request)
    }

    fn create(&mut self) -> Request {
        let kind = self.chance.pick(&[Kind::Direct, Kind::Direct, Kind::Group, Kind::Broadcast]);
        let kind = kind.unwrap();
        let is_direct = kind == Kind::Direct;
        let members = if is_direct { vec![self.user()] } else { vec![self.user(), self.user()] };
        let history = self.chance.pick(&[HistoryRule::All, HistoryRule::Joined]);
        Request::Create(Create {
            client_id: self.client_id(),
            kind,
            title: (!is_direct).then(|| format!("Title {}", self.number())),
            description: None,
            alias: None,
            members: Some(members),
            settings: Some(SettingsChange { history, ..SettingsChange::default() }),
        })
    }

    fn set(&mut self, conversation: ConversationId) -> Request {
        let last_seq = self.conversation(conversation).head.head.last_seq;
        let mut set = Set {
            conversation,
            mute_until_ms: None,
            pinned: None,
            archived: None,
            unread_from: None,
            draft: None,
        };
        match self.chance.below(5) {
            0 => set.mute_until_ms = Some(self.chance.below(2) * 1_700_000_000_000),
            1 => set.pinned = Some(self.chance.is(500)),
            2 => set.archived = Some(self.chance.is(500)),
            3 => set.unread_from = Some(self.chance.range(0, last_seq)),
            _ => set.draft = Some(format!("draft {}", self.number())),
        }
        Request::Set(set)
    }

    fn update(&mut self, conversation: ConversationId) -> Request {
        let history = self.chance.pick(&[HistoryRule::All, HistoryRule::Joined]);
        let join = self.chance.pick(&[JoinRule::Open, JoinRule::Link]);
        let post = self.chance.pick(&[PostRule::All, PostRule::All, PostRule::Admins]);
        let settings = SettingsChange { history, join, post, ..SettingsChange::default() };
        let title = (self.chance.is(400)).then(|| format!("Title {}", self.number()));
        let description = (self.chance.is(300)).then(|| format!("About {}", self.number()));
        Request::Update(Update {
            conversation,
            title,
            description,
            avatar: None,
            alias: None,
            settings: self.chance.is(600).then_some(settings),
        })
    }

    /// Beside every session, as HTTP does.
    fn rename(&mut self) -> Checked {
        let (by, name) = (self.device.who.user, format!("Name {}", self.number()));
        let core = Arc::clone(&self.common.server().core);
        self.common.meet("rename");
        self.send_off(async move {
            // Whether it is carried out is the truth's matter.
            drop(core.carry_out(Write::Profile(Profile { by, name })).await);
        })
    }

    /// Messages grow old: the floor moves over some, and what lies below goes at once or later.
    fn lower(&mut self) -> Checked {
        let Some(conversation) = self.place() else { return Ok(()) };
        let last_seq = self.conversation(conversation).head.head.last_seq;
        let floor_seq = self.chance.range(0, last_seq);
        let is_removed = self.chance.is(500);
        let core = Arc::clone(&self.common.server().core);
        self.common.meet("floor");
        self.send_off(async move {
            let at_ms = core.clock.now_ms();
            let floor = MoveFloor { conversation, floor_seq, at_ms };
            // Whether it is carried out is the truth's matter.
            drop(core.carry_out(Write::MoveFloor(floor)).await);
            if is_removed {
                let terms = core.settings.retention;
                core.store.prune(conversation, terms, at_ms).await.expect("pruning does not fail");
            }
        })
    }

    /// Something that the server does beside every session, for as long as it lives.
    fn send_off(
        &mut self,
        errand: impl Future<Output = ()> + std::marker::Send + 'static,
    ) -> Checked {
        self.common.server.as_mut().expect("a server runs").errands.spawn(errand);
        Ok(())
    }
}
