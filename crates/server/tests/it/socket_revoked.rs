//! Rights that end reach the sockets that live by them: tokens that are over, passwords that
//! change, memberships that are taken away.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::Instant;
use voodoo_core::account;
use voodoo_core::store::NewDevice;
use voodoo_server::http::HttpOptions;

use crate::http::{PASSWORD, options};
use crate::http_live::ask;
use crate::socket::{Person, Server, group, send, settings};
use crate::socket_client::{Said, Socket};

/// What ended is felt within this.
const AT_ONCE: Duration = Duration::from_secs(1);
/// A device that is not used for this long is logged out here.
const TTL: Duration = Duration::from_millis(400);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// A server with short lives of devices.
async fn server(device_max: Duration) -> Server {
    let touch_flush = Duration::from_millis(50);
    let options = HttpOptions { device_ttl: TTL, device_max, touch_flush, ..options() };
    Server::serving(settings(), options).await
}

/// Logs a person in on a device that lives as the door says.
async fn short_lived(server: &Server, person: &Person) -> Person {
    let token = format!("{}-short", person.token);
    let now_ms = server.core.clock.now_ms();
    let device = NewDevice {
        name: "short".to_owned(),
        token: account::secret_hash(&token),
        expires_ms: now_ms + millis(TTL),
    };
    let opened = server.core.accounts.open_device(person.user, device, now_ms).await.unwrap();
    Person { user: opened.user, device: opened.device, token }
}

async fn status_of_me(server: &Server, person: &Person) -> u16 {
    ask(server, person, (Method::GET, "/me"), None).await.0
}

/// Pings until the server closes, and says with what; or until `end`, and says nothing.
async fn ping_until(socket: &mut Socket, end: Instant) -> Option<u16> {
    while Instant::now() < end {
        socket.tell(&json!({"type": "ping"})).await;
        loop {
            match socket.said().await {
                Said::Text(text) if text["type"] == "pong" => break,
                Said::Close(code, _) => return code,
                Said::End => panic!("no close frame"),
                Said::Text(_) | Said::Pong(_) => {}
            }
        }
    }
    None
}

#[tokio::test]
async fn a_socket_whose_token_is_over_closes_with_4401() {
    let server = server(Duration::from_secs(3_600)).await;
    let ada = server.person("ada").await;
    let short = short_lived(&server, &ada).await;
    let begin = Instant::now();
    let mut kept = server.live(&ada).await;
    let mut silent = server.live(&short).await;
    assert_eq!(silent.closed().await, Some(4401));
    let lived = begin.elapsed();
    assert!(lived < TTL + AT_ONCE, "{lived:?}");
    assert_eq!(status_of_me(&server, &short).await, 401);
    kept.is_served().await;
}

#[tokio::test]
async fn a_socket_in_use_keeps_its_device_logged_in_until_it_falls_silent() {
    let server = server(Duration::from_secs(3_600)).await;
    let ada = server.person("ada").await;
    let short = short_lived(&server, &ada).await;
    let mut socket = server.live(&short).await;
    let used = ping_until(&mut socket, Instant::now() + TTL * 4).await;
    assert_eq!(used, None, "it is in use");
    let silent = Instant::now();
    assert_eq!(socket.closed().await, Some(4401));
    assert!(silent.elapsed() < TTL + AT_ONCE, "{:?}", silent.elapsed());
    assert_eq!(status_of_me(&server, &short).await, 401);
}

#[tokio::test]
async fn no_use_keeps_a_device_logged_in_beyond_the_last_moment() {
    let longest = TTL * 3;
    let server = server(longest).await;
    let ada = server.person("ada").await;
    let short = short_lived(&server, &ada).await;
    let begin = Instant::now();
    let mut socket = server.live(&short).await;
    let code = ping_until(&mut socket, begin + longest + AT_ONCE).await;
    let lived = begin.elapsed();
    assert_eq!(code, Some(4401), "after {lived:?}");
    assert!(lived > TTL * 2, "use moves the end on: {lived:?}");
    assert_eq!(status_of_me(&server, &short).await, 401);
}

#[tokio::test]
async fn a_new_password_ends_the_sockets_of_all_other_devices_at_once() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let hashed = server.door.hasher.hash(PASSWORD.to_owned()).await.unwrap();
    let now_ms = server.core.clock.now_ms();
    server.core.accounts.set_password(ada.user, hashed, None, now_ms).await.unwrap();
    let here = server.further_device(&ada, "here").await;
    let there = server.further_device(&ada, "there").await;
    let (mut own, mut other) = (server.live(&here).await, server.live(&there).await);
    let change = json!({"old": PASSWORD, "new": "another lamp by the window"});
    let (status, _) = ask(&server, &here, (Method::POST, "/me/password"), Some(&change)).await;
    let begin = Instant::now();
    assert_eq!(status, 204);
    assert_eq!(other.closed().await, Some(4401));
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    own.is_served().await;
    assert_eq!(status_of_me(&server, &there).await, 401);
}

#[tokio::test]
async fn whoever_is_removed_hears_it_at_once_and_nothing_after_it() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let (mut owner, mut removed) = (server.live(&ada).await, server.live(&bo).await);
    let conversation = owner.ok(&group(1, &[&bo])).await["conversation"].clone();
    removed.event("conversation").await;
    let bo = bo.user.to_string();
    let remove = json!({"type": "member_remove", "conversation": conversation, "user": bo});
    owner.ok(&remove).await;
    let begin = Instant::now();
    let gone = removed.event("conversation_gone").await;
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(gone["conversation"], conversation);
    owner.ok(&send(&conversation, 2, "among ourselves")).await;
    removed.refused(&send(&conversation, 3, "still here?"), "not_found").await;
    removed.is_served().await;
    let heard = removed.kept();
    let is_told = heard.iter().any(|event| event["type"] == "message");
    assert!(!is_told, "{heard:?}");
}
