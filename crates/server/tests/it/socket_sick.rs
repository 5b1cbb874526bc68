//! What a session says when what stands behind it does not work, and who else notices.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_core::Settings;
use voodoo_proto::ConversationId;

use crate::socket::{group, send, settings, until};
use crate::socket_moods::{Mood, Moody};

fn id(conversation: &Value) -> Option<ConversationId> {
    Some(serde_json::from_value(conversation.clone()).unwrap())
}

fn history(conversation: &Value) -> Value {
    json!({"type": "history", "conversation": conversation})
}

#[tokio::test]
async fn a_panic_ends_one_session_and_no_other() {
    let (server, store) = Moody::server(settings()).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut doomed = server.live(&ada).await;
    let mut further = server.live(&ada).await;
    let mut other = server.live(&bo).await;
    let conversation = doomed.ok(&group(1, &[&bo])).await["conversation"].clone();
    let healthy = doomed.ok(&group(2, &[&bo])).await["conversation"].clone();
    store.set(("history", id(&conversation)), Mood::Panics);
    doomed.request(&history(&conversation)).await;
    assert_eq!(doomed.ending().await, None);
    until(|| server.core.hub.n_sessions() == 2).await;
    further.ok(&history(&healthy)).await;
    other.ok(&send(&conversation, 3, "and now?")).await;
    assert_eq!(further.event("message").await["seq"], 1);
    store.cheer_up();
    server.live(&ada).await.ok(&history(&conversation)).await;
}

#[tokio::test]
async fn a_reading_that_hangs_is_refused_in_time_and_holds_up_nothing_else() {
    let request = Duration::from_millis(700);
    let (server, store) = Moody::server(Settings { request, ..settings() }).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let mut further = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    let other = socket.ok(&group(2, &[])).await["conversation"].clone();
    let gate = store.hold(("history", id(&conversation)));
    let hanging = socket.request(&history(&conversation)).await;
    // Behind it in the same conversation, and beside it.
    let behind = socket.request(&send(&conversation, 3, "behind")).await;
    let beside = socket.request(&send(&other, 4, "beside")).await;
    assert_eq!(socket.reply(beside).await["seq"], 1);
    // Another session's order is its own.
    assert_eq!(further.ok(&send(&conversation, 5, "of another")).await["seq"], 1);
    let refused = socket.reply(hanging).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("timeout"), &json!("same")));
    assert_eq!(socket.reply(behind).await["seq"], 2);
    gate.add_permits(1);
    socket.ok(&history(&conversation)).await;
}

#[tokio::test]
async fn a_write_that_hangs_is_refused_in_time_and_a_repeat_tells_what_became_of_it() {
    let request = Duration::from_millis(700);
    let (server, store) = Moody::server(Settings { request, ..settings() }).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    let gate = store.hold(("commit", id(&conversation)));
    let message = send(&conversation, 2, "is it there?");
    let refused = socket.refused(&message, "timeout").await;
    assert_eq!(refused["retry"], "same");
    gate.add_permits(1);
    store.cheer_up();
    let again = socket.ok(&message).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn a_store_that_fails_is_told_by_code_and_never_by_its_own_words() {
    let (server, store) = Moody::server(settings()).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    let cases = [(Mood::IsAway, "unavailable"), (Mood::Breaks, "internal")];
    for (number, (mood, code)) in (2..).zip(cases) {
        let message = send(&conversation, number, "now?");
        for (call, frame) in [("commit", &message), ("history", &history(&conversation))] {
            store.set((call, id(&conversation)), mood.clone());
            let refused = socket.refused(frame, code).await;
            assert_eq!(
                (&refused["retry"], &refused["retry_after_ms"]),
                (&json!("same"), &json!(1_000))
            );
            assert!(!refused.to_string().contains("disk"), "{refused}");
        }
        // A check that cannot be made is answered without a digest.
        store.set(("digest", None), mood);
        socket.tell(&json!({"type": "ping", "check": true})).await;
        assert!(socket.event("pong").await.get("digest").is_none());
        store.cheer_up();
        assert_eq!(socket.ok(&message).await["duplicate"], false);
    }
}
