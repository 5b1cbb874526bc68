//! What a watched client meets is spoiled in each way, as frames, and the judge finds it.

use voodoo_history::Kind;

use super::*;
use crate::judge::Judged;

/// The store's numbers of the two, and of their conversation.
const USERS: [i64; 2] = [11, 12];
const PAIR: i64 = 5;
/// How the conversation stood when they came.
const SEQ: u64 = 7;
const REV: u64 = 9;

/// What happens at one of the two clients.
#[derive(Debug, Clone)]
enum Step {
    /// The first one sends so many-th message.
    Send(u64),
    /// A frame comes to one of them.
    Came(usize, String),
}

fn name(number: u64) -> ClientId {
    ClientId::new(Uuid::from_u64_pair(7, number))
}

fn user(index: usize) -> UserId {
    UserId::new(USERS[index]).unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::new(PAIR).unwrap()
}

fn said(number: u64) -> String {
    format!("@{number}00 x")
}

/// A message as its own fields, at the place where the server keeps it.
fn fields(number: u64) -> String {
    let (seq, rev) = (SEQ + number, REV + number);
    format!(
        r#""conversation":"{}","seq":{seq},"rev":{rev},"from":"{}","client_id":"{}","at_ms":1,"body":{{"kind":"text","text":"{}"}}"#,
        conversation(),
        user(0),
        name(number),
        said(number)
    )
}

fn event(number: u64) -> Step {
    Step::Came(1, format!(r#"{{"type":"message",{}}}"#, fields(number)))
}

fn answer(number: u64) -> Step {
    let (seq, rev) = (SEQ + number, REV + number);
    let text = format!(
        r#"{{"type":"ok","id":{number},"seq":{seq},"rev":{rev},"at_ms":1,"duplicate":false}}"#
    );
    Step::Came(0, text)
}

/// Four messages, each acknowledged and delivered before the next is sent.
fn right() -> Vec<Step> {
    (1..=4).flat_map(|number| [Step::Send(number), answer(number), event(number)]).collect()
}

fn watch(max_records: usize) -> Watch {
    watch_beside(PAIR + 1, max_records)
}

fn watch_beside(broadcast: i64, max_records: usize) -> Watch {
    let setup = Setup {
        server: ([127, 0, 0, 1], 1).into(),
        first: 0,
        n_users: 2,
        is_bare: false,
        tls_cert: None,
        seed: "x".into(),
        text_bytes: 20,
        slow_from: None,
        n_watched: 2,
    };
    let seed = Seed {
        n_users: 2,
        broadcast,
        groups: Vec::new(),
        pairs: vec![PAIR],
        users: USERS.to_vec(),
    };
    let mut watch = Watch { max_records, ..Watch::new(&setup, &seed) };
    let head = format!(
        r#"{{"type":"sync","conversations":[],"gone":[],"heads":[{{"conversation":"{}","last_seq":{SEQ},"last_rev":{REV}}}],"done":true}}"#,
        conversation()
    );
    for index in 0..2 {
        watch.begin(index);
        watch.take(index, head.as_bytes(), 1_000);
    }
    watch
}

fn live(watch: &mut Watch, steps: Vec<Step>) {
    for (now_ns, step) in (1..).map(|at| at * 1_000_000).zip(steps) {
        match step {
            Step::Send(number) => {
                let (id, name, text) = (number, name(number), &*said(number));
                watch.note_draft(0, &Draft { id, conversation: PAIR, name, text, now_ns });
            }
            Step::Came(index, text) => watch.take(index, text.as_bytes(), now_ns),
        }
    }
}

/// Both read these messages, two to a page, of a conversation that stands at the newest of four.
fn read(watch: &mut Watch, kept: &[u64]) {
    for index in 0..2 {
        let mut rest = kept;
        while let Some(question) = watch.ask(index) {
            assert!(question.contains(r#""type":"history""#), "{question}");
            let (page, more) = rest.split_at(rest.len().min(2));
            rest = more;
            let messages: Vec<_> =
                page.iter().map(|number| format!("{{{}}}", fields(*number))).collect();
            let page = format!(
                r#"{{"type":"ok","id":{},"messages":[{}],"events":[],"users":[],"rev":{},"floor_seq":0,"more":{}}}"#,
                1_u64 << 32,
                messages.join(","),
                REV + 4,
                !more.is_empty()
            );
            assert_eq!(watch.turn(index, page.as_bytes()), Turned::Page);
        }
    }
    assert_eq!(watch.reading().count(), 0);
}

/// What is found in the end if it happens like this and these messages are kept.
fn judged(steps: Vec<Step>, kept: &[u64]) -> Judged {
    let mut watch = watch(MAX_RECORDS);
    live(&mut watch, steps);
    read(&mut watch, kept);
    watch.finish().judge().0
}

fn found(steps: Vec<Step>, kept: &[u64]) -> Vec<Kind> {
    judged(steps, kept).anomalies.into_keys().collect()
}

const ALL: [u64; 4] = [1, 2, 3, 4];

#[test]
fn what_is_right_is_recorded_whole_and_right() {
    let judged = judged(right(), &ALL);
    assert_eq!((judged.clients, judged.attempts, judged.answers), (2, 4, 4));
    assert_eq!((judged.sights, judged.read, judged.beyond), (4, 8, 0));
    assert_eq!(judged.anomalies.len(), 0, "{judged:?}");
}

#[test]
fn a_lost_message_is_found_also_if_it_is_the_last() {
    let without = |at: usize| {
        let mut steps = right();
        steps.remove(at);
        found(steps, &ALL)
    };
    assert_eq!(without(5), [Kind::MemberMisses, Kind::LineSkips]);
    assert_eq!(without(11), [Kind::MemberMisses]);
}

#[test]
fn a_doubled_message_is_found() {
    let mut steps = right();
    steps.insert(6, event(2));
    assert_eq!(found(steps, &ALL), [Kind::LineGoesBack]);
}

#[test]
fn reordered_messages_are_found() {
    let mut steps = right();
    steps.swap(5, 8);
    let kinds = found(steps, &ALL);
    assert!(kinds.contains(&Kind::LineGoesBack) && kinds.contains(&Kind::LineSkips), "{kinds:?}");
}

#[test]
fn a_message_that_was_acknowledged_and_never_kept_is_found() {
    let mut steps = right();
    steps.pop();
    let kinds = found(steps, &ALL[..3]);
    assert_eq!(kinds, [Kind::LostAfterAck, Kind::Gap, Kind::MemberMisses]);
}

#[test]
fn a_message_that_says_something_else_or_comes_from_another_is_found() {
    let spoil = |from: &str, to: &str| {
        let mut steps = right();
        let Step::Came(_, text) = &mut steps[5] else { unreachable!() };
        *text = text.replace(from, to);
        found(steps, &ALL)
    };
    assert_eq!(spoil("@200 x", "@201 x"), [Kind::CorruptText]);
    assert_eq!(spoil(&user(0).to_string(), &user(1).to_string()), [Kind::ForgedSender]);
    let elsewhere = ConversationId::new(PAIR + 1).unwrap().to_string();
    let kinds = spoil(&conversation().to_string(), &elsewhere);
    assert!(kinds.contains(&Kind::WrongPlace) && kinds.contains(&Kind::Leak), "{kinds:?}");
}

#[test]
fn a_broadcast_tells_no_author_and_everything_else_does() {
    let found = |broadcast: i64, spoil: fn(String) -> String| {
        let mut watch = watch_beside(broadcast, MAX_RECORDS);
        let spoilt = |step: Step| match step {
            Step::Came(index, text) => Step::Came(index, spoil(text)),
            Step::Send(number) => Step::Send(number),
        };
        live(&mut watch, right().into_iter().map(spoilt).collect());
        watch.finish().judge().0.anomalies.contains_key(&Kind::ForgedSender)
    };
    let keep = |text: String| text;
    let hide = |text: String| text.replace(&format!(r#""from":"{}","#, user(0)), "");
    assert!(!found(PAIR + 1, keep) && found(PAIR + 1, hide));
    assert!(found(PAIR, keep) && !found(PAIR, hide));
}

#[test]
fn a_refused_message_is_not_there_and_an_open_refusal_says_nothing() {
    let refused = |code: &str| {
        let mut steps = right();
        let text = format!(r#"{{"type":"refused","id":4,"code":"{code}","message":"no"}}"#);
        steps[10] = Step::Came(0, text);
        found(steps, &ALL)
    };
    assert_eq!(refused("forbidden"), [Kind::RefusedButKept]);
    assert_eq!(refused("timeout"), []);
}

#[test]
fn a_message_without_an_answer_is_told() {
    let mut steps = right();
    steps.remove(10);
    let mut watch = watch(MAX_RECORDS);
    live(&mut watch, steps);
    read(&mut watch, &ALL);
    assert_eq!(watch.finish().n_unanswered, 1);
}

#[test]
fn what_is_beyond_the_bound_is_counted_and_accuses_nobody() {
    // Three records a message: of the second there is room for no more than the answer.
    for max_records in 0..=12 {
        let mut watch = watch(max_records);
        live(&mut watch, right());
        read(&mut watch, &ALL);
        let (judged, example) = watch.finish().judge();
        assert_eq!(example, None, "{max_records}");
        assert_eq!(judged.sights, max_records as u64 / 3, "{judged:?}");
        assert_eq!(judged.beyond == 0, max_records == 12, "{judged:?}");
    }
}

#[test]
fn a_page_that_is_refused_for_the_moment_is_asked_for_again() {
    let mut watch = watch(MAX_RECORDS);
    let before = watch.ask(0);
    let refused = format!(r#"{{"type":"refused","id":{},"code":"unavailable"}}"#, 1_u64 << 32);
    assert_eq!(watch.turn(0, refused.as_bytes()), Turned::Refused);
    assert_eq!((watch.ask(0), watch.reading().count()), (before, 2));
    assert_eq!(watch.turn(0, br#"{"type":"pong"}"#), Turned::Other);
}
