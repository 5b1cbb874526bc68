//! Retention as clients see it: one event, and pages without what was removed.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_core::Settings;
use voodoo_core::retention::Terms;

use crate::socket::{Server, client_id, send, settings};

fn quick() -> Settings {
    let moment = Duration::from_millis(50);
    let retention =
        Terms { day: Duration::from_secs(60), every: moment, pause: moment, ..Terms::default() };
    Settings { retention, ..settings() }
}

#[tokio::test]
async fn old_messages_go_with_one_event_and_a_late_client_gets_a_reset() {
    let server = Server::with(quick()).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let (mut of_ada, mut of_bo) = (server.live(&ada).await, server.live(&bo).await);
    let create = json!({"type": "create", "client_id": client_id(1), "kind": "group",
        "title": "Short-lived", "members": [bo.user], "settings": {"retention_days": 1}});
    let conversation = of_ada.ok(&create).await["conversation"].clone();
    for number in 2..=4 {
        of_ada.ok(&send(&conversation, number, "soon gone")).await;
        of_bo.event("message").await;
    }
    server.pass(Duration::from_secs(61));
    for socket in [&mut of_ada, &mut of_bo] {
        let floored = socket.event("floored").await;
        assert_eq!((&floored["rev"], &floored["floor_seq"]), (&json!(5), &json!(3)));
    }
    assert_eq!(of_bo.ok(&send(&conversation, 5, "stays")).await["seq"], 4);
    let history = of_bo.ok(&json!({"type": "history", "conversation": conversation})).await;
    let seqs: Vec<&Value> =
        history["messages"].as_array().unwrap().iter().map(|one| &one["seq"]).collect();
    assert_eq!((seqs, &history["floor_seq"]), (vec![&json!(4)], &json!(3)));
    let changes = json!({"type": "changes", "conversation": conversation, "since_rev": 2});
    let late = of_bo.ok(&changes).await;
    assert_eq!((&late["reset"], &late["head"]["floor_seq"]), (&json!(true), &json!(3)));
    assert_eq!(of_ada.ok(&send(&conversation, 3, "soon gone")).await["duplicate"], true);
    // Nothing more is due: no further event comes between.
    assert_eq!(of_ada.ok(&send(&conversation, 6, "stays too")).await["rev"], 7);
}

#[tokio::test]
async fn what_the_operator_keeps_shortly_goes_in_direct_conversations_too() {
    let mut settings = quick();
    settings.retention.default_days = 2;
    let server = Server::with(settings).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let notes = json!({"type": "create", "client_id": client_id(1), "kind": "direct"});
    let notes = socket.ok(&notes).await["conversation"].clone();
    socket.ok(&send(&notes, 2, "a thought")).await;
    server.pass(Duration::from_secs(121));
    assert_eq!(socket.event("floored").await["floor_seq"], 1);
}
