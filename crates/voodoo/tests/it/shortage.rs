//! What the server does where the machine gives no more: room on the disk, descriptors.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{run, until};
use crate::metrics::{admin_address, get};
use crate::people::{QUICK, Talk, address, sign_up};
use crate::server::{Server, data_of};

/// Lets somebody say something, and gives the type of the answer.
async fn say(talk: &mut Talk, conversation: &str) -> String {
    answer(talk, conversation, "hello").await["type"].as_str().unwrap().to_owned()
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

/// A file system of its own for the data, in memory; it goes with the server. Where the user may
/// not make one, the start fails in words.
const SMALL_DISK: &str =
    r#"mkdir -p "$0" && mount -t tmpfs -o size=64m,mode=0700 small "$0" && exec "$@""#;

/// A server whose data are on a disk of 64 MiB.
fn on_small_disk(name: &str, settings: &[(&str, &str)]) -> Server {
    let data = data_of(name);
    let under = ["unshare", "-rm", "sh", "-c", SMALL_DISK, data.to_str().unwrap()];
    Server::start_under(&under, name, &[QUICK, settings].concat())
}

/// What only the server sees of its disk.
fn inside(server: &Server, name: &str) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", server.pid()));
    root.join(server.data().strip_prefix("/").unwrap()).join(name)
}

/// Fills the disk by another file, but for so many KiB.
fn fill_but(server: &Server, free_kib: u64) {
    let filler = inside(server, "filler");
    let space = voodoo_store::space(filler.parent().unwrap()).unwrap();
    let mut file = fs::File::options().create(true).append(true).open(&filler).unwrap();
    let n_bytes = space.free_bytes.checked_sub(free_kib * 1024).expect("there is as much");
    io::copy(&mut io::repeat(7).take(n_bytes), &mut file).unwrap();
}

fn make_room(server: &Server) {
    fs::remove_file(inside(server, "filler")).unwrap();
}

fn ready(server: &Server) -> String {
    get(&server.listens().unwrap().to_string(), "/readyz")
}

/// Says something, and gives the whole answer.
async fn answer(talk: &mut Talk, conversation: &str, text: &str) -> Value {
    let send = json!({"type": "send", "conversation": conversation,
        "client_id": uuid::Uuid::now_v7(), "body": {"kind": "text", "text": text}});
    talk.ask(send).await.expect("the server is there")
}

/// Says something until it is taken, and gives how long that took.
async fn until_taken(talk: &mut Talk, conversation: &str, text: &str) -> Duration {
    let begun = Instant::now();
    while answer(talk, conversation, text).await["type"] != "ok" {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

fn count(server: &Server, words: &str) -> usize {
    server.log().matches(words).count()
}

#[test]
fn where_room_is_short_messages_are_refused_and_all_else_goes_on_until_there_is_room() {
    let server = on_small_disk("shortage-room", &[("VOODOO_HTTP__ADMIN_LISTEN", "127.0.0.1:0")]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let people = sign_up(&server, 2).await;
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let conversation = talk.direct(&people[1].user).await;
        // A small disk with room is no short one.
        assert_eq!(answer(&mut talk, &conversation, "1").await["type"], "ok");
        let reserve = fs::metadata(inside(&server, "reserve")).unwrap();
        assert!(reserve.len() > 3_000_000 && reserve.blocks() * 512 >= reserve.len());
        assert!(ready(&server).contains(r#"{"check":"room","ok":true}"#), "{}", ready(&server));

        fill_but(&server, 2_048);
        until("room is low", || ready(&server).contains(r#""words":"low: "#));
        assert!(ready(&server).starts_with("HTTP/1.1 200 "), "low is no reason to be left");
        assert_eq!(answer(&mut talk, &conversation, "2").await["type"], "ok");

        fill_but(&server, 300);
        until("room is short", || ready(&server).contains(r#""words":"short: "#));
        assert!(ready(&server).starts_with("HTTP/1.1 503 "));
        let metrics = get(&admin_address(&server).unwrap(), "/metrics");
        assert!(metrics.contains("\nvoodoo_disk_stage 2\n"), "{metrics}");
        let refused = answer(&mut talk, &conversation, "refused").await;
        let told = [&refused["code"], &refused["retry"], &refused["retry_after_ms"]];
        assert_eq!(told, [&json!("unavailable"), &json!("same"), &json!(2_000)], "{refused}");
        let mut other = Talk::begin(&address(&server), &people[1]).await.expect("they get in");
        assert_eq!(other.read_from(&conversation, 0).await.len(), 2, "reading goes on");
        let set = json!({"type": "set", "conversation": conversation, "pinned": true});
        assert_eq!(other.ask(set).await.unwrap()["type"], "ok", "small things of one's own too");

        make_room(&server);
        let took = until_taken(&mut talk, &conversation, "3").await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        until("it is ready", || ready(&server).starts_with("HTTP/1.1 200 "));
        assert!(inside(&server, "reserve").exists());
        let texts: Vec<_> = other.read_from(&conversation, 0).await;
        let texts: Vec<_> = texts.iter().map(|one| one["body"]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["1", "2", "3"]);
    });
    let begun = ["room on the disk is low", "room on the disk is short", "there is more room"];
    assert_eq!(begun.map(|words| count(&server, words)), [1, 1, 1], "{}", server.log());
    assert_eq!(count(&server, r#""room on the disk""#), 1, "one line at the start");
}

#[test]
fn a_disk_that_is_full_takes_the_reserve_and_is_got_over_without_a_hand() {
    // Without marks it can get full.
    let none = [("VOODOO_DISK__LOW_MIB", "0"), ("VOODOO_DISK__SHORT_MIB", "0")];
    let server = on_small_disk("shortage-full", &none);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let people = sign_up(&server, 2).await;
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let conversation = talk.direct(&people[1].user).await;
        let reserve = inside(&server, "reserve");
        assert!(reserve.exists());
        fill_but(&server, 0);
        let text = "x".repeat(8_000);
        let (mut acked, mut n_refused) = (Vec::new(), 0);
        // What is said now goes to the end of the log, and that cannot grow.
        while reserve.exists() {
            let said = answer(&mut talk, &conversation, &text).await;
            match said["type"] == "ok" {
                true => acked.push(said["seq"].as_u64().unwrap()),
                false => n_refused += 1,
            }
            assert!(acked.len() < 10_000 && n_refused < 1_000, "the disk does not get full");
        }
        until_taken(&mut talk, &conversation, "after").await;
        assert!(n_refused > 0 || count(&server, "a commit failed") > 0);
        make_room(&server);
        until("the reserve is there again", || reserve.exists());
        let read = talk.read_from(&conversation, 0).await;
        let seqs: Vec<_> = read.iter().map(|one| one["seq"].as_u64().unwrap()).collect();
        assert!(acked.iter().all(|seq| seqs.contains(seq)), "nothing acknowledged is lost");
        let whole: Vec<_> = (1..=u64::try_from(seqs.len()).unwrap()).collect();
        assert_eq!(seqs, whole);
    });
    assert_eq!(count(&server, "the file in reserve was removed"), 1, "{}", server.log());
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
