//! So many sessions start at once and no more; the others wait their turn, and not for ever.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use voodoo_core::Settings;
use voodoo_proto::CloseCode;
use voodoo_server::http::{HttpOptions, StartOptions};

use crate::http::options;
use crate::http_live::say_at;
use crate::socket::{Person, Server, group, send, settings, until, within};
use crate::socket_client::{Socket, hello, upgrade, upgrade_of};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(60);

/// A server where nobody who is silent is let go before the test is over.
async fn narrow(starts: StartOptions) -> Server {
    with(starts, Settings { hello: LONG, ..settings() }).await
}

async fn with(starts: StartOptions, settings: Settings) -> Server {
    Box::pin(Server::serving(settings, HttpOptions { starts, ..options() })).await
}

fn starts(max_starting: usize, max_waiting: usize) -> StartOptions {
    StartOptions { max_starting, max_waiting, wait: LONG }
}

/// One more who waits for a place.
async fn waiting(server: &Server, person: &Person) -> Socket {
    let n_before = server.door.n_waiting();
    let mut socket = Socket::over(server.tcp().await);
    socket.write(upgrade_of(&person.token).as_bytes()).await;
    until(|| server.door.n_waiting() == n_before + 1).await;
    socket
}

/// Reads that there is no room at this moment, and when to come back.
async fn turned_away(socket: &mut Socket) -> Value {
    let head = socket.head().await;
    assert_eq!(head.status, 503, "{head:?}");
    assert_eq!(head.header("content-type"), ["application/problem+json"]);
    let seconds: u64 = head.header("retry-after")[0].parse().unwrap();
    let n_bytes = head.header("content-length")[0].parse().unwrap();
    let problem: Value = serde_json::from_slice(&socket.bytes(n_bytes).await).unwrap();
    assert_eq!(problem["code"], "unavailable");
    let wait_ms = problem["retry_after_ms"].as_u64().unwrap();
    assert!((1_000..=30_000).contains(&wait_ms), "{wait_ms}");
    assert_eq!(seconds, wait_ms.div_ceil(1_000));
    problem
}

#[tokio::test]
async fn those_who_wait_get_in_one_after_the_other_in_the_order_of_arrival() {
    let server = narrow(starts(2, 100)).await;
    let ada = server.person("ada").await;
    let mut held = [server.connect(&ada).await, server.connect(&ada).await];
    let mut queue = Vec::new();
    for _ in 0..8 {
        queue.push(waiting(&server, &ada).await);
    }
    let mut live = Vec::new();
    for n_left in (0..8).rev() {
        let mut next = queue.remove(0);
        assert_eq!(server.door.n_starting(), 2, "never more than may");
        let [first, second] = held;
        let mut first = first;
        first.hello().await;
        live.push(first);
        next.accepted().await;
        assert_eq!((server.door.n_starting(), server.door.n_waiting()), (2, n_left));
        for one in &mut queue {
            assert!(one.has_heard_nothing(), "it is not its turn");
        }
        held = [second, next];
    }
    for mut last in held {
        last.hello().await;
        live.push(last);
    }
    until(|| server.door.n_starting() == 0).await;
    for mut socket in live {
        socket.is_served().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_all_get_in_and_never_more_than_may() {
    let server = narrow(starts(3, 100)).await;
    let mut coming = JoinSet::new();
    for at in 0..60 {
        let person = server.person(&format!("p{at}")).await;
        let stream = server.tcp().await;
        let door = Arc::clone(&server.door);
        coming.spawn(async move {
            let mut socket = Socket::upgraded(stream, &person.token).await;
            // Itself at least: its start ends with its first sync.
            let n_starting = door.n_starting();
            socket.hello().await;
            (socket, n_starting)
        });
    }
    let live = within(coming.join_all()).await;
    assert_eq!(live.len(), 60);
    for (_socket, n_starting) in &live {
        assert!((1..=3).contains(n_starting), "{n_starting}");
    }
    assert_eq!(server.core.hub.n_sessions(), 60);
    until(|| (server.door.n_starting(), server.door.n_waiting()) == (0, 0)).await;
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_when_to_come_back_and_the_others_notice_nothing() {
    let server = narrow(starts(2, 1)).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut live = server.live(&ada).await;
    let made = live.ok(&group(1, &[&bo])).await["conversation"].clone();
    until(|| server.door.n_starting() == 0).await;
    let mut held = [server.connect(&bo).await, server.connect(&bo).await];
    let mut next = waiting(&server, &bo).await;
    let mut late = Socket::over(server.tcp().await);
    late.write(upgrade_of(&bo.token).as_bytes()).await;
    let problem = turned_away(&mut late).await;
    assert_eq!(problem["detail"], "too many sessions start at this moment");
    assert_eq!(server.door.n_waiting(), 1, "whoever is refused does not wait");
    live.ok(&send(&made, 2, "hello?")).await;
    let (status, _) = say_at(&server, &ada, (Method::GET, "/readyz"), &[], None).await;
    assert_eq!(status, 200, "it serves all the same");
    held[0].hello().await;
    next.accepted().await;
    // Its connection is still good for another try.
    held[1].hello().await;
    late.write(upgrade_of(&bo.token).as_bytes()).await;
    late.accepted().await;
    late.hello().await;
}

#[tokio::test]
async fn who_waits_in_vain_is_told_when_to_come_back() {
    let wait = Duration::from_millis(100);
    let server = narrow(StartOptions { max_starting: 1, max_waiting: 10, wait }).await;
    let ada = server.person("ada").await;
    let _held = server.connect(&ada).await;
    let begin = tokio::time::Instant::now();
    let mut socket = waiting(&server, &ada).await;
    turned_away(&mut socket).await;
    assert!(begin.elapsed() >= wait, "{:?}", begin.elapsed());
    assert_eq!((server.door.n_starting(), server.door.n_waiting()), (1, 0));
}

#[tokio::test]
async fn who_goes_while_waiting_leaves_the_queue() {
    let server = narrow(starts(1, 2)).await;
    let ada = server.person("ada").await;
    let mut held = server.connect(&ada).await;
    let gone = waiting(&server, &ada).await;
    let mut stays = waiting(&server, &ada).await;
    drop(gone);
    until(|| server.door.n_waiting() == 1).await;
    let mut later = waiting(&server, &ada).await;
    held.hello().await;
    stays.accepted().await;
    assert!(later.has_heard_nothing());
    drop(stays);
    later.accepted().await;
}

#[tokio::test]
async fn who_never_says_hello_holds_up_the_next_no_longer_than_that_may_take() {
    let hello = Duration::from_millis(200);
    let server = with(starts(1, 10), Settings { hello, ..settings() }).await;
    let ada = server.person("ada").await;
    let mut silent = server.connect(&ada).await;
    let mut next = waiting(&server, &ada).await;
    next.accepted().await;
    next.hello().await;
    assert_eq!(silent.closed().await, Some(CloseCode::NoHello.number()));
}

#[tokio::test]
async fn who_never_reads_holds_up_the_next_no_longer_than_a_hello_may_take() {
    let patience = Duration::from_millis(300);
    let server = with(starts(1, 10), Settings { hello: patience, ..settings() }).await;
    let ada = server.person("ada").await;
    let mut live = server.live(&ada).await;
    let long = "\u{1F56F}".repeat(1_000);
    for number in 0..150 {
        let mut create = group(number, &[]);
        create["description"] = Value::from(long.as_str());
        live.ok(&create).await;
    }
    until(|| server.door.n_starting() == 0).await;
    let mut slow = Socket::over(server.narrow().await);
    slow.write(upgrade_of(&ada.token).as_bytes()).await;
    slow.accepted().await;
    slow.tell(&hello(&json!({}))).await;
    let mut next = waiting(&server, &ada).await;
    next.accepted().await;
    next.hello().await;
    // It was held up, and not closed.
    assert_eq!(slow.next().await["type"], "welcome");
    assert_eq!(slow.pages().await.last().unwrap()["done"], true);
}

#[tokio::test]
async fn what_cannot_become_a_session_is_told_so_without_waiting() {
    let server = narrow(starts(1, 0)).await;
    let ada = server.person("ada").await;
    let _held = server.connect(&ada).await;
    let bearer = format!("Bearer {}", ada.token);
    for (headers, status) in [
        (vec![("Sec-WebSocket-Protocol", "voodoo.v1")], 401),
        (vec![("Authorization", bearer.as_str())], 426),
    ] {
        let mut socket = Socket::over(server.tcp().await);
        socket.write(upgrade(&headers).as_bytes()).await;
        assert_eq!(socket.head().await.status, status);
    }
}

#[tokio::test]
async fn at_a_stop_those_who_wait_are_answered() {
    let server = narrow(starts(1, 10)).await;
    let ada = server.person("ada").await;
    let _held = server.connect(&ada).await;
    let mut queue = [waiting(&server, &ada).await, waiting(&server, &ada).await];
    server.door.drain();
    for socket in &mut queue {
        let problem = turned_away(socket).await;
        assert_eq!(problem["detail"], "the server is about to stop");
    }
}
