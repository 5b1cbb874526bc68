//! Texts that are not carried out, at a live session: each has its outcome, and nothing else has.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::socket::{Server, group, send};
use crate::socket_client::{hello, text_frame};

#[derive(Deserialize)]
struct Case {
    why: String,
    frame: String,
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Close(u16),
    Refused { id: u64, code: String, field: Option<String> },
    Dropped,
}

/// The same cases that bind the decoder and the clients.
fn cases(outcome: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/fixtures/malformed");
    let text = fs::read_to_string(folder.join(format!("{outcome}.json"))).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 10, "{outcome}");
    cases
}

#[tokio::test]
async fn what_is_refused_or_dropped_has_its_outcome_and_the_session_goes_on() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut socket = server.live(&ada).await;
    let mut other = server.live(&bo).await;
    let conversation = socket.ok(&group(1, &[&bo])).await["conversation"].clone();
    for (number, case) in (2..).zip(cases("refused").into_iter().chain(cases("dropped"))) {
        // Between two requests, in the same segment.
        let (before, after) = (1_000_000 + number, 2_000_000 + number);
        let mut posted = send(&conversation, number, &case.why);
        posted["id"] = before.into();
        let question = json!({"type": "get", "id": after, "conversations": [conversation]});
        let frames = [posted.to_string(), case.frame.clone(), question.to_string()];
        socket.write(&frames.map(|frame| text_frame(&frame)).concat()).await;
        if let Outcome::Refused { id, code, field } = &case.outcome {
            let refused = socket.reply(*id).await;
            assert_eq!(refused["code"], **code, "{}", case.why);
            assert_eq!(refused.get("field").and_then(Value::as_str), field.as_deref(), "{refused}");
            let retry = if code == "bad_request" { "changed" } else { "never" };
            assert_eq!((&refused["type"], &refused["retry"]), (&json!("refused"), &json!(retry)));
            assert_ne!(refused["message"], "");
        }
        assert_eq!(socket.reply(before).await["seq"], number - 1, "{}", case.why);
        assert_eq!(socket.reply(after).await["type"], "ok", "{}", case.why);
        assert_eq!(other.event("message").await["seq"], number - 1, "{}", case.why);
        let heard = socket.kept();
        assert!(heard.iter().all(|one| one["type"] == "conversation"), "{}: {heard:?}", case.why);
    }
}

#[tokio::test]
async fn what_is_not_the_protocol_closes_the_session_and_no_other() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut other = server.live(&bo).await;
    let second = ("a second hello".to_owned(), hello(&json!({})).to_string(), 4400);
    for (why, frame, code) in cases_that_close().chain([second]) {
        let mut socket = server.live(&ada).await;
        let frames = [r#"{"type":"ping"}"#, &frame, r#"{"type":"ping"}"#];
        socket.write(&frames.map(text_frame).concat()).await;
        assert_eq!(socket.closed().await, Some(code), "{why}");
        let heard = socket.kept();
        assert_eq!(heard.len(), 1, "{why}: what came before is answered, nothing after: {heard:?}");
        other.is_served().await;
    }
}

fn cases_that_close() -> impl Iterator<Item = (String, String, u16)> {
    cases("close").into_iter().map(|case| match case.outcome {
        Outcome::Close(code) => (case.why, case.frame, code),
        Outcome::Refused { .. } | Outcome::Dropped => panic!("{} does not close", case.why),
    })
}

#[tokio::test]
async fn anything_but_hello_at_first_closes_with_4400() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let cases = [
        r#"{"type":"ping"}"#,
        r#"{"type":"bye"}"#,
        r#"{"type":"get","id":1,"conversations":[]}"#,
        r#"{"type":"teleport","id":1}"#,
        r#"{"type":"teleport"}"#,
        r#"{"type":"hello"}"#,
        r#"{"type":"hello","client":"lamp"}"#,
        "hello",
        "",
    ];
    for frame in cases {
        let mut socket = server.connect(&ada).await;
        socket
            .write(&[text_frame(frame), text_frame(&hello(&json!({})).to_string())].concat())
            .await;
        assert_eq!(socket.closed().await, Some(4400), "{frame}");
        assert_eq!(socket.kept(), [json!(null); 0], "{frame}");
    }
    assert_eq!(server.core.hub.n_sessions(), 0);
}
