//! Marks never go back, are never ahead, and stay.

use std::collections::HashMap;

use super::{Found, History, Kind, Logs};
use crate::{Place, Sight, Who};

pub(super) fn check(history: &History, logs: &Logs, found: &mut Found) {
    let mut told: HashMap<(Who, Place), u64> = HashMap::new();
    for line in &history.lines {
        let mut here: HashMap<Place, u64> = HashMap::new();
        for sight in &line.sights {
            let Sight::Mark { place, seq } = sight else { continue };
            let before = here.entry(*place).or_default();
            if seq < before {
                let words = format!("{:?} in {place:?}: {seq} after {before}", line.who);
                found.add(Kind::MarkWentBack, words);
            }
            *before = (*before).max(*seq);
            let greatest = told.entry((line.who, *place)).or_default();
            *greatest = (*greatest).max(*seq);
        }
    }
    for reading in &history.readings {
        let (who, place) = (reading.who, reading.place);
        let told = told.get(&(who, place)).copied().unwrap_or_default();
        if reading.read_seq < told {
            let words =
                format!("{who:?} in {place:?}: {} at the end, told {told}", reading.read_seq);
            found.add(Kind::MarkLost, words);
        }
        if logs.get(&place).is_some_and(|log| reading.read_seq > log.last_seq) {
            found.add(Kind::MarkAhead, format!("{who:?} in {place:?}: {}", reading.read_seq));
        }
    }
}
