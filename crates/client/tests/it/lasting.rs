//! A client lasts: over lost sockets, lost answers and the server's own wishes.

use std::time::Duration;

use voodoo_client::reducer::State;
use voodoo_client::{Client, Event, Options, RequestError, SendError, Status};
use voodoo_proto::request::{Request, Users};
use voodoo_proto::{ConversationId, RefusalCode};

use crate::server::Server;

const LIMIT: Duration = Duration::from_secs(20);

fn here() -> ConversationId {
    "c_1".parse().unwrap()
}

async fn live(server: &Server) -> Client {
    let client = Client::start(Options::new(server.address.clone(), "token"));
    client.wait_live(LIMIT).await.unwrap();
    client
}

fn n_held(state: &State) -> usize {
    let content = state.conversations.get(&here()).and_then(|known| known.content.as_ref());
    content.map_or(0, |content| content.messages.len())
}

#[tokio::test]
async fn messages_are_acknowledged_and_heard() {
    let server = Server::start().await;
    let client = live(&server).await;
    let mut events = client.subscribe();
    client.open(here()).await;
    let acked = client.send(here(), "hello").await.unwrap();
    assert_eq!((acked.seq, acked.rev), (1, 1));
    server.say("hello yourself");
    client.wait_until(LIMIT, |state| n_held(state) == 2).await.unwrap();
    let notified = async {
        loop {
            if let Event::Notify { seq, .. } = events.recv().await.unwrap() {
                return seq;
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, notified).await.unwrap(), 2);
    client.mark_read(here(), 2).await;
    let is_read = |state: &State| state.conversations[&here()].head.head.read_seq == 2;
    client.wait_until(LIMIT, is_read).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles() {
    let server = Server::start().await;
    let client = live(&server).await;
    server.lose_answers(2);
    let sends = ["one", "two", "three"].map(|text| client.send(here(), text));
    let [one, two, three] = sends;
    let (one, two, three) = tokio::join!(one, two, three);
    assert_eq!([one, two, three].map(|acked| acked.unwrap().seq), [1, 2, 3]);
    assert_eq!(server.texts(), ["one", "two", "three"]);
    assert_eq!(server.n_sessions(), 3);
}

#[tokio::test]
async fn it_comes_back_by_itself_and_catches_up() {
    let server = Server::start().await;
    let client = live(&server).await;
    client.open(here()).await;
    client.send(here(), "before").await.unwrap();
    server.cut(4503);
    client.wait_until(LIMIT, |state| !state.is_settled()).await.unwrap();
    server.say("meanwhile");
    client.wait_until(LIMIT, |state| n_held(state) == 2).await.unwrap();
    assert_eq!(client.send(here(), "after").await.unwrap().seq, 3);
    assert_eq!(client.status(), Status::Live);
}

#[tokio::test]
async fn it_stays_away_where_the_server_says_so() {
    let server = Server::start().await;
    let client = live(&server).await;
    server.cut(4401);
    client.wait_until(LIMIT, |state| !state.is_settled()).await.unwrap();
    assert_eq!(client.status(), Status::Stopped(4401));
    let request = Request::Users(Users { query: Some("a".into()), ids: None });
    assert!(matches!(client.request(request).await, Err(RequestError::Broken)));
    client.close().await;
}

#[tokio::test]
async fn refusals_reach_whoever_asked() {
    let server = Server::start().await;
    let client = live(&server).await;
    let request = Request::Users(Users { query: Some("a".into()), ids: None });
    let Err(RequestError::Refused(refused)) = client.request(request).await else { panic!() };
    assert_eq!(refused.code, RefusalCode::UnknownType);
    let made = client.create_direct("u_2".parse().unwrap()).await.unwrap();
    assert_eq!(made, here());
}

#[tokio::test]
async fn a_full_outbox_refuses_one_message_more_and_loses_none() {
    let server = Server::start().await;
    let client = live(&server).await;
    server.lose_answers(usize::MAX);
    let mut sends = tokio::task::JoinSet::new();
    for number in 0..=10_000 {
        let client = client.clone();
        sends.spawn(async move { client.send(here(), number.to_string()).await });
    }
    let refused = tokio::time::timeout(LIMIT, sends.join_next()).await.unwrap();
    assert_eq!(refused.unwrap().unwrap(), Err(SendError::Full));
    client.wait_until(LIMIT, |state| state.outbox.len() == 10_000).await.unwrap();
}

#[tokio::test]
async fn two_hundred_clients_live_in_one_process() {
    let server = Server::start().await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(Client::start(Options::new(server.address.clone(), "token")));
    }
    for client in &clients {
        client.wait_live(LIMIT).await.unwrap();
        client.open(here()).await;
    }
    server.say("to all of you");
    for client in &clients {
        client.wait_until(LIMIT, |state| n_held(state) == 1).await.unwrap();
    }
    assert_eq!(server.n_sessions(), 200);
}
