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

/// Pages of each kind; the first tenth warms up.
const N_PAGES: usize = 5_000;
/// Messages of a page, as clients ask for.
const PAGE: PageSize = PageSize { n_messages: 50, n_bytes: 256 * 1024 };

/// What a page costs, in µs at the median.
pub(super) struct Reading {
    pub(super) newest_us: f64,
    pub(super) changes_us: f64,
    pub(super) details: Value,
}

/// Reads pages of the pairs' conversations, of one after the other, so that none is met again soon.
pub(super) fn measure(folder: &Path, n_pairs: usize) -> Result<Reading> {
    let seed = Seed::read(&Seed::path(folder))?;
    let store = SqliteStore::open(folder, SqliteOptions::default(), Arc::default(), &SystemClock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (mut newest, mut middle, mut changes) =
        (Spread::default(), Spread::default(), Spread::default());
    runtime.block_on(async {
        for at in 0..N_PAGES {
            // A stride that has no common divisor with the number of pairs.
            let pair = at * 7_919 % n_pairs.min(seed.pairs.len());
            let user = UserId::new(seed.users[2 * pair])?;
            let place = conversation_id(seed.pairs[pair]);
            let is_counted = at >= N_PAGES / 10;
            let note = |spread: &mut Spread, began_ns: u64| {
                if is_counted {
                    spread.note(now_ns() - began_ns);
                }
            };
            let began_ns = now_ns();
            let page = store.history(user, place, Around::Newest, PAGE).await?;
            note(&mut newest, began_ns);
            ensure!(!page.messages.is_empty(), "there is nothing to read");
            let last = page.messages.last().map_or(0, |message| message.seq);
            let began_ns = now_ns();
            store.history(user, place, Around::Before(last / 2), PAGE).await?;
            note(&mut middle, began_ns);
            let began_ns = now_ns();
            store.changes(user, place, page.rev.saturating_sub(50), PAGE).await?;
            note(&mut changes, began_ns);
        }
        anyhow::Ok(())
    })?;
    runtime.block_on(store.shutdown());
    let all = [&newest, &middle, &changes].map(Spread::percentiles);
    Ok(Reading {
        newest_us: all[0].p50_ms * 1_000.0,
        changes_us: all[2].p50_ms * 1_000.0,
        details: json!({"newest": all[0], "middle": all[1], "changes": all[2]}),
    })
}
