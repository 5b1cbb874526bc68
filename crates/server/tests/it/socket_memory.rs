//! Near the end of the budget of memory nobody new is let in, and those who are there go on.

use http::Method;
use serde_json::json;
use voodoo_server::http::HttpOptions;
use voodoo_server::memory::{MemoryOptions, Turn};

use crate::http::options;
use crate::http_live::{ask, say_at};
use crate::socket::{Server, group, send, settings, until};
use crate::socket_client::{Socket, upgrade_of};

#[tokio::test]
async fn short_of_memory_nobody_new_is_let_in_and_those_who_are_there_go_on() {
    let memory = MemoryOptions { budget_bytes: Some(1 << 30), ..MemoryOptions::default() };
    let options = HttpOptions { memory, ..options() };
    let server = Box::pin(Server::serving(settings(), options)).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let (mut one, mut other) = (server.live(&ada).await, server.live(&bo).await);
    let made = one.ok(&group(1, &[&bo])).await["conversation"].clone();
    assert_eq!(server.door.memory.note(1_000 << 20), Some(Turn::Refuses));

    let mut refused = Socket::over(server.tcp().await);
    refused.write(upgrade_of(&ada.token).as_bytes()).await;
    let head = refused.head().await;
    assert_eq!(head.status, 503, "{head:?}");
    let seconds: u64 = head.header("retry-after")[0].parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    let log_in = json!({"handle": "ada", "password": "a lamp by the window"});
    let (status, problem) = ask(&server, &ada, (Method::POST, "/log-in"), Some(&log_in)).await;
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    assert!(problem["retry_after_ms"].as_u64().unwrap() >= 1_000, "{problem}");
    let (status, checks) = say_at(&server, &ada, (Method::GET, "/readyz"), &[], None).await;
    let words = "1000 MiB of 1024 are used: new sockets and log-ins are refused";
    let check = json!({"check": "memory", "ok": false, "words": words});
    assert_eq!(status, 503);
    assert!(checks.as_array().unwrap().contains(&check), "{checks}");
    one.ok(&send(&made, 2, "still there?")).await;
    assert_eq!(other.event("message").await["body"]["text"], "still there?");
    let (status, _) = ask(&server, &ada, (Method::GET, "/me"), None).await;
    assert_eq!(status, 200);

    // Below the mark, but not far enough.
    assert_eq!(server.door.memory.note(900 << 20), None);
    refused.bytes(head.header("content-length")[0].parse().unwrap()).await;
    refused.write(upgrade_of(&ada.token).as_bytes()).await;
    assert_eq!(refused.head().await.status, 503);
    assert_eq!(server.door.memory.note(800 << 20), Some(Turn::Admits));
    server.live(&ada).await;
    let (status, _) = say_at(&server, &ada, (Method::GET, "/readyz"), &[], None).await;
    assert_eq!(status, 200);
    until(|| server.door.n_starting() == 0).await;
}
