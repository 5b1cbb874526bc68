//! Tickets: how a page of another origin begins a session.

use std::time::Duration;

use http::Method;
use serde_json::json;
use voodoo_server::http::HttpOptions;

use crate::http::{Ask, Server as Door, options};
use crate::http_live::{OTHER, ask, hello_by, ticket};
use crate::socket::{Person, Server, settings};
use crate::socket_client::{Said, Socket, hello, upgrade};

async fn server() -> (Server, Person) {
    let allowed_origins = vec![OTHER.parse().unwrap()];
    let server = Server::serving(settings(), HttpOptions { allowed_origins, ..options() }).await;
    let ada = server.person("ada").await;
    (server, ada)
}

/// The socket of a page of another origin, which nothing but a ticket opens.
async fn page(server: &Server) -> Socket {
    let mut socket = Socket::over(server.tcp().await);
    let headers = [("Sec-WebSocket-Protocol", "voodoo.v1"), ("Origin", OTHER)];
    socket.write(upgrade(&headers).as_bytes()).await;
    socket.accepted().await;
    socket
}

#[tokio::test]
async fn a_page_of_another_origin_begins_a_session_by_a_ticket() {
    let (server, ada) = server().await;
    let mut page = page(&server).await;
    page.tell(&hello_by(&ticket(&server, &ada).await)).await;
    page.tell(&json!({"type": "ping"})).await;
    let welcome = page.next().await;
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["user"], ada.user.to_string());
    page.pages().await;
    page.event("pong").await;
    // What comes from elsewhere wakes it: it is a session as any other.
    let mut own = server.live(&ada).await;
    own.ok(&crate::socket::group(1, &[])).await;
    page.event("conversation").await;
}

#[tokio::test]
async fn a_missing_or_wrong_ticket_closes_with_4401() {
    let (server, ada) = server().await;
    for frame in [hello(&json!({})), hello_by(""), hello_by("x"), hello_by(&ada.token)] {
        let mut page = page(&server).await;
        page.tell(&frame).await;
        assert_eq!(page.closed().await, Some(4401), "{frame}");
    }
}

#[tokio::test]
async fn a_ticket_works_once_however_many_try_it_together() {
    let (server, ada) = server().await;
    let frame = hello_by(&ticket(&server, &ada).await);
    let mut n_begun = 0;
    let mut pages = Vec::new();
    for _ in 0..4 {
        let mut page = page(&server).await;
        page.tell(&frame).await;
        pages.push(page);
    }
    for page in &mut pages {
        let said = page.said().await;
        if let Said::Text(welcome) = &said {
            assert_eq!(welcome["type"], "welcome");
            n_begun += 1;
        } else {
            assert!(matches!(said, Said::Close(Some(4401), _)), "{said:?}");
        }
    }
    assert_eq!(n_begun, 1);
}

#[tokio::test]
async fn a_ticket_is_no_token_and_opens_no_second_door() {
    let (server, ada) = server().await;
    let token = ticket(&server, &ada).await;
    let thief = Person { token: token.clone(), ..ada.clone() };
    assert_eq!(ask(&server, &thief, (Method::GET, "/me"), None).await.0, 401);
    let mut page = page(&server).await;
    page.tell(&hello_by(&token)).await;
    assert_eq!(page.next().await["type"], "welcome");
}

#[tokio::test]
async fn a_ticket_dies_with_its_device() {
    let (server, ada) = server().await;
    let frame = hello_by(&ticket(&server, &ada).await);
    assert_eq!(ask(&server, &ada, (Method::POST, "/log-out"), None).await.0, 204);
    let mut page = page(&server).await;
    page.tell(&frame).await;
    assert_eq!(page.closed().await, Some(4401));
}

#[tokio::test]
async fn a_ticket_says_until_when_it_is_good_and_differs_each_time() {
    let (server, ada) = Door::owned(options()).await;
    let now_ms = server.door.core.clock.now_ms();
    let first = server.ask(Ask::post("/tickets").by(&ada)).await;
    assert_eq!(first.ok()["expires_ms"], now_ms + 30_000);
    let second = server.ask(Ask::post("/tickets").by(&ada)).await;
    assert_ne!(first.ok()["ticket"], second.ok()["ticket"]);
    let ticket = voodoo_core::account::secret_hash(first.body["ticket"].as_str().unwrap());
    server.pass(Duration::from_secs(30));
    let now_ms = server.door.core.clock.now_ms();
    assert_eq!(server.door.core.accounts.take_ticket(ticket, now_ms).await.unwrap(), None);
}
