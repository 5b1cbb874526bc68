//! The messages that are held of one conversation. Later states of a message win by `mod_rev`.

use std::collections::BTreeMap;

use voodoo_proto::UserId;
use voodoo_proto::event::HistoryEvent;
use voodoo_proto::object::{Message, ReactionCount};

use super::effect::KeptContent;
use super::event::{MessageChange, MessageEvent};

/// More messages than this are not kept of a conversation that is not open.
pub const MAX_ROWS: usize = 2_000;

/// The held messages and events of one conversation.
///
/// Invariant: `ranges` are ascending and apart, and name exactly the keys of `messages`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// By `seq`, each with its `mod_rev`.
    pub messages: BTreeMap<u64, Message>,
    /// Durable events that are lines of their own, by `rev`.
    pub events: BTreeMap<u64, HistoryEvent>,
    /// Which messages are held without a gap: from the first to the second, both included.
    pub ranges: Vec<(u64, u64)>,
    /// Nothing older exists for this member.
    pub at_start: bool,
}

/// The change that touched a message last.
pub(super) fn touched_at(message: &Message) -> u64 {
    message.mod_rev.unwrap_or(message.rev)
}

impl Content {
    /// Takes back what a cache kept.
    pub(super) fn adopted(kept: KeptContent) -> Self {
        let mut content = Self::default();
        content.put_all(kept.messages);
        content.put_events(kept.events);
        content.ranges = kept.ranges;
        content.at_start = kept.at_start;
        content
    }

    /// Puts a message in its current state beside what is held.
    pub(super) fn put(&mut self, mut message: Message) {
        let seq = message.seq;
        let mod_rev = touched_at(&message);
        if self.messages.get(&seq).is_none_or(|known| touched_at(known) < mod_rev) {
            message.mod_rev = Some(mod_rev);
            self.messages.insert(seq, message);
        }
        self.cover(seq);
    }

    pub(super) fn put_all(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.put(message);
        }
    }

    /// Only those that are held already or were made after `since_rev`: what `changes` brings.
    pub(super) fn put_touched(&mut self, messages: Vec<Message>, since_rev: u64) {
        for message in messages {
            if message.rev > since_rev || self.messages.contains_key(&message.seq) {
                self.put(message);
            }
        }
    }

    /// A move of the floor is no line: what it removed is not there to be missed.
    pub(super) fn put_events(&mut self, events: impl IntoIterator<Item = HistoryEvent>) {
        let lines = events.into_iter().filter(|event| !matches!(event, HistoryEvent::Floored(_)));
        self.events.extend(lines.map(|event| (event.rev(), event)));
    }

    /// Changes one held message, if the change is news to it.
    pub(super) fn change(&mut self, event: &MessageEvent, own: Option<UserId>) {
        let Some(message) = self.messages.get_mut(&event.seq) else { return };
        if touched_at(message) >= event.rev {
            return;
        }
        message.mod_rev = Some(event.rev);
        match &event.change {
            MessageChange::Edited { edits, body } => {
                message.body = Some(body.clone());
                message.edits = Some(*edits);
            }
            MessageChange::Deleted => {
                message.body = None;
                message.reactions = None;
                message.pinned = None;
                message.deleted = Some(true);
            }
            MessageChange::Pinned { on } => message.pinned = on.then_some(true),
            MessageChange::Reacted { emoji, on, counts } => {
                let held = message.reactions.take().unwrap_or_default();
                let is_mine = event.by.is_some() && event.by == own;
                let change = Reaction { emoji: emoji.as_deref(), on: *on, is_mine };
                message.reactions = Some(change.apply(&held, counts.as_deref()));
            }
        }
    }

    /// Drops what lies at or below the floor of retention. Whoever holds the message at the floor
    /// holds from then on all that there is before the next.
    pub(super) fn raise_floor(&mut self, floor_seq: u64) {
        if self.ranges.first().is_none_or(|(from, _)| *from > floor_seq) {
            return;
        }
        let at_floor = self.messages.get(&floor_seq).map(|message| message.rev);
        self.at_start = at_floor.is_some();
        self.keep_from(floor_seq + 1, at_floor);
    }

    /// Keeps the newest rows only.
    pub(super) fn keep_newest(&mut self, n_rows: usize) {
        if self.messages.len() > n_rows {
            let first_seq = self.messages.keys().nth_back(n_rows - 1).copied().unwrap_or_default();
            self.at_start = false;
            self.keep_from(first_seq, None);
        }
    }

    /// Events go with what they stood behind: all up to `above_rev`, or to the first message left.
    fn keep_from(&mut self, first_seq: u64, above_rev: Option<u64>) {
        self.messages = self.messages.split_off(&first_seq);
        let first_rev = self.messages.values().map(|message| message.rev).min();
        let above_rev = above_rev.or(first_rev);
        self.events.retain(|rev, _| above_rev.is_some_and(|above| *rev > above));
        self.ranges.retain(|(_, to)| *to >= first_seq);
        if let Some((from, _)) = self.ranges.first_mut() {
            *from = first_seq.max(*from);
        }
    }

    /// Joins one `seq` to the ranges.
    fn cover(&mut self, seq: u64) {
        let at = self.ranges.partition_point(|(_, to)| to.saturating_add(1) < seq);
        match self.ranges.get_mut(at) {
            Some((from, to)) if *from <= seq.saturating_add(1) => {
                *from = seq.min(*from);
                *to = seq.max(*to);
            }
            _ => self.ranges.insert(at, (seq, seq)),
        }
        if let [(_, to), (from, end), ..] = self.ranges[at..]
            && to + 1 >= from
        {
            self.ranges[at].1 = end;
            self.ranges.remove(at + 1);
        }
    }
}

struct Reaction<'a> {
    emoji: Option<&'a str>,
    on: Option<bool>,
    is_mine: bool,
}

impl Reaction<'_> {
    fn apply(
        &self,
        held: &[ReactionCount],
        counts: Option<&[ReactionCount]>,
    ) -> Vec<ReactionCount> {
        let counts = counts.map_or_else(|| self.counted(held), <[_]>::to_vec);
        let was_mine =
            |emoji: &str| held.iter().any(|known| known.emoji == emoji && known.mine == Some(true));
        counts
            .into_iter()
            .map(|ReactionCount { emoji, count, .. }| {
                let is_this = self.is_mine && self.emoji == Some(&*emoji);
                let mine = if is_this { self.on == Some(true) } else { was_mine(&emoji) };
                ReactionCount { emoji, count, mine: mine.then_some(true) }
            })
            .collect()
    }

    /// An own reaction that was acknowledged: its event, which has the counts, goes to the others.
    fn counted(&self, held: &[ReactionCount]) -> Vec<ReactionCount> {
        let mut counts = held.to_vec();
        let is_set = self.on == Some(true);
        match counts.iter_mut().find(|known| self.emoji == Some(&*known.emoji)) {
            Some(known) if is_set => known.count += 1,
            Some(known) => known.count = known.count.saturating_sub(1),
            None if is_set => counts.extend(self.emoji.map(|emoji| ReactionCount {
                emoji: emoji.to_owned(),
                count: 1,
                mine: None,
            })),
            None => {}
        }
        counts.retain(|known| known.count > 0);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_and_join() {
        let mut content = Content::default();
        for seq in [5, 6, 9, 4, 7, 1, 8, 8] {
            content.cover(seq);
        }
        assert_eq!(content.ranges, [(1, 1), (4, 9)]);
    }
}
