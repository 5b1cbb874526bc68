//! Who gets as far as the upgrade. Without a connection under the request it then ends in words.

use http::Method;
use voodoo_proto::http::LoggedIn;
use voodoo_server::http::HttpOptions;

use crate::http::{Ask, ORIGIN, PASSWORD, Server, log_in, options};

const OTHER: &str = "http://localhost:5173";

fn upgrade() -> Ask {
    Ask::at(Method::GET, "/ws")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "voodoo.v1")
}

async fn server() -> (Server, LoggedIn, String) {
    let allowed_origins = vec![OTHER.parse().unwrap()];
    let (server, ada) = Server::owned(HttpOptions { allowed_origins, ..options() }).await;
    let page = server.ask(Ask::post("/log-in").page().json(&log_in("ada", PASSWORD))).await;
    let cookie = page.cookie().to_owned();
    (server, ada, cookie)
}

#[tokio::test]
async fn only_whoever_is_proven_gets_a_socket() {
    let (server, ada, cookie) = server().await;
    for (asked, status) in [
        (upgrade(), 401),
        (upgrade().header("authorization", "Bearer x"), 401),
        (upgrade().header("origin", ORIGIN), 401),
        (upgrade().header("origin", ORIGIN).header("cookie", "__Host-voodoo=x"), 401),
        // A page without its origin, and a program with one.
        (upgrade().header("cookie", &cookie), 401),
        (upgrade().header("origin", ORIGIN).by(&ada), 401),
        // Another site with the cookie that its visitor has.
        (upgrade().header("origin", "http://evil.example").header("cookie", &cookie), 403),
        (upgrade().header("origin", "null").header("cookie", &cookie), 403),
    ] {
        assert_eq!(server.ask(asked).await.status, status);
    }
    for asked in [
        upgrade().by(&ada),
        upgrade().header("origin", ORIGIN).header("cookie", &cookie),
        // It has to bring a ticket in `hello`.
        upgrade().header("origin", OTHER),
    ] {
        let answer = server.ask(asked).await;
        assert_eq!((answer.status.as_u16(), answer.header("upgrade")), (426, "websocket"));
    }
}

#[tokio::test]
async fn a_draining_server_says_when_to_come_back() {
    let (server, ada, _) = server().await;
    server.door.drain();
    let answer = server.ask(upgrade().by(&ada)).await;
    let wait_ms = answer.refused(503, "unavailable")["retry_after_ms"].as_u64().unwrap();
    assert!((1_000..=30_000).contains(&wait_ms), "{wait_ms}");
    assert_ne!(answer.header("retry-after"), "");
}
