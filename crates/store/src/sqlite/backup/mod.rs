//! Backups: a folder each, with a copy of the database and a manifest that says what it is.
//!
//! The copy is made by SQLite's backup from a connection that holds one snapshot for as long as it
//! takes. Without the snapshot every commit of a server would make the copy begin anew, and it
//! would never end under load; with it a reader hinders no writer, and what a busy server pays is
//! a log that is not written back until the copy is done. A backup that is not whole has another
//! name, and is never taken for one.

mod manifest;
mod restore;
mod upgrade;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::backup::{Backup as Copying, StepResult};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use super::{OpenError, Report, make_private, migrate, verify};

pub use manifest::{FileEntry, Manifest};
pub(super) use restore::refuse_unfinished;
pub use restore::{Restored, restore};
pub(super) use upgrade::before_upgrade;

/// The database in a backup, as in a data folder.
const DATABASE: &str = "voodoo.db";
const MANIFEST: &str = "manifest.json";
/// What a backup ends with as long as it is not whole.
const PARTIAL: &str = ".partial";
/// Pages copied at a time.
const STEP_PAGES: i32 = 1_024;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Why a backup is not made, not good or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data, or the copy of them, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file or folder cannot be used.
    #[error("{path}: {cause}", path = .0.display(), cause = .1)]
    File(PathBuf, io::Error),
    /// There is no manifest.
    #[error("{path} is no backup, or one that was not finished: it has no manifest.json", path = .0.display())]
    NoBackup(PathBuf),
    /// A newer program has made it.
    #[error("the backup has form {format}, this program knows {known}: use the newer program")]
    NewerForm {
        /// What it has.
        format: u64,
        /// What this program knows.
        known: u64,
    },
    /// It is not what its manifest says.
    #[error("the backup is damaged ({0}): use another one")]
    Damaged(String),
    /// The check of its rows found something.
    #[error(
        "the check of the backup finds something wrong in {0} places: use another one, or say that it shall be restored all the same"
    )]
    Findings(u64),
    /// Something is where it shall be restored.
    #[error("{path} is not empty: name a folder that is not there yet, or is empty", path = .0.display())]
    NotEmpty(PathBuf),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Open(error.into())
    }
}

type Outcome<T> = Result<T, BackupError>;

/// A backup, and what it is.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Its folder.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What the check of it came to; absent where it was not checked.
    pub report: Option<Report>,
}

/// Something in a folder of backups.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its folder.
    pub path: PathBuf,
    /// What it says of itself, or why it is no backup that can be used.
    pub manifest: Result<Manifest, String>,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File(path, error)
}

/// Makes a backup of the data folder in `to`, whether a server runs or not, and checks it.
///
/// What was acknowledged before this was called is in it. A copy in whose rows the check finds
/// something is kept: it is better than none.
///
/// # Errors
///
/// [`BackupError`]; nothing that could be taken for a backup is left then.
pub fn create_backup(folder: &Path, to: &Path, now_ms: u64) -> Outcome<Backup> {
    let path = folder.join(DATABASE);
    verify::inspect(folder, &path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(&path, flags)?;
    write(&source, to, now_ms, true)
}

/// Writes a backup of what the connection reads into a folder of its own in `to`.
fn write(source: &Connection, to: &Path, now_ms: u64, is_checked: bool) -> Outcome<Backup> {
    make_folder(to)?;
    let path = free_name(to, now_ms);
    let partial = with_suffix(&path, PARTIAL);
    let written = fill(source, &partial, now_ms, is_checked).and_then(|(manifest, report)| {
        fs::rename(&partial, &path).map_err(at(&path))?;
        sync_folder(to)?;
        Ok(Backup { path, manifest, report })
    });
    if written.is_err()
        && let Err(error) = fs::remove_dir_all(&partial)
    {
        tracing::debug!(%error, "nothing to clean up");
    }
    written
}

fn fill(
    source: &Connection,
    partial: &Path,
    now_ms: u64,
    is_checked: bool,
) -> Outcome<(Manifest, Option<Report>)> {
    make_folder(partial)?;
    let database = partial.join(DATABASE);
    copy(source, &database)?;
    let file = File::open(&database).map_err(at(&database))?;
    file.sync_all().map_err(at(&database))?;
    let (written, report) = thread::scope(|threads| {
        let written = threads.spawn(|| digest(file, &mut io::sink()));
        let report = is_checked.then(|| check_at_rest(&database)).transpose();
        (written.join().expect("reading a file does not panic"), report)
    });
    let (bytes, sha256) = written.map_err(at(&database))?;
    let report = report?;
    if let Some(damaged) = report.as_ref().filter(|report| report.is_file_damaged()) {
        let words = damaged.findings.first().and_then(|one| one.examples.first());
        return Err(OpenError::Damaged(words.cloned().unwrap_or_default()).into());
    }
    let holds = match report.as_ref().and_then(|report| report.holds.clone()) {
        Some(holds) => holds,
        None => verify::holdings(&open_at_rest(&database)?)?,
    };
    let n_findings = report.as_ref().map(|report| report.findings.iter().map(|one| one.n).sum());
    let entry = FileEntry { name: DATABASE.to_owned(), bytes, sha256 };
    let manifest = Manifest::new(now_ms, holds, n_findings, vec![entry]);
    manifest.write(&partial.join(MANIFEST))?;
    sync_folder(partial)?;
    Ok((manifest, report))
}

/// Copies one snapshot. The copy needs no log beside it, so that it can be read where nothing can
/// be written; it is synced by whoever asked for it.
fn copy(source: &Connection, to: &Path) -> Outcome<()> {
    make_private(to)?;
    let mut target = Connection::open(to)?;
    target.pragma_update(None, "synchronous", "OFF")?;
    let snapshot = source.unchecked_transaction()?;
    // A transaction is a snapshot from its first reading on.
    snapshot.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))?;
    let copying = Copying::new(&snapshot, &mut target)?;
    loop {
        match copying.step(STEP_PAGES)? {
            StepResult::Done => break,
            StepResult::More => {}
            StepResult::Busy | StepResult::Locked | _ => return Err(busy().into()),
        }
    }
    drop(copying);
    snapshot.finish()?;
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    target.close().map_err(|(_, error)| error.into())
}

/// Nobody else has the copy, and a snapshot is never busy.
fn busy() -> rusqlite::Error {
    let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    rusqlite::Error::SqliteFailure(error, Some("the copy is held by another program".to_owned()))
}

/// Opens a database that nobody writes to, without making files beside it.
fn open_at_rest(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            other => uri += &format!("%{other:02X}"),
        }
    }
    Ok(Connection::open_with_flags(uri + "?immutable=1", flags)?)
}

fn check_at_rest(path: &Path) -> Outcome<Report> {
    verify::check_by_two(|| open_at_rest(path))
}

/// Checks a backup: that its files are those of its manifest, and that they are healthy.
///
/// # Errors
///
/// [`BackupError`] if it is not whole or a newer program made it. What the check of its rows finds
/// is in the report.
pub fn verify_backup(path: &Path) -> Outcome<Backup> {
    let manifest = Manifest::read(path)?;
    for entry in &manifest.files {
        let file = entry.open(path)?;
        let named = path.join(&entry.name);
        let found = digest(file, &mut io::sink()).map_err(at(&named))?;
        entry.compare(&found)?;
    }
    let database = path.join(DATABASE);
    migrate::check(&open_at_rest(&database)?)?;
    let report = check_at_rest(&database)?;
    manifest.compare(&report)?;
    Ok(Backup { path: path.to_owned(), manifest, report: Some(report) })
}

/// What is in a folder of backups, the oldest first; nothing of it is checked.
///
/// # Errors
///
/// [`BackupError::File`] if the folder cannot be read.
pub fn list_backups(folder: &Path) -> Outcome<Vec<Listed>> {
    let mut listed = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if !path.is_dir() || !is_our_name(&path) {
            continue;
        }
        let manifest = match is_partial(&path) {
            true => Err("it was not finished".to_owned()),
            false => Manifest::read(&path).map_err(|error| error.to_string()),
        };
        listed.push(Listed { path, manifest });
    }
    listed.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(listed)
}

fn is_partial(path: &Path) -> bool {
    path.extension() == Some(OsStr::new(&PARTIAL[1..]))
}

fn is_our_name(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name.starts_with("voodoo-"))
}

/// A name by the time, and a number where somebody makes two in one second.
fn free_name(folder: &Path, now_ms: u64) -> PathBuf {
    let name = format!("voodoo-{}", manifest::compact_time(now_ms));
    let first = folder.join(&name);
    let more = (2..).map(|number: u64| folder.join(format!("{name}-{number}")));
    let is_free = |path: &PathBuf| !path.exists() && !with_suffix(path, PARTIAL).exists();
    std::iter::once(first).chain(more).find(is_free).expect("numbers do not end")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(suffix);
    longer.into()
}

fn make_folder(path: &Path) -> Outcome<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(at(path))
}

fn sync_folder(path: &Path) -> Outcome<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(at(path))
}

/// Length and SHA-256 of what is read, which is also written to `to`.
fn digest(mut from: impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let (mut sum, mut n_bytes, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK_BYTES]);
    loop {
        let n_read = from.read(&mut chunk)?;
        if n_read == 0 {
            let sha256 = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok((n_bytes, sha256));
        }
        sum.update(&chunk[..n_read]);
        to.write_all(&chunk[..n_read])?;
        n_bytes += u64::try_from(n_read).unwrap_or(u64::MAX);
    }
}
