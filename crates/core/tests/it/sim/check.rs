//! What has to hold when nothing goes on any more.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use voodoo_client::reducer::{Content, Conversation, Input, State};
use voodoo_core::apply::{Reply, Send, Write};
use voodoo_proto::object::{Kind, Message};
use voodoo_proto::{ConversationId, UserId};

use super::device::{Acked, Device};
use super::disk::at_once;
use super::truth::{Checked, Place, Said, must, text_of};
use super::world::World;

impl World {
    /// A quiet point: everything that was acknowledged is there, and everyone sees the same.
    pub(super) async fn check(&mut self) -> Checked {
        self.heal(true);
        self.come_to_rest().await?;
        if self.plan.is_lossless() {
            // Nothing was lost: nobody needs the digest to be right.
            self.compare().await?;
        }
        self.prove().await?;
        self.compare().await?;
        self.check_acks()?;
        self.disk.check()?;
        self.heal(false);
        Ok(())
    }

    /// Every device shows what a fresh client shows.
    async fn compare(&mut self) -> Checked {
        let n_devices = self.devices.len();
        let mut fresh = BTreeSet::new();
        for at in 0..n_devices {
            let who = self.devices[at].who;
            if fresh.insert(who.user) {
                let device = Device::new(format!("fresh {}", who.user), who, 0, self.fork());
                self.devices.push(device);
            }
        }
        self.come_to_rest().await?;
        self.load_everything(n_devices).await?;
        let fresh = self.devices.split_off(n_devices);
        for other in &fresh {
            let user = other.who.user;
            self.check_fresh(user, &other.state)?;
            for device in self.devices.iter().filter(|device| device.who.user == user) {
                same(&device.state, &other.state)
                    .map_err(|broken| format!("{}: {broken}", device.name))?;
            }
        }
        Ok(())
    }

    /// The devices from `from` on load every page that there is.
    async fn load_everything(&mut self, from: usize) -> Checked {
        for device in &mut self.devices[from..] {
            for id in device.state.conversations.keys().copied().collect::<Vec<_>>() {
                device.apply(&mut self.common, Input::Open(id))?;
            }
        }
        loop {
            self.come_to_rest().await?;
            let mut is_whole = true;
            for device in &mut self.devices[from..] {
                let known = device.state.conversations.values();
                let partly = known.filter(|known| known.content.is_none() || known.has_older());
                for id in partly.map(Conversation::id).collect::<Vec<_>>() {
                    is_whole = false;
                    device.apply(&mut self.common, Input::Open(id))?;
                    device.apply(&mut self.common, Input::Older(id))?;
                }
            }
            if is_whole {
                return Ok(());
            }
        }
    }

    /// A fresh client shows what was committed.
    fn check_fresh(&self, user: UserId, fresh: &State) -> Checked {
        let digest = self.digest(user);
        must!(fresh.digest() == digest, "{user}: {:?} is not {digest:?}", fresh.digest());
        let truth = self.common.truth.lock();
        let mine = truth.places.iter().filter(|(_, place)| place.is_in(user));
        let mine: Vec<ConversationId> = mine.map(|(id, _)| *id).collect();
        let shown: Vec<ConversationId> = fresh.conversations.keys().copied().collect();
        must!(mine == shown, "{user} is in {mine:?} and sees {shown:?}");
        for (id, known) in &fresh.conversations {
            check_messages(user, &truth.places[id], known)
                .map_err(|broken| format!("{user} in {id}: {broken}"))?;
        }
        Ok(())
    }

    /// What was acknowledged is stored once, where it was acknowledged.
    fn check_acks(&self) -> Checked {
        for acked in self.common.acked.values() {
            self.check_ack(acked)?;
        }
        Ok(())
    }

    fn check_ack(&self, acked: &Acked) -> Checked {
        let Acked { draft, who, place: (seq, rev, at_ms) } = acked;
        let repeat = Write::Send(Send {
            conversation: draft.conversation,
            sender: who.user,
            client_id: draft.client_id,
            body: draft.body.clone(),
            reply_to: None,
            is_silent: false,
            mentions: None,
            at_ms: *at_ms,
            over_rate_ms: Some(1),
        });
        let engine = &self.common.server().engine;
        let answer = at_once(engine.commit(vec![repeat])).unwrap().pop().unwrap();
        let reply = answer.map(|applied| applied.reply);
        let is_there = matches!(&reply, Ok(Reply::Sent { placed, duplicate: true })
            if (placed.seq, placed.rev, placed.at_ms) == acked.place);
        must!(is_there, "{} was acknowledged at {:?}: {reply:?}", draft.client_id, acked.place);
        let truth = self.common.truth.lock();
        let place = &truth.places[&draft.conversation];
        if *seq <= place.floor_seq {
            return Ok(());
        }
        let said = place.messages.get(seq);
        let is_same = said.is_some_and(|said| {
            let is_untouched = said.edits == 0 && said.text.is_some();
            (said.sender, said.client_id, said.rev) == (who.user, draft.client_id, *rev)
                && (!is_untouched || said.text == text_of(&draft.body))
        });
        must!(is_same, "{} stands as {said:?}", draft.client_id);
        Ok(())
    }
}

/// All that the member may read is there, in its current state.
fn check_messages(user: UserId, place: &Place, known: &Conversation) -> Checked {
    let content = known.content.as_ref().ok_or("nothing was loaded")?;
    let first_seq = place.first_seq(user);
    must!(known.about.from_seq == first_seq, "begins at {}", known.about.from_seq);
    let readable: Vec<u64> = place.messages.range(first_seq..).map(|(seq, _)| *seq).collect();
    let held: Vec<u64> = content.messages.keys().copied().collect();
    must!(readable == held, "has {held:?} of {readable:?}");
    for (seq, message) in &content.messages {
        let said = &place.messages[seq];
        must!(stands_as(user, place.kind, message, said), "{message:?} is not {said:?}");
    }
    Ok(())
}

fn stands_as(user: UserId, kind: Kind, message: &Message, said: &Said) -> bool {
    let reactions = message
        .reactions
        .iter()
        .flatten()
        .map(|reaction| (reaction.emoji.clone(), reaction.count, reaction.mine == Some(true)));
    let reactions: BTreeSet<_> = reactions.collect();
    let wanted = said
        .reactions
        .iter()
        .map(|(emoji, users)| (emoji.clone(), users.len() as u64, users.contains(&user)));
    message.from == (kind != Kind::Broadcast).then_some(said.sender)
        && message.client_id == said.client_id
        && message.rev == said.rev
        && message.at_ms == said.at_ms
        && message.body.as_ref().and_then(text_of) == said.text
        && message.deleted == said.text.is_none().then_some(true)
        && message.edits.unwrap_or_default() == said.edits
        && message.pinned.unwrap_or_default() == said.is_pinned
        && reactions == wanted.collect()
}

/// One state shows what the other shows, as far as it loaded it.
fn same(state: &State, fresh: &State) -> Checked {
    let (own, told) = (state.digest(), fresh.digest());
    must!(own == told, "{own:?} is not {told:?}");
    must!(state.me == fresh.me, "{:?} is not {:?}", state.me, fresh.me);
    must!(state.blocked == fresh.blocked, "blocks {:?}, not {:?}", state.blocked, fresh.blocked);
    let (own, told) = (state.conversations.keys(), fresh.conversations.keys());
    must!(own.clone().eq(told.clone()), "{own:?} are not {told:?}");
    for (id, known) in &state.conversations {
        let other = &fresh.conversations[id];
        same_conversation(known, other).map_err(|broken| format!("{id}: {broken}"))?;
    }
    Ok(())
}

fn same_conversation(known: &Conversation, other: &Conversation) -> Checked {
    let (own, told) = (&known.head.head, &other.head.head);
    must!(own == told, "{}", differing(own, told));
    let (own, told) = (about(known), about(other));
    must!(own == told, "{}", differing(&own, &told));
    let badge = |known: &Conversation| (known.unread(), known.mentions());
    must!(badge(known) == badge(other), "badge {:?}, not {:?}", badge(known), badge(other));
    match (&known.content, &other.content) {
        (Some(own), Some(all)) => same_content(own, all, known.about.kind),
        (None, _) => Ok(()),
        (Some(_), None) => Err("the fresh client loaded nothing".to_owned()),
    }
}

/// What is told of a conversation beside its head. The profile of the other side has a way of its
/// own, and the members of a broadcast are counted only when asked for.
fn about(known: &Conversation) -> voodoo_proto::object::Conversation {
    let mut about = known.about.clone();
    about.head = known.head.head.clone();
    about.user_rev = None;
    if let Some(peer) = &mut about.peer {
        peer.name.clear();
        peer.profile = 0;
    }
    about.members = 0;
    about
}

fn same_content(own: &Content, all: &Content, kind: Kind) -> Checked {
    let plain = |message: &Message| plain(message, kind);
    let held: Vec<u64> = own.messages.keys().copied().collect();
    let covered: Vec<u64> = own.ranges.iter().flat_map(|(from, to)| *from..=*to).collect();
    must!(held == covered, "holds {held:?} and covers {covered:?}");
    for (seq, message) in &own.messages {
        let (own, told) = (Some(plain(message)), all.messages.get(seq).map(&plain));
        must!(own == told, "{seq}: {}", differing(&own, &told));
    }
    for (from, to) in &own.ranges {
        // What was before the first message is known to be whole only by the page that says so.
        let lo = if own.at_start { first_rev(all, *from) } else { all.messages[from].rev };
        let hi = next_rev(all, *to);
        for (rev, event) in all.events.range(lo..hi) {
            let held = own.events.get(rev);
            must!(held == Some(event), "{held:?} is not {event:?} between {from} and {to}");
        }
    }
    for (rev, event) in &own.events {
        must!(all.events.get(rev) == Some(event), "{event:?} is not there any more");
    }
    Ok(())
}

/// No reactions are no reactions; and those to a broadcast are counters, which are asked for apart.
fn plain(message: &Message, kind: Kind) -> Message {
    let reactions = message.reactions.clone();
    let mut reactions = reactions.filter(|some| kind != Kind::Broadcast && !some.is_empty());
    for reaction in reactions.iter_mut().flatten() {
        reaction.mine = None;
    }
    Message { reactions, ..message.clone() }
}

fn first_rev(all: &Content, seq: u64) -> u64 {
    let is_first = all.messages.keys().next() == Some(&seq);
    if is_first { 0 } else { all.messages[&seq].rev }
}

fn next_rev(all: &Content, seq: u64) -> u64 {
    all.messages.range(seq + 1..).next().map_or(u64::MAX, |(_, message)| message.rev)
}

/// The fields in which two objects differ.
fn differing<T: Serialize>(own: &T, told: &T) -> String {
    let fields = |of: &T| match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (own, told) = (fields(own), fields(told));
    let names: BTreeSet<&String> = own.keys().chain(told.keys()).collect();
    let differing = names.into_iter().filter(|name| own.get(*name) != told.get(*name));
    let words =
        differing.map(|name| format!("{name}: {:?}, not {:?}", own.get(name), told.get(name)));
    words.collect::<Vec<_>>().join("; ")
}
