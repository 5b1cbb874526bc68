//! Sending without a socket, as people and as bots.

use http::Method;
use serde_json::{Value, json};
use voodoo_core::apply::{Create, Reply, Write};
use voodoo_proto::http::{BotMade, LoggedIn};
use voodoo_proto::limits::Rate;
use voodoo_proto::object::{Kind, SettingsChange};
use voodoo_proto::{ConversationId, UserId};
use voodoo_server::http::HttpOptions;

use crate::http::{Ask, Server, options};
use crate::http_live::say;
use crate::socket::{Server as Live, client_id, group};

/// Makes a group in which others are members.
async fn group_of(server: &Server, creator: &LoggedIn, members: &[UserId]) -> ConversationId {
    let create = Create {
        creator: creator.user,
        client_id: client_id(u64::MAX >> 17).parse().unwrap(),
        kind: Kind::Group,
        title: Some("Harbour".to_owned()),
        description: None,
        alias: None,
        members: members.to_vec(),
        settings: SettingsChange::default(),
        at_ms: server.door.core.clock.now_ms(),
    };
    let made = server.door.core.carry_out(Write::Create(create)).await.unwrap();
    let Reply::In(conversation) = made else { panic!("{made:?}") };
    conversation
}

fn post(conversation: ConversationId, key: &str, body: &Value) -> Ask {
    Ask::post(&format!("/conversations/{conversation}/messages"))
        .header("idempotency-key", key)
        .json(body)
}

fn text(text: &str) -> Value {
    json!({"body": {"kind": "text", "text": text}})
}

#[tokio::test]
async fn a_message_is_placed_and_its_repeat_gets_the_first_answer() {
    let (server, ada) = Server::owned(options()).await;
    let harbour = group_of(&server, &ada, &[]).await;
    let first = server.ask(post(harbour, &client_id(1), &text("low tide")).by(&ada)).await;
    let first = first.ok();
    assert_eq!((&first["seq"], &first["duplicate"]), (&json!(1), &json!(false)));
    let quoted = format!("\"{}\"", client_id(1));
    let repeat = server.ask(post(harbour, &quoted, &text("something else")).by(&ada)).await;
    let mut expected = first.clone();
    expected["duplicate"] = json!(true);
    assert_eq!(repeat.ok(), &expected);
    let second = server.ask(post(harbour, &client_id(2), &text("high tide")).by(&ada)).await;
    assert_eq!(second.ok()["seq"], 2);
}

#[tokio::test]
async fn what_send_refuses_is_refused_here_too() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    let harbour = group_of(&server, &ada, &[]).await;
    let outsider = post(harbour, &client_id(1), &text("let me in")).by(&bo);
    server.ask(outsider).await.refused(404, "not_found");
    let nowhere = Ask::post("/conversations/c_zzz/messages").header("idempotency-key", "x");
    server.ask(nowhere.json(&text("hm")).by(&ada)).await.refused_at("Idempotency-Key");
    for path in ["c_zzz", "c_0", "u_1", "x"] {
        let ask = Ask::post(&format!("/conversations/{path}/messages"));
        let ask = ask.header("idempotency-key", &client_id(2)).json(&text("hm")).by(&ada);
        server.ask(ask).await.refused(404, "not_found");
    }
    for key in ["", "1", "019b7900-0000-7000-8000", "not-a-uuid-but-of-thirty-six-letters"] {
        let ask = post(harbour, key, &text("hm")).by(&ada);
        server.ask(ask).await.refused_at("Idempotency-Key");
    }
    let nameless = Ask::post(&format!("/conversations/{harbour}/messages")).json(&text("hm"));
    server.ask(nameless.by(&ada)).await.refused_at("Idempotency-Key");
    server.ask(post(harbour, &client_id(3), &json!({})).by(&ada)).await.refused_at("body");
    server.ask(post(harbour, &client_id(4), &text(" ")).by(&ada)).await.refused_at("body");
    let long = text(&"x".repeat(16_385));
    server.ask(post(harbour, &client_id(5), &long).by(&ada)).await.refused(413, "too_large");
    let mut answer = text("what?");
    answer["reply_to"] = json!(1);
    server.ask(post(harbour, &client_id(6), &answer).by(&ada)).await.refused(404, "not_found");
    let first = server.ask(post(harbour, &client_id(7), &text("so")).by(&ada)).await;
    assert_eq!(first.ok()["seq"], 1, "nothing of all that was kept");
}

#[tokio::test]
async fn messages_count_against_the_rate_of_send() {
    let (server, ada) = Server::owned(options()).await;
    let harbour = group_of(&server, &ada, &[]).await;
    let burst = 30;
    for number in 1..=burst {
        server.ask(post(harbour, &client_id(number), &text("again")).by(&ada)).await.ok();
    }
    let mut refused = false;
    for number in burst + 1..=burst + 20 {
        let answer = server.ask(post(harbour, &client_id(number), &text("again")).by(&ada)).await;
        if answer.status != 200 {
            assert!(answer.refused(429, "rate_limited")["retry_after_ms"].as_u64() > Some(0));
            refused = true;
        }
    }
    assert!(refused);
    let repeat = server.ask(post(harbour, &client_id(1), &text("again")).by(&ada)).await;
    assert_eq!(repeat.ok()["duplicate"], true, "a repeat is always answered");
}

#[tokio::test]
async fn admins_of_the_server_make_bots_that_speak() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    let wanted = json!({"handle": "Echo", "name": "Echo"});
    server.ask(Ask::post("/bots").json(&wanted).by(&bo)).await.refused(403, "forbidden");
    let made = server.ask(Ask::post("/bots").json(&wanted).by(&ada)).await;
    let made: BotMade = serde_json::from_value(made.ok().clone()).unwrap();
    let bot = LoggedIn {
        user: made.user,
        device: ada.device,
        expires_ms: 0,
        token: Some(made.token.clone()),
    };
    let me = server.ask(Ask::get("/me").by(&bot)).await;
    let user = &me.ok()["user"];
    assert_eq!((&user["handle"], &user["kind"]), (&json!("echo"), &json!("bot")));
    assert_eq!(user["role"], "member");
    let harbour = group_of(&server, &ada, &[bot.user]).await;
    server.ask(post(harbour, &client_id(1), &text("echo")).by(&bot)).await.ok();

    let taken = server.ask(Ask::post("/bots").json(&wanted).by(&ada)).await;
    assert_eq!(taken.refused(409, "conflict")["field"], "handle");
    for (field, wanted) in [
        ("handle", json!({"handle": "1", "name": "One"})),
        ("name", json!({"handle": "one", "name": ""})),
        ("name", json!({"handle": "one"})),
    ] {
        server.ask(Ask::post("/bots").json(&wanted).by(&ada)).await.refused_at(field);
    }
    let as_person = crate::http::log_in("echo", "echo echo echo");
    server.ask(Ask::post("/log-in").json(&as_person)).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn tickets_bots_and_invites_have_a_rate() {
    let rate = Rate { per_s: 0.1, burst: 3.0 };
    let (server, ada) = Server::owned(HttpOptions { rate, ..options() }).await;
    server.ask(Ask::post("/tickets").by(&ada)).await.ok();
    server.ask(Ask::post("/invites").json(&json!({})).by(&ada)).await.ok();
    let bot = json!({"handle": "echo", "name": "Echo"});
    server.ask(Ask::post("/bots").json(&bot).by(&ada)).await.ok();
    for ask in [
        Ask::post("/tickets"),
        Ask::post("/invites").json(&json!({})),
        Ask::post("/bots").json(&json!({"handle": "other", "name": "Other"})),
    ] {
        let answer = server.ask(ask.by(&ada)).await;
        assert!(answer.refused(429, "rate_limited")["retry_after_ms"].as_u64() > Some(0));
        assert_ne!(answer.header("retry-after"), "");
    }
}

#[tokio::test]
async fn invites_into_a_conversation_count_as_those_of_the_socket() {
    let (server, ada) = Server::owned(options()).await;
    let harbour = group_of(&server, &ada, &[]).await;
    let wanted = json!({"conversation": harbour});
    for _ in 0..10 {
        server.ask(Ask::post("/invites").json(&wanted).by(&ada)).await.ok();
    }
    let over = server.ask(Ask::post("/invites").json(&wanted).by(&ada)).await;
    over.refused(429, "rate_limited");
    server.ask(Ask::post("/invites").json(&json!({})).by(&ada)).await.ok();
}

#[tokio::test]
async fn every_session_of_the_members_hears_of_it() {
    let server = Live::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let (mut own, mut other) = (server.live(&ada).await, server.live(&bo).await);
    let made = own.ok(&group(1, &[&bo])).await;
    let path = format!("/conversations/{}/messages", made["conversation"].as_str().unwrap());
    let key = ("Idempotency-Key", &*client_id(2));
    let (status, sent) =
        say(&server, &ada, (Method::POST, &path), &[key], Some(&text("low tide"))).await;
    assert_eq!(status, 200, "{sent}");
    for socket in [&mut own, &mut other] {
        let message = socket.event("message").await;
        assert_eq!(message["body"]["text"], "low tide");
        assert_eq!((&message["seq"], &message["rev"]), (&sent["seq"], &sent["rev"]));
        assert_eq!(message["client_id"], client_id(2));
    }
}
