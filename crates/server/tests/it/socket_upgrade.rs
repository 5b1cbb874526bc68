//! Who gets a socket, over a real connection, and what the others are told.

use crate::socket::{Server, settings};
use crate::socket_client::{Head, Socket, upgrade};
use voodoo_server::http::HttpOptions;

use crate::http::options;

const OTHER: &str = "http://elsewhere.example";
const PROTOCOL: (&str, &str) = ("Sec-WebSocket-Protocol", "voodoo.v1");

async fn server() -> (Server, String, String) {
    let allowed_origins = vec![OTHER.parse().unwrap()];
    let server = Server::serving(settings(), HttpOptions { allowed_origins, ..options() }).await;
    let ada = server.person("ada").await;
    let own = format!("http://{}", server.address);
    (server, ada.token, own)
}

/// Asks for an upgrade to the listener by its own name; the connection ends with the answer.
async fn answer(server: &Server, headers: &[(&str, &str)]) -> (Head, String) {
    let mut socket = Socket::over(server.tcp().await);
    let host = format!("Host: {}", server.address);
    let request = upgrade(headers).replacen("Host: localhost", &host, 1);
    socket.write(request.as_bytes()).await;
    let head = socket.head().await;
    socket.shut().await;
    (head, socket.rest().await)
}

#[tokio::test]
async fn a_program_with_its_token_and_a_page_with_its_cookie_get_a_socket() {
    let (server, token, own) = server().await;
    let (bearer, cookie) = (format!("Bearer {token}"), format!("__Host-voodoo={token}"));
    for headers in [
        vec![PROTOCOL, ("Authorization", &bearer)],
        vec![("Sec-WebSocket-Protocol", "voodoo.v9, voodoo.v1"), ("Authorization", &bearer)],
        vec![PROTOCOL, ("Origin", &own), ("Cookie", &cookie)],
        vec![PROTOCOL, ("Origin", OTHER), ("Cookie", &cookie)],
    ] {
        let (head, _) = answer(&server, &headers).await;
        assert_eq!(head.status, 101, "{headers:?}");
        assert_eq!(head.header("sec-websocket-protocol"), ["voodoo.v1"]);
    }
}

#[tokio::test]
async fn without_a_common_subprotocol_the_answer_lists_what_is_spoken() {
    let (server, token, _) = server().await;
    let bearer = ("Authorization", &*format!("Bearer {token}"));
    for headers in [
        vec![bearer],
        vec![bearer, ("Sec-WebSocket-Protocol", "voodoo.v2, chat")],
        vec![bearer, ("Sec-WebSocket-Protocol", "VOODOO.V1")],
    ] {
        let (head, _) = answer(&server, &headers).await;
        assert_eq!(head.status, 426, "{headers:?}");
        assert_eq!(head.header("sec-websocket-protocol"), ["voodoo.v1"]);
        assert_eq!(head.header("upgrade"), ["websocket"]);
    }
}

#[tokio::test]
async fn whoever_is_not_proven_is_told_so_and_gets_no_socket() {
    let (server, token, own) = server().await;
    let (bearer, cookie) = (format!("Bearer {token}"), format!("__Host-voodoo={token}"));
    let cases = [
        ("nobody", vec![PROTOCOL], 401, "unauthenticated"),
        ("a wrong token", vec![PROTOCOL, ("Authorization", "Bearer x")], 401, "unauthenticated"),
        (
            "a cookie without an origin",
            vec![PROTOCOL, ("Cookie", &*cookie)],
            401,
            "unauthenticated",
        ),
        (
            "a page with a token",
            vec![PROTOCOL, ("Origin", &own), ("Authorization", &bearer)],
            401,
            "unauthenticated",
        ),
        (
            "a foreign page",
            vec![PROTOCOL, ("Origin", "http://evil.example"), ("Cookie", &cookie)],
            403,
            "forbidden",
        ),
        (
            "a page of nowhere",
            vec![PROTOCOL, ("Origin", "null"), ("Cookie", &cookie)],
            403,
            "forbidden",
        ),
    ];
    for (why, headers, status, code) in cases {
        let (head, body) = answer(&server, &headers).await;
        assert_eq!(head.status, status, "{why}");
        assert_eq!(head.header("content-type"), ["application/problem+json"], "{why}");
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], code, "{why}");
    }
}

#[tokio::test]
async fn an_upgrade_request_that_is_none_is_answered_as_http_wants_it() {
    let (server, token, _) = server().await;
    let bearer = ("Authorization", &*format!("Bearer {token}"));
    let proper = upgrade(&[PROTOCOL, bearer]);
    let cases = [
        ("an old version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
        ("no upgrade", "Upgrade: websocket", "Upgrade: h2c", 426),
        ("half a key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", 400),
        ("another method", "GET /ws", "POST /ws", 405),
        ("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 505),
    ];
    for (why, from, to, status) in cases {
        let mut socket = Socket::over(server.tcp().await);
        socket.write(proper.replacen(from, to, 1).as_bytes()).await;
        assert_eq!(socket.head().await.status, status, "{why}");
    }
}
