//! Making a data folder from a backup.
//!
//! As long as it is not done the database has another name, by which a server that is started on
//! the folder refuses: a restore that was cut off is never taken for a fresh start.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::super::{OpenError, Report, migrate, private_file, take_lock};
use super::{
    BackupError, DATABASE, Manifest, Outcome, at, check_at_rest, digest, make_folder, open_at_rest,
    sync_folder,
};

/// The database as long as it may not be used.
const RESTORING: &str = "voodoo.db.restoring";

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// The epoch of the new data; that of the backup is in its manifest.
    pub epoch: String,
    /// What the check of the data came to.
    pub report: Report,
}

/// Restores a backup into a folder that is empty or not there yet.
///
/// The data get a new epoch, so that clients drop what they know of places that the backup does
/// not have. Links and tickets that work once are not restored: they may have been used since.
///
/// # Errors
///
/// [`BackupError`]: the folder is then as it was. [`BackupError::Findings`] only without
/// `is_damage_accepted`.
pub fn restore(backup: &Path, into: &Path, is_damage_accepted: bool) -> Outcome<Restored> {
    let manifest = Manifest::read(backup)?;
    make_folder(into)?;
    must_be_empty(into)?;
    let lock = take_lock(into)?;
    let restored = fill(&manifest, backup, into, is_damage_accepted);
    drop(lock);
    if restored.is_err() {
        for name in [RESTORING, "voodoo.db.restoring-journal", "lock"] {
            if let Err(error) = fs::remove_file(into.join(name)) {
                tracing::debug!(%error, name, "nothing to clean up");
            }
        }
    }
    restored
}

/// What a new file system brings along is no data.
fn must_be_empty(folder: &Path) -> Outcome<()> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        if entry.map_err(at(folder))?.file_name() != "lost+found" {
            return Err(BackupError::NotEmpty(folder.to_owned()));
        }
    }
    Ok(())
}

fn fill(
    manifest: &Manifest,
    backup: &Path,
    into: &Path,
    is_damage_accepted: bool,
) -> Outcome<Restored> {
    let restoring = into.join(RESTORING);
    for entry in manifest.files.iter().filter(|entry| entry.name == DATABASE) {
        let mut to = private_file(&restoring)?;
        let written = digest(entry.open(backup)?, &mut to).map_err(at(&restoring))?;
        to.sync_all().map_err(at(&restoring))?;
        entry.compare(&written)?;
    }
    migrate::check(&open_at_rest(&restoring)?)?;
    let report = check_at_rest(&restoring)?;
    manifest.compare(&report)?;
    let n_findings = report.findings.iter().map(|finding| finding.n).sum();
    if n_findings > 0 && !is_damage_accepted {
        return Err(BackupError::Findings(n_findings));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(&restoring, flags)?;
    let epoch = begin_anew(&database, manifest)?;
    database.close().map_err(|(_, error)| error)?;
    let synced = File::open(&restoring).and_then(|file| file.sync_all());
    synced.map_err(at(&restoring))?;
    let path = into.join(DATABASE);
    fs::rename(&restoring, &path).map_err(at(&path))?;
    sync_folder(into)?;
    Ok(Restored { manifest: manifest.clone(), epoch, report })
}

fn begin_anew(database: &Connection, manifest: &Manifest) -> rusqlite::Result<String> {
    let change = database.unchecked_transaction()?;
    change.execute("UPDATE meta SET v = lower(hex(randomblob(16))) WHERE k = 'epoch'", [])?;
    let sql = "INSERT INTO meta VALUES('restored_from', ?1) ON CONFLICT(k) DO UPDATE SET v = ?1";
    change.execute(sql, [&manifest.holds.epoch])?;
    for table in ["one_time", "ticket"] {
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE name = ?1";
        if change.query_row(sql, [table], |row| row.get::<_, i64>(0))? > 0 {
            change.execute(&["DELETE FROM ", table].concat(), [])?;
        }
    }
    let sql = "SELECT v FROM meta WHERE k = 'epoch'";
    let epoch = change.query_row(sql, [], |row| row.get(0))?;
    change.commit()?;
    Ok(epoch)
}

/// Refuses a folder in which a restore did not end.
pub(in super::super) fn refuse_unfinished(folder: &Path) -> Result<(), OpenError> {
    let restoring: PathBuf = folder.join(RESTORING);
    if restoring.exists() { Err(OpenError::Unfinished) } else { Ok(()) }
}
