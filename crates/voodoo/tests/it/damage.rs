//! The real program on a log that was cut or spoiled behind its back.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cli::on;
use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::{Server, data_of};

const N_MESSAGES: u64 = 30;

/// A server that was killed after so many messages, who was there, and the path of its log.
struct Killed {
    server: Server,
    people: Vec<Person>,
    log: PathBuf,
}

async fn say(server: &Server, people: &[Person], n_messages: u64) -> Vec<Value> {
    let mut talk = Talk::begin(&address(server), &people[0]).await.unwrap();
    let conversation = talk.direct(&people[1].user).await;
    let mut seqs = Vec::new();
    for _ in 0..n_messages {
        let client_id = uuid::Uuid::now_v7().to_string();
        let body = json!({"kind": "text", "text": "hello"});
        let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
            "body": body});
        seqs.push(talk.ask(send).await.unwrap()["seq"].clone());
    }
    seqs
}

fn killed(runtime: &Runtime, name: &str) -> Killed {
    let mut server = Server::start(name, QUICK);
    let people = runtime.block_on(sign_up(&server, 2));
    let seqs = runtime.block_on(say(&server, &people, N_MESSAGES));
    assert_eq!(seqs, (1..=N_MESSAGES).map(Value::from).collect::<Vec<_>>());
    server.kill();
    let log = data_of(name).join("voodoo.db-wal");
    Killed { server, people, log }
}

#[test]
fn a_log_that_lost_its_end_with_the_power_is_taken_up_to_its_last_whole_commit() {
    let runtime = Runtime::new().unwrap();
    let Killed { mut server, people, log } = killed(&runtime, "damage-cut");
    let n_bytes = fs::metadata(&log).unwrap().len();
    // In the middle of a page, some commits before the end. Its index goes with the power.
    fs::File::options().write(true).open(&log).unwrap().set_len(n_bytes - 50_001).unwrap();
    fs::remove_file(log.with_extension("db-shm")).unwrap();
    server.restart();
    let next = runtime.block_on(say(&server, &people, 2));
    let seq = next[0].as_u64().unwrap();
    assert!((2..=N_MESSAGES).contains(&seq), "some are there and some are not: {seq}");
    assert_eq!(next[1], seq + 1, "it goes on without a hole");
}

#[test]
fn a_log_that_was_spoiled_after_a_kill_is_refused_at_the_start_with_the_remedy() {
    let runtime = Runtime::new().unwrap();
    let Killed { server: _server, log, .. } = killed(&runtime, "damage-spoiled");
    let n_bytes = fs::metadata(&log).unwrap().len();
    let file = fs::File::options().write(true).open(&log).unwrap();
    file.write_all_at(&[0xa5], n_bytes / 2).unwrap();
    let data = data_of("damage-spoiled");
    let serve = || on(&data, &["--listen", "127.0.0.1:0", "serve"]);
    serve().failed(65, "its log is good for");
    serve().failed(65, "restore the newest backup into an empty folder");
}
