//! What clients asked, what they were answered, and what they saw, by one clock, and the judgement
//! of it.
//!
//! Each task keeps what it records to itself; the parts are put together at the end, so that
//! recording takes no lock and changes no timing. [`check()`] is the judgement. It knows nothing of
//! how the server works: the proof and the load tool record for it against a real one.

mod check;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use check::{Anomaly, Kind, check};

/// A user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Who(pub u32);

/// A conversation, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place(pub u32);

/// One connection of one user, by number. A client that comes back has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line(pub u32);

/// A client, by number: what comes back by one connection after the other and keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Client(pub u32);

/// A text, by its hash: a history of a million messages has to fit into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text(pub u64);

impl Text {
    /// The hash of a text; the same within one build of the program.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// A message on its way out. A repeat is an attempt of its own under the same name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// When, in microseconds of the recording's clock.
    pub at_us: u64,
    /// Over which connection.
    pub line: Line,
    /// Where to.
    pub place: Place,
    /// The client id.
    pub name: Uuid,
    /// What it says.
    pub text: Text,
}

/// What a server said to an attempt. An attempt without one may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Kept, as this message of its conversation.
    Kept {
        /// Its number.
        seq: u64,
        /// The number of its change.
        rev: u64,
        /// It had been kept before.
        is_repeat: bool,
    },
    /// Not carried out.
    Refused,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// When it was read.
    pub at_us: u64,
    /// On which connection.
    pub line: Line,
    /// To which message.
    pub name: Uuid,
    /// What it says.
    pub said: Said,
}

/// A message as somebody was shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its number.
    pub seq: u64,
    /// The number of the change that made it.
    pub rev: u64,
    /// Its client id.
    pub name: Uuid,
    /// Its author.
    pub from: Who,
    /// What it says.
    pub text: Text,
}

/// What came over a connection, in the order in which it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Sight {
    /// The server told where a conversation stands: what follows begins behind it.
    Stand {
        /// Where.
        place: Place,
        /// Its newest change.
        rev: u64,
    },
    /// A message, live.
    Live {
        /// When.
        at_us: u64,
        /// Where.
        place: Place,
        /// What.
        shown: Shown,
    },
    /// A change that is no message, live.
    Change {
        /// Where.
        place: Place,
        /// Its number.
        rev: u64,
    },
    /// A message in an answer to a question about what was missed.
    Page {
        /// When.
        at_us: u64,
        /// Where.
        place: Place,
        /// What.
        shown: Shown,
    },
    /// A mark of the user's own.
    Mark {
        /// Where.
        place: Place,
        /// Up to which message.
        seq: u64,
    },
}

/// What a connection was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connected {
    /// Its number.
    pub line: Line,
    /// Whose.
    pub who: Who,
    /// Which of that user's clients had it.
    pub client: Client,
    /// What came over it.
    pub sights: Vec<Sight>,
}

/// The time that somebody belongs to a conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spell {
    /// Who.
    pub who: Who,
    /// Where.
    pub place: Place,
    /// The first message they may read.
    pub from_seq: u64,
    /// The change that took them in; 0 if they belong to it from its beginning.
    pub join_rev: u64,
    /// The change that put them out, if one did.
    pub end_rev: Option<u64>,
}

/// What a member reads when all is quiet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    /// Who reads.
    pub who: Who,
    /// Where.
    pub place: Place,
    /// The newest message by the conversation's own count.
    pub last_seq: u64,
    /// The reader's mark.
    pub read_seq: u64,
    /// Every message, in the order given.
    pub messages: Vec<Shown>,
}

/// What a client still missed when it had asked for it for long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Behind {
    /// Which client.
    pub client: Client,
    /// Where.
    pub place: Place,
    /// It has every change up to this one.
    pub have: u64,
    /// The newest change.
    pub newest: u64,
}

/// Everything that was recorded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    /// Messages on their way out; those of one connection in their order.
    pub attempts: Vec<Attempt>,
    /// Answers.
    pub answers: Vec<Answer>,
    /// Connections.
    pub lines: Vec<Connected>,
    /// Who belonged where and when.
    pub spells: Vec<Spell>,
    /// The last readings, by everyone of everything they may read.
    pub readings: Vec<Reading>,
    /// Clients that were given up.
    pub behind: Vec<Behind>,
}

impl History {
    /// Adds what another task recorded.
    pub fn absorb(&mut self, other: Self) {
        self.attempts.extend(other.attempts);
        self.answers.extend(other.answers);
        self.lines.extend(other.lines);
        self.spells.extend(other.spells);
        self.readings.extend(other.readings);
        self.behind.extend(other.behind);
    }

    /// How many messages were acknowledged.
    #[must_use]
    pub fn n_acked(&self) -> usize {
        let kept = self.answers.iter().filter(|one| matches!(one.said, Said::Kept { .. }));
        kept.map(|one| one.name).collect::<std::collections::HashSet<_>>().len()
    }
}
