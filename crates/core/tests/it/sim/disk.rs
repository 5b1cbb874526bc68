//! What the server keeps its data by: the model of the test kit, which outlives every server, or
//! SQLite over a folder that each server opens anew.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use voodoo_core::Clock;
use voodoo_core::apply::Rules;
use voodoo_core::testkit::{Engine, MemoryStore};
use voodoo_store::{SqliteOptions, SqliteStore, verify};

use super::truth::{Checked, must};

/// The engine of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Memory,
    Sqlite,
}

pub(super) enum Disk {
    Memory(Arc<MemoryStore>),
    Sqlite(Folder, Arc<Rules>),
}

impl Disk {
    pub(super) fn new(medium: Medium, rules: Rules) -> Self {
        match medium {
            Medium::Memory => Self::Memory(MemoryStore::new(Arc::new(rules))),
            Medium::Sqlite => Self::Sqlite(Folder::new(), Arc::new(rules)),
        }
    }

    /// The engine over what is there. A folder is opened by one server at a time: it must be let
    /// go before.
    pub(super) fn open(&self, clock: &dyn Clock) -> Arc<dyn Engine> {
        match self {
            Self::Memory(model) => Arc::clone(model) as _,
            Self::Sqlite(folder, rules) => {
                let opened = SqliteStore::open(&folder.0, options(), Arc::clone(rules), clock);
                opened.expect("what a server leaves can be opened")
            }
        }
    }

    /// What a kill at this moment leaves to the next server, while the one that is killed still
    /// has its files open. The folder that was is returned, and goes when it is dropped.
    pub(super) fn kill(&mut self) -> Option<Folder> {
        match self {
            Self::Memory(_) => None,
            Self::Sqlite(folder, _) => {
                let copy = folder.copy();
                Some(std::mem::replace(folder, copy))
            }
        }
    }

    /// The full check finds nothing.
    pub(super) fn check(&self) -> Checked {
        if let Self::Sqlite(folder, _) = self {
            let report = verify(&folder.0).map_err(|error| error.to_string())?;
            must!(report.findings.is_empty(), "the full check finds {:?}", report.findings);
        }
        Ok(())
    }
}

/// No commit is synced: what a process wrote outlives it without, and the power of these worlds is
/// never cut, which the store's own tests do. The log is short, so that it is often written back.
fn options() -> SqliteOptions {
    SqliteOptions {
        is_full_sync: false,
        n_readers: 1,
        cache_kib: 1_024,
        checkpoint_bytes: 256 * 1_024,
        ..SqliteOptions::default()
    }
}

/// A folder that goes with the world.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static N_FOLDERS: AtomicU64 = AtomicU64::new(0);
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("voodoo-sim-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The database before its log: what is written back meanwhile stands in both.
    fn copy(&self) -> Self {
        let copy = Self::new();
        for name in ["voodoo.db", "voodoo.db-wal"].map(Path::new) {
            std::fs::copy(self.0.join(name), copy.0.join(name)).unwrap();
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the temporary folder hurts no later test.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an engine on the thread of the simulation. Its clock would leap to whatever is due
/// next while another thread works; so an engine with threads of its own takes no time, and what
/// comes next is for the seed alone to say.
pub(super) fn at_once<T>(answer: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    // Whoever has used up a task's budget is woken by the runtime, which stands still here.
    let mut answer = pin!(tokio::task::unconstrained(answer));
    loop {
        match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
