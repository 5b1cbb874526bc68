//! Requests over a real connection, beside live sockets.

use http::Method;
use serde_json::{Value, json};

use crate::socket::{Person, Server};
use crate::socket_client::Socket;

/// Another site whose pages the operator allows.
pub(crate) const OTHER: &str = "http://elsewhere.example";

/// Asks as the program of a person; the connection ends with the answer.
pub(crate) async fn ask(
    server: &Server,
    person: &Person,
    what: (Method, &str),
    body: Option<&Value>,
) -> (u16, Value) {
    say(server, person, what, &[], body).await
}

/// The same with further header lines.
pub(crate) async fn say(
    server: &Server,
    person: &Person,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> (u16, Value) {
    let path = format!("/api/v1{path}");
    say_at(server, person, (method, &path), headers, body).await
}

/// The same at any path.
pub(crate) async fn say_at(
    server: &Server,
    person: &Person,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> (u16, Value) {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = body.map_or(String::new(), Value::to_string);
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        person.token,
        body.len()
    );
    let mut socket = Socket::over(server.tcp().await);
    socket.write(request.as_bytes()).await;
    let status = socket.head().await.status;
    (status, serde_json::from_str(&socket.rest().await).unwrap_or(Value::Null))
}

/// A ticket of a person's device.
pub(crate) async fn ticket(server: &Server, person: &Person) -> String {
    let (status, answer) = ask(server, person, (Method::POST, "/tickets"), None).await;
    assert_eq!(status, 200, "{answer}");
    answer["ticket"].as_str().unwrap().to_owned()
}

/// A `hello` that brings a ticket.
pub(crate) fn hello_by(ticket: &str) -> Value {
    json!({"type": "hello", "client": {"name": "test", "version": "1"}, "ticket": ticket})
}
