//! Own account and devices.

use std::time::Duration;

use serde_json::json;
use voodoo_proto::http::Device;
use voodoo_server::http::HttpOptions;

use crate::http::{Ask, PASSWORD, Server, log_in, options};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn devices(server: &Server, ask: Ask) -> Vec<Device> {
    serde_json::from_value(server.ask(ask).await.ok().clone()).unwrap()
}

#[tokio::test]
async fn devices_are_listed_by_name_and_the_asking_one_is_marked() {
    let (server, ada) = Server::owned(options()).await;
    let named = json!({"handle": "ada", "password": PASSWORD, "device_name": " Ada's lamp "});
    let lamp = server.ask(Ask::post("/log-in").json(&named)).await.logged_in();
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
    let page = Ask::post("/log-in").header("user-agent", agent).json(&log_in("ada", PASSWORD));
    server.ask(page).await.ok();
    let bo = server.sign_up(&ada, "bo").await;

    let listed = devices(&server, Ask::get("/devices").by(&lamp)).await;
    let mut names: Vec<_> = listed.iter().map(|device| device.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ada's lamp", "Firefox · Linux", "Program"]);
    let current: Vec<_> = listed.iter().filter(|device| device.current).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0].device, lamp.device);
    assert!(listed.iter().all(|device| device.device != bo.device));

    let nameless = json!({"handle": "ada", "password": PASSWORD, "device_name": "\u{7}"});
    server.ask(Ask::post("/log-in").json(&nameless)).await.refused_at("device_name");
}

#[tokio::test]
async fn a_device_that_is_ended_is_out_at_once() {
    let (server, ada) = Server::owned(options()).await;
    let lamp = server.log_in("ada").await;
    let ended = server.ask(Ask::delete(&format!("/devices/{}", lamp.device)).by(&ada)).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    assert_eq!(ended.header("set-cookie"), "");
    assert_eq!(server.revoked(), [lamp.device]);
    server.ask(Ask::get("/me").by(&lamp)).await.refused(401, "unauthenticated");
    server.ask(Ask::get("/me").by(&ada)).await.ok();
}

#[tokio::test]
async fn a_device_of_somebody_else_is_not_found_and_stays() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    for id in [ada.device.to_string(), "d_zzz".into(), "d_0".into(), "u_1".into(), "x".into()] {
        let refused = server.ask(Ask::delete(&format!("/devices/{id}")).by(&bo)).await;
        refused.refused(404, "not_found");
    }
    assert!(server.revoked().is_empty());
    server.ask(Ask::get("/me").by(&ada)).await.ok();
}

#[tokio::test]
async fn whoever_logs_out_is_out_and_loses_the_cookie() {
    let (server, _) = Server::owned(options()).await;
    let page = Ask::post("/log-in").page().json(&log_in("ada", PASSWORD));
    let page = server.ask(page).await;
    let device = page.logged_in().device;
    let with_cookie = |ask: Ask| ask.header("cookie", page.cookie());
    let out = server.ask(with_cookie(Ask::post("/log-out").page())).await;
    assert_eq!(out.status, 204);
    let cleared = "__Host-voodoo=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0";
    assert_eq!(out.header("set-cookie"), cleared);
    assert_eq!(server.revoked(), [device]);
    server.ask(with_cookie(Ask::get("/me"))).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_name_is_changed_and_what_is_absent_stays() {
    let (server, ada) = Server::owned(options()).await;
    let patch = |wanted: serde_json::Value| Ask::patch("/me").by(&ada).json(&wanted);
    for (wanted, expected) in [
        (json!({}), "Ada Lovelace"),
        (json!({"name": " Ada King "}), "Ada King"),
        (json!({"name": null}), "Ada King"),
    ] {
        let changed = server.ask(patch(wanted)).await;
        assert_eq!(changed.ok()["user"]["name"], expected);
        assert_eq!(server.ask(Ask::get("/me").by(&ada)).await.ok(), changed.ok());
    }
    server.ask(patch(json!({"name": "a\u{202e}b"}))).await.refused_at("name");
    server.ask(patch(json!({"avatar": "f_1"}))).await.refused_at("avatar");
}

#[tokio::test]
async fn a_changed_password_ends_all_other_devices() {
    let (server, ada) = Server::owned(options()).await;
    let lamp = server.log_in("ada").await;
    let change = |old: &str, new: &str| {
        Ask::post("/me/password").by(&ada).json(&json!({"old": old, "new": new}))
    };
    server.ask(change(PASSWORD, "short")).await.refused_at("new");
    let wrong = server.ask(change("another lamp", "a lamp on the stairs")).await;
    assert_eq!(wrong.refused(403, "forbidden")["field"], "old");
    server.ask(Ask::get("/me").by(&lamp)).await.ok();

    let changed = server.ask(change(PASSWORD, "a lamp on the stairs")).await;
    assert_eq!(changed.status, 204);
    assert_eq!(server.revoked(), [lamp.device]);
    server.ask(Ask::get("/me").by(&lamp)).await.refused(401, "unauthenticated");
    server.ask(Ask::get("/me").by(&ada)).await.ok();
    let old = server.ask(Ask::post("/log-in").json(&log_in("ada", PASSWORD))).await;
    old.refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_old_password_cannot_be_guessed_from_a_stolen_device() {
    let (server, ada) = Server::owned(options()).await;
    let guess = || {
        let change = json!({"old": "another lamp", "new": "a lamp on the stairs"});
        Ask::post("/me/password").by(&ada).json(&change)
    };
    for _ in 0..6 {
        server.ask(guess()).await.refused(403, "forbidden");
    }
    server.ask(guess()).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn a_token_ends_when_it_is_not_used_and_lives_on_while_it_is() {
    let (server, used) = Server::owned(HttpOptions { device_ttl: 2 * DAY, ..options() }).await;
    let unused = server.log_in("ada").await;
    for _ in 0..3 {
        server.pass(DAY);
        server.ask(Ask::get("/me").by(&used)).await.ok();
        server.door.flush_touches().await;
    }
    server.ask(Ask::get("/me").by(&unused)).await.refused(401, "unauthenticated");
    let listed = devices(&server, Ask::get("/devices").by(&used)).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].seen_ms, listed[0].created_ms + 3 * 24 * 60 * 60 * 1_000);
    server.pass(2 * DAY + Duration::from_millis(1));
    server.ask(Ask::get("/me").by(&used)).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let (server, ada) = Server::owned(options()).await;
    let seen_ms = async || {
        server.door.flush_touches().await;
        devices(&server, Ask::get("/devices").by(&ada)).await[0].seen_ms
    };
    let first = seen_ms().await;
    server.pass(Duration::from_secs(59));
    server.ask(Ask::get("/me").by(&ada)).await.ok();
    assert_eq!(seen_ms().await, first);
    server.pass(Duration::from_secs(1));
    server.ask(Ask::get("/me").by(&ada)).await.ok();
    assert_eq!(seen_ms().await, first + 60_000);
}
