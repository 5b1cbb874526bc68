//! What reading costs in a store: pages of history and of changes.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use voodoo_core::SystemClock;
use voodoo_core::store::{Around, PageSize, Store as _};
use voodoo_proto::UserId;
use voodoo_store::{SqliteOptions, SqliteStore};

use crate::clock::now_ns;
use crate::seed::{Seed, conversation_id};
use crate::spread::Spread;

/// Pages of each kind in one round.
const N_PAGES: usize = 1_000;
/// Rounds of reading, one store after the other in each; the first one warms up.
const N_ROUNDS: usize = 7;
/// Messages of a page, as clients ask for.
const PAGE: PageSize = PageSize { n_messages: 50, n_bytes: 256 * 1024 };

/// What a page costs, in µs at the median.
pub(super) struct Reading {
    pub(super) newest_us: f64,
    pub(super) changes_us: f64,
    pub(super) details: Value,
}

/// Reads both stores in turns, so that whatever else the machine does meets one as the other.
pub(super) fn compare(few: &Path, many: &Path, n_pairs: usize) -> Result<(Reading, Reading)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (mut few, mut many) = (Reader::open(few, n_pairs)?, Reader::open(many, n_pairs)?);
    runtime.block_on(async {
        for round in 0..N_ROUNDS {
            few.read(round > 0).await?;
            many.read(round > 0).await?;
        }
        anyhow::Ok(())
    })?;
    Ok(runtime.block_on(async { (few.finish().await, many.finish().await) }))
}

/// One store that is read, and what it took.
struct Reader {
    store: Arc<SqliteStore>,
    seed: Seed,
    n_pairs: usize,
    n_read: usize,
    newest: Spread,
    middle: Spread,
    changes: Spread,
}

impl Reader {
    fn open(folder: &Path, n_pairs: usize) -> Result<Self> {
        let seed = Seed::read(&Seed::path(folder))?;
        Ok(Self {
            store: SqliteStore::open(
                folder,
                SqliteOptions::default(),
                Arc::default(),
                &SystemClock,
            )?,
            n_pairs: n_pairs.min(seed.pairs.len()),
            seed,
            n_read: 0,
            newest: Spread::default(),
            middle: Spread::default(),
            changes: Spread::default(),
        })
    }

    /// Reads pages of one pair's conversation after the other's, so that none is met again soon.
    async fn read(&mut self, is_counted: bool) -> Result<()> {
        let note = |spread: &mut Spread, began_ns: u64| {
            if is_counted {
                spread.note(now_ns() - began_ns);
            }
        };
        for _ in 0..N_PAGES {
            // A stride that has no common divisor with the number of pairs.
            let pair = self.n_read * 7_919 % self.n_pairs;
            self.n_read += 1;
            let user = UserId::new(self.seed.users[2 * pair])?;
            let place = conversation_id(self.seed.pairs[pair]);
            let began_ns = now_ns();
            let page = self.store.history(user, place, Around::Newest, PAGE).await?;
            note(&mut self.newest, began_ns);
            ensure!(!page.messages.is_empty(), "there is nothing to read");
            let last = page.messages.last().map_or(0, |message| message.seq);
            let began_ns = now_ns();
            self.store.history(user, place, Around::Before(last / 2), PAGE).await?;
            note(&mut self.middle, began_ns);
            let began_ns = now_ns();
            self.store.changes(user, place, page.rev.saturating_sub(50), PAGE).await?;
            note(&mut self.changes, began_ns);
        }
        Ok(())
    }

    async fn finish(self) -> Reading {
        self.store.shutdown().await;
        let all = [&self.newest, &self.middle, &self.changes].map(Spread::percentiles);
        Reading {
            newest_us: all[0].p50_ms * 1_000.0,
            changes_us: all[2].p50_ms * 1_000.0,
            details: json!({"newest": all[0], "middle": all[1], "changes": all[2]}),
        }
    }
}
