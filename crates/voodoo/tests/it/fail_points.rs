//! Every step between receiving a message and acknowledging it fails once: the process ends there
//! under load, or the step panics. Nothing acknowledged is lost or doubled, and others notice
//! nothing.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_client::Connection;
use voodoo_proof::run::{Plan, Trouble};

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
/// Steps at which a panic ends one session or one transaction. At the others it would be that of a
/// whole shard or of the writer, which is as good as the end of the process.
const STEPS_OF_ONE: &[&str] = &["received", "decoded", "checked", "queued", "written", "answered"];
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
