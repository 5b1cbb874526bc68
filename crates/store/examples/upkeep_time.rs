//! How long a start, the full check, a backup and a restore take.
//!
//! `cargo run --profile ci -p voodoo-store --example upkeep_time -- FOLDER [MESSAGES]` makes a
//! database of a million messages of 120 bytes in 500 groups, unless one is there already, and
//! leaves it. The start is one after a kill with a long log.

#![expect(clippy::print_stdout, reason = "a report for people")]

mod groups;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use voodoo_core::SystemClock;
use voodoo_core::apply::Rules;
use voodoo_core::store::Store as _;
use voodoo_proto::{ConversationId, UserId};
use voodoo_store::{SqliteOptions, SqliteStore, create_backup, restore, verify};

use groups::{Groups, N_CONVERSATIONS, Outcome};

const BATCH: u64 = 4_000;
const N_SENDERS: u64 = 32;
const QUIET: Duration = Duration::from_secs(30);

fn open(folder: &Path) -> Outcome<Arc<SqliteStore>> {
    let rules = Arc::new(Rules::default());
    Ok(SqliteStore::open(folder, SqliteOptions::default(), rules, &SystemClock)?)
}

async fn write(store: &SqliteStore, groups: &Groups, numbers: std::ops::Range<u64>) -> Outcome {
    let mut begin = numbers.start;
    while begin < numbers.end {
        let end = (begin + BATCH).min(numbers.end);
        store.commit((begin..end).map(|number| groups.message(number)).collect()).await?;
        begin = end;
    }
    Ok(())
}

/// What a kill leaves: the files as they are while the store is open.
fn copy_open(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for name in ["voodoo.db", "voodoo.db-wal", "voodoo.db-shm", "lock"] {
        fs::copy(from.join(name), to.join(name))?;
    }
    Ok(())
}

async fn made(folder: &Path, n_messages: u64) -> Outcome<PathBuf> {
    let (data, killed) = (folder.join("data"), folder.join("killed"));
    if killed.join("voodoo.db").exists() {
        return Ok(killed);
    }
    let store = open(&data)?;
    let groups = Groups::make(&store).await?;
    write(&store, &groups, 1_000_000..1_000_000 + n_messages).await?;
    copy_open(&data, &killed)?;
    store.shutdown().await;
    Ok(killed)
}

/// Sends from many sides until it is told to stop; how long the slowest hundredth took, in ms.
async fn send_until(
    store: &Arc<SqliteStore>,
    groups: &Arc<Groups>,
    first: u64,
    stop: &Arc<AtomicBool>,
) -> Outcome<f64> {
    let senders = (0..N_SENDERS).map(|sender| {
        let (store, groups, stop) = (Arc::clone(store), Arc::clone(groups), Arc::clone(stop));
        tokio::spawn(async move {
            let mut times = Vec::new();
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (begun, number) = (Instant::now(), first + number * N_SENDERS + sender);
                let written = write(&store, &groups, number..number + 1).await;
                assert!(written.is_ok(), "it is stored");
                times.push(begun.elapsed().as_secs_f64() * 1_000.0);
            }
            times
        })
    });
    let mut times = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        times.extend(sender.await?);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() * 99 / 100).copied().unwrap_or(0.0))
}

/// The slowest hundredth of acknowledgements, without a backup and beside one.
async fn beside(data: &Path, backups: &Path) -> Outcome {
    let store = open(data)?;
    let conversations = (1..=i64::try_from(N_CONVERSATIONS)?).map(ConversationId::new);
    let (sender, conversations) = (UserId::new(1)?, conversations.collect::<Result<_, _>>()?);
    let groups = Arc::new(Groups { sender, conversations });
    let stop = Arc::new(AtomicBool::new(false));
    let quiet = {
        let (store, groups, stop) = (Arc::clone(&store), Arc::clone(&groups), Arc::clone(&stop));
        tokio::spawn(async move { send_until(&store, &groups, 1 << 33, &stop).await.ok() })
    };
    tokio::time::sleep(QUIET).await;
    stop.store(true, Ordering::Relaxed);
    let without = quiet.await?.unwrap_or(0.0);
    stop.store(false, Ordering::Relaxed);
    let (data, backups, told) = (data.to_owned(), backups.to_owned(), Arc::clone(&stop));
    let copying = tokio::task::spawn_blocking(move || {
        // As the command does it: whoever sends goes first.
        let aside = rustix::process::nice(19);
        let made = create_backup(&data, &backups, 2).map(drop);
        println!("priority of the backup: {aside:?}");
        told.store(true, Ordering::Relaxed);
        made
    });
    let with = send_until(&store, &groups, 1 << 34, &stop).await?;
    copying.await??;
    println!("p99 of an acknowledgement: {without:.1} ms, beside a backup {with:.1} ms");
    store.shutdown().await;
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let begun = Instant::now();
    let done = work()?;
    println!("{what}: {:.2} s", begun.elapsed().as_secs_f64());
    Ok(done)
}

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let n_messages = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let data = made(&folder, n_messages).await?;
    let size = |name: &str| fs::metadata(data.join(name)).map_or(0, |file| file.len() >> 20);
    println!("{} MiB, and {} MiB of log", size("voodoo.db"), size("voodoo.db-wal"));
    let store = timed("start after a kill", || open(&data))?;
    store.shutdown().await;
    drop(store);
    let report = timed("full check", || Ok(verify(&data)?))?;
    println!("{:?}, {} findings", report.holds, report.findings.len());
    let backup =
        timed("backup, checked", || Ok(create_backup(&data, &folder.join("backups"), 1)?))?;
    let into = folder.join("restored");
    timed("restore, checked", || Ok(restore(&backup.path, &into, false)?))?;
    timed("start on it", || open(&into))?.shutdown().await;
    beside(&into, &folder.join("backups")).await?;
    fs::remove_dir_all(&into)?;
    fs::remove_dir_all(folder.join("backups"))?;
    Ok(())
}
