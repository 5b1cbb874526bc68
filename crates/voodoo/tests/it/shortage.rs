//! What the server does where the machine gives no more: room on the disk, descriptors.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::cli::{run, until};
use crate::people::{QUICK, Talk, address, sign_up};
use crate::server::Server;

/// Lets somebody say something, and gives the type of the answer.
async fn say(talk: &mut Talk, conversation: &str) -> String {
    let send = json!({"type": "send", "conversation": conversation,
        "client_id": uuid::Uuid::now_v7(), "body": {"kind": "text", "text": "hello"}});
    let answer = talk.ask(send).await.expect("the server is there");
    answer["type"].as_str().unwrap().to_owned()
}

#[test]
fn a_full_disk_makes_the_server_unready_until_there_is_room_and_no_write_is_needed_for_it() {
    let server = Server::start("shortage-disk", QUICK);
    let listens = server.listens().unwrap().to_string();
    let check = || run(&["--listen", &listens, "healthcheck"], &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let people = sign_up(&server, 2).await;
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let conversation = talk.direct(&people[1].user).await;
        assert_eq!(say(&mut talk, &conversation).await, "ok");
        assert_eq!(check().well(), "ready\n");
        server.limit_files(Some(1)).unwrap();
        assert_eq!(say(&mut talk, &conversation).await, "refused");
        check().failed(69, r#"{"check":"writes","ok":false}"#);
        server.limit_files(None).unwrap();
        assert_eq!(check().well(), "ready\n");
        assert_eq!(say(&mut talk, &conversation).await, "ok");
    });
}

/// Processor time of a process, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Whether the server has closed a connection.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 16]) {
        Ok(0) => true,
        Ok(_) => panic!("nothing was asked"),
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn where_descriptors_are_few_those_who_are_there_are_served_and_nothing_spins() {
    let under = ["prlimit", "--nofile=300:300"];
    let server = Server::start_under(&under, "shortage-descriptors", QUICK);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let people = sign_up(&server, 2).await;
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let conversation = talk.direct(&people[1].user).await;
        let mut crowd: Vec<_> = (0..400)
            .map(|_| {
                let stream = TcpStream::connect(server.listens().unwrap()).unwrap();
                stream.set_nonblocking(true).unwrap();
                stream
            })
            .collect();
        // 200 of 300 are kept back, and the talk has one.
        until("all but 99 are sent away", || {
            crowd.retain_mut(|stream| !is_closed(stream));
            crowd.len() <= 99
        });
        let before = cpu_ticks(server.pid());
        std::thread::park_timeout(Duration::from_secs(1));
        let ticks = cpu_ticks(server.pid()) - before;
        assert!(ticks <= 5, "{ticks} ticks of 100 with nothing to do");
        assert_eq!(say(&mut talk, &conversation).await, "ok");
        crowd.retain_mut(|stream| !is_closed(stream));
        assert!(crowd.len() > 60, "{} of those who were let in are there", crowd.len());
        drop(crowd);
        let mut others = 0;
        while Talk::begin(&address(&server), &people[1]).await.is_none() {
            others += 1;
            assert!(others < 1_000, "nobody is let in any more");
        }
    });
    assert!(!server.log().contains("accepting a connection failed"), "{}", server.log());
}
