//! A process that is killed at any moment loses nothing that it has acknowledged.
//!
//! The test runs itself again as the process to be killed, which tells each acknowledgement on its
//! standard output; so they are known outside of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use voodoo_core::apply::{Applied, Reply, Send, Write};
use voodoo_core::store::{Around, PageSize, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_proto::object::{Body, Message};
use voodoo_proto::{ClientId, ConversationId, UserId};
use voodoo_store::SqliteStore;

use crate::folder::{Folder, open};
use crate::start::reopen;

const FOLDER: &str = "VOODOO_TEST_KILL_FOLDER";
const ROUND: &str = "VOODOO_TEST_KILL_ROUND";
const N_ROUNDS: u64 = 5;
const N_SENDERS: u64 = 50;
const N_CONVERSATIONS: i64 = 10;

fn conversation(number: i64) -> ConversationId {
    ConversationId::new(number).unwrap()
}

fn send(client_id: ClientId) -> Send {
    // The name says where it belongs, so that a message that moved is found.
    let number = u128::from_be_bytes(*client_id.as_bytes());
    let place = i64::try_from(number % u128::from(N_CONVERSATIONS.unsigned_abs())).unwrap() + 1;
    Send {
        conversation: conversation(place),
        sender: UserId::new(1).unwrap(),
        client_id,
        body: Body::Text { text: format!("text of {client_id}") },
        reply_to: None,
        is_silent: false,
        mentions: None,
        at_ms: 1_700_000_000_000,
        over_rate_ms: None,
    }
}

async fn put(store: &SqliteStore, client_id: ClientId) -> (u64, bool) {
    let mut results = store.commit(vec![Write::Send(send(client_id))]).await.unwrap();
    let Applied { reply, .. } = results.pop().unwrap().unwrap();
    let Reply::Sent { placed, duplicate } = reply else { panic!("not an answer to send") };
    (placed.seq, duplicate)
}

/// The process to be killed: sends from many sides until it is.
async fn send_until_killed(folder: &Path, round: u64) {
    let store = open(folder).unwrap();
    let senders = (0..N_SENDERS).map(|sender| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0_u64.. {
                let name = (u128::from(round) << 64) | u128::from(number * N_SENDERS + sender);
                let client_id = ClientId::from_bytes(name.to_be_bytes());
                let (seq, _) = put(&store, client_id).await;
                writeln!(std::io::stdout().lock(), "ack {client_id} {seq}").unwrap();
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
}

/// Runs the process until it has acknowledged so many, and kills it. What it had told by then.
fn run_and_kill(folder: &Path, round: u64, n_acks: usize) -> Vec<(ClientId, u64)> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::acknowledged_messages_survive_kill", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acks = Vec::new();
    let told = BufReader::new(process.stdout.take().unwrap());
    for line in told.split(b'\n').map(Result::unwrap) {
        let line = String::from_utf8(line).unwrap();
        let mut words = line.split(' ');
        let (Some("ack"), Some(client_id), Some(seq)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        acks.push((client_id.parse().unwrap(), seq.parse().unwrap()));
        if acks.len() == n_acks {
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    // The last line may be half of one.
    acks.pop();
    assert!(acks.len() >= n_acks - 1, "it ended by itself after {} acknowledgements", acks.len());
    acks
}

async fn all(store: &SqliteStore, conversation: ConversationId) -> Vec<Message> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let size = PageSize { n_messages: 1_000, n_bytes: usize::MAX };
        let user = UserId::new(1).unwrap();
        let page = store.history(user, conversation, Around::After(after), size).await.unwrap();
        after += u64::try_from(page.messages.len()).unwrap();
        messages.extend(page.messages);
        if !page.more {
            return messages;
        }
    }
}

async fn check(store: &SqliteStore, acks: &BTreeMap<ClientId, u64>) {
    let mut names = BTreeSet::new();
    for number in 1..=N_CONVERSATIONS {
        for (place, message) in (1..).zip(all(store, conversation(number)).await) {
            let client_id = message.client_id;
            assert_eq!(message.seq, place, "no gap");
            assert!(names.insert(client_id), "{client_id} stands twice");
            let sent = send(client_id);
            assert_eq!((message.conversation, message.body), (sent.conversation, Some(sent.body)));
            if let Some(seq) = acks.get(&client_id) {
                assert_eq!(message.seq, *seq, "{client_id} moved");
            }
        }
    }
    let lost: Vec<_> = acks.keys().filter(|client_id| !names.contains(client_id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    for (client_id, seq) in acks.iter().step_by(97) {
        assert_eq!(put(store, *client_id).await, (*seq, true), "a repeat gets the first answer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive_kill() {
    if let Ok(folder) = std::env::var(FOLDER) {
        let round = std::env::var(ROUND).unwrap().parse().unwrap();
        return send_until_killed(Path::new(&folder), round).await;
    }
    let folder = Folder::new();
    let store = folder.open();
    let stage = Stage::new(store.clone());
    let ann = stage.user("ann").await;
    for number in 1..=N_CONVERSATIONS {
        assert_eq!(stage.group(ann, &[]).await, conversation(number));
    }
    store.shutdown().await;
    drop((stage, store));
    drop(reopen(&folder));
    let mut acks = BTreeMap::new();
    for round in 1..=N_ROUNDS {
        // The moments differ from round to round, and are the same in every run of the test.
        let n_acks = 500 + usize::try_from(round * 7_919 % 613).unwrap();
        let path = folder.path().to_owned();
        let told = tokio::task::spawn_blocking(move || run_and_kill(&path, round, n_acks));
        acks.extend(told.await.unwrap());
        let store = reopen(&folder);
        check(&store, &acks).await;
        store.shutdown().await;
    }
}
