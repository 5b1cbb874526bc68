//! Readers: a few threads with a connection each; every reading is one snapshot.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;
use voodoo_core::store::Result;
use voodoo_core::{Fault, StoreError};

use super::damage::Damage;
use super::{OpenError, SqliteOptions, keep_statements};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the readers. They end when it is dropped.
pub(super) struct Readers {
    queue: SyncSender<Job>,
    damage: Arc<Damage>,
}

impl Readers {
    pub(super) fn start(
        path: &Path,
        options: &SqliteOptions,
        damage: &Arc<Damage>,
    ) -> std::result::Result<Self, OpenError> {
        let (queue, jobs) = sync_channel(options.queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..options.n_readers.max(1) {
            let connection = connect(path, options)?;
            let jobs = Arc::clone(&jobs);
            let named = thread::Builder::new().name("reader".to_owned());
            named
                .spawn(move || run(&connection, &jobs))
                .map_err(|error| OpenError::File(path.to_owned(), error))?;
        }
        Ok(Self { queue, damage: Arc::clone(damage) })
    }

    /// Reads from one snapshot, begun after this was called.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.work(move |connection| in_snapshot(connection, reading)).await
    }

    /// Lets a reader do what begins and ends its own snapshots.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, waits) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A reader outlives whatever it was asked for.
            let work = std::panic::AssertUnwindSafe(|| work(connection));
            drop(answer.send(std::panic::catch_unwind(work).unwrap_or_else(|_panic| panicked())));
        });
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Err(StoreError::Unavailable("too many readings wait".to_owned()));
            }
            Err(TrySendError::Disconnected(_)) => return Err(stopped()),
        }
        let result = waits.await.unwrap_or_else(|_lost| Err(stopped()));
        if let Err(StoreError::Fault(fault)) = &result {
            self.damage.note_if(fault);
        }
        result
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".to_owned())
}

fn connect(
    path: &Path,
    options: &SqliteOptions,
) -> std::result::Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -i64::from(options.reader_cache_kib))?;
    connection.pragma_update(None, "query_only", true)?;
    keep_statements(&connection)?;
    Ok(connection)
}

fn run(connection: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().recv();
        match job {
            Ok(job) => job(connection),
            Err(_no_more) => return,
        }
    }
}

pub(super) fn in_snapshot<T>(
    connection: &Connection,
    reading: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    statement(connection, "BEGIN")?;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reading(connection)));
    // A snapshot has nothing to commit; ending it cannot lose anything. After some failures of the
    // disk SQLite has ended it already.
    if !connection.is_autocommit() {
        statement(connection, "COMMIT")?;
    }
    result.unwrap_or_else(|_panic| panicked())
}

fn panicked<T>() -> Result<T> {
    Err(Fault::new("a reading panicked").into())
}

/// Executes a statement that is parsed once and kept.
fn statement(connection: &Connection, sql: &str) -> std::result::Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql).map_err(Fault::new)?;
    statement.execute([]).map(drop).map_err(Fault::new)
}
