//! Judges a history. Each conversation is one ordered log whose places the server itself tells,
//! so one pass over what was recorded finds every anomaly; nothing has to be searched for.

mod lines;
mod log;
mod marks;
mod sends;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::{Attempt, History, Line, Place, Shown, Who};

/// What is wrong. The words are those of the delivery contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Acknowledged, and not there at the end.
    LostAfterAck,
    /// Shown to somebody, and not there at the end.
    ShownThenLost,
    /// There twice.
    Duplicate,
    /// Two see something else at the same place.
    Disagreement,
    /// Told at one place, found at another.
    Moved,
    /// A number without a message.
    Gap,
    /// A member does not have what others have.
    MemberMisses,
    /// A client asks and asks, and does not get what there is.
    StaysBehind,
    /// A connection was told a change without the one before it.
    LineSkips,
    /// A connection was told an older change after a newer one.
    LineGoesBack,
    /// Acknowledged before another was sent, and behind it.
    RealTimeOrder,
    /// Sent by one connection in one order, kept in another.
    SenderOrder,
    /// Nobody sent it.
    Phantom,
    /// Refused, and yet there.
    RefusedButKept,
    /// Shown before it was sent.
    FromTheFuture,
    /// Says something else than was sent.
    CorruptText,
    /// In another conversation than it was sent to.
    WrongPlace,
    /// Under another name than its author's.
    ForgedSender,
    /// Shown to somebody who does not belong there.
    Leak,
    /// Shown to somebody who no longer belonged there.
    LeakAfterRemoval,
    /// Shown to somebody who may not read that far back.
    LeakInHistory,
    /// A mark went back.
    MarkWentBack,
    /// A mark that was told is not there at the end.
    MarkLost,
    /// A mark beyond the newest message.
    MarkAhead,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// What.
    pub kind: Kind,
    /// Where, who, which.
    pub words: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.words)
    }
}

/// Everything that is wrong with a history; empty if nothing is.
#[must_use]
pub fn check(history: &History) -> Vec<Anomaly> {
    let mut found = Found::default();
    let known = Known::of(history);
    let logs = log::check(history, &known, &mut found);
    sends::check(history, &known, &logs, &mut found);
    lines::check(history, &known, &logs, &mut found);
    marks::check(history, &logs, &mut found);
    for behind in &history.behind {
        found.add(Kind::StaysBehind, format!("{behind:?}"));
    }
    found.anomalies
}

/// What is wrong so far.
#[derive(Default)]
struct Found {
    anomalies: Vec<Anomaly>,
}

impl Found {
    fn add(&mut self, kind: Kind, words: impl Into<String>) {
        self.anomalies.push(Anomaly { kind, words: words.into() });
    }
}

/// A history by its keys.
struct Known<'a> {
    who: HashMap<Line, Who>,
    /// The first attempt of each message.
    first: HashMap<Uuid, &'a Attempt>,
    /// What was sent over which connection.
    asked: HashSet<(Line, Uuid)>,
}

impl<'a> Known<'a> {
    fn of(history: &'a History) -> Self {
        let who = history.lines.iter().map(|one| (one.line, one.who)).collect();
        let mut first: HashMap<Uuid, &Attempt> = HashMap::with_capacity(history.attempts.len());
        for attempt in &history.attempts {
            let earliest = first.entry(attempt.name).or_insert(attempt);
            if attempt.at_us < earliest.at_us {
                *earliest = attempt;
            }
        }
        let asked = history.attempts.iter().map(|one| (one.line, one.name)).collect();
        Self { who, first, asked }
    }

    fn author(&self, attempt: &Attempt) -> Option<Who> {
        self.who.get(&attempt.line).copied()
    }

    /// Compares a message that somebody was shown with what was sent.
    fn compare(&self, place: Place, shown: &Shown, to: Who, found: &mut Found) {
        let Some(sent) = self.first.get(&shown.name) else {
            found.add(Kind::Phantom, format!("{place:?} {shown:?}, shown to {to:?}"));
            return;
        };
        if sent.text != shown.text {
            found.add(Kind::CorruptText, format!("{place:?} {shown:?}, shown to {to:?}"));
        }
        if sent.place != place {
            let words = format!("{shown:?} was sent to {:?}, shown in {place:?}", sent.place);
            found.add(Kind::WrongPlace, words);
        }
        if self.author(sent) != Some(shown.from) {
            let words = format!("{shown:?} was sent by {:?}", self.author(sent));
            found.add(Kind::ForgedSender, words);
        }
    }
}

/// The one log of a conversation, as its readers together have it.
#[derive(Default)]
struct Log {
    by_seq: HashMap<u64, Uuid>,
    by_rev: HashMap<u64, Uuid>,
    by_name: HashMap<Uuid, (u64, u64)>,
    last_seq: u64,
}

type Logs = HashMap<Place, Log>;
