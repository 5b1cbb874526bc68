//! Requests that are understood and not carried out: why, at which field, and whether to repeat.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use voodoo_proto::Request;
use voodoo_proto::limits::{Rate, Rates};

use crate::socket::{Person, Server, client_id, group, send, settings};
use crate::socket_client::{Socket, text_frame};

/// A request that is refused, with which code and at which field.
type Case = (Value, &'static str, Option<&'static str>);

fn body(text: &str) -> Value {
    json!({"kind": "text", "text": text})
}

/// A frame about a conversation, with further fields.
fn about(conversation: &Value, name: &str, fields: Value) -> Value {
    let mut frame = fields;
    frame["type"] = name.into();
    frame["conversation"] = conversation.clone();
    frame
}

/// What its members may not do.
fn inside(group: &Value, owner: &Person) -> Vec<Case> {
    let about = |name, fields| about(group, name, fields);
    let owner = owner.user.to_string();
    let long = "x".repeat(16_385);
    let edit = json!({"seq": 2, "edits": 0, "body": body("mine?")});
    vec![
        (send(group, 100, &long), "too_large", Some("body")),
        (send(group, 101, " \n"), "bad_request", Some("body")),
        (send(group, 102, "a\u{7}b"), "bad_request", Some("body")),
        (about("edit", edit), "forbidden", None),
        (about("edit", json!({"seq": 1, "edits": 7, "body": body("late")})), "conflict", None),
        (about("edit", json!({"seq": 3, "edits": 0, "body": body("gone")})), "gone", None),
        (about("edit", json!({"seq": 9, "edits": 0, "body": body("none")})), "not_found", None),
        (about("delete", json!({"seqs": [2]})), "forbidden", None),
        (about("delete", json!({"seqs": []})), "bad_request", Some("seqs")),
        (about("react", json!({"seq": 1, "emoji": "x", "on": true})), "bad_request", Some("emoji")),
        (about("react", json!({"seq": 3, "emoji": "🥶", "on": true})), "gone", None),
        (about("pin", json!({"seq": 1, "on": true})), "forbidden", None),
        (about("update", json!({"title": "Mine"})), "forbidden", None),
        (about("update", json!({"avatar": "f_1"})), "bad_request", Some("avatar")),
        (about("destroy", json!({})), "forbidden", None),
        (about("invite_create", json!({})), "forbidden", None),
        (about("invite_create", json!({"uses": 0})), "bad_request", Some("uses")),
        (about("member_add", json!({"users": [owner]})), "forbidden", None),
        (about("member_remove", json!({"user": owner})), "forbidden", None),
        (about("member_role", json!({"user": owner, "role": "member"})), "forbidden", None),
        (about("set", json!({"unread_from": 9})), "bad_request", Some("unread_from")),
        (about("history", json!({"before": 1, "after": 1})), "bad_request", Some("before")),
        (about("history", json!({"limit": 101})), "bad_request", Some("limit")),
        (about("changes", json!({"since_rev": 99})), "bad_request", Some("since_rev")),
        (about("receipts", json!({"seq": 9})), "not_found", None),
        (about("counts", json!({"seqs": []})), "bad_request", Some("seqs")),
        (about("members", json!({"limit": 0})), "bad_request", Some("limit")),
    ]
}

/// To whoever is no member a conversation looks as if there were none.
fn outside(conversation: &Value) -> Vec<Case> {
    let about = |name, fields| (about(conversation, name, fields), "not_found", None);
    vec![
        (send(conversation, 200, "hello?"), "not_found", None),
        about("edit", json!({"seq": 1, "edits": 0, "body": body("x")})),
        about("delete", json!({"seqs": [1]})),
        about("react", json!({"seq": 1, "emoji": "🥶", "on": true})),
        about("pin", json!({"seq": 1, "on": true})),
        about("update", json!({"title": "x"})),
        about("destroy", json!({})),
        about("join", json!({})),
        about("leave", json!({})),
        about("invite_create", json!({})),
        about("member_add", json!({"users": ["u_1"]})),
        about("member_remove", json!({"user": "u_1"})),
        about("member_role", json!({"user": "u_1", "role": "admin"})),
        about("members", json!({})),
        about("set", json!({"pinned": true})),
        about("accept", json!({})),
        about("history", json!({})),
        about("changes", json!({"since_rev": 0})),
        about("receipts", json!({"seq": 1})),
        about("counts", json!({"seqs": [1]})),
    ]
}

/// What belongs to no conversation.
fn elsewhere(own: &Person) -> Vec<Case> {
    let many = |prefix: &str, n: usize| vec![format!("{prefix}_1"); n];
    let create = |fields: Value| {
        let mut frame = fields;
        frame["type"] = "create".into();
        frame["client_id"] = client_id(300).into();
        frame
    };
    let own = own.user.to_string();
    vec![
        (create(json!({"kind": "group"})), "bad_request", Some("title")),
        (create(json!({"kind": "direct", "members": ["u_zz"]})), "not_found", Some("members")),
        (
            create(json!({"kind": "direct", "members": many("u", 2)})),
            "bad_request",
            Some("members"),
        ),
        (create(json!({"kind": "broadcast", "title": "News"})), "forbidden", None),
        (
            json!({"type": "get", "conversations": many("c", 101)}),
            "bad_request",
            Some("conversations"),
        ),
        (json!({"type": "users"}), "bad_request", Some("query")),
        (json!({"type": "users", "ids": many("u", 101)}), "bad_request", Some("ids")),
        (json!({"type": "join"}), "bad_request", Some("conversation")),
        (json!({"type": "join", "alias": "nowhere"}), "not_found", None),
        (json!({"type": "join", "code": "wrong"}), "gone", None),
        (json!({"type": "list", "public": false}), "bad_request", Some("public")),
        (json!({"type": "invite_revoke", "invite": "i_zz"}), "not_found", None),
        (json!({"type": "block", "user": own, "on": true}), "bad_request", Some("user")),
        (json!({"type": "block", "user": "u_zz", "on": true}), "not_found", Some("user")),
        (
            json!({"type": "focus", "conversations": many("c", 9)}),
            "bad_request",
            Some("conversations"),
        ),
        (json!({"type": "watch", "users": many("u", 201)}), "bad_request", Some("users")),
        (
            json!({"type": "status", "state": "auto", "text": "x".repeat(129)}),
            "bad_request",
            Some("text"),
        ),
    ]
}

/// Ada's group, in which bo is, and three messages: bo's, ada's, and one that bo deleted.
async fn furnished(server: &Server) -> (Value, Person, Socket, Socket) {
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut of_ada = server.live(&ada).await;
    let mut of_bo = server.live(&bo).await;
    let conversation = of_ada.ok(&group(1, &[&bo])).await["conversation"].clone();
    of_bo.ok(&send(&conversation, 2, "bo's")).await;
    of_ada.ok(&send(&conversation, 3, "ada's")).await;
    of_bo.ok(&send(&conversation, 4, "bo's, deleted")).await;
    of_bo.ok(&about(&conversation, "delete", json!({"seqs": [3]}))).await;
    (conversation, ada, of_ada, of_bo)
}

async fn meet(socket: &mut Socket, cases: &[Case]) {
    for (frame, code, field) in cases {
        let refused = socket.refused(frame, code).await;
        assert_eq!(refused.get("field").and_then(Value::as_str), *field, "{refused} to {frame}");
        assert_ne!(refused["message"], "");
        let retry = match *code {
            "bad_request" | "conflict" => "changed",
            _ => "never",
        };
        assert_eq!(refused["retry"], retry, "{refused}");
    }
}

#[tokio::test]
async fn every_request_is_refused_with_its_reason_and_changes_nothing() {
    let server = Server::start().await;
    let (conversation, ada, mut of_ada, mut of_bo) = furnished(&server).await;
    let cleo = server.person("cleo").await;
    let mut of_cleo = server.live(&cleo).await;
    let digest = async |socket: &mut Socket| {
        socket.tell(&json!({"type": "ping", "check": true})).await;
        socket.event("pong").await["digest"].clone()
    };
    let before = [digest(&mut of_ada).await, digest(&mut of_bo).await, digest(&mut of_cleo).await];
    let (inside, outside, elsewhere) =
        (inside(&conversation, &ada), outside(&conversation), elsewhere(&cleo));
    meet(&mut of_bo, &inside).await;
    meet(&mut of_cleo, &outside).await;
    meet(&mut of_cleo, &elsewhere).await;
    of_ada.refused(&about(&conversation, "leave", json!({})), "forbidden").await;
    let after = [digest(&mut of_ada).await, digest(&mut of_bo).await, digest(&mut of_cleo).await];
    assert_eq!(before, after);

    let asked: BTreeSet<&str> = [&inside, &outside, &elsewhere]
        .into_iter()
        .flatten()
        .filter_map(|(frame, ..)| frame["type"].as_str())
        .collect();
    // These have no reply, or nothing in them that could be refused.
    let free = ["hello", "ping", "bye", "read", "received", "typing", "active", "resync"];
    for name in Request::NAMES {
        assert_ne!(asked.contains(name), free.contains(name), "{name}");
    }
}

#[tokio::test]
async fn the_33rd_request_in_flight_is_refused_and_the_others_are_served() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    // All in one segment: none is answered before the last is read.
    let sends = (1..=40_u64).flat_map(|number| {
        let mut frame = send(&conversation, 100 + number, "in flight");
        frame["id"] = (100 + number).into();
        text_frame(&frame.to_string())
    });
    socket.write(&sends.collect::<Vec<u8>>()).await;
    for number in 1..=40 {
        let reply = socket.reply(100 + number).await;
        if number <= 32 {
            assert_eq!(reply["seq"], number, "{reply}");
        } else {
            assert_eq!((&reply["code"], &reply["retry"]), (&json!("rate_limited"), &json!("same")));
            assert!(reply["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{reply}");
        }
    }
    assert_eq!(socket.ok(&send(&conversation, 200, "room again")).await["seq"], 33);
}

#[tokio::test]
async fn an_empty_bucket_refuses_one_user_and_says_when_there_is_more() {
    let slow = Rate { per_s: 0.01, burst: 3.0 };
    let mut settings = settings();
    settings.rules.limits.rates =
        Rates { send: slow, history: slow, ..settings.rules.limits.rates };
    let server = Server::with(settings).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[&bo])).await["conversation"].clone();
    for number in 1..=3 {
        socket.ok(&send(&conversation, number + 1, "fits")).await;
        socket.ok(&about(&conversation, "history", json!({}))).await;
    }
    let mut further = server.live(&ada).await;
    for frame in [send(&conversation, 9, "too much"), about(&conversation, "history", json!({}))] {
        // A bucket belongs to the user, whichever session asks.
        let refused = further.refused(&frame, "rate_limited").await;
        assert_eq!(refused["retry"], "same");
        assert!((1..=100_000).contains(&refused["retry_after_ms"].as_u64().unwrap()), "{refused}");
    }
    // What was said already is answered whatever the bucket says.
    let again = further.ok(&send(&conversation, 2, "fits")).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(1), &json!(true)));
    server.live(&bo).await.ok(&send(&conversation, 10, "of another")).await;
}

#[tokio::test]
async fn a_resync_is_refused_while_the_pages_of_one_are_under_way() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.connect(&ada).await;
    let resync = r#"{"type":"resync","id":7,"user_rev":0,"since_ms":0}"#;
    let hello = crate::socket_client::hello(&json!({})).to_string();
    socket.write(&[text_frame(&hello), text_frame(resync)].concat()).await;
    let refused = socket.reply(7).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("rate_limited"), &json!("same")));
    assert_eq!(socket.pages().await.len(), 1);
    socket.ok(&json!({"type": "resync", "user_rev": 0, "since_ms": 0})).await;
    assert_eq!(socket.pages().await.len(), 1);
}
