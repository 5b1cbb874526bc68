//! The start of a session: what comes before `welcome`, and what comes before the last page.

use serde_json::{Value, json};
use voodoo_core::Settings;
use voodoo_core::outbox::OutboxLimits;

use crate::socket::{Server, client_id, group, send, settings};
use crate::socket_client::{Socket, hello, text_frame};
use crate::socket_moods::{Mood, Moody};

#[tokio::test]
async fn welcome_comes_first_whatever_happens_while_the_snapshot_is_read() {
    let (server, store) = Moody::server(settings()).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut writer = server.live(&ada).await;
    let conversation = writer.ok(&group(1, &[&bo])).await["conversation"].clone();
    let gate = store.hold(("snapshot", None));
    let mut starting = server.connect(&bo).await;
    starting.tell(&hello(&json!({}))).await;
    store.called(("snapshot", None), 2).await;
    // Events of others, a ping, a request that is wrong and one that is not.
    for number in 2..=4 {
        writer.ok(&send(&conversation, number, "meanwhile")).await;
    }
    starting.tell(&json!({"type": "ping"})).await;
    let wrong = starting.request(&json!({"type": "teleport"})).await;
    let right = starting.request(&json!({"type": "get", "conversations": [conversation]})).await;
    writer.is_served().await;
    gate.add_permits(1);
    assert_eq!(starting.next().await["type"], "welcome");
    for rev in 2..=4 {
        assert_eq!(starting.event("message").await["rev"], rev);
    }
    // What the snapshot counts already comes as an event too: the client drops it by its rev.
    let page = starting.pages().await.pop().unwrap();
    assert_eq!(page["conversations"][0]["head"]["last_rev"], 4);
    starting.event("pong").await;
    assert_eq!(starting.reply(wrong).await["code"], "unknown_type");
    assert_eq!(starting.reply(right).await["type"], "ok");
}

#[tokio::test]
async fn of_the_requests_before_welcome_32_are_served_and_a_flood_is_closed() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let greet_and_ask = |n: u64| {
        let questions = (1..=n)
            .flat_map(|id| text_frame(&format!(r#"{{"type":"users","id":{id},"query":"ada"}}"#)));
        [text_frame(&hello(&json!({})).to_string()), questions.collect()].concat()
    };
    let mut eager = server.connect(&ada).await;
    eager.write(&greet_and_ask(40)).await;
    assert_eq!(eager.next().await["type"], "welcome");
    for id in 1..=40 {
        let reply = eager.reply(id).await;
        let code = if id <= 32 { Value::Null } else { json!("rate_limited") };
        assert_eq!(reply.get("code").unwrap_or(&Value::Null), &code, "{reply}");
    }
    let mut flooding = server.connect(&ada).await;
    flooding.write(&greet_and_ask(100)).await;
    assert_eq!(flooding.closed().await, Some(4429));
    eager.is_served().await;
}

#[tokio::test]
async fn a_session_whose_state_cannot_be_read_is_told_whether_to_come_back() {
    let (server, store) = Moody::server(settings()).await;
    let ada = server.person("ada").await;
    for (mood, code) in [(Mood::IsAway, 4503), (Mood::Breaks, 1011)] {
        store.set(("snapshot", None), mood);
        let mut socket = server.connect(&ada).await;
        socket.tell(&hello(&json!({}))).await;
        assert_eq!(socket.closed().await, Some(code));
        assert_eq!(socket.kept(), [json!(null); 0]);
        store.cheer_up();
        server.live(&ada).await;
    }
}

#[tokio::test]
async fn of_two_resyncs_at_once_one_is_served_whole_and_the_other_refused() {
    let (server, store) = Moody::server(settings()).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    socket.ok(&group(1, &[])).await;
    let gate = store.hold(("snapshot", None));
    let resync = json!({"type": "resync", "user_rev": 0, "since_ms": 0});
    let first = socket.request(&resync).await;
    let second = socket.request(&resync).await;
    let refused = socket.reply(second).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("rate_limited"), &json!("same")));
    gate.add_permits(1);
    assert_eq!(socket.reply(first).await["type"], "ok");
    assert_eq!(socket.pages().await[0]["conversations"].as_array().unwrap().len(), 1);
    // The way is free again, also after one that came to nothing.
    store.set(("snapshot", None), Mood::IsAway);
    socket.refused(&resync, "unavailable").await;
    store.cheer_up();
    socket.ok(&resync).await;
    socket.pages().await;
}

#[tokio::test]
async fn a_lag_during_a_resync_is_closed_after_its_pages() {
    let outbox =
        OutboxLimits { calm_bytes: 8 * 1024, full_bytes: 16 * 1024, reply_bytes: 64 * 1024 };
    let (server, store) = Moody::server(Settings { outbox, ..settings() }).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut writer = server.live(&ada).await;
    let conversation = writer.ok(&group(1, &[&bo])).await["conversation"].clone();
    let mut slow = Socket::upgraded(server.narrow().await, &bo.token).await;
    slow.hello().await;
    let gate = store.hold(("snapshot", None));
    slow.request(&json!({"type": "resync", "user_rev": 0, "since_ms": 0})).await;
    store.called(("snapshot", None), 3).await;
    let text = "x".repeat(12 * 1024);
    for number in 2..=40 {
        writer.ok(&send(&conversation, number, &text)).await;
    }
    // The first pong comes behind all that was queued. By the second the lag would be closed,
    // were no pages under way.
    slow.is_served().await;
    slow.is_served().await;
    assert!(slow.kept().iter().all(|event| event["type"] == "message"));
    gate.add_permits(1);
    let page = slow.pages().await.pop().unwrap();
    assert_eq!(page["conversations"][0]["head"]["last_rev"], 40);
    let heads = slow.event("heads").await;
    assert_eq!((&heads["lagging"], &heads["heads"][0]["last_rev"]), (&json!(true), &json!(40)));
    writer.ok(&send(&conversation, 41, "live again")).await;
    assert_eq!(slow.event("message").await["rev"], 41);
}

#[tokio::test]
async fn a_lag_that_cannot_be_closed_ends_the_session_with_its_reason() {
    let outbox =
        OutboxLimits { calm_bytes: 8 * 1024, full_bytes: 16 * 1024, reply_bytes: 64 * 1024 };
    let (server, store) = Moody::server(Settings { outbox, ..settings() }).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut writer = server.live(&ada).await;
    let conversation = writer.ok(&group(1, &[&bo])).await["conversation"].clone();
    let mut slow = Socket::upgraded(server.narrow().await, &bo.token).await;
    slow.hello().await;
    store.set(("heads", None), Mood::IsAway);
    let text = "x".repeat(12 * 1024);
    for number in 2..=40 {
        writer.ok(&send(&conversation, number, &text)).await;
    }
    assert_eq!(slow.closed().await, Some(4503));
    assert!(slow.kept().iter().all(|event| event["type"] == "message"));
    let create = json!({"type": "create", "client_id": client_id(99), "kind": "direct",
        "members": [bo.user]});
    writer.ok(&create).await;
}
