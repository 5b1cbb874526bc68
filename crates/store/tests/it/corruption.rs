//! What is damaged is refused at the start, with the remedy, and never taken for a fresh start.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;
use voodoo_core::apply::{Send, Write};
use voodoo_core::testkit::contract::Stage;
use voodoo_proto::ClientId;
use voodoo_store::{OpenError, verify};

use crate::folder::Folder;
use crate::start::reopen;

/// What a process leaves that is killed with a log of some length, after another that ended well.
async fn crashed() -> Folder {
    let folder = Folder::new();
    let store = folder.open();
    let stage = Stage::new(store.clone());
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    for number in 0..50 {
        stage.send(group, ann, &format!("before {number}")).await;
    }
    store.shutdown().await;
    drop((stage, store));
    let store = reopen(&folder);
    let stage = Stage::new(store.clone());
    for number in 0..50 {
        stage
            .write(Write::Send(Send {
                client_id: ClientId::from_bytes(u128::from(1_000_000_u32 + number).to_be_bytes()),
                ..stage.message(group, ann, &format!("after {number}"))
            }))
            .await
            .unwrap();
    }
    let left = Folder::new();
    for name in ["voodoo.db", "voodoo.db-wal", "voodoo.db-shm", "lock"] {
        fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
    }
    store.shutdown().await;
    left
}

fn garble(path: &Path, at: u64, n_bytes: usize) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&vec![0xa5; n_bytes], at).unwrap();
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn root_of(folder: &Path, table: &str) -> u64 {
    let database = Connection::open(folder.join("voodoo.db")).unwrap();
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
    database.query_row(sql, [table], |row| row.get(0)).unwrap()
}

fn execute(folder: &Path, sql: &str) {
    let database = Connection::open(folder.join("voodoo.db")).unwrap();
    database.execute_batch(sql).unwrap();
}

/// Leaves no log: the last who closes a database writes it back.
fn write_back(folder: &Path) {
    execute(folder, "UPDATE meta SET v = v");
    assert!(!folder.join("voodoo.db-wal").exists());
}

/// Damage, and a part of what is said of it.
type Harm = (&'static str, fn(&Path));

const HARMS: &[Harm] = &[
    ("it is no database", |folder| {
        write_back(folder);
        garble(&folder.join("voodoo.db"), 0, 100);
    }),
    ("", |folder| {
        write_back(folder);
        garble(&folder.join("voodoo.db"), 16, 8);
    }),
    ("its log is good for", |folder| {
        let log = folder.join("voodoo.db-wal");
        let half = length(&log) / 2;
        fs::File::options().write(true).open(&log).unwrap().set_len(half).unwrap();
    }),
    ("its log is good for", |folder| {
        let log = folder.join("voodoo.db-wal");
        garble(&log, length(&log) / 2, 1);
    }),
    ("its log is good for 0 of", |folder| garble(&folder.join("voodoo.db-wal"), 0, 32)),
    ("its log is good for 0 of", |folder| fs::remove_file(folder.join("voodoo.db-wal")).unwrap()),
    ("its log is there, the database itself is not", |folder| {
        fs::remove_file(folder.join("voodoo.db-shm")).unwrap();
        fs::remove_file(folder.join("voodoo.db")).unwrap();
    }),
    ("malformed", |folder| {
        let root = root_of(folder, "conversation");
        garble(&folder.join("voodoo.db"), (root - 1) * 4_096, 4_096);
    }),
    ("the counters of 1 conversations", |folder| {
        execute(folder, "UPDATE conversation SET last_seq = last_seq + 1");
    }),
    ("it does not say its epoch", |folder| execute(folder, "DELETE FROM meta WHERE k = 'epoch'")),
    ("message_client is missing", |folder| execute(folder, "DROP INDEX message_client")),
];

#[tokio::test]
async fn each_corruption_is_refused_at_the_start_with_the_remedy() {
    for (words, harm) in HARMS {
        let folder = crashed().await;
        harm(folder.path());
        let database = fs::read(folder.database()).ok();
        let error = folder.try_open().err().unwrap_or_else(|| panic!("{words:?} is not seen"));
        assert!(matches!(error, OpenError::Damaged(_)), "{words}: {error}");
        let said = error.to_string();
        assert!(said.contains(words), "{words}: {said}");
        assert!(said.contains("restore the newest backup into an empty folder"), "{said}");
        assert_eq!(folder.database().exists(), database.is_some(), "nothing new was made");
    }
}

#[tokio::test]
async fn a_log_that_a_kill_left_is_whole() {
    let folder = crashed().await;
    assert_eq!(verify(folder.path()).unwrap().holds.unwrap().messages, 100);
    let store = folder.open();
    assert_eq!(verify(folder.path()).unwrap().holds.unwrap().messages, 100);
    store.shutdown().await;
}

#[tokio::test]
async fn a_first_page_that_was_torn_while_it_was_written_back_is_taken_from_the_log() {
    let folder = crashed().await;
    garble(&folder.database(), 0, 512);
    let store = folder.open();
    assert_eq!(verify(folder.path()).unwrap().holds.unwrap().messages, 100);
    assert_eq!(verify(folder.path()).unwrap().findings, []);
    store.shutdown().await;
}

#[tokio::test]
async fn a_spoiled_log_is_seen_by_a_check_before_it_is_forgotten() {
    let folder = crashed().await;
    let log = folder.path().join("voodoo.db-wal");
    garble(&log, length(&log) / 2, 1);
    let error = verify(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
}

/// Where the log ends after each of its commits: with a frame that says how long the database is
/// (<https://www.sqlite.org/fileformat.html#the_write_ahead_log>).
fn commits(log: &[u8]) -> Vec<usize> {
    let frame = |at: usize| &log[at..at + FRAME];
    let frames = (HEADER..=log.len().saturating_sub(FRAME)).step_by(FRAME);
    let is_of_this_log = |at: &usize| frame(*at)[8..16] == log[16..24];
    let is_last = |at: &usize| frame(*at)[4..8] != [0; 4];
    frames.take_while(is_of_this_log).filter(is_last).map(|at| at + FRAME).collect()
}

const HEADER: usize = 32;
const FRAME: usize = 24 + 4_096;

/// The messages that a start finds after power was cut: of the log so much is there, of its index
/// nothing.
async fn found_after(whole: &Folder, n_log_bytes: usize) -> u64 {
    let left = Folder::new();
    fs::copy(whole.database(), left.database()).unwrap();
    let log = fs::read(whole.path().join("voodoo.db-wal")).unwrap();
    fs::write(left.path().join("voodoo.db-wal"), &log[..n_log_bytes]).unwrap();
    let store = left.open();
    let report = verify(left.path()).unwrap();
    assert_eq!(report.findings, [], "{n_log_bytes} bytes");
    store.shutdown().await;
    report.holds.unwrap().messages
}

#[tokio::test]
async fn a_log_that_was_cut_anywhere_is_good_up_to_the_last_whole_commit_in_it() {
    let folder = crashed().await;
    let log = fs::read(folder.path().join("voodoo.db-wal")).unwrap();
    let commits = commits(&log);
    assert!(commits.len() >= 50, "{} commits", commits.len());
    assert_eq!(found_after(&folder, HEADER).await, 50, "what was written back before");
    let last_ones = commits.windows(2).skip(commits.len() - 5);
    for (at, pair) in last_ones.enumerate() {
        let n_before = found_after(&folder, pair[0]).await;
        assert_eq!(n_before, 96 + at as u64, "each commit brings a message");
        let cut = [pair[0] + 1, pair[0] + 24, pair[0] + FRAME / 2, pair[1] - FRAME, pair[1] - 1];
        for n_log_bytes in cut {
            assert_eq!(found_after(&folder, n_log_bytes).await, n_before, "{n_log_bytes} bytes");
        }
    }
    assert_eq!(found_after(&folder, log.len()).await, 100);
}

#[tokio::test]
async fn a_log_that_was_written_back_may_be_gone() {
    let folder = crashed().await;
    let database = Connection::open(folder.database()).unwrap();
    database.pragma_update_and_check(None, "wal_checkpoint", "PASSIVE", |_| Ok(())).unwrap();
    let left = Folder::new();
    for name in ["voodoo.db", "voodoo.db-shm"] {
        fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
    }
    drop(database);
    let store = left.open();
    assert_eq!(verify(left.path()).unwrap().holds.unwrap().messages, 100);
    store.shutdown().await;
}
