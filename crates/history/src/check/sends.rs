//! What was acknowledged is there, once, where it was told to be, and in order.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Found, History, Kind, Known, Logs};
use crate::{Attempt, Line, Place, Said};

pub(super) fn check(history: &History, known: &Known<'_>, logs: &Logs, found: &mut Found) {
    let acked = acknowledged(history, known, logs, found);
    refused(history, known, logs, &acked, found);
    real_time(known, logs, &acked, found);
    sender_order(history, logs, found);
}

/// When each message was first acknowledged. What was told has to be where it was told.
fn acknowledged(
    history: &History,
    known: &Known<'_>,
    logs: &Logs,
    found: &mut Found,
) -> HashMap<Uuid, u64> {
    let mut acked: HashMap<Uuid, u64> = HashMap::new();
    for answer in &history.answers {
        let Said::Kept { seq, rev, .. } = answer.said else { continue };
        let at_us = acked.entry(answer.name).or_insert(answer.at_us);
        *at_us = answer.at_us.min(*at_us);
        let Some(sent) = known.first.get(&answer.name) else {
            found.add(Kind::Phantom, format!("{answer:?} to what nobody asked"));
            continue;
        };
        let place = sent.place;
        match logs.get(&place).and_then(|log| log.by_name.get(&answer.name)) {
            None => found.add(Kind::LostAfterAck, format!("{place:?} {answer:?}")),
            Some(&at) if at != (seq, rev) => {
                let words = format!("{place:?} {answer:?}, found at seq {}, rev {}", at.0, at.1);
                found.add(Kind::Moved, words);
            }
            Some(_) => {}
        }
    }
    acked
}

/// What was refused each time it was tried is not there. Without an answer it may be.
fn refused(
    history: &History,
    known: &Known<'_>,
    logs: &Logs,
    acked: &HashMap<Uuid, u64>,
    found: &mut Found,
) {
    let mut n_open: HashMap<Uuid, usize> = HashMap::new();
    for attempt in &history.attempts {
        *n_open.entry(attempt.name).or_default() += 1;
    }
    for answer in &history.answers {
        if let Some(n_open) = n_open.get_mut(&answer.name) {
            *n_open = n_open.saturating_sub(1);
        }
    }
    for (name, n_open) in n_open {
        let place = known.first[&name].place;
        let is_kept = logs.get(&place).is_some_and(|log| log.by_name.contains_key(&name));
        if n_open == 0 && is_kept && !acked.contains_key(&name) {
            found.add(Kind::RefusedButKept, format!("{place:?} {name}"));
        }
    }
}

/// Whoever was acknowledged before another was sent stands before it.
fn real_time(known: &Known<'_>, logs: &Logs, acked: &HashMap<Uuid, u64>, found: &mut Found) {
    for (place, log) in logs {
        let mut by_seq: Vec<_> = log.by_seq.iter().collect();
        by_seq.sort_unstable_by(|one, other| other.0.cmp(one.0));
        // Of all that stand behind: the one that was acknowledged first.
        let mut first_behind: Option<(u64, Uuid)> = None;
        for (_, name) in by_seq {
            let sent_us = known.first.get(name).map(|sent| sent.at_us);
            if let (Some((acked_us, behind)), Some(sent_us)) = (first_behind, sent_us)
                && acked_us < sent_us
            {
                let words = format!(
                    "{place:?}: {behind} was acknowledged before {name} was sent, and is behind it"
                );
                found.add(Kind::RealTimeOrder, words);
            }
            if let Some(&at_us) = acked.get(name)
                && first_behind.is_none_or(|(earliest, _)| at_us < earliest)
            {
                first_behind = Some((at_us, *name));
            }
        }
    }
}

/// What one connection sends to one conversation keeps its order; a repeat of what was kept
/// before, or of what was refused, stands where it stands.
fn sender_order(history: &History, logs: &Logs, found: &mut Found) {
    let mut not_new: HashSet<(Line, Uuid)> = HashSet::new();
    for answer in &history.answers {
        if matches!(answer.said, Said::Kept { is_repeat: true, .. } | Said::Refused) {
            not_new.insert((answer.line, answer.name));
        }
    }
    let mut by_line: HashMap<(Line, Place), Vec<&Attempt>> = HashMap::new();
    let mut seen: HashSet<Uuid> = HashSet::new();
    let mut in_order: Vec<&Attempt> = history.attempts.iter().collect();
    in_order.sort_by_key(|attempt| attempt.at_us);
    for attempt in in_order {
        // Only the first try of a message says when it was meant.
        if seen.insert(attempt.name) && !not_new.contains(&(attempt.line, attempt.name)) {
            by_line.entry((attempt.line, attempt.place)).or_default().push(attempt);
        }
    }
    for ((line, place), attempts) in by_line {
        let Some(log) = logs.get(&place) else { continue };
        let mut last = 0;
        for attempt in attempts {
            let Some(&(seq, _)) = log.by_name.get(&attempt.name) else { continue };
            if seq < last {
                let words =
                    format!("{line:?} in {place:?}: {} at {seq}, behind {last}", attempt.name);
                found.add(Kind::SenderOrder, words);
            }
            last = last.max(seq);
        }
    }
}
