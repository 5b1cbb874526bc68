//! No `ok` leaves before the sync of its batch: the server's own system calls say so.
//!
//! A kill cannot see a missing sync, because the kernel keeps what was written. So the server runs
//! under `strace`, one client sends one message after the other, and between the page that holds a
//! message and its `ok` there has to be a sync of the log that began after that page was written.
//! Other transactions write and sync meanwhile, which neither helps nor harms.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::people::{QUICK, Talk, address, sign_up};
use crate::server::{Server, data_of};

const N_MESSAGES: usize = 30;

/// Sends messages to a traced server and returns the trace.
fn trace(name: &str, settings: &[(&'static str, &'static str)]) -> String {
    let is_there = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    assert!(is_there.is_ok_and(|status| status.success()), "no strace: apt install strace");
    let path = data_of(&format!("{name}.strace"));
    let arguments = [
        "strace",
        "-f",
        "-y",
        // A page of the log as a whole: the text of a message stands anywhere in it.
        "-s",
        "4200",
        "-e",
        "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg",
        "-o",
        path.to_str().expect("a path in UTF-8"),
    ];
    let settings: Vec<_> = QUICK.iter().chain(settings).copied().collect();
    let mut server = Server::start_under(&arguments, name, &settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(talk(&server));
    stop(&mut server);
    let trace = read(&path);
    fs::remove_file(&path).expect("the trace goes away");
    trace
}

async fn talk(server: &Server) {
    let people = sign_up(server, 2).await;
    let mut talk = Talk::begin(&address(server), &people[0]).await.unwrap();
    let conversation = talk.direct(&people[1].user).await;
    for number in 0..N_MESSAGES {
        let client_id = uuid::Uuid::now_v7().to_string();
        let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
            "body": {"kind": "text", "text": text(number)}});
        let answer = talk.ask(send).await.unwrap();
        assert_eq!(answer["type"], "ok", "{answer}");
    }
}

/// Ends the traced server, and with it strace, so that the trace is whole.
fn stop(server: &mut Server) {
    let pid = server.pid().to_string();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let traced = children.split_whitespace().next().expect("strace has the server as its child");
    let killed = Command::new("kill").args(["-9", traced]).status().unwrap();
    assert!(killed.success());
    server.wait();
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("strace wrote a trace")).into_owned()
}

/// What the message of this number says; no text is the beginning of another.
fn text(number: usize) -> String {
    format!("traced {number:02}.")
}

/// How many acknowledgements of messages left, and the first that left before its sync.
fn judge(trace: &str) -> (usize, Option<String>) {
    let mut n_acked = 0;
    let mut log = Log::default();
    for line in trace.lines() {
        log.follow(line, &text(n_acked));
        if line.contains(r#"\"type\":\"ok\""#) && line.contains(r#"\"seq\""#) && is_sending(line) {
            n_acked += 1;
            if !log.is_synced {
                return (n_acked, Some(line.to_owned()));
            }
            log = Log::default();
        }
    }
    (n_acked, None)
}

fn is_sending(line: &str) -> bool {
    [" write(", " writev(", " sendto(", " sendmsg("].iter().any(|call| line.contains(call))
}

/// What has happened to the write-ahead log since the last acknowledgement.
#[derive(Default)]
struct Log {
    /// A page with the next message was written.
    is_written: bool,
    /// The thread whose sync began after that and has not returned yet.
    syncing: Option<String>,
    is_synced: bool,
}

impl Log {
    fn follow(&mut self, line: &str, text: &str) {
        let thread = line.split_whitespace().next().unwrap_or_default();
        let is_log = line.contains("voodoo.db-wal");
        if is_log && line.contains("pwrite64(") && line.contains(text) {
            self.is_written = true;
        } else if is_log && line.contains("sync(") && self.is_written {
            if line.ends_with("= 0") {
                self.is_synced = true;
            } else if line.contains("<unfinished") {
                self.syncing = Some(thread.to_owned());
            }
        } else if line.contains("sync resumed>")
            && line.ends_with("= 0")
            && self.syncing.as_deref() == Some(thread)
        {
            self.syncing = None;
            self.is_synced = true;
        }
    }
}

/// The lines that a system call leaves, by thread 7 unless they say otherwise.
#[test]
fn the_judge_looks_at_the_page_of_the_message_alone() {
    let page =
        |text: &str| format!("7 pwrite64(5</voodoo.db-wal>, \"\\0{text}\\2\", 4096, 9) = 4096");
    let (sync, ok) =
        ("7 fdatasync(5</voodoo.db-wal>) = 0", r#"8 sendto(9, "{\"type\":\"ok\",\"seq\":1}"#);
    let (mine, other) = (page(&text(0)), page("a mark"));
    let (begun, done) =
        ("7 fdatasync(5</voodoo.db-wal> <unfinished ...>", "7 <... fdatasync resumed>) = 0");
    let is_right = |lines: &[&str]| judge(&lines.join("\n")).1.is_none();
    assert!(is_right(&[&mine, sync, ok]));
    assert!(is_right(&[&mine, begun, done, ok]));
    assert!(is_right(&[&mine, sync, &other, ok]), "what another writes later is another's");
    assert!(!is_right(&[&mine, ok]));
    assert!(!is_right(&[&mine, begun, ok]));
    assert!(!is_right(&[&other, sync, &mine, ok]), "nor does an earlier sync of another help");
    assert!(!is_right(&[begun, &mine, done, ok]), "a sync that began before the page was written");
}

#[test]
fn no_acknowledgement_leaves_before_its_sync() {
    let (n_acked, early) = judge(&trace("sync-full", &[]));
    assert_eq!(early, None);
    assert_eq!(n_acked, N_MESSAGES, "every acknowledgement is in the trace");
}

#[test]
fn without_full_sync_the_trace_shows_it() {
    let settings = [("VOODOO_STORE__SYNCHRONOUS", "normal")];
    let (_, early) = judge(&trace("sync-normal", &settings));
    assert!(early.is_some(), "an acknowledgement without a sync has to be seen");
}
