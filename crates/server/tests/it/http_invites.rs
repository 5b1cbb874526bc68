//! Invites.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_proto::http::LoggedIn;
use voodoo_server::http::HttpOptions;

use crate::http::{Answer, Ask, PASSWORD, Server, options};

async fn invite(server: &Server, by: &LoggedIn, wanted: &Value) -> Value {
    server.ask(Ask::post("/invites").by(by).json(wanted)).await.ok().clone()
}

async fn look(server: &Server, code: &Value) -> Answer {
    server.ask(Ask::post("/invites/look").json(&json!({"code": code}))).await
}

async fn join(server: &Server, code: &Value, handle: &str) -> Answer {
    let wanted = json!({"invite": code, "handle": handle, "name": handle, "password": PASSWORD});
    server.ask(Ask::post("/sign-up").json(&wanted)).await
}

#[tokio::test]
async fn an_invite_lets_in_as_often_as_it_says() {
    let (server, ada) = Server::owned(options()).await;
    let made = invite(&server, &ada, &json!({"uses": 2})).await;
    let seen = look(&server, &made["code"]).await;
    let expected = json!({"server_name": "Harbour",
        "inviter": {"handle": "ada", "name": "Ada Lovelace"}});
    assert_eq!(seen.ok(), &expected);
    join(&server, &made["code"], "bo").await.ok();
    assert_eq!(
        join(&server, &made["code"], "bo").await.refused(409, "conflict")["field"],
        "handle"
    );
    join(&server, &made["code"], "cy").await.ok();
    join(&server, &made["code"], "di").await.refused(410, "gone");
    look(&server, &made["code"]).await.refused(410, "gone");
}

#[tokio::test]
async fn the_link_carries_the_code_in_its_fragment() {
    let (server, ada) = Server::owned(options()).await;
    let made = invite(&server, &ada, &json!({})).await;
    let code = made["code"].as_str().unwrap();
    assert_eq!(code.len(), 22, "128 bits");
    assert_eq!(made["url"], format!("http://localhost:8080/join#{code}"));
    let public_url = Some("https://chat.example.org".parse().unwrap());
    let (server, ada) = Server::owned(HttpOptions { public_url, ..options() }).await;
    let made = invite(&server, &ada, &json!({})).await;
    let code = made["code"].as_str().unwrap();
    assert_eq!(made["url"], format!("https://chat.example.org/join#{code}"));
}

#[tokio::test]
async fn an_invite_expires() {
    let (server, ada) = Server::owned(options()).await;
    let short = invite(&server, &ada, &json!({"ttl_s": 60})).await;
    let week = invite(&server, &ada, &json!({})).await;
    server.pass(Duration::from_secs(61));
    look(&server, &short["code"]).await.refused(410, "gone");
    join(&server, &short["code"], "bo").await.refused(410, "gone");
    look(&server, &week["code"]).await.ok();
    server.pass(Duration::from_secs(7 * 24 * 60 * 60));
    look(&server, &week["code"]).await.refused(410, "gone");
}

#[tokio::test]
async fn whoever_made_an_invite_ends_it() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    let made = invite(&server, &ada, &json!({})).await;
    let path = format!("/invites/{}", made["invite"].as_str().unwrap());
    server.ask(Ask::delete(&path).by(&bo)).await.refused(404, "not_found");
    look(&server, &made["code"]).await.ok();
    assert_eq!(server.ask(Ask::delete(&path).by(&ada)).await.status, 204);
    look(&server, &made["code"]).await.refused(410, "gone");
    server.ask(Ask::delete(&path).by(&ada)).await.refused(404, "not_found");
    server.ask(Ask::delete("/invites/x").by(&ada)).await.refused(404, "not_found");
}

#[tokio::test]
async fn only_admins_invite_to_the_server() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    let refused = server.ask(Ask::post("/invites").by(&bo).json(&json!({}))).await;
    refused.refused(403, "forbidden");
    let elsewhere = Ask::post("/invites").by(&bo).json(&json!({"conversation": "c_zz"}));
    server.ask(elsewhere).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_invite_without_sense_is_refused() {
    let (server, ada) = Server::owned(options()).await;
    for (field, wanted) in [
        ("uses", json!({"uses": 0})),
        ("uses", json!({"uses": -1})),
        ("ttl_s", json!({"ttl_s": 0})),
        ("ttl_s", json!({"ttl_s": 366 * 24 * 60 * 60 + 1})),
        ("role", json!({"role": "admin"})),
        ("conversation", json!({"conversation": "u_1"})),
    ] {
        server.ask(Ask::post("/invites").by(&ada).json(&wanted)).await.refused_at(field);
    }
}

#[tokio::test]
async fn guesses_at_codes_are_slowed_down_and_right_ones_are_not() {
    let (server, ada) = Server::owned(options()).await;
    let made = server.ask(Ask::post("/invites").by(&ada).json(&json!({}))).await;
    let look =
        |code: &Value, from| Ask::post("/invites/look").json(&json!({"code": code})).from(from);
    let right = &made.ok()["code"];
    for _ in 0..60 {
        server.ask(look(right, "192.0.2.1")).await.ok();
    }
    let wrong = json!("wrong");
    for _ in 0..21 {
        server.ask(look(&wrong, "192.0.2.2")).await.refused(410, "gone");
    }
    server.ask(look(right, "192.0.2.2")).await.refused(429, "rate_limited");
    server.ask(look(right, "192.0.2.3")).await.ok();
}
