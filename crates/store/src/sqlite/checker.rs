//! The full check in the background, some time after a start that could not afford it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::damage::Damage;
use super::{OpenError, Report, verify};

/// After so many steps of a statement it is looked whether the check is to end.
const STEPS: i32 = 1_000;

/// The thread that checks. It ends when this is dropped.
pub(super) struct Checker {
    /// Ends the waiting before the check.
    waits: Option<SyncSender<()>>,
    /// Ends the check.
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checker {
    pub(super) fn start(database: PathBuf, after: Duration, damage: Arc<Damage>) -> Self {
        let (waits, stopped) = sync_channel(0);
        let is_stopped = Arc::default();
        let stop = Arc::clone(&is_stopped);
        let named = thread::Builder::new().name("checker".to_owned());
        let thread = named.spawn(move || run(&database, (after, &stopped), &stop, &damage));
        let thread = thread.expect("a thread for the full check");
        Self { waits: Some(waits), is_stopped, thread: Some(thread) }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.waits = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the full check panicked");
        }
    }
}

fn run(
    database: &Path,
    (after, stopped): (Duration, &Receiver<()>),
    stop: &Arc<AtomicBool>,
    damage: &Damage,
) {
    if stopped.recv_timeout(after) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let begun = Instant::now();
    let checked = check(database, stop);
    if stop.load(Ordering::Relaxed) {
        return;
    }
    match checked {
        Ok(report) => tell(&report, begun.elapsed(), damage),
        Err(OpenError::Damaged(words)) => damage.note(&words),
        Err(error) => tracing::warn!(%error, "the full check could not be made"),
    }
}

fn check(database: &Path, stop: &Arc<AtomicBool>) -> Result<Report, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags)?;
    end_by(&mut connection, stop)?;
    verify::check(&connection)
}

/// Ends every statement once it is to stop. An interrupt would end the one that runs, and be
/// forgotten where it comes between two.
fn end_by(connection: &mut Connection, stop: &Arc<AtomicBool>) -> rusqlite::Result<()> {
    let stop = Arc::clone(stop);
    connection.progress_handler(STEPS, Some(move || stop.load(Ordering::Relaxed)))
}

fn tell(report: &Report, took: Duration, damage: &Damage) {
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if report.findings.is_empty() {
        tracing::info!(took_ms, "the full check finds nothing wrong");
    }
    for finding in &report.findings {
        let examples = finding.examples.join(", ");
        if report.is_file_damaged() {
            damage.note(&format!("{}: {examples}", finding.words));
        } else {
            let (check, words, n) = (&finding.check, &finding.words, finding.n);
            tracing::error!(
                check,
                words,
                n,
                examples,
                "the full check; `voodoo verify` tells more"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_stopped_between_two_statements_begins_no_long_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        end_by(&mut connection, &stop).unwrap();
        let count = |connection: &Connection, n: u32| {
            let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1)
                SELECT COUNT(*) FROM n";
            connection.query_row(sql, [n], |row| row.get::<_, u32>(0))
        };
        assert_eq!(count(&connection, 10_000), Ok(10_000));
        stop.store(true, Ordering::Relaxed);
        let error = count(&connection, u32::MAX).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
    }
}
