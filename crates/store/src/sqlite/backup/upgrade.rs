//! The backup before an upgrade: made by itself, kept in the data folder, the newest few.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::{OpenError, migrate};
use super::{is_partial, list_backups, write};

/// Where they are, in the data folder.
const FOLDER: &str = "before-upgrade";
/// How many are kept.
const N_KEPT: usize = 3;

/// Makes a backup if the schema is about to be brought forward.
///
/// # Errors
///
/// [`OpenError::NoBackup`]: without a way back nothing is changed.
pub(in super::super) fn before_upgrade(
    connection: &Connection,
    folder: &Path,
    now_ms: u64,
) -> Result<(), OpenError> {
    if !migrate::is_behind(connection)? {
        return Ok(());
    }
    let backups = folder.join(FOLDER);
    // The full check would hold up the start; the copy is compared with what was written.
    let made = write(connection, &backups, now_ms, false);
    let made = made.map_err(|error| OpenError::NoBackup(error.to_string()))?;
    tracing::info!(path = %made.path.display(), "backup made before the upgrade");
    if let Err(error) = forget_oldest(&backups) {
        // Too many hurt nobody today.
        tracing::warn!(%error, "old backups were not removed");
    }
    Ok(())
}

fn forget_oldest(backups: &Path) -> Result<(), super::BackupError> {
    let listed = list_backups(backups)?;
    // What cannot be read may be good for another program.
    let (unfinished, whole): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|one| is_partial(&one.path));
    let n_old = whole.len().saturating_sub(N_KEPT);
    for old in unfinished.iter().chain(&whole[..n_old]) {
        fs::remove_dir_all(&old.path).map_err(super::at(&old.path))?;
    }
    Ok(())
}
