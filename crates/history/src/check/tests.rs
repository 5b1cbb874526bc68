//! Each anomaly, made by hand in a history that is right without it, is found and named.

use super::*;
use crate::{Answer, Behind, Client, Connected, Reading, Said, Sight, Spell, Text};

const ANN: Who = Who(0);
const BOB: Who = Who(1);
const EVE: Who = Who(2);
const HALL: Place = Place(0);
const YARD: Place = Place(1);

fn name(number: u64) -> Uuid {
    Uuid::from_u64_pair(7, number)
}

fn shown(seq: u64) -> Shown {
    let from = if seq % 2 == 1 { ANN } else { BOB };
    Shown { seq, rev: seq, name: name(seq), from, text: Text(seq) }
}

/// Ann and Bob say six things to each other in the hall, each acknowledged before the next.
fn right() -> History {
    let mut history = History::default();
    let line = |seq: u64| if seq % 2 == 1 { Line(0) } else { Line(1) };
    for seq in 1..=6 {
        history.attempts.push(Attempt {
            at_us: seq * 100,
            line: line(seq),
            place: HALL,
            name: name(seq),
            text: Text(seq),
        });
        let said = Said::Kept { seq, rev: seq, is_repeat: false };
        history.answers.push(Answer {
            at_us: seq * 100 + 50,
            line: line(seq),
            name: name(seq),
            said,
        });
    }
    for (who, number) in [(ANN, 0), (BOB, 1)] {
        let mut sights = vec![Sight::Stand { place: HALL, rev: 0 }];
        for seq in (1..=6).filter(|seq| line(*seq) != Line(number)) {
            let at_us = seq * 100 + 60;
            sights.push(Sight::Live { at_us, place: HALL, shown: shown(seq) });
        }
        sights.push(Sight::Mark { place: HALL, seq: 4 });
        history.lines.push(Connected { line: Line(number), who, client: Client(number), sights });
        history.spells.push(Spell { who, place: HALL, from_seq: 1, join_rev: 0, end_rev: None });
        history.readings.push(Reading {
            who,
            place: HALL,
            last_seq: 6,
            read_seq: 5,
            messages: (1..=6).map(shown).collect(),
        });
    }
    history.lines.push(Connected {
        line: Line(2),
        who: EVE,
        client: Client(2),
        sights: Vec::new(),
    });
    history
}

/// What is found once the history was spoiled.
fn found(spoil: impl FnOnce(&mut History)) -> Vec<Kind> {
    let mut history = right();
    spoil(&mut history);
    let mut kinds: Vec<_> = check(&history).into_iter().map(|one| one.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn swap(history: &mut History, (low, high): (u64, u64)) {
    for reading in &mut history.readings {
        for message in &mut reading.messages {
            let other = if message.seq == low { high } else { low };
            if message.seq == low || message.seq == high {
                let (seq, rev) = (message.seq, message.rev);
                *message = Shown { seq, rev, ..shown(other) };
            }
        }
    }
    for answer in &mut history.answers {
        if let Said::Kept { seq, rev, .. } = &mut answer.said
            && (*seq == low || *seq == high)
        {
            *seq = if *seq == low { high } else { low };
            *rev = *seq;
        }
    }
    history.lines.iter_mut().for_each(|line| line.sights.clear());
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn a_message_that_is_lost_after_its_acknowledgement_is_found() {
    let kinds = found(|history| {
        for reading in &mut history.readings {
            reading.messages.pop();
            reading.last_seq = 5;
        }
        history.lines[0].sights.pop();
        history.lines[0].sights.pop();
    });
    assert_eq!(kinds, [Kind::LostAfterAck]);
}

#[test]
fn a_message_that_is_shown_and_then_gone_is_found() {
    let kinds = found(|history| {
        history.answers.pop();
        for reading in &mut history.readings {
            reading.messages.pop();
            reading.last_seq = 5;
        }
    });
    assert_eq!(kinds, [Kind::ShownThenLost]);
}

#[test]
fn a_message_that_is_there_twice_is_found() {
    let kinds = found(|history| {
        for reading in &mut history.readings {
            let again = Shown { seq: 7, rev: 7, ..shown(6) };
            reading.messages.push(again);
            reading.last_seq = 7;
        }
    });
    assert!(kinds.contains(&Kind::Duplicate), "{kinds:?}");
}

#[test]
fn two_who_read_something_else_are_found() {
    let kinds = found(|history| {
        let other = &mut history.readings[1].messages[5];
        *other = Shown { name: name(5), ..other.clone() };
    });
    assert!(kinds.contains(&Kind::Disagreement), "{kinds:?}");
}

#[test]
fn an_answer_that_names_another_place_is_found() {
    let kinds = found(|history| {
        history.answers[2].said = Said::Kept { seq: 4, rev: 4, is_repeat: false };
    });
    assert_eq!(kinds, [Kind::Moved]);
}

#[test]
fn a_hole_and_a_missing_end_are_found() {
    let kinds = found(|history| history.readings[0].messages.retain(|shown| shown.seq != 3));
    assert_eq!(kinds, [Kind::Gap]);
    let kinds = found(|history| {
        history.readings[0].messages.pop();
        history.readings[0].last_seq = 5;
    });
    assert_eq!(kinds, [Kind::MemberMisses]);
}

#[test]
fn a_connection_that_skips_or_goes_back_is_found() {
    let kinds = found(|history| {
        history.lines[0].sights =
            [history.lines[0].sights[..2].to_vec(), history.lines[0].sights[3..].to_vec()].concat()
    });
    assert_eq!(kinds, [Kind::MemberMisses, Kind::LineSkips]);
    let kinds = found(|history| history.lines[0].sights.swap(1, 2));
    assert!(kinds.contains(&Kind::LineGoesBack), "{kinds:?}");
}

#[test]
fn a_client_that_asks_for_what_it_missed_has_it_all() {
    let page = |seq| Sight::Page { at_us: 900, place: HALL, shown: shown(seq) };
    let other_line = |sights| Connected { line: Line(3), who: ANN, client: Client(0), sights };
    let kinds = found(|history| {
        history.lines[0].sights.truncate(3);
        history.lines.push(other_line(vec![page(6)]));
    });
    assert_eq!(kinds, []);
    let kinds = found(|history| {
        history.lines[0].sights.truncate(3);
        history.lines.push(other_line(vec![page(2)]));
    });
    assert_eq!(kinds, [Kind::MemberMisses]);
}

#[test]
fn a_head_that_is_told_may_be_ahead_of_events_but_never_goes_back() {
    let stand = |rev| Sight::Stand { place: HALL, rev };
    let kinds = found(|history| history.lines[0].sights.insert(1, stand(6)));
    assert_eq!(kinds, []);
    let kinds = found(|history| history.lines[0].sights.extend([stand(6), stand(5)]));
    assert_eq!(kinds, [Kind::LineGoesBack]);
}

#[test]
fn a_connection_is_not_told_what_it_did_itself() {
    let kinds = found(|history| {
        // The answer to the third was never read; its event does not come here either.
        history.answers.remove(2);
    });
    assert_eq!(kinds, []);
}

#[test]
fn an_order_against_time_is_found() {
    // Bob's second after Ann's third, though it was acknowledged before that one was sent.
    let kinds = found(|history| swap(history, (4, 5)));
    assert_eq!(kinds, [Kind::MemberMisses, Kind::RealTimeOrder]);
}

#[test]
fn an_order_against_the_sender_is_found() {
    let kinds = found(|history| {
        swap(history, (3, 5));
        // Sent one after the other without waiting for the answers.
        for answer in &mut history.answers {
            answer.at_us = 10_000;
        }
    });
    assert_eq!(kinds, [Kind::MemberMisses, Kind::SenderOrder]);
}

#[test]
fn a_message_that_nobody_sent_is_found() {
    let kinds = found(|history| {
        for reading in &mut history.readings {
            reading.messages.push(shown(7));
            reading.last_seq = 7;
        }
    });
    assert_eq!(kinds, [Kind::MemberMisses, Kind::Phantom]);
}

#[test]
fn a_message_that_was_refused_and_is_there_is_found() {
    let kinds = found(|history| history.answers[5].said = Said::Refused);
    assert_eq!(kinds, [Kind::RefusedButKept]);
    let kinds = found(|history| {
        // Refused at first, then tried again, without an answer: it may be there.
        history.answers[5].said = Said::Refused;
        history.attempts.push(Attempt { at_us: 900, ..history.attempts[5].clone() });
    });
    assert_eq!(kinds, []);
}

#[test]
fn a_message_from_the_future_is_found() {
    let kinds = found(|history| {
        let Sight::Live { at_us, .. } = &mut history.lines[1].sights[1] else { unreachable!() };
        *at_us = 99;
    });
    assert_eq!(kinds, [Kind::FromTheFuture]);
}

#[test]
fn a_message_that_was_changed_on_its_way_is_found() {
    let spoil = |spoil: fn(&mut Shown)| {
        found(|history| {
            let Sight::Live { shown, .. } = &mut history.lines[1].sights[1] else { unreachable!() };
            spoil(shown);
        })
    };
    assert_eq!(spoil(|shown| shown.text = Text(99)), [Kind::CorruptText]);
    assert_eq!(spoil(|shown| shown.from = EVE), [Kind::ForgedSender]);
    let kinds = found(|history| history.attempts[0].place = YARD);
    assert!(kinds.contains(&Kind::WrongPlace), "{kinds:?}");
}

#[test]
fn what_is_shown_to_the_wrong_eyes_is_found() {
    let seen = |seq| Sight::Page { at_us: 900, place: HALL, shown: shown(seq) };
    let kinds = found(|history| history.lines[2].sights.push(seen(3)));
    assert_eq!(kinds, [Kind::Leak]);
    let spell = Spell { who: EVE, place: HALL, from_seq: 3, join_rev: 2, end_rev: Some(5) };
    let shown_within = |seq| {
        let spell = spell.clone();
        found(|history| {
            history.spells.push(spell);
            history.lines[2].sights.push(seen(seq));
        })
    };
    assert_eq!(shown_within(3), []);
    assert_eq!(shown_within(2), [Kind::LeakInHistory]);
    assert_eq!(shown_within(5), [Kind::LeakAfterRemoval]);
}

#[test]
fn a_client_that_stays_behind_is_found() {
    let behind = Behind { client: Client(0), place: HALL, have: 3, newest: 5 };
    assert_eq!(found(|history| history.behind.push(behind)), [Kind::StaysBehind]);
}

#[test]
fn marks_that_go_back_or_ahead_or_away_are_found() {
    let mark = |seq| Sight::Mark { place: HALL, seq };
    let kinds = found(|history| history.lines[0].sights.push(mark(3)));
    assert_eq!(kinds, [Kind::MarkWentBack]);
    assert_eq!(found(|history| history.lines[0].sights.push(mark(6))), [Kind::MarkLost]);
    assert_eq!(found(|history| history.readings[0].read_seq = 7), [Kind::MarkAhead]);
}
