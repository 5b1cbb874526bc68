//! How many messages a second the engine takes, beside SQLite alone with the same rows.
//!
//! `cargo run --release -p voodoo-store --example append_rate -- [FOLDER]`. Every figure is for
//! `synchronous=FULL`, 500 group conversations and texts of 120 bytes.

#![expect(clippy::print_stdout, reason = "a report for people")]

mod groups;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, params};
use voodoo_core::SystemClock;
use voodoo_core::apply::Rules;
use voodoo_core::store::Store as _;
use voodoo_store::{SqliteOptions, SqliteStore};

use groups::{Groups, N_CONVERSATIONS, Outcome, TEXT_BYTES, client_id};

const N_MESSAGES: u64 = 100_000;

/// So many callers, each with one message under way at a time.
async fn engine(folder: &Path, n_callers: u64) -> Outcome<f64> {
    let rules = Arc::new(Rules::default());
    let store = SqliteStore::open(folder, SqliteOptions::default(), rules, &SystemClock)?;
    let groups = Arc::new(Groups::make(&store).await?);
    let n_each = (N_MESSAGES.min(n_callers * 2_000)) / n_callers;
    let begun = Instant::now();
    let callers = (0..n_callers).map(|caller| {
        let (store, groups) = (Arc::clone(&store), Arc::clone(&groups));
        tokio::spawn(async move {
            for number in 0..n_each {
                let number = 1_000_000 + number * n_callers + caller;
                let results = store.commit(vec![groups.message(number)]).await;
                assert!(results.is_ok_and(|results| results.iter().all(Result::is_ok)));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await?;
    }
    let rate = per_second(n_callers * n_each, begun);
    store.shutdown().await;
    Ok(rate)
}

/// The same rows by hand: the message, its conversation, its member, in batches.
fn alone(folder: &Path, n_batch: u64) -> Outcome<f64> {
    let mut connection = Connection::open(folder.join("voodoo.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    let total = N_MESSAGES.min(n_batch * 2_000);
    let text = "x".repeat(TEXT_BYTES);
    let begun = Instant::now();
    let mut number = 10_000_000;
    for batch in 0..total / n_batch {
        let transaction = connection.transaction()?;
        for _ in 0..n_batch {
            number += 1;
            let (conversation, seq) = (number % N_CONVERSATIONS + 1, number / N_CONVERSATIONS);
            transaction
                .prepare_cached(
                    "INSERT INTO message(conv_id, seq, rev, mod_rev, sender_id, client_id, at_ms,
                     text, flags, edits) VALUES(?1, ?2, ?2, ?2, 1, ?3, ?4, ?5, 0, 0)",
                )?
                .execute(params![conversation, seq, client_id(number).as_bytes(), batch, text])?;
            transaction
                .prepare_cached(
                    "UPDATE conversation SET last_seq = ?2, last_rev = ?2 WHERE conv_id = ?1",
                )?
                .execute([conversation, seq])?;
            transaction
                .prepare_cached(
                    "UPDATE member SET read_seq = ?2 WHERE conv_id = ?1 AND user_id = 1",
                )?
                .execute([conversation, seq])?;
        }
        transaction.commit()?;
    }
    Ok(per_second(total, begun))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(n: u64, begun: Instant) -> f64 {
    n as f64 / begun.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() -> Outcome {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    println!("under way   engine/s   alone/s   ratio");
    for n in [1, 10, 100, 1_000, 4_000] {
        let folder = base.join(format!("append-rate-{}-{n}", std::process::id()));
        let by_engine = engine(&folder, n).await?;
        let by_hand = alone(&folder, n)?;
        println!("{n:>9}  {by_engine:>9.0}  {by_hand:>8.0}  {:>6.2}", by_engine / by_hand);
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
