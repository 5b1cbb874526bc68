//! Whoever goes on after refusals is closed, and whoever merely errs is not.

use serde_json::json;
use voodoo_core::Settings;
use voodoo_core::rates::Flood;
use voodoo_proto::limits::{Rate, Rates};

use crate::socket::{Server, group, send, settings};
use crate::socket_client::text_frame;

const NEVER: f64 = 0.000_1;

fn flood(refusals: f64, unanswered: f64) -> Settings {
    let mut settings = settings();
    settings.flood = Flood {
        refusals: Rate { per_s: NEVER, burst: refusals },
        unanswered: Rate { per_s: NEVER, burst: unanswered },
        users_per_address: 2.0,
    };
    settings
}

#[tokio::test]
async fn first_comes_a_refusal_and_whoever_goes_on_is_closed_with_4429() {
    let mut settings = flood(5.0, 100.0);
    let slow = Rate { per_s: NEVER, burst: 3.0 };
    settings.rules.limits.rates = Rates { send: slow, ..settings.rules.limits.rates };
    let server = Server::with(settings).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let (mut socket, mut other) = (server.live(&ada).await, server.live(&bo).await);
    let conversation = socket.ok(&group(1, &[&bo])).await["conversation"].clone();
    for number in 2..=4 {
        socket.ok(&send(&conversation, number, "fits")).await;
    }
    for number in 5..=9 {
        socket.refused(&send(&conversation, number, "too much"), "rate_limited").await;
    }
    // A repeat of what was taken is no flood.
    assert_eq!(socket.ok(&send(&conversation, 2, "fits")).await["duplicate"], true);
    let id = socket.request(&send(&conversation, 10, "and on")).await;
    assert_eq!(socket.reply(id).await["code"], "rate_limited", "it is still answered");
    assert_eq!(socket.closed().await, Some(4429));
    for _ in 0..3 {
        other.event("message").await;
    }
    other.is_served().await;
    server.live(&ada).await.is_served().await;
}

#[tokio::test]
async fn what_cannot_be_understood_counts_and_what_may_not_be_done_does_not() {
    let server = Server::with(flood(6.0, 100.0)).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    for _ in 0..50 {
        socket.refused(&json!({"type": "join", "alias": "nowhere"}), "not_found").await;
    }
    for _ in 0..3 {
        socket.refused(&json!({"type": "teleport"}), "unknown_type").await;
        // Without an id it is dropped, and counted all the same.
        socket.write(&text_frame(r#"{"type":"teleport"}"#)).await;
    }
    socket.is_served().await;
    socket.write(&text_frame(r#"{"type":"teleport"}"#)).await;
    assert_eq!(socket.closed().await, Some(4429));
}

#[tokio::test]
async fn frames_without_a_reply_are_dropped_beyond_their_rate_and_then_close() {
    let server = Server::with(flood(4.0, 10.0)).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut socket = server.live(&ada).await;
    let pings = text_frame(r#"{"type":"ping"}"#).repeat(14);
    socket.write(&pings).await;
    for _ in 0..10 {
        socket.event("pong").await;
    }
    socket.ok(&json!({"type": "users", "query": "ada"})).await;
    assert_eq!(socket.kept(), [json!(null); 0], "four were dropped");
    socket.write(&text_frame(r#"{"type":"ping"}"#)).await;
    assert_eq!(socket.closed().await, Some(4429));
    server.live(&bo).await.is_served().await;
}

#[tokio::test]
async fn all_users_of_one_address_share_its_buckets() {
    let mut settings = flood(100.0, 100.0);
    let slow = Rate { per_s: NEVER, burst: 3.0 };
    settings.rules.limits.rates = Rates { join: slow, ..settings.rules.limits.rates };
    let server = Server::with(settings).await;
    let join = json!({"type": "join", "alias": "nowhere"});
    for (handle, n_answered) in [("ada", 3), ("bo", 3), ("cleo", 0)] {
        let mut socket = server.live(&server.person(handle).await).await;
        for _ in 0..n_answered {
            socket.refused(&join, "not_found").await;
        }
        let refused = socket.refused(&join, "rate_limited").await;
        assert!(refused["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{refused}");
    }
}
