//! How the server ends sessions: devices that end, sessions that are too many, and the drain.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::Instant;
use voodoo_proto::CloseCode;

use crate::http_live::ask;
use crate::socket::{Server, group, send, settings, until};
use crate::socket_client::{Socket, hello, upgrade_of};

/// A revoked device's sockets are closed within this.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_device_that_ends_loses_its_sockets_at_once_and_another_keeps_them() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let lost = server.further_device(&ada, "lost").await;
    let stolen = server.further_device(&ada, "stolen").await;
    let mut kept = server.live(&ada).await;
    for (device, how) in [(&lost, "ended by another"), (&stolen, "logged out itself")] {
        let mut first = server.live(device).await;
        let mut second = server.live(device).await;
        let (status, _) = if how == "logged out itself" {
            ask(&server, device, (Method::POST, "/log-out"), None).await
        } else {
            let path = format!("/devices/{}", device.device);
            ask(&server, &ada, (Method::DELETE, &path), None).await
        };
        let begin = Instant::now();
        assert!((200..300).contains(&status), "{how}: {status}");
        assert_eq!(first.closed().await, Some(4401), "{how}");
        assert_eq!(second.closed().await, Some(4401), "{how}");
        assert!(begin.elapsed() < AT_ONCE, "{how}: {:?}", begin.elapsed());
        let mut again = Socket::over(server.tcp().await);
        again.write(upgrade_of(&device.token).as_bytes()).await;
        assert_eq!(again.head().await.status, 401, "{how}");
    }
    kept.is_served().await;
    assert_eq!(server.core.hub.n_sessions(), 1);
}

#[tokio::test]
async fn a_device_that_ends_between_upgrade_and_hello_gets_no_session() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let lost = server.further_device(&ada, "phone").await;
    let mut early = server.connect(&lost).await;
    let path = format!("/devices/{}", lost.device);
    let (status, _) = ask(&server, &ada, (Method::DELETE, &path), None).await;
    assert!((200..300).contains(&status), "{status}");
    early.tell(&hello(&json!({}))).await;
    assert_eq!(early.closed().await, Some(4401));
    assert_eq!(early.kept(), [json!(null); 0]);
    server.live(&ada).await;
}

#[tokio::test]
async fn a_user_who_is_shut_out_is_closed_with_4403_and_nobody_else_is() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut shut = server.live(&ada).await;
    let mut other = server.live(&bo).await;
    let now_ms = server.core.clock.now_ms();
    let ended = server.core.accounts.set_disabled(ada.user, true, now_ms).await.unwrap();
    server.core.revoke(ada.user, &ended, CloseCode::NotAllowed);
    assert_eq!(shut.closed().await, Some(4403));
    other.is_served().await;
    let mut again = Socket::over(server.tcp().await);
    again.write(upgrade_of(&ada.token).as_bytes()).await;
    assert_eq!(again.head().await.status, 401);
}

#[tokio::test]
async fn of_too_many_sessions_of_one_user_the_oldest_is_closed_with_4409() {
    let mut settings = settings();
    settings.rules.limits.sessions = 3;
    let server = Server::with(settings).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let further = server.further_device(&ada, "phone").await;
    let mut other = server.live(&bo).await;
    let mut oldest = server.live(&ada).await;
    let mut second = server.live(&further).await;
    let mut third = server.live(&ada).await;
    let mut newest = server.live(&further).await;
    assert_eq!(oldest.closed().await, Some(4409));
    let mut newer_still = server.live(&ada).await;
    assert_eq!(second.closed().await, Some(4409));
    for socket in [&mut third, &mut newest, &mut newer_still, &mut other] {
        socket.is_served().await;
    }
    until(|| server.core.hub.n_sessions() == 4).await;
}

#[tokio::test]
async fn at_a_drain_each_session_is_told_its_moment_and_served_until_the_end() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut obedient = server.live(&ada).await;
    let mut stubborn = server.live(&bo).await;
    let conversation = obedient.ok(&group(1, &[&bo])).await["conversation"].clone();
    server.door.drain();
    let mut moments = [0.25, 0.75].into_iter();
    server.core.send_away(Duration::from_secs(10), || moments.next().unwrap());
    let mut within_ms = Vec::new();
    for socket in [&mut obedient, &mut stubborn] {
        let goaway = socket.event("goaway").await;
        assert_ne!(goaway["why"], "");
        within_ms.push(goaway["within_ms"].as_u64().unwrap());
    }
    within_ms.sort_unstable();
    assert_eq!(within_ms, [2_500, 7_500]);
    // Sends are taken until then, and nobody new comes in.
    obedient.ok(&send(&conversation, 2, "a last word")).await;
    assert_eq!(stubborn.event("message").await["seq"], 1);
    let mut late = Socket::over(server.tcp().await);
    late.write(upgrade_of(&ada.token).as_bytes()).await;
    let head = late.head().await;
    assert_eq!(head.status, 503);
    assert!(!head.header("retry-after").is_empty());
    obedient.tell(&json!({"type": "bye"})).await;
    assert_eq!(obedient.closed().await, Some(1000));
    // What was asked before the end is still answered.
    let asked = stubborn.request(&send(&conversation, 3, "the very last")).await;
    assert_eq!(stubborn.reply(asked).await["seq"], 2);
    server.core.close_all(CloseCode::Unavailable);
    assert_eq!(stubborn.closed().await, Some(4503));
    until(|| server.core.hub.n_sessions() == 0).await;
}
