//! A data folder that goes with the test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use voodoo_core::SystemClock;
use voodoo_core::apply::Rules;
use voodoo_store::{OpenError, SqliteOptions, SqliteStore};

static N_FOLDERS: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("voodoo-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("voodoo.db")
    }

    pub(crate) fn try_open(&self) -> Result<Arc<SqliteStore>, OpenError> {
        open(&self.0)
    }

    pub(crate) fn open(&self) -> Arc<SqliteStore> {
        self.try_open().unwrap()
    }
}

pub(crate) fn open(path: &Path) -> Result<Arc<SqliteStore>, OpenError> {
    let rules = Arc::new(Rules::default());
    SqliteStore::open(path, SqliteOptions::default(), rules, &SystemClock)
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the temporary folder hurts no later test.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
