//! The write-ahead log, written back to the database beside the writer.
//!
//! A thread of its own copies the bulk of a long log while the writer goes on. What came meanwhile
//! is little; the writer copies it itself, between two batches, so that the next commit begins the
//! log anew. The file stays as long as it once was; what counts is how far it is filled.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::essential::{Essential, Lost};
use super::{BUSY, SqliteOptions, connect};

/// Bytes of a page, as SQLite makes them where nothing else is asked for.
const PAGE_BYTES: u64 = 4_096;
/// The log may grow to so many times the size at which it is written back before the writer waits.
const PATIENCE: u64 = 4;
/// For so long the writer waits at most for those who read.
const SHORT_READING: Duration = Duration::from_millis(50);

/// How far the log is filled, and who writes it back.
pub(super) struct Log {
    n_pages: Arc<AtomicU64>,
    limit_pages: u64,
    /// How far it was filled when it was last asked to be written back.
    asked_at_pages: u64,
    /// The bulk was copied; the writer takes the last step.
    is_copied: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Log {
    pub(super) fn start(database: PathBuf, options: &SqliteOptions, lost: &Arc<Lost>) -> Self {
        let (wake, woken) = sync_channel::<()>(1);
        let is_copied = Arc::new(AtomicBool::new(false));
        let limit_pages = (options.checkpoint_bytes / PAGE_BYTES).max(1);
        let (options, copied) = (options.clone(), Arc::clone(&is_copied));
        let named = thread::Builder::new().name("checkpointer".to_owned());
        let essential = Essential::new("checkpointer", lost);
        let spawned = named.spawn(move || {
            let _essential = essential;
            let mut connection = None;
            while woken.recv().is_ok() {
                copied.store(copy(&database, &options, &mut connection), Ordering::Release);
            }
        });
        spawned.expect("a thread for the checkpointer");
        Self { n_pages: Arc::default(), limit_pages, asked_at_pages: 0, is_copied, wake }
    }

    /// Notes after each commit of the writer how far the log is filled.
    pub(super) fn watch(&self, connection: &mut Connection) {
        let n_pages = Arc::clone(&self.n_pages);
        let watched = connection.wal_hook(Some(move |_log: &mut _, n: i32| {
            n_pages.store(u64::try_from(n).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }));
        if let Err(error) = watched {
            tracing::warn!(%error, "the length of the log is not known");
        }
    }

    /// Has the log written back where it is long.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        if self.is_copied.swap(false, Ordering::Acquire) {
            warn(write_back(connection, "PASSIVE"));
            return;
        }
        let n_pages = self.n_pages.load(Ordering::Relaxed);
        if n_pages < self.asked_at_pages {
            self.asked_at_pages = 0;
        }
        // Somebody who reads for long may hold the log back; asking at every commit is no help.
        let next_pages = self.limit_pages.max(self.asked_at_pages + self.limit_pages / 4);
        if n_pages < next_pages {
            return;
        }
        self.asked_at_pages = n_pages;
        if n_pages >= self.limit_pages.saturating_mul(PATIENCE) {
            warn(restart(connection));
        } else if self.wake.try_send(()).is_err() {
            tracing::trace!("the log is being written back already");
        }
    }

    /// Writes all back and makes the file short, unless somebody reads for long.
    pub(super) fn shorten(&self, connection: &Connection) {
        let done = connection.busy_timeout(SHORT_READING);
        warn(done.and_then(|()| write_back(connection, "TRUNCATE")));
        warn(connection.busy_timeout(BUSY));
    }
}

/// Writes back what can be, and says whether that worked.
fn copy(database: &Path, options: &SqliteOptions, connection: &mut Option<Connection>) -> bool {
    let made = match connection.take() {
        Some(connection) => Ok(connection),
        None => connect(database, options),
    };
    let done = made.and_then(|made| write_back(&made, "PASSIVE").map(|()| made));
    match done {
        Ok(made) => {
            *connection = Some(made);
            true
        }
        Err(error) => {
            warn(Err(error));
            false
        }
    }
}

/// Writes all back and begins the log anew. A backup, or whoever else reads for long, keeps it from
/// that; the writer waits for short readings only, and the log grows meanwhile.
fn restart(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(SHORT_READING)?;
    let done = write_back(connection, "RESTART");
    connection.busy_timeout(BUSY)?;
    done
}

fn write_back(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_checkpoint", mode, |_| Ok(()))
}

fn warn(done: rusqlite::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the log was not written back");
    }
}
