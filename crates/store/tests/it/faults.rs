//! A disk that fails: nothing is acknowledged without a sync that succeeded, reads go on, and the
//! store recovers by itself when the disk does. Damage that is seen stops it, in words.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use voodoo_core::apply::{Applied, Reply, Rules, Send, Write};
use voodoo_core::store::{Around, PageSize, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_core::{StoreError, SystemClock};
use voodoo_proto::object::Body;
use voodoo_proto::{ClientId, ConversationId, UserId};
use voodoo_store::{OpenError, SqliteOptions, SqliteStore, verify};

use crate::disk::{Disk, Failing};
use crate::folder::Folder;
use crate::start::reopen;

const ALL: PageSize = PageSize { n_messages: 10_000, n_bytes: usize::MAX };

/// One who sends, and the messages that were acknowledged.
struct Sender {
    stage: Stage,
    ann: UserId,
    group: ConversationId,
    acked: Vec<(u64, String)>,
    n_tried: u64,
}

impl Sender {
    async fn new(store: Arc<SqliteStore>) -> Self {
        let stage = Stage::new(store);
        let ann = stage.user("ann").await;
        let group = stage.group(ann, &[]).await;
        Self { stage, ann, group, acked: Vec::new(), n_tried: 0 }
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        self.n_tried += 1;
        let text = format!("text {}", self.n_tried);
        let send = self.stage.message(self.group, self.ann, &text);
        let mut results = self.stage.engine.commit(vec![Write::Send(send)]).await?;
        let Applied { reply, .. } = results.pop().unwrap().unwrap();
        let Reply::Sent { placed, .. } = reply else { panic!("{reply:?}") };
        self.acked.push((placed.seq, text));
        Ok(())
    }

    async fn read(&self) -> Result<usize, StoreError> {
        let page = self.stage.engine.history(self.ann, self.group, Around::Newest, ALL).await?;
        Ok(page.messages.len())
    }
}

fn open(folder: &Folder, options: SqliteOptions) -> Arc<SqliteStore> {
    let rules = Arc::new(Rules::default());
    SqliteStore::open(folder.path(), options, rules, &SystemClock).unwrap()
}

/// What is in a database, in the order of the numbers.
fn stored(folder: &Folder) -> Vec<(u64, String)> {
    let database = Connection::open(folder.database()).unwrap();
    let mut statement = database.prepare("SELECT seq, text FROM message ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn refused(result: Result<(), StoreError>, words: &str) {
    match result {
        Err(StoreError::Unavailable(said)) => assert!(said.contains(words), "{words}: {said}"),
        other => panic!("it is not available, and not {other:?}"),
    }
}

#[tokio::test]
async fn a_disk_that_takes_nothing_stops_acknowledging_and_not_reading_until_it_takes_again() {
    for failing in [Failing::Sync, Failing::Write, Failing::Full] {
        let folder = Folder::new();
        folder.open().shutdown().await;
        reopen(&folder).shutdown().await;
        let disk = Disk::under(folder.path());
        let options = SqliteOptions { checkpoint_bytes: 64 * 1024, ..SqliteOptions::default() };
        let store = open(&folder, options);
        let mut sender = Sender::new(store.clone()).await;
        for round in 0..3 {
            for _ in 0..30 {
                sender.send().await.unwrap();
            }
            disk.fail(Some(failing));
            for _ in 0..5 {
                refused(sender.send().await, "the disk takes nothing");
            }
            refused(store.takes_writes().await, "the disk takes nothing");
            assert_eq!(sender.read().await.unwrap(), sender.acked.len(), "{failing:?} {round}");
            disk.fail(None);
            if round == 1 {
                store.takes_writes().await.expect("asking is enough to get well");
            }
            sender.send().await.expect("no restart is needed");
        }
        // Nothing was acknowledged on the word of a sync that had failed.
        disk.cut();
        let survived = Folder::new();
        disk.survivors(0, survived.path());
        assert_eq!(verify(survived.path()).unwrap().findings, [], "{failing:?}");
        assert_eq!(stored(&survived), sender.acked, "{failing:?}");
        store.shutdown().await;
    }
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_fails_the_reading_and_nothing_for_good() {
    let folder = Folder::new();
    folder.open().shutdown().await;
    reopen(&folder).shutdown().await;
    let disk = Disk::under(folder.path());
    let options = SqliteOptions { cache_kib: 16, n_readers: 1, ..SqliteOptions::default() };
    let store = open(&folder, options);
    let mut sender = Sender::new(store.clone()).await;
    for _ in 0..500 {
        sender.send().await.unwrap();
    }
    disk.fail(Some(Failing::Read));
    let read = sender.read().await;
    assert!(matches!(read, Err(StoreError::Fault(_))), "{read:?}");
    disk.fail(None);
    assert_eq!(sender.read().await.unwrap(), 500);
    sender.send().await.unwrap();
    store.shutdown().await;
}

/// A closed store with many messages, of which one page is overwritten.
async fn garbled() -> Folder {
    let folder = Folder::new();
    let store = folder.open();
    let mut sender = Sender::new(store.clone()).await;
    for _ in 0..500 {
        sender.send().await.unwrap();
    }
    store.shutdown().await;
    drop(sender);
    let database = Connection::open(folder.database()).unwrap();
    let sql =
        "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf' LIMIT 1 OFFSET 2";
    let page: u64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(database);
    let file = fs::File::options().write(true).open(folder.database()).unwrap();
    file.write_all_at(&[0xa5; 4_096], (page - 1) * 4_096).unwrap();
    folder
}

async fn send(store: &SqliteStore) -> Result<(), StoreError> {
    let send = Send {
        conversation: ConversationId::new(1).unwrap(),
        sender: UserId::new(1).unwrap(),
        client_id: ClientId::from_bytes(new_name()),
        body: Body::Text { text: "text".to_owned() },
        reply_to: None,
        is_silent: false,
        mentions: None,
        at_ms: 1,
        over_rate_ms: None,
    };
    store.commit(vec![Write::Send(send)]).await.map(drop)
}

/// A name that nobody had before.
fn new_name() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1 << 40);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
}

const REMEDY: &str = "restore the newest backup into an empty folder";

#[tokio::test]
async fn damage_that_a_reading_meets_stops_acknowledging_and_names_the_remedy() {
    let folder = garbled().await;
    let store = reopen(&folder);
    send(&store).await.expect("the start cannot see it");
    let (ann, group) = (UserId::new(1).unwrap(), ConversationId::new(1).unwrap());
    let read = store.history(ann, group, Around::After(0), ALL).await;
    assert!(matches!(read, Err(StoreError::Fault(_))), "{read:?}");
    refused(send(&store).await, REMEDY);
    refused(store.takes_writes().await, REMEDY);
    let size = PageSize { n_messages: 5, n_bytes: usize::MAX };
    let newest = store.history(ann, group, Around::Newest, size).await.unwrap();
    assert_eq!(newest.messages.len(), 5, "what is whole can be read");
    store.shutdown().await;
}

#[tokio::test]
async fn damage_that_nobody_reads_is_found_by_the_check_after_the_start() {
    let folder = garbled().await;
    drop(reopen(&folder));
    let options = SqliteOptions {
        full_check_after: Some(Duration::from_millis(1)),
        ..SqliteOptions::default()
    };
    let end = Instant::now() + Duration::from_secs(20);
    let store = loop {
        let rules = Arc::new(Rules::default());
        match SqliteStore::open(folder.path(), options.clone(), rules, &SystemClock) {
            Err(OpenError::InUse) if Instant::now() < end => std::thread::yield_now(),
            result => break result.unwrap(),
        }
    };
    while send(&store).await.is_ok() {
        assert!(Instant::now() < end, "it was not found");
        tokio::task::yield_now().await;
    }
    refused(send(&store).await, REMEDY);
    store.shutdown().await;
}

#[tokio::test]
async fn the_check_after_the_start_ends_with_the_store() {
    let folder = Folder::new();
    let options = SqliteOptions {
        full_check_after: Some(Duration::from_secs(3_600)),
        ..SqliteOptions::default()
    };
    let store = open(&folder, options);
    let begun = Instant::now();
    store.shutdown().await;
    drop(store);
    assert!(begun.elapsed() < Duration::from_secs(60));
}
