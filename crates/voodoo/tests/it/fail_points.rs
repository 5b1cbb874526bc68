//! Every step between receiving a message and acknowledging it fails once: the process ends there
//! under load, or the step panics. Nothing acknowledged is lost or doubled, and others notice
//! nothing.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_client::Connection;
use voodoo_proof::run::{Plan, Trouble};
use voodoo_proto::CloseCode;

use crate::people::{QUICK, Talk, address, sign_up};
use crate::proof::{plan, prove};
use crate::server::Server;

/// Steps in their order, as the server calls them.
const STEPS: &[&str] = &[
    "received",
    "decoded",
    "checked",
    "queued",
    "taken",
    "written",
    "committed",
    "settled",
    "told",
    "answered",
];
/// Steps at which a panic ends one session or one transaction.
const STEPS_OF_ONE: &[&str] = &["received", "decoded", "checked", "queued", "written", "answered"];
/// Steps at which a panic is that of a whole shard or of the writer of the store.
const STEPS_OF_ALL: &[&str] = &["taken", "committed", "settled", "told"];
/// What `sysexits.h` has for a fault of the program.
const FAULT: i32 = 70;
/// The session of who sends has passed each step at most so often before.
const N_BEFORE: u64 = 60;
const N_MESSAGES: usize = 100;

#[test]
fn a_process_that_ends_at_any_step_loses_nothing_acknowledged() {
    let troubles = STEPS.iter().map(|step| Trouble::EndsAt(step)).collect();
    prove(&Plan {
        n_acked_between: 100,
        silence: Duration::from_secs(20),
        ..plan("fail_points", troubles)
    });
}

#[test]
fn a_step_that_panics_harms_one_message_at_most_and_a_retry_mends_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for step in STEPS_OF_ONE {
        runtime.block_on(panics_at(step));
    }
}

async fn panics_at(step: &'static str) {
    let wanted = format!("{step}:panic:{N_BEFORE}");
    let settings: Vec<_> = QUICK.iter().copied().chain([("FAIL_POINT", &*wanted)]).collect();
    let server = Server::start("fail_point", &settings);
    let people = sign_up(&server, 2).await;
    let address = address(&server);
    let mut listener = Connection::open(&address, &people[1].token).await.unwrap();
    listener.hello(None).await.unwrap();
    let mut speaker = Talk::begin(&address, &people[0]).await.unwrap();
    let conversation = speaker.direct(&people[1].user).await;
    let (mut said, mut n_failed) = (Vec::new(), 0);
    for number in 0..N_MESSAGES {
        let text = format!("message {number}");
        let client_id = uuid::Uuid::now_v7().to_string();
        let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
            "body": {"kind": "text", "text": text}});
        let seq = loop {
            match speaker.ask(send.clone()).await {
                Some(answer) if answer["type"] == "ok" => break answer["seq"].clone(),
                Some(refused) => assert_eq!(refused["code"], "internal", "{step}: {refused}"),
                None => speaker = Talk::begin(&address, &people[0]).await.unwrap(),
            }
            n_failed += 1;
            assert_eq!(n_failed, 1, "{step}: it fails once");
        };
        said.push((json!(text), seq));
    }
    assert_eq!(n_failed, 1, "{step}: it fails");
    let mut heard = Vec::new();
    while heard.len() < N_MESSAGES {
        let frame: Value = listener.receive().await.expect("the other's session goes on");
        if frame["type"] == "message" {
            heard.push((frame["body"]["text"].clone(), frame["seq"].clone()));
        }
    }
    assert_eq!(heard, said, "{step}: once each, in order");
    let stored = speaker.read_from(&conversation, 0).await;
    let stored: Vec<_> =
        stored.iter().map(|one| (one["body"]["text"].clone(), one["seq"].clone())).collect();
    assert_eq!(stored, said, "{step}: stored once each");
}

#[test]
fn a_panic_that_is_everyones_ends_the_process_in_words_and_loses_nothing_acknowledged() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for step in STEPS_OF_ALL {
        runtime.block_on(ends_at(step));
    }
}

async fn ends_at(step: &'static str) {
    let wanted = format!("{step}:panic:{N_BEFORE}");
    let settings: Vec<_> = QUICK.iter().copied().chain([("FAIL_POINT", &*wanted)]).collect();
    let mut server = Server::start("fail_point_of_all", &settings);
    let people = sign_up(&server, 2).await;
    let address = address(&server);
    let mut listener = Connection::open(&address, &people[1].token).await.unwrap();
    listener.hello(None).await.unwrap();
    let mut speaker = Talk::begin(&address, &people[0]).await.unwrap();
    let conversation = speaker.direct(&people[1].user).await;
    let mut acked = Vec::new();
    for number in 0..N_MESSAGES {
        let text = format!("message {number}");
        let send = json!({"type": "send", "conversation": conversation,
            "client_id": uuid::Uuid::now_v7(), "body": {"kind": "text", "text": text}});
        match speaker.ask(send).await {
            Some(answer) if answer["type"] == "ok" => {
                acked.push((json!(text), answer["seq"].clone()));
            }
            Some(refused) => assert_eq!(refused["code"], "unavailable", "{step}: {refused}"),
            None => break,
        }
    }
    let closed = loop {
        if let Err(closed) = listener.receive::<Value>().await {
            break closed;
        }
    };
    assert_eq!(closed.number, CloseCode::Unavailable.number(), "{step}: {closed}");
    assert_eq!(server.wait(), Some(FAULT), "{step}");
    let log = server.log();
    assert!(log.contains("the process ends") && log.contains("start it again"), "{step}: {log}");
    assert!((1..N_MESSAGES).contains(&acked.len()), "{step}: {} acknowledged", acked.len());
    server.restart();
    let mut speaker = Talk::begin(&address, &people[0]).await.unwrap();
    let stored = speaker.read_from(&conversation, 0).await;
    let stored: Vec<_> =
        stored.iter().map(|one| (one["body"]["text"].clone(), one["seq"].clone())).collect();
    assert_eq!(stored[..acked.len()], acked, "{step}: what was acknowledged is there, in order");
    // The one that was under way may be there, too.
    assert!(stored.len() <= acked.len() + 1, "{step}: {stored:?}");
}
