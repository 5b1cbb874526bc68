//! What was acknowledged outlives `kill -9`, once and in its place.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use voodoo_client::Address;

use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::Server;

const N_KILLS: usize = 20;
const N_PEOPLE: usize = 20;
const N_SESSIONS: usize = 50;
/// Acknowledged since the last start before a kill may come.
const N_ACKED: usize = 500;
/// For everything that a live server does at once.
const PATIENCE: Duration = Duration::from_secs(120);

/// A message as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Acked {
    seq: u64,
    text: String,
}

/// What was acknowledged, kept outside the process that is killed: per conversation by client id.
type Ledger = Arc<Mutex<BTreeMap<String, HashMap<String, Acked>>>>;

/// One sender: the message without an answer is sent again after a restart, under its name.
struct Sender {
    person: Person,
    conversation: String,
    name: String,
    n_sent: usize,
    unanswered: Option<(String, String)>,
}

/// What the senders share during one life of the server.
struct Life {
    address: Address,
    ledger: Ledger,
    n_acked: Mutex<usize>,
    is_enough: Notify,
}

impl Sender {
    /// Sends until the server is gone.
    async fn run(mut self, life: Arc<Life>) -> Self {
        let Some(mut talk) = Talk::begin(&life.address, &self.person).await else { return self };
        loop {
            let (client_id, text) = self.unanswered.clone().unwrap_or_else(|| {
                self.n_sent += 1;
                let client_id = uuid::Uuid::now_v7().to_string();
                (client_id, format!("{} says {}", self.name, self.n_sent))
            });
            self.unanswered = Some((client_id.clone(), text.clone()));
            let send = json!({"type": "send", "conversation": self.conversation,
                "client_id": client_id, "body": {"kind": "text", "text": text}});
            let Some(answer) = talk.ask(send).await else { return self };
            let seq = answer["seq"].as_u64().unwrap_or_else(|| panic!("{answer}"));
            self.unanswered = None;
            life.note(&self.conversation, client_id, Acked { seq, text });
        }
    }
}

impl Life {
    fn note(&self, conversation: &str, client_id: String, acked: Acked) {
        let mut ledger = self.ledger.lock().unwrap();
        let before = ledger.entry(conversation.to_owned()).or_default().insert(client_id, acked);
        assert_eq!(before, None, "a sender never asks again for what was acknowledged");
        drop(ledger);
        let mut n_acked = self.n_acked.lock().unwrap();
        *n_acked += 1;
        if *n_acked == N_ACKED {
            self.is_enough.notify_one();
        }
    }
}

/// Reads a conversation as one of its members and compares it with what was acknowledged.
async fn check(address: &Address, reader: &Person, conversation: &str, ledger: &Ledger) {
    let mut talk = Talk::begin(address, reader).await.expect("the server is there");
    let messages = talk.read_from(conversation, 0).await;
    let mut stored = HashMap::new();
    for (message, place) in messages.iter().zip(1..) {
        assert_eq!(message["seq"], place, "{conversation} has a hole or a step back");
        let text = message["body"]["text"].as_str().expect("a text").to_owned();
        let client_id = message["client_id"].as_str().expect("a name").to_owned();
        let doubled = stored.insert(client_id, Acked { seq: place, text });
        assert_eq!(doubled, None, "{conversation} holds a message twice");
    }
    let ledger = ledger.lock().unwrap();
    for (client_id, acked) in ledger.get(conversation).into_iter().flatten() {
        assert_eq!(stored.get(client_id), Some(acked), "{conversation} lost or moved {client_id}");
    }
}

#[test]
fn acknowledged_messages_survive_twenty_kills() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(survive());
}

async fn survive() {
    let mut server = Server::start("kill", QUICK);
    let people = sign_up(&server, N_PEOPLE).await;
    let mut conversations = Vec::new();
    for pair in people.chunks(2) {
        let mut talk = Talk::begin(&address(&server), &pair[0]).await.unwrap();
        let conversation = talk.direct(&pair[1]).await;
        // The other side gets it with the first message, or by opening it too.
        let mut talk = Talk::begin(&address(&server), &pair[1]).await.unwrap();
        assert_eq!(talk.direct(&pair[0]).await, conversation);
        conversations.push(conversation);
    }
    let ledger = Ledger::default();
    let mut senders: Vec<Sender> = (0..N_SESSIONS)
        .map(|number| Sender {
            person: people[number % N_PEOPLE].clone(),
            conversation: conversations[number % N_PEOPLE / 2].clone(),
            name: format!("session {number}"),
            n_sent: 0,
            unanswered: None,
        })
        .collect();
    for _ in 0..N_KILLS {
        let life = Arc::new(Life {
            address: address(&server),
            ledger: Arc::clone(&ledger),
            n_acked: Mutex::new(0),
            is_enough: Notify::new(),
        });
        let mut running: JoinSet<Sender> =
            senders.drain(..).map(|sender| sender.run(Arc::clone(&life))).collect();
        tokio::time::timeout(PATIENCE, life.is_enough.notified()).await.expect("500 in time");
        let moment = rand::random_range(0..200);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        while let Some(sender) = running.join_next().await {
            senders.push(sender.unwrap());
        }
        assert_eq!(senders.len(), N_SESSIONS);
        server.restart();
        for (pair, conversation) in people.chunks(2).zip(&conversations) {
            for reader in pair {
                check(&address(&server), reader, conversation, &ledger).await;
            }
        }
    }
    let n_acked: usize = ledger.lock().unwrap().values().map(HashMap::len).sum();
    assert!(n_acked >= N_KILLS * N_ACKED, "only {n_acked} were acknowledged");
}
