//! SQLite alone: the rows that a message writes, in the project's own schema, by hand.
//!
//! The database is a copy of a seeded one, so that its tables are filled as the server's are. Each
//! message writes its own row, its conversation's counters and its sender's mark, as the server
//! does; there are no rules, no reading of what is there, no search index.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use voodoo_core::{Clock as _, SystemClock};

use crate::clock::now_ns;
use crate::seed::{ClientIds, Seed};

/// How many rows a second at this size of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// Messages of one transaction.
    pub(crate) batch: usize,
    /// Messages a second.
    pub(crate) per_s: f64,
}

/// Writes for so long at each size of a batch, over the first so many pairs.
///
/// # Errors
///
/// If the database cannot be written.
pub(crate) fn run(
    folder: &Path,
    batches: &[usize],
    n_pairs: usize,
    seconds: f64,
) -> Result<Vec<Rate>> {
    let seed = Seed::read(&Seed::path(folder))?;
    let mut connection = Connection::open(folder.join("voodoo.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    let mut writing = Writing {
        pairs: &seed.pairs[..n_pairs.min(seed.pairs.len())],
        users: &seed.users,
        ids: ClientIds::new(0xff_ffff),
        text: "x".repeat(120),
        n: 0,
    };
    let mut rates = Vec::new();
    for &batch in batches {
        rates.push(Rate { batch, per_s: writing.measure(&mut connection, batch, seconds)? });
    }
    Ok(rates)
}

struct Writing<'a> {
    pairs: &'a [i64],
    users: &'a [i64],
    ids: ClientIds,
    text: String,
    n: usize,
}

impl Writing<'_> {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn measure(&mut self, connection: &mut Connection, batch: usize, seconds: f64) -> Result<f64> {
        let began_ns = now_ns();
        let mut n_written = 0_usize;
        loop {
            self.transaction(connection, batch)?;
            n_written += batch;
            let took_s = (now_ns() - began_ns) as f64 / 1e9;
            if took_s >= seconds {
                return Ok(n_written as f64 / took_s);
            }
        }
    }

    fn transaction(&mut self, connection: &mut Connection, batch: usize) -> Result<()> {
        let transaction = connection.transaction()?;
        {
            let mut message = transaction.prepare_cached(
                "INSERT INTO message(conv_id, seq, rev, mod_rev, sender_id, client_id, at_ms,
                 text, flags, edits) SELECT ?1, last_seq + 1, last_rev + 1, last_rev + 1, ?2, ?3,
                 ?4, ?5, 0, 0 FROM conversation WHERE conv_id = ?1",
            )?;
            let mut conversation = transaction.prepare_cached(
                "UPDATE conversation SET last_seq = last_seq + 1, last_rev = last_rev + 1,
                 last_ms = ?2, change_ms = ?2 WHERE conv_id = ?1",
            )?;
            let mut member = transaction.prepare_cached(
                "UPDATE member SET read_seq = read_seq + 1, mark_ms = ?3
                 WHERE conv_id = ?1 AND user_id = ?2",
            )?;
            for _ in 0..batch {
                let pair = self.n % self.pairs.len();
                self.n += 1;
                let (place, sender, now_ms) =
                    (self.pairs[pair], self.users[2 * pair], SystemClock.now_ms());
                let id = self.ids.next();
                message.execute(params![place, sender, id.as_bytes(), now_ms, self.text])?;
                conversation.execute(params![place, now_ms])?;
                member.execute(params![place, sender, now_ms])?;
            }
        }
        Ok(transaction.commit()?)
    }
}
