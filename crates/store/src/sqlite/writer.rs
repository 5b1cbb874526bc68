//! The writer: one thread that takes everything queued into one transaction.
//!
//! While one commit is on its way to the disk the next batch collects, so that batches grow with
//! the load by themselves, without a timer. Nothing is answered before its commit was synced.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;
use voodoo_core::apply::Rules;
use voodoo_core::fail_point::{self, Step};
use voodoo_core::store::Result;
use voodoo_core::{Fault, StoreError};

use super::damage::Damage;
use super::essential::{Essential, Lost};
use super::log::Log;
use super::reserve::Reserve;
use super::rows::{Cache, Tx};
use super::sickness::{Failure, Sickness, cause};
use super::{SqliteOptions, connect};

/// Writes that one transaction takes, about at most.
const MAX_BATCH: usize = 4_096;

/// Something that one transaction does, together with others.
trait Job: Send {
    /// How many writes it is.
    fn weight(&self) -> usize;
    /// Does it. `Err` undoes the whole transaction; a refusal is an answer and no error.
    fn run(&mut self, tx: &mut Tx<'_>) -> std::result::Result<(), Fault>;
    /// Answers, after the commit or instead of it.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// Work, its result once it has run, and who waits for it.
struct Task<W, T> {
    work: W,
    weight: usize,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<W, T> Job for Task<W, T>
where
    W: FnMut(&mut Tx<'_>) -> Result<T> + Send,
    T: Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> std::result::Result<(), Fault> {
        match (self.work)(tx) {
            Err(StoreError::Fault(fault)) => Err(fault),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.result) {
            (Some(failure), _) => Err(failure),
            (None, Some(result)) => result,
            (None, None) => Err(Fault::new("a job was committed without having run").into()),
        };
        // Whoever waited may be gone; what was committed stays.
        drop(self.answer.send(result));
    }
}

type BoxedJob = Box<dyn Job>;

enum Order {
    Work(BoxedJob),
    /// Writes the log back and makes its file short.
    Shorten,
    Stop(oneshot::Sender<()>),
}

/// The way to the writer.
pub(super) struct Writer {
    /// Absent once the writer is to end.
    queue: Option<SyncSender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Waits until what was queued is on disk: whoever holds the folder's lock longer than the writer
/// gives it to nobody who would write beside it.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer panicked");
        }
    }
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        (path, options): (PathBuf, SqliteOptions),
        ground: Ground,
    ) -> Self {
        let Ground { rules, damage, reserve, lost } = ground;
        let (queue, orders) = sync_channel(options.queue);
        let log = Log::start(path.clone(), &options, &lost);
        log.watch(&mut connection);
        let desk = Desk {
            connection: Some(connection),
            cache: Cache::default(),
            rules,
            path,
            options,
            sickness: None,
            damage,
            reserve,
            log,
        };
        let named = thread::Builder::new().name("writer".to_owned());
        let essential = Essential::new("writer", &lost);
        let run = move || {
            let _essential = essential;
            desk.run(&orders);
        };
        let thread = named.spawn(run).expect("a thread for the writer");
        Self { queue: Some(queue), thread: Some(thread) }
    }

    /// Has work done in a transaction, and returns once it is on disk.
    ///
    /// The work may run more than once, each time on rows as if for the first time. Dropping the
    /// future does not take it back.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, waits) = oneshot::channel();
        let task = Task { work, weight, result: None, answer };
        let Some(queue) = &self.queue else { return Err(stopped()) };
        match queue.try_send(Order::Work(Box::new(task))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Err(StoreError::Unavailable("too many writes wait".to_owned()));
            }
            Err(TrySendError::Disconnected(_)) => return Err(stopped()),
        }
        waits.await.unwrap_or_else(|_lost| Err(stopped()))
    }

    /// Has the log written back and made short behind what is queued. Where too much is queued the
    /// next time does.
    pub(super) fn shorten_log(&self) {
        if self.queue.as_ref().is_some_and(|queue| queue.try_send(Order::Shorten).is_err()) {
            tracing::debug!("the log is not made short at this moment");
        }
    }

    /// Has everything queued done, writes the log back, and ends the writer.
    pub(super) async fn stop(&self) {
        let (answer, waits) = oneshot::channel();
        let mut order = Order::Stop(answer);
        let Some(queue) = &self.queue else { return };
        while let Err(TrySendError::Full(back)) = queue.try_send(order) {
            order = back;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        if waits.await.is_err() {
            tracing::debug!("the writer had stopped already");
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".to_owned())
}

/// The writer's thread.
struct Desk {
    /// Absent after a failure that only a fresh connection can mend.
    connection: Option<Connection>,
    cache: Cache,
    rules: Arc<Rules>,
    path: PathBuf,
    options: SqliteOptions,
    /// Why nothing is acknowledged at this moment.
    sickness: Option<Sickness>,
    /// What anybody saw of damage.
    damage: Arc<Damage>,
    reserve: Arc<Reserve>,
    log: Log,
}

/// What the writer shares with the rest of the store.
pub(super) struct Ground {
    pub(super) rules: Arc<Rules>,
    pub(super) damage: Arc<Damage>,
    pub(super) reserve: Arc<Reserve>,
    pub(super) lost: Arc<Lost>,
}

impl Desk {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            let Collected { jobs, is_to_shorten, stop } = collect(first, orders);
            if !jobs.is_empty() {
                self.carry_out(jobs);
            }
            if let (true, Some(connection)) = (is_to_shorten, &self.connection) {
                self.log.shorten(connection);
            }
            if let Some(answer) = stop {
                self.close();
                if answer.send(()).is_err() {
                    tracing::debug!("nobody waits for the writer's end");
                }
                return;
            }
        }
        self.close();
    }

    fn carry_out(&mut self, jobs: Vec<BoxedJob>) {
        if let Err(error) = self.heal() {
            let words = error.to_string();
            for job in jobs {
                job.answer(Some(StoreError::Unavailable(words.clone())));
            }
            return;
        }
        match self.commit(jobs) {
            Ok(jobs) => jobs.into_iter().for_each(|job| job.answer(None)),
            Err((jobs, failure)) => self.after_failure(jobs, failure),
        }
        if let Some(connection) = &self.connection {
            self.log.after_commit(connection);
        }
    }

    /// One transaction with all jobs. On failure nothing of it stands.
    fn commit(
        &mut self,
        mut jobs: Vec<BoxedJob>,
    ) -> std::result::Result<Vec<BoxedJob>, (Vec<BoxedJob>, Failure)> {
        let Some(connection) = &self.connection else {
            let words = "there is no connection".to_owned();
            return Err((jobs, Failure::Engine(Sickness::Disk(words))));
        };
        let ran = in_transaction(connection, &mut self.cache, &self.rules, &mut jobs);
        #[cfg(feature = "broken")]
        if ran.is_ok()
            && self.options.broken == Some(super::Broken::AnswersEarly)
            && super::broken::has_messages(connection)
        {
            jobs.drain(..).for_each(|job| job.answer(None));
            super::broken::dawdle();
        }
        let committed = ran.and_then(|()| connection.execute_batch("COMMIT").map_err(Failure::of));
        match committed {
            Ok(()) => {
                fail_point::pass(Step::Committed);
                Ok(jobs)
            }
            Err(failure) => {
                self.cache.clear();
                if connection.is_autocommit() {
                    return Err((jobs, failure));
                }
                if let Err(error) = connection.execute_batch("ROLLBACK") {
                    tracing::error!(%error, "rolling back failed");
                    let sickness = Sickness::Disk(error.to_string());
                    return Err((jobs, Failure::Engine(sickness)));
                }
                Err((jobs, failure))
            }
        }
    }

    /// A job that is poison is found by carrying each out alone; a disk that fails answers all.
    fn after_failure(&mut self, jobs: Vec<BoxedJob>, failure: Failure) {
        match failure {
            Failure::Engine(sickness) => {
                if let Sickness::Damage(words) = &sickness {
                    self.damage.note(words);
                }
                let error = sickness.to_error();
                tracing::error!(%error, n_jobs = jobs.len(), "a commit failed");
                let words = error.to_string();
                self.make_room(&sickness);
                self.sickness = Some(sickness);
                self.connection = None;
                for job in jobs {
                    job.answer(Some(StoreError::Unavailable(words.clone())));
                }
            }
            Failure::Job(fault) if jobs.len() == 1 => {
                jobs.into_iter()
                    .for_each(|job| job.answer(Some(StoreError::Fault(fault_of(&fault)))));
            }
            Failure::Job(fault) => {
                tracing::warn!(%fault, n_jobs = jobs.len(), "carrying each job out alone");
                for job in jobs {
                    self.carry_out(vec![job]);
                }
            }
        }
    }

    /// After a failure of the disk nothing is acknowledged before a fresh connection has synced a
    /// commit: what a failed sync left behind is unknown.
    fn heal(&mut self) -> Result<()> {
        if let Some(words) = self.damage.seen() {
            return Err(Sickness::Damage(words.to_owned()).to_error());
        }
        match &self.sickness {
            None => return Ok(()),
            Some(damage @ Sickness::Damage(_)) => return Err(damage.to_error()),
            Some(Sickness::Disk(_) | Sickness::Full(_)) => {}
        }
        match self.probe() {
            Ok(connection) => {
                tracing::info!("the disk takes writes again");
                self.connection = Some(connection);
                self.sickness = None;
                Ok(())
            }
            Err(error) => {
                let sickness =
                    Sickness::of(&error).unwrap_or_else(|| Sickness::Disk(error.to_string()));
                let answer = sickness.to_error();
                self.make_room(&sickness);
                self.sickness = Some(sickness);
                Err(answer)
            }
        }
    }

    /// Where the disk is full the reserve goes, so that the next commit has room for the log to be
    /// written back; and nothing new is taken until somebody has measured again.
    fn make_room(&self, sickness: &Sickness) {
        if !matches!(sickness, Sickness::Full(_)) {
            return;
        }
        self.rules.room.note_full();
        match self.reserve.release() {
            Ok(true) => tracing::warn!("the disk is full: the file in reserve was removed"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the file in reserve cannot be removed"),
        }
    }

    fn probe(&self) -> std::result::Result<Connection, rusqlite::Error> {
        let mut connection = connect(&self.path, &self.options)?;
        self.log.watch(&mut connection);
        if matches!(self.sickness, Some(Sickness::Full(_))) {
            self.log.shorten(&connection);
        }
        connection.execute_batch(
            "BEGIN IMMEDIATE;
             INSERT INTO meta VALUES('probe', '1') ON CONFLICT(k) DO UPDATE SET v = v + 1;
             COMMIT;",
        )?;
        Ok(connection)
    }

    fn close(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let written_back =
            connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
        if let Err(error) = written_back {
            tracing::warn!(%error, "the log was not written back; the next start does it");
        }
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "closing the database failed");
        }
    }
}

fn fault_of(fault: &Fault) -> Fault {
    Fault::new(fault.to_string())
}

/// What is to be done next.
#[derive(Default)]
struct Collected {
    jobs: Vec<BoxedJob>,
    is_to_shorten: bool,
    stop: Option<oneshot::Sender<()>>,
}

/// Takes what waits already, up to the size of a batch.
fn collect(first: Order, orders: &Receiver<Order>) -> Collected {
    let (mut collected, mut weight, mut next) = (Collected::default(), 0, Some(first));
    while let Some(order) = next {
        match order {
            Order::Stop(answer) => {
                collected.stop = Some(answer);
                return collected;
            }
            Order::Shorten => collected.is_to_shorten = true,
            Order::Work(job) => {
                weight += job.weight();
                collected.jobs.push(job);
            }
        }
        next = if weight < MAX_BATCH { orders.try_recv().ok() } else { None };
    }
    collected
}

/// Begins a transaction and carries the jobs out in it.
fn in_transaction(
    connection: &Connection,
    cache: &mut Cache,
    rules: &Rules,
    jobs: &mut [BoxedJob],
) -> std::result::Result<(), Failure> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(Failure::of)?;
    let mut tx = Tx::new(connection, cache, rules);
    for job in jobs {
        let run = || {
            let ran = job.run(&mut tx);
            fail_point::pass(Step::Written);
            ran
        };
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        let result = ran.unwrap_or_else(|_panic| Err(Fault::new("a write panicked")));
        result.map_err(cause)?;
    }
    tx.flush().map_err(cause)
}
