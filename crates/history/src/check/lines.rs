//! What came over a connection: every change in order, nothing that is not there, nothing that is
//! not for its user.

use std::collections::{HashMap, HashSet};

use super::{Found, History, Kind, Known, Log, Logs};
use crate::{Client, Connected, Line, Place, Shown, Sight, Spell, Who};

pub(super) fn check(history: &History, known: &Known<'_>, logs: &Logs, found: &mut Found) {
    let mut spells: HashMap<(Who, Place), Vec<&Spell>> = HashMap::new();
    for spell in &history.spells {
        spells.entry((spell.who, spell.place)).or_default().push(spell);
    }
    for line in &history.lines {
        for sight in &line.sights {
            let (Sight::Live { at_us, place, shown } | Sight::Page { at_us, place, shown }) = sight
            else {
                continue;
            };
            known.compare(*place, shown, line.who, found);
            there(*place, shown, logs.get(place), found);
            if known.first.get(&shown.name).is_some_and(|sent| *at_us < sent.at_us) {
                found.add(Kind::FromTheFuture, format!("{place:?} {shown:?} to {:?}", line.who));
            }
            let spells = spells.get(&(line.who, *place)).map_or(&[][..], Vec::as_slice);
            allowed(line.who, *place, (shown, spells), found);
        }
        order(line, known, logs, found);
    }
    complete(history, known, logs, found);
}

/// What somebody was shown is what everyone reads at the end.
fn there(place: Place, shown: &Shown, log: Option<&Log>, found: &mut Found) {
    match log.and_then(|log| log.by_name.get(&shown.name)) {
        None => found.add(Kind::ShownThenLost, format!("{place:?} {shown:?}")),
        Some(&at) if at != (shown.seq, shown.rev) => {
            found.add(Kind::Moved, format!("{place:?} {shown:?}, found at {at:?}"));
        }
        Some(_) => {}
    }
}

/// Whether this was for this user's eyes.
fn allowed(who: Who, place: Place, (shown, spells): (&Shown, &[&Spell]), found: &mut Found) {
    let is_for = |spell: &&&Spell| {
        shown.seq >= spell.from_seq && spell.end_rev.is_none_or(|end| shown.rev < end)
    };
    if spells.iter().any(|spell| is_for(&spell)) {
        return;
    }
    let has_ended = |spell: &&&Spell| spell.end_rev.is_some_and(|end| shown.rev >= end);
    let kind = if spells.is_empty() {
        Kind::Leak
    } else if spells.iter().any(|spell| has_ended(&spell)) {
        Kind::LeakAfterRemoval
    } else {
        Kind::LeakInHistory
    };
    found.add(kind, format!("{who:?} was shown {place:?} {shown:?}"));
}

/// Where a connection stands in a conversation.
#[derive(Default, Clone, Copy)]
struct Stand {
    /// What the server told: what is newer comes as events.
    told: Option<u64>,
    /// The newest event. One that the told head covers already may still come.
    event: Option<u64>,
}

/// Live changes of one conversation come one after the other, without a hole from where the server
/// said that the connection stands.
fn order(line: &Connected, known: &Known<'_>, logs: &Logs, found: &mut Found) {
    let mut stands: HashMap<Place, Stand> = HashMap::new();
    let words = |place: Place, said: String| {
        format!("{:?} of {:?} in {place:?}: {said}", line.line, line.who)
    };
    for sight in &line.sights {
        let (place, rev) = match sight {
            Sight::Stand { place, rev } => {
                let stand = stands.entry(*place).or_default();
                if stand.told.is_some_and(|told| told > *rev) {
                    let said = format!("a head at {rev} after {stand:?}", stand = stand.told);
                    found.add(Kind::LineGoesBack, words(*place, said));
                }
                stand.told = stand.told.max(Some(*rev));
                continue;
            }
            Sight::Live { place, shown, .. } => (*place, shown.rev),
            Sight::Change { place, rev } => (*place, *rev),
            Sight::Page { .. } | Sight::Mark { .. } => continue,
        };
        let stand = stands.entry(place).or_default();
        if let Some(event) = stand.event.filter(|event| rev <= *event) {
            found.add(Kind::LineGoesBack, words(place, format!("{rev} after {event}")));
            continue;
        }
        let from = stand.told.max(stand.event).unwrap_or(rev);
        let log = logs.get(&place);
        let missing = (from + 1..rev).find(|rev| !is_own(line, known, log, *rev));
        if let Some(missing) = missing {
            let said = format!("{rev} came, {missing} did not (stood at {from})");
            found.add(Kind::LineSkips, words(place, said));
        }
        stand.event = Some(rev);
    }
}

/// A client that has been there from the beginning has every message by the end.
fn complete(history: &History, known: &Known<'_>, logs: &Logs, found: &mut Found) {
    let mut has: HashMap<(Client, Place), HashSet<u64>> = HashMap::new();
    let mut clients: HashMap<Client, Who> = HashMap::new();
    for line in &history.lines {
        clients.insert(line.client, line.who);
        for sight in &line.sights {
            if let Sight::Live { place, shown, .. } | Sight::Page { place, shown, .. } = sight {
                has.entry((line.client, *place)).or_default().insert(shown.seq);
            }
        }
    }
    let of_line: HashMap<Line, Client> =
        history.lines.iter().map(|one| (one.line, one.client)).collect();
    for (line, name) in &known.asked {
        let Some(sent) = known.first.get(name) else { continue };
        let kept = logs.get(&sent.place).and_then(|log| log.by_name.get(name));
        if let (Some((seq, _)), Some(client)) = (kept, of_line.get(line)) {
            has.entry((*client, sent.place)).or_default().insert(*seq);
        }
    }
    for spell in
        history.spells.iter().filter(|spell| spell.join_rev == 0 && spell.end_rev.is_none())
    {
        let Some(log) = logs.get(&spell.place) else { continue };
        for (client, _) in clients.iter().filter(|(_, who)| **who == spell.who) {
            let has = has.get(&(*client, spell.place));
            let missing = (spell.from_seq..=log.last_seq)
                .find(|seq| has.is_none_or(|has| !has.contains(seq)));
            if let Some(missing) = missing {
                let words = format!(
                    "{client:?} of {:?} never saw {missing} of {} in {:?}",
                    spell.who, log.last_seq, spell.place
                );
                found.add(Kind::MemberMisses, words);
            }
        }
    }
}

/// The answer to a request stands for its event, and may come later or, if the connection breaks,
/// not at all.
fn is_own(line: &Connected, known: &Known<'_>, log: Option<&Log>, rev: u64) -> bool {
    let name = log.and_then(|log| log.by_rev.get(&rev));
    name.is_some_and(|name| known.asked.contains(&(line.line, *name)))
}
