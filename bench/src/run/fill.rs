//! A store full of messages, made by hand: what millions of `send` would leave behind.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, params};

use crate::conductor::is_stopped;
use crate::seed::{ClientIds, Seed};

/// Messages of one transaction.
const BATCH: usize = 100_000;

/// Fills the pairs' conversations until there are so many messages in them.
///
/// Writes the rows that the server's own `send` does, in its order of arrival, in large
/// transactions that are not synced.
///
/// # Errors
///
/// If the database cannot be written.
pub(super) fn fill(folder: &Path, n_pairs: usize, n_messages: usize) -> Result<()> {
    let seed = Seed::read(&Seed::path(folder))?;
    let mut connection = Connection::open(folder.join("voodoo.db"))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -512 * 1_024)?;
    let already: usize =
        connection.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
    let mut ids = ClientIds::new(0xff_fffe);
    let (mut n_left, mut at) = (n_messages.saturating_sub(already), 0);
    let mut now_ms = 1_760_000_000_000_i64;
    while n_left > 0 {
        ensure!(!is_stopped(), "ended early");
        let n_batch = n_left.min(BATCH);
        let transaction = connection.transaction()?;
        {
            let mut head = transaction
                .prepare_cached("SELECT last_seq, last_rev FROM conversation WHERE conv_id = ?1")?;
            let mut message = transaction.prepare_cached(
                "INSERT INTO message(conv_id, seq, rev, mod_rev, sender_id, client_id, at_ms, text,
                 flags, edits) VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, 0, 0)",
            )?;
            let mut moved = transaction.prepare_cached(
                "UPDATE conversation SET last_seq = ?2, last_rev = ?3, last_ms = ?4, change_ms = ?4
                 WHERE conv_id = ?1",
            )?;
            let mut mark =
                transaction.prepare_cached("UPDATE member SET read_seq = ?2 WHERE conv_id = ?1")?;
            // Runs of 20 in one conversation, so that a batch moves each head once.
            for _ in 0..n_batch.div_ceil(20) {
                let pair = at % n_pairs.min(seed.pairs.len());
                at += 1;
                let (place, sender) = (seed.pairs[pair], seed.users[2 * pair]);
                let (mut seq, mut rev): (i64, i64) =
                    head.query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))?;
                for _ in 0..20 {
                    (seq, rev, now_ms) = (seq + 1, rev + 1, now_ms + 1);
                    let id = ids.next();
                    let text = "the water is cold and clear this morning, who comes along at six?";
                    message.execute(params![
                        place,
                        seq,
                        rev,
                        sender,
                        id.as_bytes(),
                        now_ms,
                        text
                    ])?;
                }
                moved.execute(params![place, seq, rev, now_ms])?;
                mark.execute(params![place, seq])?;
            }
        }
        transaction.commit()?;
        n_left -= n_batch;
    }
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()))
        .context("writing the log back")
}
