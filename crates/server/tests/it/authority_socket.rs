//! Who gets which answer to every type of request on the socket. A type without a row fails the
//! test.

use serde_json::{Value, json};
use voodoo_proto::Request;

use crate::authority::{Asker, Things, World};
use crate::socket::{client_id, send};
use crate::socket_client::{Socket, upgrade_of};

/// A type, and what a stranger, member, admin, owner and server admin get: `ok`, `nothing` (an
/// empty list), a code, the code of a close frame, or `silence`.
type Row = (&'static str, [&'static str; 5]);

const SAME: [&str; 5] = ["ok"; 5];
const MEMBERS: [&str; 5] = ["not_found", "ok", "ok", "ok", "not_found"];
const ADMINS: [&str; 5] = ["not_found", "forbidden", "ok", "ok", "not_found"];
const OWNERS: [&str; 5] = ["not_found", "forbidden", "forbidden", "ok", "not_found"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("hello",         ["4400"; 5]),
    ("resync",        SAME),
    ("ping",          ["pong"; 5]),
    ("bye",           ["1000"; 5]),
    ("send",          MEMBERS),
    // By the member.
    ("edit",          ["not_found", "ok", "forbidden", "forbidden", "not_found"]),
    ("delete",        MEMBERS),
    ("react",         MEMBERS),
    ("pin",           ADMINS),
    ("read",          ["silence"; 5]),
    ("received",      ["silence"; 5]),
    ("receipts",      MEMBERS),
    ("focus",         SAME),
    ("typing",        ["silence"; 5]),
    ("watch",         SAME),
    ("status",        SAME),
    ("active",        SAME),
    // A broadcast, which is for admins of the server by default.
    ("create",        ["forbidden", "forbidden", "forbidden", "forbidden", "ok"]),
    ("get",           ["nothing", "ok", "ok", "ok", "nothing"]),
    ("update",        ADMINS),
    ("destroy",       OWNERS),
    ("join",          MEMBERS),
    ("leave",         MEMBERS),
    // Of what everyone may join, and that is nothing here.
    ("list",          ["nothing"; 5]),
    ("invite_create", ADMINS),
    ("invite_revoke", ["not_found", "not_found", "ok", "ok", "not_found"]),
    ("member_add",    ADMINS),
    ("member_remove", ADMINS),
    ("member_role",   OWNERS),
    ("members",       MEMBERS),
    ("set",           MEMBERS),
    ("accept",        MEMBERS),
    ("block",         SAME),
    ("counts",        MEMBERS),
    ("history",       MEMBERS),
    ("changes",       MEMBERS),
    ("users",         SAME),
];

/// A request of a type, with its fields.
fn frame(name: &str, things: &Things) -> Value {
    let user = &things.user;
    let fields = match name {
        "hello" => json!({"client": {"name": "test", "version": "1"}}),
        "resync" => json!({"user_rev": 0, "since_ms": 0}),
        "ping" | "bye" | "destroy" | "join" | "leave" | "accept" | "typing" | "members"
        | "history" | "list" | "invite_create" => json!({}),
        "send" => return send(&json!(things.conversation), 77, "high tide"),
        "edit" => json!({"seq": 1, "edits": 0, "body": {"kind": "text", "text": "high tide"}}),
        "delete" | "counts" => json!({"seqs": [1]}),
        "react" => json!({"seq": 1, "emoji": "🌊", "on": true}),
        "pin" => json!({"seq": 1, "on": true}),
        "read" | "receipts" => json!({"seq": 1}),
        "received" => json!({"heads": [{"conversation": things.conversation, "seq": 1}]}),
        "focus" | "get" => json!({"conversations": [things.conversation]}),
        "watch" => json!({"users": [user]}),
        "status" => json!({"state": "away"}),
        "active" => json!({"on": true}),
        "create" => json!({"client_id": client_id(78), "kind": "broadcast", "title": "Weather"}),
        "update" => json!({"title": "Harbour"}),
        "invite_revoke" => json!({"invite": things.invite}),
        "member_add" => json!({"users": []}),
        "member_remove" => json!({"user": user}),
        "member_role" => json!({"user": user, "role": "admin"}),
        "set" => json!({"pinned": true}),
        "block" => json!({"user": user, "on": true}),
        "changes" => json!({"since_rev": 0}),
        "users" => json!({"ids": [user]}),
        other => panic!("what does {other} carry?"),
    };
    let mut frame = fields;
    frame["type"] = name.into();
    let is_about_all = ["hello", "resync", "ping", "bye", "received", "focus", "get", "watch"]
        .into_iter()
        .chain(["status", "active", "create", "invite_revoke", "block", "users", "list"])
        .any(|one| one == name);
    if !is_about_all {
        frame["conversation"] = json!(things.conversation);
    }
    frame
}

/// What comes back, in one word; and the whole of it without the id.
async fn outcome(socket: &mut Socket, name: &str, frame: &Value) -> (String, Value) {
    match name {
        "hello" | "bye" => {
            socket.tell(frame).await;
            (socket.closed().await.unwrap().to_string(), Value::Null)
        }
        "ping" => {
            socket.is_served().await;
            ("pong".to_owned(), Value::Null)
        }
        "read" | "received" | "typing" => {
            socket.tell(frame).await;
            socket.is_served().await;
            let kept = socket.kept();
            let is_answered = kept.iter().any(|text| text["type"] == "refused");
            (if is_answered { "answer" } else { "silence" }.to_owned(), Value::Null)
        }
        _ => {
            let mut reply = socket.ask(frame).await;
            reply["id"] = Value::Null;
            let is_empty = reply["conversations"].as_array().is_some_and(Vec::is_empty);
            let word = match reply["type"].as_str() {
                Some("refused") => reply["code"].as_str().unwrap(),
                Some("ok") if is_empty => "nothing",
                Some(kind) => kind,
                None => panic!("{reply}"),
            };
            let word = word.to_owned();
            (word, reply)
        }
    }
}

#[test]
fn every_type_of_request_has_its_row() {
    let mut rows: Vec<_> = ROWS.iter().map(|(name, _)| *name).collect();
    let mut served = Request::NAMES.to_vec();
    rows.sort_unstable();
    served.sort_unstable();
    assert_eq!(rows, served);
}

#[tokio::test]
async fn whoever_is_not_proven_gets_no_socket_for_any_request() {
    let world = World::make().await;
    for asker in Asker::ALL.into_iter().filter(|asker| !Asker::PROVEN.contains(asker)) {
        let mut socket = Socket::over(world.server.tcp().await);
        socket.write(upgrade_of(&world.person(asker).token).as_bytes()).await;
        assert_eq!(socket.head().await.status, 401, "{asker:?}");
    }
}

#[tokio::test]
async fn to_every_type_of_request_each_asker_gets_the_answer_that_is_theirs() {
    let mut wrong = Vec::new();
    for name in Request::NAMES {
        let row = ROWS.iter().find(|(named, _)| named == name);
        let (_, expected) = row.expect("a row for every type");
        for (asker, expected) in Asker::PROVEN.into_iter().zip(*expected) {
            let world = World::make().await;
            let mut socket = world.server.live(world.person(asker)).await;
            let mut asked = frame(name, &world.things);
            if *name == "member_add" {
                asked["users"] = json!([world.person(Asker::Stranger).user.to_string()]);
            }
            let (word, said) = outcome(&mut socket, name, &asked).await;
            if word != expected {
                wrong.push(format!("{name} {asker:?}: {word} {said}"));
            }
            if word == "not_found" || word == "nothing" {
                let absent = frame(name, &Things::absent());
                let absent = outcome(&mut socket, name, &absent).await;
                assert_eq!(absent, (word, said), "{name} tells {asker:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
