//! What the store committed, noted as it happens and told in words of its own: what everything
//! that people see is compared with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use voodoo_core::apply::{Applied, Effect, React, Reply, Send, Together, Wishes, Write};
use voodoo_core::store::{Snapshot, StoredMark};
use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{Body, Conversation, Digest, Head, Kind};
use voodoo_proto::{ClientId, ConversationId, UserId};

/// A promise that was not kept, in words.
pub(super) type Broken = String;

pub(super) type Checked<T = ()> = Result<T, Broken>;

/// Says what is wrong unless it is right.
macro_rules! must {
    ($right:expr, $($words:tt)+) => {
        if !$right {
            return Err(format!($($words)+));
        }
    };
}
pub(super) use must;

/// Where a conversation stands for one user: `last_rev` and the stored mark.
pub(super) type Heads = BTreeMap<ConversationId, (u64, u64)>;

#[derive(Default)]
pub(super) struct Truth {
    pub(super) places: BTreeMap<ConversationId, Place>,
    /// Where each message stands by its name, as first placed.
    pub(super) named: HashMap<(ConversationId, UserId, ClientId), (u64, u64)>,
    reads: BTreeMap<(UserId, ConversationId), u64>,
    digests: HashMap<(UserId, [u64; 4]), Heads>,
    /// A membership begins just before its conversation is told.
    entering: Option<(UserId, Stay)>,
    /// What was found wrong while noting.
    broken: Option<Broken>,
}

pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) last_seq: u64,
    pub(super) last_rev: u64,
    pub(super) is_destroyed: bool,
    pub(super) floor_seq: u64,
    pub(super) messages: BTreeMap<u64, Said>,
    pub(super) stays: BTreeMap<UserId, Vec<Stay>>,
}

/// A membership, from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    from_seq: u64,
    /// The newest change that the member may hear of.
    until_rev: Option<u64>,
}

/// A message as it has to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) sender: UserId,
    pub(super) client_id: ClientId,
    pub(super) rev: u64,
    pub(super) at_ms: u64,
    pub(super) text: Option<String>,
    pub(super) edits: u64,
    pub(super) is_pinned: bool,
    pub(super) reactions: BTreeMap<String, BTreeSet<UserId>>,
    pub(super) mentioned: BTreeSet<UserId>,
}

pub(super) fn text_of(body: &Body) -> Option<String> {
    match body {
        Body::Text { text } => Some(text.clone()),
        Body::Unknown => None,
    }
}

pub(super) fn sums(digest: &Digest) -> [u64; 4] {
    [digest.user_rev, digest.conversations, digest.revs, digest.reads]
}

impl Truth {
    /// What was found wrong so far.
    pub(super) fn verdict(&self) -> Checked {
        self.broken.clone().map_or(Ok(()), Err)
    }

    pub(super) fn note(&mut self, checked: Checked) {
        if let (None, Err(broken)) = (&self.broken, checked) {
            self.broken = Some(broken);
        }
    }

    /// Notes what a write came to.
    pub(super) fn committed(&mut self, write: &Write, applied: &Applied) {
        let checked = self.take(write, applied);
        self.note(checked);
    }

    fn take(&mut self, write: &Write, applied: &Applied) -> Checked {
        for effect in &applied.effects {
            self.take_effect(effect)?;
        }
        match write {
            Write::Send(send) => self.take_send(send, &applied.reply),
            Write::Edit(edit) if !applied.effects.is_empty() => {
                let said = self.said(edit.conversation, edit.seq)?;
                said.text = text_of(&edit.body);
                said.edits += 1;
                Ok(())
            }
            Write::Delete(delete) => delete.seqs.iter().try_for_each(|seq| {
                let said = self.said(delete.conversation, *seq)?;
                said.text = None;
                said.is_pinned = false;
                said.reactions.clear();
                Ok(())
            }),
            Write::React(_) if matches!(applied.reply, Reply::Later(_)) => Ok(()),
            Write::React(react) => self.take_react(react),
            Write::Together(Together { wishes: Wishes::Reactions(reacts), .. }) => {
                let Reply::Each(each) = &applied.reply else {
                    return Err(format!("{:?} answers several", applied.reply));
                };
                let done = reacts.iter().zip(each).filter(|(_, reply)| reply.is_ok());
                done.map(|(react, _)| react).try_for_each(|react| self.take_react(react))
            }
            Write::Pin(pin) => {
                self.said(pin.conversation, pin.seq)?.is_pinned = pin.on;
                Ok(())
            }
            Write::Edit(_)
            | Write::Create(_)
            | Write::Update(_)
            | Write::Destroy(_)
            | Write::Join(_)
            | Write::Leave(_)
            | Write::AddMembers(_)
            | Write::RemoveMember(_)
            | Write::SetRole(_)
            | Write::Set(_)
            | Write::Accept(_)
            | Write::Block(_)
            | Write::Together(_)
            | Write::MoveFloor(_)
            | Write::Profile(_) => Ok(()),
        }
    }

    fn take_react(&mut self, react: &React) -> Checked {
        let said = self.said(react.conversation, react.seq)?;
        let users = said.reactions.entry(react.emoji.clone()).or_default();
        if react.on {
            users.insert(react.by);
        } else {
            users.remove(&react.by);
        }
        said.reactions.retain(|_, users| !users.is_empty());
        Ok(())
    }

    /// Counters have no gaps, and who hears of a conversation is known from here.
    fn take_effect(&mut self, effect: &Effect) -> Checked {
        match effect {
            Effect::Event { conversation, rev, frame, .. } => {
                let place = self.place(*conversation)?;
                must!(*rev == place.last_rev + 1, "{conversation}: {rev} after {}", place.last_rev);
                must!(!place.is_destroyed, "{conversation}: {rev} after its end");
                place.last_rev = *rev;
                if let ServerFrame::Floored(floored) = frame {
                    place.floor_seq = floored.floor_seq;
                    place.messages = place.messages.split_off(&(floored.floor_seq + 1));
                }
            }
            Effect::ToUser { user, frame: ServerFrame::Conversation(told) } => {
                self.take_told(*user, told)?;
            }
            Effect::ToUser { .. } => {}
            Effect::Enter { user, from_seq, .. } => {
                self.entering = Some((*user, Stay { from_seq: *from_seq, until_rev: None }));
            }
            Effect::Exit { user, conversation } => {
                let place = self.place(*conversation)?;
                let last_rev = place.last_rev;
                place.forget_calls(*user);
                let stay = place.stays.get_mut(user).and_then(|stays| stays.last_mut());
                let stay = stay.ok_or_else(|| format!("{user} left {conversation} twice"))?;
                stay.until_rev = Some(last_rev);
            }
            Effect::Destroyed { conversation, .. } => {
                let place = self.place(*conversation)?;
                place.is_destroyed = true;
                let last_rev = place.last_rev;
                for stay in place.stays.values_mut().filter_map(|stays| stays.last_mut()) {
                    stay.until_rev = Some(stay.until_rev.unwrap_or(last_rev));
                }
            }
        }
        Ok(())
    }

    fn take_told(&mut self, user: UserId, told: &Conversation) -> Checked {
        let head = &told.head;
        let place = self.places.entry(told.conversation).or_insert_with(|| Place {
            kind: told.kind,
            last_seq: head.last_seq,
            last_rev: head.last_rev,
            is_destroyed: false,
            floor_seq: head.floor_seq,
            messages: BTreeMap::new(),
            stays: BTreeMap::new(),
        });
        let (last_seq, last_rev) = (place.last_seq, place.last_rev);
        must!(
            head.last_rev == last_rev,
            "{}: told {} of {last_rev}",
            told.conversation,
            head.last_rev
        );
        must!(
            head.last_seq == last_seq,
            "{}: told {} of {last_seq}",
            told.conversation,
            head.last_seq
        );
        if let Some((_, stay)) = self.entering.take_if(|(entering, _)| *entering == user) {
            place.forget_calls(user);
            place.stays.entry(user).or_default().push(stay);
        }
        Ok(())
    }

    fn take_send(&mut self, send: &Send, reply: &Reply) -> Checked {
        let Reply::Sent { placed, duplicate } = reply else {
            return Err(format!("{} was answered with {reply:?}", send.client_id));
        };
        let name = (send.conversation, send.sender, send.client_id);
        let at = (placed.seq, placed.rev);
        if *duplicate {
            let first = self.named.get(&name).copied();
            must!(
                first == Some(at),
                "{}: a repeat stands at {at:?}, not {first:?}",
                send.client_id
            );
            return Ok(());
        }
        let known = self.named.insert(name, at);
        must!(known.is_none(), "{}: stored at {at:?} and {known:?}", send.client_id);
        let place = self.place(send.conversation)?;
        let (last_seq, last_rev) = (place.last_seq, place.last_rev);
        must!(at == (last_seq + 1, last_rev), "{}: {at:?} after {last_seq}", send.client_id);
        place.last_seq = placed.seq;
        let called = send.mentions.iter().flat_map(|mentions| mentions.users.iter().flatten());
        let mentioned =
            called.filter(|user| **user != send.sender && place.is_in(**user)).copied().collect();
        let said = Said {
            sender: send.sender,
            client_id: send.client_id,
            rev: placed.rev,
            at_ms: placed.at_ms,
            text: text_of(&send.body),
            edits: 0,
            is_pinned: false,
            reactions: BTreeMap::new(),
            mentioned,
        };
        place.messages.insert(placed.seq, said);
        Ok(())
    }
}

impl Truth {
    fn place(&mut self, conversation: ConversationId) -> Checked<&mut Place> {
        self.places.get_mut(&conversation).ok_or_else(|| format!("{conversation} was never made"))
    }

    fn said(&mut self, conversation: ConversationId, seq: u64) -> Checked<&mut Said> {
        let said = self.place(conversation)?.messages.get_mut(&seq);
        said.ok_or_else(|| format!("{conversation}: {seq} was changed and never made"))
    }

    /// Notes stored marks: they never go back.
    pub(super) fn marked(&mut self, marks: &[StoredMark]) {
        for mark in marks {
            let checked = self.take_mark((mark.user, mark.conversation), mark.seq);
            self.note(checked);
        }
    }

    fn take_mark(&mut self, whose: (UserId, ConversationId), seq: u64) -> Checked {
        let known = self.reads.entry(whose).or_default();
        must!(
            seq >= *known,
            "{} of {}: the mark goes back from {known} to {seq}",
            whose.1,
            whose.0
        );
        *known = seq;
        Ok(())
    }

    /// Notes everything that one user has in one snapshot of the store.
    pub(super) fn seen(&mut self, user: UserId, all: &Snapshot) {
        let checked = self.take_snapshot(user, all);
        self.note(checked);
    }

    fn take_snapshot(&mut self, user: UserId, all: &Snapshot) -> Checked {
        let mut heads = Heads::new();
        for told in &all.conversations {
            self.take_head(user, &told.head)?;
            heads.insert(told.conversation, (told.head.last_rev, told.head.read_seq));
        }
        let key = (user, sums(&all.digest));
        let known = self.digests.entry(key).or_insert_with(|| heads.clone());
        must!(*known == heads, "{user}: {:?} stands for {known:?} and {heads:?}", all.digest);
        Ok(())
    }

    fn take_head(&mut self, user: UserId, head: &Head) -> Checked {
        let conversation = head.conversation;
        let place = self.place(conversation)?;
        must!(place.is_in(user), "{conversation} is told to {user}, who is not in");
        let (last_seq, last_rev) = (place.last_seq, place.last_rev);
        must!(head.last_rev == last_rev, "{conversation} has {} of {last_rev}", head.last_rev);
        must!(head.last_seq == last_seq, "{conversation} has {} of {last_seq}", head.last_seq);
        let n_calls = place.calls(user, head.read_seq);
        must!(
            head.mentions == n_calls,
            "{conversation} calls {user} {n_calls} times above {}, not {}",
            head.read_seq,
            head.mentions
        );
        self.take_mark((user, conversation), head.read_seq)
    }

    /// Equal sums stand for equal heads: those that the server had at that moment.
    pub(super) fn proves(&self, user: UserId, digest: &Digest, heads: &Heads) -> Checked {
        let told = self.digests.get(&(user, sums(digest)));
        must!(told.is_some(), "{user}: the server never had {digest:?}");
        must!(told == Some(heads), "{user}: {digest:?} agrees, but {heads:?} is not {told:?}");
        Ok(())
    }

    /// Whether a session of the user may hear of a change, `about_seq` in it if it is about one.
    pub(super) fn may_hear(
        &self,
        user: UserId,
        (conversation, rev): (ConversationId, u64),
        about_seq: Option<u64>,
    ) -> Checked {
        let place = self.places.get(&conversation);
        let stays = place.and_then(|place| place.stays.get(&user)).map_or(&[][..], Vec::as_slice);
        let is_heard = stays.iter().any(|stay| {
            stay.until_rev.is_none_or(|until| rev <= until)
                && about_seq.is_none_or(|seq| seq >= stay.from_seq)
        });
        must!(is_heard, "{user} hears {rev} of {conversation} about {about_seq:?}: {stays:?}");
        Ok(())
    }
}

impl Place {
    pub(super) fn is_in(&self, user: UserId) -> bool {
        let stay = self.stays.get(&user).and_then(|stays| stays.last());
        !self.is_destroyed && stay.is_some_and(|stay| stay.until_rev.is_none())
    }

    pub(super) fn first_seq(&self, user: UserId) -> u64 {
        let stay = self.stays.get(&user).and_then(|stays| stays.last());
        stay.map_or(u64::MAX, |stay| stay.from_seq)
    }

    /// What called a user counts only for the membership that it was in.
    fn forget_calls(&mut self, user: UserId) {
        for said in self.messages.values_mut() {
            said.mentioned.remove(&user);
        }
    }

    fn calls(&self, user: UserId, above_seq: u64) -> u64 {
        let above = self.messages.range(above_seq + 1..);
        above.filter(|(_, said)| said.mentioned.contains(&user)).count() as u64
    }
}
