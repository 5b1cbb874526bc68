//! Engines behind the ports of `voodoo-core`.
//!
//! An engine brings rows and keeps them; it holds no rule. `SQLite` is the engine of the single
//! binary.

mod sqlite;

#[cfg(feature = "broken")]
pub use sqlite::Broken;
pub use sqlite::{
    Backup, BackupError, FileEntry, Finding, Holdings, Listed, Manifest, OpenError, Report,
    Restored, SqliteOptions, SqliteStore, create_backup, list_backups, restore, space, verify,
    verify_backup,
};
