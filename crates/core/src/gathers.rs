//! Small changes to large groups that wait to be carried out together.
//!
//! The rules say which (see [`Reply::Later`](crate::apply::Reply)); here they wait, in order, each
//! kind for its conversation. Whoever waits and asks for something else is carried out first:
//! nobody is overtaken by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use voodoo_proto::{ConversationId, UserId};

use crate::apply::{Move, React, Together, Wishes, Write};

/// What is carried out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    conversation: ConversationId,
    /// Reactions to this message; otherwise joins and leaves.
    seq: Option<u64>,
}

impl Key {
    /// Reactions of one user are carried out together too, in their order; of joins and leaves each
    /// is alone.
    pub(crate) fn is_reaction(self) -> bool {
        self.seq.is_some()
    }

    /// The key of a write that may have to wait in a conversation.
    pub(crate) fn of(write: &Write, conversation: ConversationId) -> Option<Self> {
        let seq = match wish(write)? {
            Wish::React(react) => Some(react.seq),
            Wish::Move(_) => None,
        };
        Some(Self { conversation, seq })
    }
}

/// What may have to wait.
enum Wish<'w> {
    React(&'w React),
    Move(Move),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other change is ever gathered")]
fn wish(write: &Write) -> Option<Wish<'_>> {
    match write {
        Write::React(react) => Some(Wish::React(react)),
        Write::Join(join) => Some(Wish::Move(Move::Join(join.clone()))),
        Write::Leave(leave) => Some(Wish::Move(Move::Leave(leave.clone()))),
        _ => None,
    }
}

/// Whether a write can be gathered at all.
pub(crate) fn may_wait(write: &Write) -> bool {
    matches!(write, Write::React(_) | Write::Join(_) | Write::Leave(_))
}

/// Something that waits: the write, and whoever waits for its answer.
pub(crate) struct Waiting<W> {
    pub(crate) user: UserId,
    pub(crate) write: Write,
    pub(crate) who: W,
}

struct Gather<W> {
    due: Instant,
    waiting: Vec<Waiting<W>>,
}

/// Everything that waits in one shard.
///
/// Invariant: `n_waiting` is the sum over `open`.
pub(crate) struct Gathers<W> {
    /// Sorted, so that what is due at one moment is carried out in one order.
    open: BTreeMap<Key, Gather<W>>,
    n_waiting: usize,
    window: Duration,
    limit: usize,
}

impl<W> Gathers<W> {
    /// Nothing waits; at most `limit` will, each for about `window`.
    pub(crate) fn new(window: Duration, limit: usize) -> Self {
        Self { open: BTreeMap::new(), n_waiting: 0, window, limit }
    }

    /// Whether something of the kind waits, so that the next of it has to wait too.
    pub(crate) fn is_open(&self, key: &Key) -> bool {
        self.open.contains_key(key)
    }

    /// Whether the user waits there.
    pub(crate) fn has(&self, key: &Key, user: UserId) -> bool {
        let waits = |gather: &Gather<W>| gather.waiting.iter().any(|one| one.user == user);
        self.open.get(key).is_some_and(waits)
    }

    /// Lets something wait; gives it back where too much waits already.
    pub(crate) fn add(&mut self, key: Key, waiting: Waiting<W>, now: Instant) -> Option<W> {
        if self.n_waiting >= self.limit {
            return Some(waiting.who);
        }
        self.n_waiting += 1;
        let due = now + self.window;
        let gather = self.open.entry(key).or_insert_with(|| Gather { due, waiting: Vec::new() });
        gather.waiting.push(waiting);
        None
    }

    /// When the next is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.open.values().map(|gather| gather.due).min()
    }

    /// Those kinds that are due.
    pub(crate) fn due(&self, now: Instant) -> Vec<Key> {
        let due = self.open.iter().filter(|(_, gather)| gather.due <= now);
        due.map(|(key, _)| *key).collect()
    }

    /// All kinds of a conversation that wait; of one user only those in which the user waits.
    pub(crate) fn of(&self, conversation: ConversationId, user: Option<UserId>) -> Vec<Key> {
        if self.open.is_empty() {
            return Vec::new();
        }
        let here = self.open.keys().filter(|key| key.conversation == conversation);
        here.filter(|key| user.is_none_or(|user| self.has(key, user))).copied().collect()
    }

    /// Every kind that waits.
    pub(crate) fn all(&self) -> Vec<Key> {
        self.open.keys().copied().collect()
    }

    /// Takes what waits, as one write and those who wait for it, in order.
    pub(crate) fn take(&mut self, key: &Key, now_ms: u64) -> Option<(Write, Vec<W>)> {
        let gather = self.open.remove(key)?;
        self.n_waiting -= gather.waiting.len();
        let (mut reacts, mut moves) = (Vec::new(), Vec::new());
        let mut who = Vec::with_capacity(gather.waiting.len());
        for one in gather.waiting {
            match wish(&one.write) {
                Some(Wish::React(react)) => reacts.push(react.clone()),
                Some(Wish::Move(wanted)) => moves.push(wanted),
                None => continue,
            }
            who.push(one.who);
        }
        let wishes =
            if key.seq.is_some() { Wishes::Reactions(reacts) } else { Wishes::Memberships(moves) };
        let together = Together { conversation: key.conversation, wishes, at_ms: now_ms };
        Some((Write::Together(together), who))
    }
}

/// Who asks for a write that can wait, or for another thing in the conversation.
pub(crate) fn asker(write: &Write) -> Option<UserId> {
    Some(match write {
        Write::Send(send) => send.sender,
        Write::Edit(edit) => edit.by,
        Write::Delete(delete) => delete.by,
        Write::React(react) => react.by,
        Write::Pin(pin) => pin.by,
        Write::Update(update) => update.by,
        Write::Destroy(destroy) => destroy.by,
        Write::Join(join) => join.by,
        Write::Leave(leave) => leave.by,
        Write::AddMembers(add) => add.by,
        Write::RemoveMember(remove) => remove.by,
        Write::SetRole(set) => set.by,
        Write::Set(set) => set.by,
        Write::Accept(accept) => accept.by,
        Write::Block(block) => block.by,
        Write::Profile(profile) => profile.by,
        Write::Create(create) => create.creator,
        Write::MoveFloor(_) | Write::Together(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_at_one_moment_is_due_in_one_order() {
        let (mut gathers, now) = (Gathers::new(Duration::ZERO, 100), Instant::now());
        let conversation = ConversationId::new(1).unwrap();
        let by = UserId::new(1).unwrap();
        let key = |seq| Key { conversation, seq: Some(seq) };
        for seq in (1..=20).rev() {
            let emoji = "👍".to_owned();
            let write = Write::React(React { conversation, by, seq, emoji, on: true, at_ms: 1 });
            let waiting = Waiting { user: by, write, who: () };
            assert_eq!(gathers.add(key(seq), waiting, now), None);
        }
        let in_order: Vec<Key> = (1..=20).map(key).collect();
        assert_eq!(gathers.due(now), in_order);
        assert_eq!(gathers.of(conversation, Some(by)), in_order);
    }
}
