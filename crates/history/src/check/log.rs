//! The last readings: all members have one log, whole and each message once.

use super::{Found, History, Kind, Known, Log, Logs};
use crate::{Reading, Spell};

/// Puts the readings of each conversation together, and says where they do not fit.
pub(super) fn check(history: &History, known: &Known<'_>, found: &mut Found) -> Logs {
    let mut logs = Logs::new();
    for reading in &history.readings {
        let log = logs.entry(reading.place).or_default();
        whole(reading, last_spell(history, reading), found);
        for shown in &reading.messages {
            known.compare(reading.place, shown, reading.who, found);
            add(log, reading, shown, found);
        }
        log.last_seq = log.last_seq.max(reading.last_seq);
    }
    for reading in &history.readings {
        let log = &logs[&reading.place];
        if reading.last_seq < log.last_seq {
            let Reading { who, place, last_seq, .. } = reading;
            let words = format!("{who:?} in {place:?} ends at {last_seq} of {}", log.last_seq);
            found.add(Kind::MemberMisses, words);
        }
    }
    logs
}

fn last_spell<'a>(history: &'a History, reading: &Reading) -> Option<&'a Spell> {
    let own = |spell: &&Spell| spell.who == reading.who && spell.place == reading.place;
    history.spells.iter().filter(own).max_by_key(|spell| spell.join_rev)
}

/// From where the reader may read to the newest, without a hole.
fn whole(reading: &Reading, spell: Option<&Spell>, found: &mut Found) {
    let Reading { who, place, .. } = reading;
    let mut next = spell.map_or(1, |spell| spell.from_seq);
    for shown in &reading.messages {
        if shown.seq < next {
            let is_early = spell.is_some_and(|spell| shown.seq < spell.from_seq);
            let kind = if is_early { Kind::LeakInHistory } else { Kind::Duplicate };
            found.add(kind, format!("{who:?} in {place:?} reads {shown:?} where {next} stands"));
            continue;
        }
        if shown.seq > next {
            let words = format!("{who:?} in {place:?} reads {} where {next} stands", shown.seq);
            found.add(Kind::Gap, words);
        }
        next = shown.seq + 1;
    }
    if next <= reading.last_seq {
        let words = format!("{who:?} in {place:?} has nothing from {next} to {}", reading.last_seq);
        found.add(Kind::Gap, words);
    }
}

fn add(log: &mut Log, reading: &Reading, shown: &crate::Shown, found: &mut Found) {
    let Reading { who, place, .. } = reading;
    if log.by_seq.insert(shown.seq, shown.name).is_some_and(|name| name != shown.name) {
        let words = format!("{place:?}: {who:?} reads {shown:?}, another something else there");
        found.add(Kind::Disagreement, words);
    }
    log.by_rev.insert(shown.rev, shown.name);
    let at = (shown.seq, shown.rev);
    if log.by_name.insert(shown.name, at).is_some_and(|before| before != at) {
        found.add(Kind::Duplicate, format!("{place:?}: {shown:?} also stands elsewhere"));
    }
}
