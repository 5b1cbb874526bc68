//! Room on the disk: how much is left, and what is no longer taken where that is little.
//!
//! Somebody measures and notes it here now and then; whoever asks reads an atomic. A disk that is
//! really full hurts whatever else writes to it too, so new things are refused before it is.

use voodoo_proto::RefusalCode;

use crate::error::Refusal;
use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How long a client waits before it repeats what there was no room for.
const RETRY_AFTER_MS: u64 = 2_000;

/// What a file system holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What this process may still write.
    pub free_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
}

/// Below how much free room something begins: the smaller of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Of the file system, in percent.
    pub percent: f64,
    /// In bytes.
    pub bytes: u64,
}

impl Mark {
    /// What it comes to on a file system of this size.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a size, to the page; `as` keeps to the bounds of the number"
    )]
    pub fn of(self, total_bytes: u64) -> u64 {
        let share = total_bytes as f64 / 100.0 * self.percent.clamp(0.0, 100.0);
        self.bytes.min(share as u64)
    }
}

/// Where the stages begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marks {
    /// Below it room is low.
    pub low: Mark,
    /// Below it room is short; at most `low`.
    pub short: Mark,
}

impl Default for Marks {
    /// A share alone would keep 50 GB of a terabyte unused, a number alone all of a small disk.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            low: Mark { percent: 5.0, bytes: 512 * MIB },
            short: Mark { percent: 1.0, bytes: 64 * MIB },
        }
    }
}

impl Marks {
    /// The stage by what is free. One that has begun ends only once a quarter more than its mark
    /// is free, so that a disk on the edge does not change it at each look.
    #[must_use]
    pub fn stage(&self, space: Space, now: Stage) -> Stage {
        let is_below = |mark: Mark, is_on: bool| {
            let mark = mark.of(space.total_bytes);
            let end = if is_on { mark + mark / 4 } else { mark };
            space.free_bytes < end
        };
        if is_below(self.short, now == Stage::Short) {
            Stage::Short
        } else if is_below(self.low, now >= Stage::Low) {
            Stage::Low
        } else {
            Stage::Enough
        }
    }
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Enough.
    Enough,
    /// Little: what is big and can wait, such as a backup, is refused.
    Low,
    /// Nearly none: whatever adds something is refused; reading, and what takes away, goes on.
    Short,
}

impl Stage {
    fn of(number: u8) -> Self {
        match number {
            0 => Self::Enough,
            1 => Self::Low,
            _ => Self::Short,
        }
    }

    /// Its name in logs and health checks.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::Short => "short",
        }
    }
}

/// How much room there was when it was last looked for.
#[derive(Debug, Default)]
pub struct Room {
    stage: AtomicU8,
    free_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

impl Room {
    /// The stage as it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::of(self.stage.load(Ordering::Relaxed))
    }

    /// What was measured last; nothing at all before the first time.
    #[must_use]
    pub fn space(&self) -> Space {
        Space {
            free_bytes: self.free_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }

    /// Notes what was measured. Returns the stages before and after where they differ.
    pub fn note(&self, space: Space, marks: &Marks) -> Option<(Stage, Stage)> {
        self.free_bytes.store(space.free_bytes, Ordering::Relaxed);
        self.total_bytes.store(space.total_bytes, Ordering::Relaxed);
        // In one step: somebody may find at this moment that the disk is full.
        let next = |before| marks.stage(space, Stage::of(before));
        let noted = self
            .stage
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| Some(next(before) as u8));
        let (Ok(before) | Err(before)) = noted;
        let (before, after) = (Stage::of(before), next(before));
        (before != after).then_some((before, after))
    }

    /// Somebody could not write: nothing more is taken until it is measured again. Where nobody
    /// measures it changes nothing.
    pub fn note_full(&self) {
        if self.total_bytes.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.stage.store(Stage::Short as u8, Ordering::Relaxed);
    }

    /// Refuses what adds something, where room is short.
    ///
    /// # Errors
    ///
    /// `unavailable`, with when to come back.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.stage() < Stage::Short {
            return Ok(());
        }
        let words =
            "the disk of the server is nearly full: it takes nothing new until there is room";
        Err(Refusal::new(RefusalCode::Unavailable, words).after_ms(RETRY_AFTER_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn marks_of(total_mib: u64) -> [u64; 2] {
        let Marks { low, short } = Marks::default();
        [low, short].map(|mark| mark.of(total_mib * MIB) / 1024)
    }

    #[test]
    fn a_mark_is_the_smaller_of_its_share_and_its_number() {
        // In KiB, of a small, a middling and a large file system.
        assert_eq!(marks_of(64), [3_276, 655]);
        assert_eq!(marks_of(5 * 1024), [256 * 1024, 52_428]);
        assert_eq!(marks_of(1024 * 1024), [512 * 1024, 64 * 1024]);
    }

    #[test]
    fn stages_begin_below_their_mark_and_end_a_quarter_above_it() {
        let (room, marks) = (Room::default(), Marks::default());
        let mut seen = Vec::new();
        // Of 100 GiB: low below 512 MiB, short below 64.
        for free_mib in [600, 512, 511, 520, 639, 640, 500, 64, 63, 70, 79, 80, 630, 641, 10, 900] {
            let space = Space { free_bytes: free_mib * MIB, total_bytes: 100 * 1024 * MIB };
            if let Some((_, stage)) = room.note(space, &marks) {
                seen.push((free_mib, stage.name()));
            }
            assert_eq!(room.space(), space);
        }
        let expect = [
            (511, "low"),
            (640, "enough"),
            (500, "low"),
            (63, "short"),
            (80, "low"),
            (641, "enough"),
            (10, "short"),
            (900, "enough"),
        ];
        assert_eq!(seen, expect);
    }

    #[test]
    fn what_adds_is_refused_while_room_is_short_and_is_told_when_to_come_back() {
        let (room, marks) = (Room::default(), Marks::default());
        room.note_full();
        assert_eq!(room.check(), Ok(()), "before it was measured");
        room.note(Space { free_bytes: 200 * MIB, total_bytes: 100 * 1024 * MIB }, &marks);
        assert_eq!((room.stage(), room.check()), (Stage::Low, Ok(())));
        room.note_full();
        let refusal = room.check().unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Unavailable);
        assert_eq!(refusal.retry_after_ms, Some(RETRY_AFTER_MS));
        room.note(Space { free_bytes: 800 * MIB, total_bytes: 100 * 1024 * MIB }, &marks);
        assert_eq!(room.check(), Ok(()));
    }

    #[test]
    fn marks_of_nothing_are_never_met() {
        let none = Mark { percent: 0.0, bytes: 0 };
        let space = Space { free_bytes: 0, total_bytes: MIB };
        assert_eq!(Marks { low: none, short: none }.stage(space, Stage::Short), Stage::Enough);
    }
}
