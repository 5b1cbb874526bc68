//! Opening a data folder: what is there stays, and what cannot be opened is refused in words.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use voodoo_core::SystemClock;
use voodoo_core::apply::Rules;
use voodoo_core::store::{Accounts as _, Around, PageSize, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_store::{OpenError, SqliteOptions, SqliteStore};

use crate::folder::Folder;

/// The lock goes with the engine's last thread; whoever opens again waits for that.
pub(crate) fn reopen(folder: &Folder) -> std::sync::Arc<SqliteStore> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match folder.try_open() {
            Err(OpenError::InUse) if Instant::now() < deadline => std::thread::yield_now(),
            result => return result.unwrap(),
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let folder = Folder::new();
    let store = folder.open();
    let epoch = store.epoch().await.unwrap();
    let stage = Stage::new(store.clone());
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    stage.send(group, ann, "one").await;
    store.shutdown().await;
    drop((stage, store));
    let store = reopen(&folder);
    assert_eq!(store.epoch().await.unwrap(), epoch);
    let all = PageSize { n_messages: 100, n_bytes: 1 << 20 };
    let page = store.history(ann, group, Around::Newest, all).await.unwrap();
    assert_eq!((page.messages.len(), page.rev), (1, 2));
    let stage = Stage::new(store);
    assert_ne!(stage.user("bob").await, ann);
}

#[tokio::test]
async fn a_folder_and_its_files_are_private() {
    let folder = Folder::new();
    let path = folder.path().join("data");
    let store = crate::folder::open(&path).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("voodoo.db")), 0o600);
    drop(store);
}

#[tokio::test]
async fn what_others_could_read_is_taken_from_them() {
    let folder = Folder::new();
    let path = folder.path().join("data");
    let store = crate::folder::open(&path).unwrap();
    store.shutdown().await;
    drop(store);
    let widen = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    widen(&path, 0o755);
    widen(&path.join("voodoo.db"), 0o644);
    drop(crate::folder::open(&path).unwrap());
    assert_eq!((mode(&path), mode(&path.join("voodoo.db"))), (0o700, 0o600));
    fs::write(path.join("of-others"), "").unwrap();
    widen(&path, 0o755);
    widen(&path.join("voodoo.db"), 0o666);
    drop(crate::folder::open(&path).unwrap());
    assert_eq!(mode(&path.join("voodoo.db")), 0o600);
    assert_eq!(mode(&path), 0o755, "a folder that others use stays theirs too");
}

#[tokio::test]
async fn the_folder_is_free_once_the_engine_has_gone_and_not_before_its_writes_are_on_disk() {
    let folder = Folder::new();
    for n in 0..5 {
        let store = folder.try_open().unwrap();
        let stage = Stage::new(store.clone());
        let name = format!("ann-{n}");
        let mut making = Box::pin(stage.user(&name));
        tokio::select! {
            biased;
            _ = &mut making => panic!("it is queued and not answered yet"),
            () = std::future::ready(()) => {}
        }
        drop(making);
        drop((stage, store));
        let store = folder.try_open().expect("the lock went with the writer");
        assert!(store.credential(&name).await.unwrap().is_some(), "what was queued was written");
    }
}

#[tokio::test]
async fn a_second_server_is_refused_while_the_first_lives() {
    let folder = Folder::new();
    let store = folder.open();
    assert!(matches!(folder.try_open(), Err(OpenError::InUse)));
    store.shutdown().await;
    drop(store);
    reopen(&folder);
}

async fn closed(folder: &Folder) {
    let store = folder.open();
    let stage = Stage::new(store.clone());
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    for _ in 0..100 {
        stage.send(group, ann, &"text ".repeat(200)).await;
    }
    store.shutdown().await;
}

/// Opens, which has to fail and to leave the database as it is.
fn refusal(folder: &Folder) -> OpenError {
    let before = fs::read(folder.database()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let error = loop {
        match folder.try_open() {
            Err(OpenError::InUse) if Instant::now() < deadline => std::thread::yield_now(),
            result => break result.err().expect("it is refused"),
        }
    };
    assert!(before == fs::read(folder.database()).unwrap(), "untouched");
    error
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    closed(&folder).await;
    let tampered = Connection::open(folder.database()).unwrap();
    let sql = "INSERT INTO schema_migrations SELECT 999, name, checksum, applied_ms FROM schema_migrations LIMIT 1";
    tampered.execute_batch(sql).unwrap();
    tampered.close().unwrap();
    assert!(matches!(refusal(&folder), OpenError::NewerSchema { version: 999, .. }));
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let folder = Folder::new();
    closed(&folder).await;
    let tampered = Connection::open(folder.database()).unwrap();
    tampered.execute_batch("UPDATE schema_migrations SET checksum = 'another'").unwrap();
    tampered.close().unwrap();
    assert!(matches!(refusal(&folder), OpenError::ChangedMigration { version: 1 }));
}

#[tokio::test]
async fn another_program_s_database_is_refused() {
    let folder = Folder::new();
    let other = Connection::open(folder.database()).unwrap();
    other.execute_batch("CREATE TABLE recipe(name TEXT)").unwrap();
    other.close().unwrap();
    assert!(matches!(refusal(&folder), OpenError::Foreign));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    fs::write(folder.database(), "x".repeat(10_000)).unwrap();
    let error = refusal(&folder);
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("restore the newest backup"), "{error}");
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused() {
    for n_bytes_left in [0, 100, 4_096, 20_000] {
        let folder = Folder::new();
        closed(&folder).await;
        let file = fs::File::options().write(true).open(folder.database()).unwrap();
        file.set_len(n_bytes_left).unwrap();
        let error = refusal(&folder);
        assert!(matches!(error, OpenError::Damaged(_)), "{n_bytes_left} bytes: {error}");
    }
}

#[tokio::test]
async fn a_database_that_lost_its_log_only_is_no_new_one() {
    let folder = Folder::new();
    closed(&folder).await;
    fs::rename(folder.database(), folder.path().join("kept")).unwrap();
    fs::write(folder.path().join("voodoo.db-wal"), "what a crash left").unwrap();
    assert!(matches!(folder.try_open(), Err(OpenError::InUse | OpenError::Damaged(_))));
}

#[tokio::test]
async fn the_log_is_written_back_and_stays_short() {
    let folder = Folder::new();
    let options = SqliteOptions { checkpoint_bytes: 256 * 1024, ..SqliteOptions::default() };
    let rules = std::sync::Arc::new(Rules::default());
    let store = SqliteStore::open(folder.path(), options, rules, &SystemClock).unwrap();
    let stage = Stage::new(store.clone());
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    for _ in 0..1_000 {
        stage.send(group, ann, &"text ".repeat(400)).await;
    }
    let log = fs::metadata(folder.path().join("voodoo.db-wal")).unwrap().len();
    // Without writing back it would be over 20 MiB by now.
    assert!(log < 10 * 1024 * 1024, "{log} bytes");
    store.shutdown().await;
}
