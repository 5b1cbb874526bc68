//! Power cuts: nothing that was acknowledged is lost, and the same cuts lose some where a commit
//! is not synced, which shows that they are real.
//!
//! `VOODOO_POWER_CUTS` sets how many, `VOODOO_POWER_SEED` the first seed, `VOODOO_POWER_REPORT` a
//! folder in which what came of it is written for `cargo xtask proof`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use serde_json::json;
use voodoo_core::SystemClock;
use voodoo_core::apply::{Applied, Edit, Reply, Rules, Send, Write};
use voodoo_core::store::Store as _;
use voodoo_core::testkit::contract::Stage;
use voodoo_proto::object::{Body, Mentions};
use voodoo_proto::{ClientId, ConversationId, UserId};
use voodoo_store::{OpenError, SqliteOptions, SqliteStore, verify};

use crate::backup::age;
use crate::disk::{Chance, Disk};
use crate::folder::Folder;
use crate::start::reopen;
use crate::verify::lived_in;

const N_CONVERSATIONS: u64 = 4;
const N_SENDERS: u64 = 24;

fn number_from(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

/// Where an acknowledged message stands, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    conversation: i64,
    seq: u64,
    rev: u64,
    text: String,
}

type Ledger = Arc<Mutex<BTreeMap<ClientId, Place>>>;

fn options(is_full_sync: bool) -> SqliteOptions {
    // A short log is written back often, in the midst of everything.
    SqliteOptions { is_full_sync, checkpoint_bytes: 256 * 1024, ..SqliteOptions::default() }
}

fn start(folder: &Folder, is_full_sync: bool) -> Result<Arc<SqliteStore>, OpenError> {
    SqliteStore::open(
        folder.path(),
        options(is_full_sync),
        Arc::new(Rules::default()),
        &SystemClock,
    )
}

fn message(place: u64, client_id: ClientId, number: u64) -> Send {
    let mentions = Mentions { users: Some(vec![user(2)]), all: None };
    Send {
        conversation: ConversationId::new(i64::try_from(place).unwrap()).unwrap(),
        sender: user(1),
        client_id,
        body: Body::Text { text: format!("{client_id} {}", "text ".repeat(20)) },
        reply_to: None,
        is_silent: false,
        mentions: Some(mentions).filter(|_| number.is_multiple_of(7)),
        at_ms: 1_700_000_000_000,
        over_rate_ms: None,
    }
}

/// Sends until the store takes nothing more; edits what it sent now and then.
async fn send_until_dark(store: Arc<SqliteStore>, (life, sender): (u64, u64), ledger: Ledger) {
    for number in 0_u64.. {
        let name = (u128::from(life) << 64) | u128::from(number * N_SENDERS + sender);
        let client_id = ClientId::from_bytes(name.to_be_bytes());
        let send = message(sender % N_CONVERSATIONS + 1, client_id, number);
        let conversation = send.conversation;
        let Ok(mut results) = store.commit(vec![Write::Send(send.clone())]).await else { return };
        let Applied { reply, .. } = results.pop().unwrap().unwrap();
        let Reply::Sent { placed, duplicate: false } = reply else { panic!("{reply:?}") };
        let Body::Text { text } = send.body else { panic!("no text") };
        let place =
            Place { conversation: conversation.get(), seq: placed.seq, rev: placed.rev, text };
        ledger.lock().insert(client_id, place.clone());
        if number.is_multiple_of(5) {
            let body = Body::Text { text: format!("{} edited", place.text) };
            let at_ms = 1_700_000_000_001;
            let (by, seq) = (user(1), placed.seq);
            let edit = Edit { conversation, by, seq, edits: 0, body, at_ms };
            let Ok(mut results) = store.commit(vec![Write::Edit(edit)]).await else {
                // It may stand or not: both are right from here on.
                ledger.lock().remove(&client_id);
                return;
            };
            results.pop().unwrap().unwrap();
            let text = format!("{} edited", place.text);
            ledger.lock().insert(client_id, Place { text, ..place });
        }
    }
}

/// What is in a folder after a cut.
fn stored(folder: &Folder) -> BTreeMap<ClientId, Place> {
    let database = Connection::open(folder.database()).unwrap();
    let sql = "SELECT client_id, conv_id, seq, rev, text FROM message";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let place = Place {
            conversation: row.get(1)?,
            seq: row.get(2)?,
            rev: row.get(3)?,
            text: row.get(4)?,
        };
        Ok((ClientId::from_bytes(row.get(0)?), place))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

async fn stage_of(folder: &Folder) {
    let store = folder.open();
    let stage = Stage::new(store.clone());
    assert_eq!((stage.user("ann").await, stage.user("bob").await), (user(1), user(2)));
    for _ in 0..N_CONVERSATIONS {
        stage.group(user(1), &[user(2)]).await;
    }
    store.shutdown().await;
    drop((stage, store));
    reopen(folder).shutdown().await;
}

/// What came of many cuts.
#[derive(Debug, Default)]
struct Tally {
    n_acked: usize,
    n_lost: usize,
}

impl Tally {
    /// Prints it, and writes it where the proof finds it.
    #[expect(clippy::print_stdout, reason = "figures of a run on demand")]
    fn tell(&self, name: &str, n_cuts: u64, seed: u64) {
        println!("{name}: {n_cuts} cuts from seed {seed}: {self:?}");
        let Ok(folder) = std::env::var("VOODOO_POWER_REPORT") else { return };
        let (acks, lost) = (self.n_acked, self.n_lost);
        let text = json!({"cuts": n_cuts, "seed": seed, "acks": acks, "lost": lost}).to_string();
        std::fs::write(Path::new(&folder).join(name).with_extension("json"), text).unwrap();
    }
}

async fn cut_again_and_again(n_cuts: u64, first_seed: u64, is_full_sync: bool) -> Tally {
    let mut folder = Folder::new();
    stage_of(&folder).await;
    let ledger = Ledger::default();
    let mut tally = Tally::default();
    for life in 0..n_cuts {
        let seed = first_seed + life;
        let mut chance = Chance(seed);
        let disk = Disk::under(folder.path());
        disk.cut_after(20 + chance.below(3_000));
        let n_before = ledger.lock().len();
        // A cut may also come while it starts.
        if let Ok(store) = start(&folder, is_full_sync) {
            let senders = (0..N_SENDERS).map(|sender| {
                tokio::spawn(send_until_dark(store.clone(), (life, sender), Arc::clone(&ledger)))
            });
            for sender in senders.collect::<Vec<_>>() {
                sender.await.unwrap();
            }
            store.shutdown().await;
        }
        assert!(disk.is_cut());
        let survived = Folder::new();
        disk.survivors(chance.below(u64::MAX), survived.path());
        let report = verify(survived.path()).unwrap();
        assert_eq!(report.findings, [], "seed {seed}");
        let stored = stored(&survived);
        let mut ledger = ledger.lock();
        tally.n_acked += ledger.len().saturating_sub(n_before);
        let lost: Vec<_> = ledger
            .iter()
            .filter(|(client_id, place)| stored.get(client_id) != Some(place))
            .map(|(client_id, place)| (*client_id, place.clone()))
            .collect();
        assert!(lost.is_empty() || !is_full_sync, "seed {seed}: lost {lost:?}");
        tally.n_lost += lost.len();
        for (client_id, _) in lost {
            ledger.remove(&client_id);
        }
        drop(ledger);
        folder = survived;
    }
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_nothing_that_was_acknowledged() {
    let (n_cuts, seed) =
        (number_from("VOODOO_POWER_CUTS", 20), number_from("VOODOO_POWER_SEED", 1));
    let full = cut_again_and_again(n_cuts, seed, true).await;
    full.tell("synced", n_cuts, seed);
    assert_eq!(full.n_lost, 0);
    assert!(full.n_acked > 50 * usize::try_from(n_cuts).unwrap(), "{full:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_sync_for_each_commit_the_same_cuts_lose_some() {
    let seed = number_from("VOODOO_POWER_SEED", 1);
    let normal = cut_again_and_again(20, seed, false).await;
    normal.tell("not-synced", 20, seed);
    assert!(normal.n_lost > 0, "{normal:?}");
}

#[tokio::test]
async fn a_power_cut_during_an_upgrade_damages_nothing() {
    let n_cuts = 20;
    for number in 0..n_cuts {
        let folder = Folder::new();
        lived_in(&folder).await;
        age(&folder);
        let disk = Disk::under(folder.path());
        disk.cut_after(1 + number * 8);
        let started = start(&folder, true);
        if let Ok(store) = started {
            // The cut came after the upgrade, or comes with the end.
            disk.cut();
            store.shutdown().await;
        }
        let survived = Folder::new();
        disk.survivors(number, survived.path());
        assert_eq!(verify(survived.path()).unwrap().findings, [], "cut {number}");
        let store = reopen(&survived);
        let report = verify(survived.path()).unwrap();
        assert_eq!((report.holds.unwrap().messages, report.findings), (41, vec![]), "cut {number}");
        store.shutdown().await;
    }
}
