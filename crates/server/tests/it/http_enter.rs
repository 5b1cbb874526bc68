//! The ways in: set-up, sign-up, log-in and reset.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use voodoo_core::account;
use voodoo_core::store::OneTime;
use voodoo_proto::http::SignUpRule;
use voodoo_server::http::{AttemptOptions, HttpOptions};
use voodoo_server::password::HashOptions;

use crate::http::{Ask, PASSWORD, Server, log_in, options, set_up};

#[tokio::test]
async fn the_owner_is_made_once_by_the_printed_link() {
    let server = Server::start(options());
    let about = server.ask(Ask::get("/server")).await;
    assert_eq!(about.ok()["claimed"], false);
    assert_eq!(about.ok()["sign_up"], "invite");
    assert_eq!(about.ok()["protocols"], json!(["voodoo.v1"]));

    let first = server.setup_token().await.unwrap();
    let second = server.setup_token().await.unwrap();
    for token in [&first, "", "no token"] {
        let refused = server.ask(Ask::post("/setup").json(&set_up(token))).await;
        refused.refused(410, "gone");
    }
    let owner = server.ask(Ask::post("/setup").json(&set_up(&second))).await.logged_in();
    let me = server.ask(Ask::get("/me").by(&owner)).await;
    assert_eq!(me.ok()["user"]["handle"], "ada");
    assert_eq!(me.ok()["user"]["role"], "admin");
    let about = server.ask(Ask::get("/server")).await;
    assert_eq!((&about.ok()["claimed"], &about.ok()["name"]), (&json!(true), &json!("Harbour")));

    server.ask(Ask::post("/setup").json(&set_up(&second))).await.refused(410, "gone");
    assert_eq!(server.setup_token().await, None, "there is no link any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claims_at_once_one_wins() {
    let server = Arc::new(Server::start(options()));
    let token = server.setup_token().await.unwrap();
    let claims: Vec<_> = (0..8)
        .map(|n| {
            let mut wanted = set_up(&token);
            wanted["handle"] = json!(format!("ada{n}"));
            let (server, ask) = (Arc::clone(&server), Ask::post("/setup").json(&wanted));
            tokio::spawn(async move { server.ask(ask).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for claim in claims {
        statuses.push(claim.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410, 410, 410, 410, 410, 410, 410]);
}

#[tokio::test]
async fn malformed_fields_are_named_and_use_nothing_up() {
    let server = Server::start(options());
    let token = server.setup_token().await.unwrap();
    for (field, value) in [
        ("handle", json!("1a")),
        ("handle", json!(7)),
        ("name", json!("a\u{202e}b")),
        ("password", json!("short")),
        ("password", json!("password123")),
        ("password", json!("x".repeat(1_025))),
        ("server_name", json!("")),
    ] {
        let mut wanted = set_up(&token);
        wanted[field] = value;
        server.ask(Ask::post("/setup").json(&wanted)).await.refused_at(field);
    }
    let mut wanted = set_up(&token);
    wanted.as_object_mut().unwrap().remove("name");
    server.ask(Ask::post("/setup").json(&wanted)).await.refused_at("name");
    server.ask(Ask::post("/setup").json(&set_up(&token))).await.ok();
}

#[tokio::test]
async fn a_page_gets_a_cookie_and_a_program_gets_the_token() {
    let (server, _) = Server::owned(options()).await;
    let wanted = log_in("Ada ", PASSWORD);
    let program = server.ask(Ask::post("/log-in").json(&wanted)).await;
    assert_eq!(program.header("set-cookie"), "");
    let logged_in = program.logged_in();
    assert_eq!(logged_in.token.as_ref().map(String::len), Some(43), "256 bits");
    assert_eq!(logged_in.expires_ms, 1_767_261_600_000 + 30 * 24 * 60 * 60 * 1_000);

    let page = server.ask(Ask::post("/log-in").page().json(&wanted)).await;
    assert_eq!(page.logged_in().token, None);
    let (name, rest) = page.header("set-cookie").split_once('=').unwrap();
    let (value, attributes) = rest.split_once("; ").unwrap();
    assert_eq!((name, value.len()), ("__Host-voodoo", 43));
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=34560000");
    let me = server.ask(Ask::get("/me").header("cookie", page.cookie())).await;
    assert_eq!(me.ok()["user"]["name"], "Ada Lovelace");
}

#[tokio::test]
async fn pages_of_other_machines_need_https_or_the_operators_word() {
    let at = |ask: Ask| ask.header("host", "chat.lan").header("origin", "http://chat.lan");
    let lan = || HttpOptions { public_url: Some("http://chat.lan".parse().unwrap()), ..options() };
    let (server, _) = Server::owned(lan()).await;
    let ask = at(Ask::post("/log-in").page()).json(&log_in("ada", PASSWORD));
    server.ask(ask).await.refused(403, "forbidden");

    let insecure = HttpOptions { is_insecure: true, ..lan() };
    let (server, _) = Server::owned(insecure).await;
    let ask = at(Ask::post("/log-in").page()).json(&log_in("ada", PASSWORD));
    let page = server.ask(ask).await;
    let (name, attributes) = page.header("set-cookie").split_once('=').unwrap();
    assert_eq!(name, "voodoo");
    assert!(attributes.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=34560000"));
    assert!(!attributes.contains("Secure"));
}

#[tokio::test]
async fn an_unknown_handle_and_a_wrong_password_sound_the_same() {
    let (server, ada) = Server::owned(options()).await;
    let bo = server.sign_up(&ada, "bo").await;
    let now_ms = 1_767_261_600_000;
    server.door.core.accounts.set_disabled(bo.user, true, now_ms).await.unwrap();
    let mut answers = Vec::new();
    for (handle, password) in [
        ("ada", "another lamp"),
        ("nobody", PASSWORD),
        ("bo", PASSWORD),
        ("1 is no handle", PASSWORD),
        ("ada", ""),
        ("", ""),
    ] {
        let wrong = server.ask(Ask::post("/log-in").json(&log_in(handle, password))).await;
        wrong.refused(401, "unauthenticated");
        answers.push((wrong.text, wrong.headers));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

/// An answer that came sooner because nothing was hashed would tell that there is no account.
#[tokio::test]
async fn an_unknown_handle_takes_a_place_among_the_passwords_that_are_checked() {
    // Dear enough to be still going on when the second one asks.
    let hashing =
        HashOptions { memory_kib: 8_192, n_threads: 1, n_waiting: 0, ..HashOptions::default() };
    let (server, _) = Server::owned(HttpOptions { hashing, ..options() }).await;
    let guess = |handle| server.ask(Ask::post("/log-in").json(&log_in(handle, "another lamp")));
    for (first, second) in [("ada", "nobody"), ("nobody", "ada"), ("no handle", "nobody")] {
        let (first, second) = tokio::join!(guess(first), guess(second));
        first.refused(401, "unauthenticated");
        second.refused(503, "unavailable");
        assert_eq!(second.header("retry-after"), "1");
    }
    server.log_in("ada").await;
}

#[tokio::test]
async fn guessing_has_to_wait_and_disturbs_nobody_who_is_in() {
    let attempts = AttemptOptions { free_per_account: 3, ..AttemptOptions::default() };
    let (server, ada) = Server::owned(HttpOptions { attempts, ..options() }).await;
    let wrong = log_in("ada", "another lamp");
    for n in 0..4 {
        let from = format!("192.0.2.{n}");
        let guess = server.ask(Ask::post("/log-in").from(&from).json(&wrong)).await;
        guess.refused(401, "unauthenticated");
    }
    let right = || Ask::post("/log-in").json(&log_in("ADA", PASSWORD));
    let waiting = server.ask(right()).await;
    assert_eq!(waiting.header("retry-after"), "1");
    let wait_ms = waiting.refused(429, "rate_limited")["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait_ms), "{wait_ms}");
    server.ask(Ask::get("/me").by(&ada)).await.ok();
    let unknown = server.ask(Ask::post("/log-in").json(&log_in("nobody", "x"))).await;
    unknown.refused(401, "unauthenticated");
}

#[tokio::test]
async fn who_may_sign_up_is_the_operators_choice() {
    let wanted = json!({"handle": "bo", "name": "Bo", "password": PASSWORD});
    let with_code =
        json!({"invite": "no code", "handle": "bo", "name": "Bo", "password": PASSWORD});
    for (sign_up, without, with) in [
        (SignUpRule::Invite, 403, 410),
        (SignUpRule::Open, 200, 410),
        (SignUpRule::Closed, 403, 403),
    ] {
        let (server, _) = Server::owned(HttpOptions { sign_up, ..options() }).await;
        let answer = server.ask(Ask::post("/sign-up").json(&with_code)).await;
        assert_eq!(answer.status, with, "{sign_up:?}");
        let answer = server.ask(Ask::post("/sign-up").json(&wanted)).await;
        assert_eq!(answer.status, without, "{sign_up:?}");
    }
}

#[tokio::test]
async fn a_handle_is_taken_whatever_its_case() {
    let (server, _) = Server::owned(open()).await;
    let wanted = json!({"handle": "ADA", "name": "Another", "password": PASSWORD});
    let taken = server.ask(Ask::post("/sign-up").json(&wanted)).await;
    assert_eq!(taken.refused(409, "conflict")["field"], "handle");
}

#[tokio::test]
async fn a_reset_works_once_and_ends_every_device() {
    let (server, ada) = Server::owned(options()).await;
    let expires_ms = 1_767_261_600_000 + 30 * 60_000;
    let accounts = &server.door.core.accounts;
    let secret = account::secret_hash("a reset link");
    accounts.put_one_time(OneTime::Reset, secret, Some(ada.user), expires_ms).await.unwrap();

    let reset = |token: &str, password: &str| {
        Ask::post("/reset").json(&json!({"token": token, "password": password}))
    };
    server.ask(reset("no link", "a lamp on the stairs")).await.refused(410, "gone");
    server.ask(reset("a reset link", "short")).await.refused_at("password");
    let back = server.ask(reset("a reset link", "a lamp on the stairs")).await.logged_in();
    assert_ne!(back.device, ada.device);
    assert_eq!(server.revoked(), [ada.device]);
    server.ask(Ask::get("/me").by(&ada)).await.refused(401, "unauthenticated");
    server.ask(Ask::get("/me").by(&back)).await.ok();
    server.ask(reset("a reset link", "a lamp on the stairs")).await.refused(410, "gone");
    let old = server.ask(Ask::post("/log-in").json(&log_in("ada", PASSWORD))).await;
    old.refused(401, "unauthenticated");
    let new = Ask::post("/log-in").json(&log_in("ada", "a lamp on the stairs"));
    server.ask(new).await.ok();
}

#[tokio::test]
async fn a_reset_link_outlives_a_refused_password_and_not_its_time() {
    let (server, ada) = Server::owned(options()).await;
    let bob = server.sign_up(&ada, "bobby").await;
    let expires_ms = 1_767_261_600_000 + 30 * 60_000;
    let accounts = &server.door.core.accounts;
    let secret = account::secret_hash("a reset link");
    accounts.put_one_time(OneTime::Reset, secret, Some(bob.user), expires_ms).await.unwrap();
    let reset = |password: &str| {
        Ask::post("/reset").json(&json!({"token": "a reset link", "password": password}))
    };
    server.ask(reset("bobby is in here")).await.refused_at("password");
    server.ask(Ask::get("/me").by(&bob)).await.ok();
    server.pass(Duration::from_secs(30 * 60 + 1));
    server.ask(reset("a lamp on the stairs")).await.refused(410, "gone");
}

fn open() -> HttpOptions {
    HttpOptions { sign_up: SignUpRule::Open, ..options() }
}
