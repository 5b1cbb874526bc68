//! How the real binary stops when it is told to, with people in it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voodoo_client::Connection;

use crate::cli::until;
use crate::metrics::{admin_address, get};
use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::Server;

const N_PEOPLE: u32 = 30;

/// What somebody met who went on sending until the server sent them away.
struct Met {
    within_ms: Option<u64>,
    n_acked: u64,
}

/// Sends one message after the other and ends when the connection does.
async fn talk_to_the_end(server: voodoo_client::Address, person: Person, group: String) -> Met {
    let mut connection = Connection::open(&server, &person.token).await.unwrap();
    connection.hello(None).await.unwrap();
    let mut met = Met { within_ms: None, n_acked: 0 };
    for id in 1_u64.. {
        let send = json!({"type": "send", "id": id, "conversation": group,
            "client_id": uuid::Uuid::now_v7(), "body": {"kind": "text", "text": "on and on"}});
        if connection.send_json(&send).await.is_err() {
            return met;
        }
        loop {
            let Ok(frame) = connection.receive::<Value>().await else { return met };
            if frame["type"] == "goaway" {
                met.within_ms = frame["within_ms"].as_u64();
            }
            if frame["id"] == id {
                met.n_acked += u64::from(frame["type"] == "ok");
                break;
            }
        }
    }
    met
}

/// Lets everyone talk, tells the server to stop so many times, and gives what they met, how long
/// the stop took, and how many messages are there after a start.
fn stop(name: &str, drain_ms: &str, n_signals: usize) -> (Vec<Met>, Duration, u64) {
    let settings = [QUICK, &[("VOODOO_TIMERS__DRAIN_MS", drain_ms)]].concat();
    let mut server = Server::start(name, &settings);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let people = runtime.block_on(sign_up(&server, N_PEOPLE));
    let group = runtime.block_on(async {
        let members: Vec<_> = people[1..].iter().map(|one| &one.user).collect();
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let create = json!({"type": "create", "kind": "group", "title": "All",
            "client_id": uuid::Uuid::now_v7(), "members": members});
        let made = talk.ask(create).await.unwrap();
        made["conversation"].as_str().unwrap().to_owned()
    });
    let mut talking = JoinSet::new();
    for person in &people {
        let talk = talk_to_the_end(address(&server), person.clone(), group.clone());
        talking.spawn_on(talk, runtime.handle());
    }
    let newest = |server: &Server| {
        runtime.block_on(async {
            let mut talk = Talk::begin(&address(server), &people[0]).await.unwrap();
            let page = json!({"type": "history", "conversation": group, "limit": 1});
            let page = talk.ask(page).await.unwrap();
            page["messages"]
                .as_array()
                .unwrap()
                .last()
                .map_or(0, |one| one["seq"].as_u64().unwrap())
        })
    };
    while newest(&server) < 200 {}
    let begun = Instant::now();
    for _ in 0..n_signals {
        server.signal("TERM").unwrap();
        // Two signals at once are one.
        std::thread::park_timeout(Duration::from_millis(300));
    }
    server.wait();
    let took = begun.elapsed();
    let met = runtime.block_on(async {
        let mut all = Vec::new();
        while let Some(met) = talking.join_next().await {
            all.push(met.unwrap());
        }
        all
    });
    server.restart();
    let n_stored = newest(&server);
    (met, took, n_stored)
}

#[test]
fn a_stop_tells_everyone_a_moment_and_keeps_every_acknowledged_message() {
    let (met, took, n_stored) = stop("stop-gently", "2000", 1);
    assert!(took < Duration::from_secs(2 + 2 + 2), "{took:?}");
    let moments: Vec<_> = met.iter().map(|met| met.within_ms.unwrap()).collect();
    assert!(moments.iter().all(|ms| *ms <= 2_000), "{moments:?}");
    let (first, last) = (moments.iter().min().unwrap(), moments.iter().max().unwrap());
    assert!(last - first > 500, "they are spread: {moments:?}");
    let n_acked: u64 = met.iter().map(|met| met.n_acked).sum();
    assert!(n_acked >= 200 && n_acked <= n_stored, "{n_acked} acknowledged, {n_stored} stored");
}

#[test]
fn a_stop_that_is_told_twice_comes_at_once_and_loses_nothing() {
    let (met, took, n_stored) = stop("stop-twice", "60000", 2);
    assert!(took < Duration::from_secs(10), "{took:?}");
    let n_acked: u64 = met.iter().map(|met| met.n_acked).sum();
    assert!(n_acked >= 200 && n_acked <= n_stored, "{n_acked} acknowledged, {n_stored} stored");
}

#[test]
fn a_stop_answers_those_who_wait_to_start() {
    let settings = [
        ("VOODOO_HTTP__MAX_STARTING", "1"),
        ("VOODOO_HTTP__ADMIN_LISTEN", "127.0.0.1:0"),
        ("VOODOO_TIMERS__HELLO_MS", "60000"),
    ];
    let mut server = Server::start("stop-waiting", &[QUICK, &settings].concat());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(sign_up(&server, 1)).remove(0).token;
    let public = server.url.replace("http://localhost", "127.0.0.1");
    let ask = || {
        let mut stream = TcpStream::connect(&public).unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: voodoo.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let admin = admin_address(&server).unwrap();
    let is_told = |line: &str| get(&admin, "/metrics").contains(line);
    let _silent = ask();
    until("it starts", || is_told("\nvoodoo_starts{state=\"starting\"} 1\n"));
    let mut waiting: Vec<_> = (0..5).map(|_| ask()).collect();
    until("they wait", || is_told("\nvoodoo_starts{state=\"waiting\"} 5\n"));
    server.signal("TERM").unwrap();
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("\r\nretry-after: "), "{answer}");
    }
    assert_eq!(server.wait(), Some(0));
}
