//! Readers that are slow: nothing is lost, and nobody else waits.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use voodoo_core::Settings;
use voodoo_core::outbox::OutboxLimits;

use crate::socket::{Person, Server, client_id, group, send, settings, until};
use crate::socket_client::{Socket, hello};

/// A connection that takes nothing is closed and then given up after this, at the soonest.
const GIVEN_UP: Duration = Duration::from_secs(2);

/// Outboxes that are full soon.
fn small() -> Settings {
    let outbox =
        OutboxLimits { calm_bytes: 8 * 1024, full_bytes: 32 * 1024, reply_bytes: 64 * 1024 };
    Settings { outbox, ..settings() }
}

/// A session whose socket takes little, and which nobody reads after this.
async fn slow_session(server: &Server, person: &Person) -> Socket {
    let mut socket = Socket::upgraded(server.narrow().await, &person.token).await;
    socket.hello().await;
    socket
}

/// Sends more than any buffer on the way to a slow reader takes; whoever is quick hears each
/// message before the next is sent.
async fn flood(writer: &mut Socket, quick: &mut Socket, conversation: &Value) {
    let text = "x".repeat(12 * 1024);
    for number in 0..100 {
        let seq = writer.ok(&send(conversation, 1_000 + number, &text)).await["seq"].clone();
        assert_eq!(quick.event("message").await["seq"], seq);
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_what_moved_and_gets_it_all_by_changes() {
    let server = Server::with(small()).await;
    let [ada, bo, cleo] =
        [server.person("ada").await, server.person("bo").await, server.person("cleo").await];
    let mut writer = server.live(&ada).await;
    let mut quick = server.live(&bo).await;
    let flooded = writer.ok(&group(1, &[&bo, &cleo])).await["conversation"].clone();
    let moved = writer.ok(&group(2, &[&cleo])).await["conversation"].clone();
    let still = writer.ok(&group(3, &[&cleo])).await["conversation"].clone();
    let direct = json!({"type": "create", "client_id": client_id(4), "kind": "direct",
        "members": [cleo.user]});
    let direct = writer.ok(&direct).await["conversation"].clone();
    writer.ok(&send(&direct, 5, "hello")).await;

    let mut slow = slow_session(&server, &cleo).await;
    writer.ok(&send(&still, 6, "before the flood")).await;
    flood(&mut writer, &mut quick, &flooded).await;
    writer.ok(&send(&moved, 7, "after the flood")).await;
    // Best effort is the first to be left out.
    writer.tell(&json!({"type": "typing", "conversation": direct})).await;
    writer.is_served().await;

    assert_eq!(slow.next().await["conversation"], still);
    let mut have = 1_u64;
    let heads = loop {
        let event = slow.next().await;
        if event["type"] == "heads" {
            break event;
        }
        have += 1;
        assert_eq!((&event["conversation"], &event["rev"]), (&flooded, &json!(have)), "{event}");
    };
    assert!((2..90).contains(&have), "some came and most were left out: {have}");
    assert_eq!((&heads["lagging"], &heads["user_rev"]), (&json!(true), &json!(4)));
    let named: Vec<_> = heads["heads"].as_array().unwrap().iter().collect();
    assert_eq!(named.len(), 2, "what did not move is not named: {heads}");
    let last_rev = |of: &Value| {
        let head = named.iter().find(|head| head["conversation"] == *of).unwrap();
        head["last_rev"].as_u64().unwrap()
    };
    assert_eq!((last_rev(&flooded), last_rev(&moved)), (101, 2));

    writer.ok(&send(&flooded, 8, "live again")).await;
    assert_eq!(slow.event("message").await["rev"], 102);
    // The message of a change stands one below it, for the group's beginning took the first.
    let (first_seq, mut seqs) = (have, Vec::new());
    while have < 102 {
        let changes = json!({"type": "changes", "conversation": flooded, "since_rev": have});
        let page = slow.ok(&changes).await;
        have = page["rev"].as_u64().unwrap();
        assert_eq!(page["more"], json!(have < 102));
        seqs.extend(page["messages"].as_array().unwrap().iter().map(|it| it["seq"].clone()));
    }
    assert_eq!(seqs, (first_seq..=101).map(Value::from).collect::<Vec<Value>>());
    assert_eq!(slow.kept(), [json!(null); 0], "typing was left out, and nothing came twice");
}

#[tokio::test]
async fn signs_of_typing_are_left_out_for_whoever_is_behind_and_messages_are_not() {
    let mut settings = small();
    settings.outbox.full_bytes = 16 * 1024 * 1024;
    let server = Server::with(settings).await;
    let (ada, cleo) = (server.person("ada").await, server.person("cleo").await);
    let mut writer = server.live(&ada).await;
    let mut quick = server.live(&cleo).await;
    let direct = json!({"type": "create", "client_id": client_id(1), "kind": "direct",
        "members": [cleo.user]});
    let direct = writer.ok(&direct).await["conversation"].clone();
    writer.ok(&send(&direct, 2, "hello")).await;
    quick.event("message").await;
    let mut slow = slow_session(&server, &cleo).await;
    flood(&mut writer, &mut quick, &direct).await;
    writer.tell(&json!({"type": "typing", "conversation": direct})).await;
    assert_eq!(quick.event("typing").await["user"], ada.user.to_string());
    writer.ok(&send(&direct, 3, "the last")).await;
    for seq in 2..=102 {
        let event = slow.next().await;
        assert_eq!((&event["type"], &event["seq"]), (&json!("message"), &json!(seq)));
    }
    slow.is_served().await;
    assert_eq!(slow.kept(), [json!(null); 0]);
}

#[tokio::test]
async fn whoever_takes_nothing_for_too_long_is_closed_and_nobody_waits_for_it() {
    let not_writable = Duration::from_millis(200);
    let server = Server::with(Settings { not_writable, ..small() }).await;
    let [ada, bo, cleo] =
        [server.person("ada").await, server.person("bo").await, server.person("cleo").await];
    let mut writer = server.live(&ada).await;
    let mut quick = server.live(&bo).await;
    let conversation = writer.ok(&group(1, &[&bo, &cleo])).await["conversation"].clone();
    let mut never = slow_session(&server, &cleo).await;
    for round in 1_u64.. {
        let mut late = slow_session(&server, &cleo).await;
        let begin = Instant::now();
        // Others are served as ever, for longer than whoever reads nothing may be stuck.
        let text = "x".repeat(12 * 1024);
        for number in 0.. {
            writer.ok(&send(&conversation, round << 32 | number, &text)).await;
            quick.event("message").await;
            if number > 20 && begin.elapsed() > 3 * not_writable {
                break;
            }
        }
        // Whoever reads again before the connection is given up learns why.
        let took = begin.elapsed();
        if late.ending().await == Some(4420) {
            break;
        }
        assert!(took > GIVEN_UP, "closed without a word after {took:?}");
    }
    until(|| server.core.hub.n_sessions() == 2).await;
    assert_eq!(never.ending().await, None, "nothing was taken, so nothing more was said");
    writer.ok(&send(&conversation, 7, "still here")).await;
}

#[tokio::test]
async fn replies_are_never_dropped_and_while_too_many_wait_nothing_more_is_read() {
    let server = Server::with(small()).await;
    let (ada, cleo) = (server.person("ada").await, server.person("cleo").await);
    let mut watching = server.live(&ada).await;
    let full = watching.ok(&group(1, &[&cleo])).await["conversation"].clone();
    let other = watching.ok(&group(2, &[&cleo])).await["conversation"].clone();
    let text = "x".repeat(15 * 1024);
    for number in 100..112 {
        watching.ok(&send(&full, number, &text)).await;
    }
    let mut slow = slow_session(&server, &cleo).await;
    let history = json!({"type": "history", "conversation": full});
    let mut asked = Vec::new();
    // Each answer is many times what may wait. The message behind it shows that it was carried
    // out; once none is seen any more, nothing more is read.
    for number in 1_000.. {
        asked.push(slow.request(&history).await);
        asked.push(slow.request(&send(&other, number, "seen")).await);
        let seen = watching.event("message");
        if tokio::time::timeout(Duration::from_millis(500), seen).await.is_err() {
            break;
        }
        assert!(asked.len() < 40, "the server reads on and on");
    }
    for number in 2_000..2_005 {
        asked.push(slow.request(&history).await);
        asked.push(slow.request(&send(&other, number, "seen")).await);
    }
    watching.is_served().await;
    assert_eq!(watching.kept().iter().filter(|it| it["type"] == "message").count(), 0);
    for id in &asked {
        assert_eq!(slow.reply(*id).await["type"], "ok");
    }
    for _ in 0..6 {
        watching.event("message").await;
    }
}

#[tokio::test]
async fn while_pages_wait_for_a_slow_reader_a_resync_is_refused() {
    let server = Server::with(small()).await;
    let (ada, cleo) = (server.person("ada").await, server.person("cleo").await);
    let mut other = server.live(&ada).await;
    for number in 1..=700 {
        other.ok(&group(number, &[&cleo])).await;
    }
    let mut slow = Socket::upgraded(server.narrow().await, &cleo.token).await;
    slow.tell(&hello(&json!({}))).await;
    let resync = json!({"type": "resync", "user_rev": 0, "since_ms": 0});
    let id = slow.request(&resync).await;
    other.is_served().await;
    let refused = slow.reply(id).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("rate_limited"), &json!("same")));
    let pages = slow.pages().await;
    assert!(pages.len() > 3, "{}", pages.len());
    let n = |page: &Value| page["conversations"].as_array().unwrap().len();
    assert_eq!(pages.iter().map(n).sum::<usize>(), 700);
    assert!(pages.iter().all(|page| page.to_string().len() <= 64 * 1024));
    slow.ok(&resync).await;
    assert_eq!(slow.pages().await.iter().map(n).sum::<usize>(), 700);
}
