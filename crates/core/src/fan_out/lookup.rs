//! Where the slot of a session is, in an audience too large to look through.

use super::Subscriber;
use crate::hub::SessionId;

/// An entry that names no slot.
const FREE: u32 = u32::MAX;

/// A hash table of slots; what it looks for stands in the slots themselves, so that it costs five
/// to seven bytes a session.
///
/// Invariant: it names each filled slot once and no other; at least a fifth of it is free.
pub(super) struct Lookup {
    table: Vec<u32>,
    n_filled: usize,
    /// Entries that were looked at.
    #[cfg(test)]
    pub(super) n_looks: usize,
}

type Slots = [Option<Subscriber>];

impl Lookup {
    pub(super) fn over(slots: &Slots) -> Self {
        let table = vec![FREE; slots.len() * 8 / 5 + 8];
        let mut lookup = Self {
            table,
            n_filled: 0,
            #[cfg(test)]
            n_looks: 0,
        };
        for slot in slots.iter().enumerate().filter(|(_, slot)| slot.is_some()).map(|(at, _)| at) {
            lookup.put(slots, slot);
        }
        lookup
    }

    /// Notes a slot that was filled.
    pub(super) fn insert(&mut self, slots: &Slots, slot: usize) {
        if (self.n_filled + 1) * 5 > self.table.len() * 4 {
            let grown = Self::over(slots);
            (self.table, self.n_filled) = (grown.table, grown.n_filled);
        } else {
            self.put(slots, slot);
        }
    }

    fn put(&mut self, slots: &Slots, slot: usize) {
        let Some(session) = session_at(slots, slot) else { return };
        let mut at = self.home(session);
        while self.table[at] != FREE {
            at = self.next(at);
        }
        self.table[at] = u32::try_from(slot).expect("sessions are fewer than 2^32");
        self.n_filled += 1;
    }

    /// The slot of a session, which is about to be emptied: the lookup forgets it.
    pub(super) fn take(&mut self, slots: &Slots, session: SessionId) -> Option<usize> {
        let mut hole = self.entry(session, |slot| session_at(slots, slot) == Some(session))?;
        let slot = self.table[hole] as usize;
        // Whatever was put further than its home because of this entry moves up.
        let mut at = hole;
        loop {
            at = self.next(at);
            let Some(one) = session_at(slots, self.table[at] as usize) else { break };
            if self.way(self.home(one), at) >= self.way(hole, at) {
                self.table[hole] = self.table[at];
                hole = at;
            }
        }
        self.table[hole] = FREE;
        self.n_filled -= 1;
        Some(slot)
    }

    /// Notes that a session has gone from one slot to another.
    pub(super) fn moved(&mut self, session: SessionId, from: usize, to: usize) {
        if let Some(at) = self.entry(session, |slot| slot == from) {
            self.table[at] = u32::try_from(to).expect("it is smaller than the other");
        }
    }

    fn entry(&mut self, session: SessionId, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = self.home(session);
        while self.table[at] != FREE {
            #[cfg(test)]
            {
                self.n_looks += 1;
            }
            if is_it(self.table[at] as usize) {
                return Some(at);
            }
            at = self.next(at);
        }
        None
    }

    /// Where the search for a session begins. Sessions are numbered one after the other, which
    /// this spreads evenly (Knuth, *The Art of Computer Programming*, 6.4).
    fn home(&self, session: SessionId) -> usize {
        let spread = session.number().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let scaled = u128::from(spread) * self.table.len() as u128;
        usize::try_from(scaled >> 64).expect("below the length")
    }

    fn next(&self, at: usize) -> usize {
        if at + 1 == self.table.len() { 0 } else { at + 1 }
    }

    /// How far it is from one entry on to another.
    fn way(&self, from: usize, to: usize) -> usize {
        if to >= from { to - from } else { to + self.table.len() - from }
    }

    #[cfg(test)]
    pub(super) fn n_bytes(&self) -> usize {
        self.table.capacity() * size_of::<u32>()
    }
}

fn session_at(slots: &Slots, slot: usize) -> Option<SessionId> {
    slots.get(slot)?.as_ref().map(|one| one.handle.session)
}
