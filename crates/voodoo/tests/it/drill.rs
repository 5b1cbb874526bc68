//! The restore drill: a backup of a server under load becomes a server again, and clients that
//! know more than it holds come to agree with it by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Mutex;
use voodoo_client::{Client, Options};
use voodoo_proto::ConversationId;
use voodoo_proto::object::Body;

use crate::cli::{fresh, on, run};
use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::{Server, data_of};

const PATIENCE: Duration = Duration::from_secs(60);
const N_SENDERS: usize = 8;
/// Acknowledged before the backup begins.
const N_BEFORE: usize = 400;
/// Acknowledged before the server is lost, and not all in the backup.
const N_AFTER: usize = 400;

/// Sends until it is ended by the end of the server; keeps what was acknowledged.
async fn send_on(
    mut talk: Talk,
    conversation: String,
    acked: Arc<Mutex<BTreeMap<u64, String>>>,
    number: usize,
) {
    for n in 0.. {
        let text = format!("{number} says {n}");
        let client_id = uuid::Uuid::now_v7().to_string();
        let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
            "body": {"kind": "text", "text": text}});
        let Some(answer) = talk.ask(send).await else { return };
        let seq = answer["seq"].as_u64().unwrap_or_else(|| panic!("{answer}"));
        acked.lock().await.insert(seq, text);
    }
}

async fn until_acked(acked: &Mutex<BTreeMap<u64, String>>, n: usize) {
    let end = Instant::now() + PATIENCE;
    while acked.lock().await.len() < n {
        assert!(Instant::now() < end, "{n} are not acknowledged in time");
        tokio::task::yield_now().await;
    }
}

/// Waits until a client holds exactly this head, and has the text of this message.
async fn agrees(client: &Client, conversation: ConversationId, last_seq: u64, text: &str) {
    let told = client.wait_until(PATIENCE, |state| {
        let known = state.conversations.get(&conversation);
        known.is_some_and(|known| {
            let content = known.content.as_ref();
            let newest = content.and_then(|content| content.messages.last_key_value());
            known.head.head.last_seq == last_seq
                && newest.is_some_and(|(seq, message)| {
                    *seq == last_seq && says(message.body.as_ref(), text)
                })
        })
    });
    told.await.expect("the client comes to agree");
}

fn says(body: Option<&Body>, text: &str) -> bool {
    matches!(body, Some(Body::Text { text: said }) if said == text)
}

#[test]
fn a_server_restored_from_a_backup_under_load_serves_clients_that_knew_more() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(drill());
}

async fn drill() {
    let mut server = Server::start("drill", QUICK);
    let people = sign_up(&server, 2).await;
    let (ann, bob): (&Person, &Person) = (&people[0], &people[1]);
    let mut talk = Talk::begin(&address(&server), ann).await.unwrap();
    let conversation = talk.direct(&bob.user).await;
    let acked = Arc::<Mutex<BTreeMap<u64, String>>>::default();
    let mut sending = Vec::new();
    for number in 0..N_SENDERS {
        let talk = Talk::begin(&address(&server), ann).await.unwrap();
        let task = send_on(talk, conversation.clone(), Arc::clone(&acked), number);
        sending.push(tokio::spawn(task));
    }
    until_acked(&acked, N_BEFORE).await;
    let before = acked.lock().await.clone();
    let backups = fresh("drill-backups");
    let data = data_of("drill");
    let to = backups.to_str().unwrap().to_owned();
    let made = tokio::task::spawn_blocking(move || {
        on(&data, &["backup", "create", "--to", &to, "--json"]).json()
    });
    let made = made.await.unwrap();
    let n_held = made["manifest"]["holds"]["messages"].as_u64().unwrap();
    assert!(n_held >= before.len() as u64, "{n_held} of {}", before.len());
    assert_eq!(made["findings"], json!([]));
    // A client that knows all of it, and more than the backup.
    let client = Client::start(Options::new(address(&server), &bob.token));
    client.wait_live(PATIENCE).await.unwrap();
    let id: ConversationId = conversation.parse().unwrap();
    client.open(id).await;
    until_acked(&acked, before.len() + N_AFTER).await;
    server.kill();
    for sender in sending {
        sender.await.unwrap();
    }
    let newest = *acked.lock().await.keys().last().unwrap();
    assert!(newest > n_held, "the client knows more than the backup");
    let into = data_of("drill-restored");
    if into.exists() {
        std::fs::remove_dir_all(&into).unwrap();
    }
    let path = made["path"].as_str().unwrap().to_owned();
    let restoring = async {
        let words = ["restore", &path, "--into", into.to_str().unwrap(), "--json"];
        let restored = run(&words, &[]).json();
        assert_ne!(restored["epoch"], made["manifest"]["holds"]["epoch"]);
        server.restart_on(&into);
    };
    // What is written while there is no server is sent to the one that comes.
    let (sent, ()) = tokio::join!(client.send(id, "written in between"), restoring);
    assert_eq!(sent.unwrap().seq, n_held + 1);
    let mut talk = Talk::begin(&address(&server), ann).await.expect("tokens are in the backup");
    let held = talk.read_from(&conversation, 0).await;
    assert_eq!(held.len() as u64, n_held + 1);
    for (message, place) in held.iter().zip(1_u64..) {
        assert_eq!(message["seq"], place, "no gap");
        if let Some(text) = before.get(&place) {
            assert_eq!(message["body"]["text"], text.as_str(), "as it was acknowledged");
        }
    }
    // What is said from here on stands where something else once stood.
    let client_id = uuid::Uuid::now_v7().to_string();
    let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
        "body": {"kind": "text", "text": "after the drill"}});
    let answer = talk.ask(send).await.unwrap();
    assert_eq!(answer["seq"], n_held + 2);
    agrees(&client, id, n_held + 2, "after the drill").await;
    client.close().await;
    let told = on(&into, &["verify", "--json"]).json();
    assert_eq!(told["healthy"], true, "{told}");
    std::fs::remove_dir_all(&into).unwrap();
    std::fs::remove_dir_all(&backups).unwrap();
}
