//! The full check in the background, some time after a start that could not afford it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle, OpenFlags};

use super::damage::Damage;
use super::{OpenError, Report, verify};

/// The thread that checks. It ends when this is dropped.
pub(super) struct Checker {
    stop: Option<SyncSender<()>>,
    running: Arc<Mutex<Option<InterruptHandle>>>,
    thread: Option<JoinHandle<()>>,
}

impl Checker {
    pub(super) fn start(database: PathBuf, after: Duration, damage: Arc<Damage>) -> Self {
        let (stop, stopped) = sync_channel(0);
        let running = Arc::default();
        let handle = Arc::clone(&running);
        let named = thread::Builder::new().name("checker".to_owned());
        let thread = named.spawn(move || run(&database, (after, &stopped), &handle, &damage));
        let thread = thread.expect("a thread for the full check");
        Self { stop: Some(stop), running, thread: Some(thread) }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(running) = self.running.lock().take() {
            running.interrupt();
        }
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the full check panicked");
        }
    }
}

fn run(
    database: &Path,
    (after, stopped): (Duration, &Receiver<()>),
    running: &Mutex<Option<InterruptHandle>>,
    damage: &Damage,
) {
    if stopped.recv_timeout(after) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let begun = Instant::now();
    let checked = check(database, running, stopped);
    // Whoever stops the check takes the handle first.
    if running.lock().take().is_none() {
        return;
    }
    match checked {
        Ok(report) => tell(&report, begun.elapsed(), damage),
        Err(OpenError::Damaged(words)) => damage.note(&words),
        Err(error) => tracing::warn!(%error, "the full check could not be made"),
    }
}

fn check(
    database: &Path,
    running: &Mutex<Option<InterruptHandle>>,
    stopped: &Receiver<()>,
) -> Result<Report, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    *running.lock() = Some(connection.get_interrupt_handle());
    // Whoever stopped it before had no handle to interrupt it by.
    if stopped.try_recv() == Err(TryRecvError::Disconnected) {
        running.lock().take();
        return Ok(Report { holds: None, findings: Vec::new() });
    }
    verify::check(&connection)
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
