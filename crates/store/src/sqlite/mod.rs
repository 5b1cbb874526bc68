//! The engine of the single binary: one database file, one writer, a few readers.
//!
//! Everything is in `voodoo.db` of the data folder, in WAL mode with `synchronous=FULL`: a commit
//! is on disk before it is answered (<https://www.sqlite.org/pragma.html#pragma_synchronous>).

mod account_writes;
mod accounts;
mod backup;
#[cfg(feature = "broken")]
mod broken;
mod census;
mod checker;
mod codes;
mod damage;
mod essential;
mod found;
mod log;
mod migrate;
mod modes;
mod port;
mod prune;
mod read;
mod readers;
mod replay;
mod reserve;
mod rows;
mod sickness;
mod table;
mod verify;
mod writer;

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use voodoo_core::Clock;
use voodoo_core::apply::Rules;

use checker::Checker;
use damage::Damage;
use essential::Lost;
use readers::Readers;
use reserve::Reserve;
use sickness::is_full;
use writer::{Ground, Writer};

pub use backup::{
    Backup, BackupError, FileEntry, Listed, Manifest, Restored, create_backup, list_backups,
    restore, verify_backup,
};
#[cfg(feature = "broken")]
pub use broken::Broken;
pub use reserve::space;
pub use verify::{Finding, Holdings, Report, verify};

/// How long a connection waits for a lock that another one has.
const BUSY: Duration = Duration::from_secs(5);

/// How the engine works.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Whether a commit is on disk before it is answered. Off breaks the promise of the product
    /// and is there to show that the test of it can fail.
    pub is_full_sync: bool,
    /// Threads that read.
    pub n_readers: usize,
    /// Jobs that wait for the writer or for the readers, at most.
    pub queue: usize,
    /// Page cache of the writer, in KiB.
    pub cache_kib: u32,
    /// Page cache of each reader, in KiB. Small: every commit empties it, and what it holds beyond
    /// the inner pages of the trees stands in the kernel's cache too.
    pub reader_cache_kib: u32,
    /// The log is written back to the database once it is about this long.
    pub checkpoint_bytes: u64,
    /// When after the start everything is checked in the background; absent = never.
    pub full_check_after: Option<Duration>,
    /// A promise to break.
    #[cfg(feature = "broken")]
    pub broken: Option<Broken>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            is_full_sync: true,
            n_readers: 3,
            queue: 4_096,
            cache_kib: 64 * 1024,
            reader_cache_kib: 1024,
            checkpoint_bytes: 64 * 1024 * 1024,
            full_check_after: None,
            #[cfg(feature = "broken")]
            broken: None,
        }
    }
}

/// Why a data folder cannot be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has it.
    #[error("another server uses this data folder (its lock file is held)")]
    InUse,
    /// A newer program has written it.
    #[error(
        "the data has schema {version}, this program knows {known}: use the newer program, or restore the backup made before the upgrade"
    )]
    NewerSchema {
        /// What the data has.
        version: i64,
        /// What this program knows.
        known: i64,
    },
    /// A migration that has run is not the one that this program knows.
    #[error(
        "migration {version} differs from the one that made this data: use the program that made it"
    )]
    ChangedMigration {
        /// Which.
        version: i64,
    },
    /// The database belongs to another program.
    #[error("voodoo.db is the database of another program: move it away or choose another folder")]
    Foreign,
    /// The database is damaged.
    #[error(
        "voodoo.db is damaged ({0}): nothing was changed; restore the newest backup into an empty folder, and keep this one for rescue"
    )]
    Damaged(String),
    /// A restore into the folder did not end.
    #[error("a restore into this folder did not end: empty it and restore again")]
    Unfinished,
    /// The schema would be brought forward, and no backup could be made before.
    #[error(
        "no backup could be made before the upgrade ({0}): nothing was changed; make room for a copy of the database in the data folder"
    )]
    NoBackup(String),
    /// The folder or a file in it cannot be used.
    #[error("{path}: {cause}", path = .0.display(), cause = .1)]
    File(PathBuf, io::Error),
    /// The engine failed otherwise.
    #[error(transparent)]
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match damage::is_damage(&error) {
            true => Self::Damaged(error.to_string()),
            false => Self::Engine(error),
        }
    }
}

/// The engine of the single binary. See the module.
pub struct SqliteStore {
    writer: Writer,
    lost: Arc<Lost>,
    readers: Readers,
    _checker: Option<Checker>,
    kept_marks: Arc<census::KeptMarks>,
    reserve: Arc<Reserve>,
    rules: Arc<Rules>,
    epoch: Arc<str>,
    /// How the server is called and whether it has an owner: asked at each start of a session.
    about: Arc<RwLock<(String, bool)>>,
    /// Held for longer than the writer lives: fields go in the order in which they stand here.
    _lock: File,
}

impl SqliteStore {
    /// Opens the data folder, makes it if it is not there, and brings its schema forward.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: why not, and what to do.
    pub fn open(
        folder: &Path,
        options: SqliteOptions,
        rules: Arc<Rules>,
        clock: &dyn Clock,
    ) -> Result<Arc<Self>, OpenError> {
        let opened = Self::open_once(folder, options.clone(), Arc::clone(&rules), clock);
        match opened {
            Err(OpenError::Engine(error)) if is_full(&error) => {
                let reserve = Reserve::new(folder);
                let released = reserve.release();
                if !released.map_err(|error| OpenError::File(folder.to_owned(), error))? {
                    return Err(OpenError::Engine(error));
                }
                tracing::warn!("the disk is full: the file in reserve was removed");
                Self::open_once(folder, options, rules, clock)
            }
            opened => opened,
        }
    }

    fn open_once(
        folder: &Path,
        options: SqliteOptions,
        rules: Arc<Rules>,
        clock: &dyn Clock,
    ) -> Result<Arc<Self>, OpenError> {
        make_folder(folder)?;
        let lock = take_lock(folder)?;
        let path = folder.join("voodoo.db");
        modes::make_private(folder)?;
        backup::refuse_unfinished(folder)?;
        if options.is_full_sync {
            replay::check(&path)?;
        }
        found::prepare(&path, &options, clock.now_ms())?;
        let mut connection = connect(&path, &options)?;
        backup::before_upgrade(&connection, folder, clock.now_ms())?;
        migrate::migrate(&mut connection, clock.now_ms())?;
        verify::check_schema(&connection)?;
        found::check_counters(&connection)?;
        #[cfg(feature = "broken")]
        if let Some(broken) = options.broken {
            broken.prepare(&connection)?;
        }
        let (epoch, about) = meta(&connection)?;
        let damage = Arc::new(Damage::default());
        let readers = Readers::start(&path, &options, &damage)?;
        let checker = options
            .full_check_after
            .map(|after| Checker::start(path.clone(), after, Arc::clone(&damage)));
        let lost = Arc::new(Lost::default());
        let reserve = Arc::new(Reserve::new(folder));
        let ground = Ground {
            rules: Arc::clone(&rules),
            damage,
            reserve: Arc::clone(&reserve),
            lost: Arc::clone(&lost),
        };
        let writer = Writer::start(connection, (path, options), ground);
        Ok(Arc::new(Self {
            writer,
            lost,
            readers,
            _checker: checker,
            kept_marks: Arc::default(),
            reserve,
            rules,
            epoch,
            about: Arc::new(RwLock::new(about)),
            _lock: lock,
        }))
    }

    /// Waits until a thread has panicked that the store cannot do without, and names it. Nothing is
    /// acknowledged from then on; only opening the folder anew helps.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn lost(&self) -> &'static str {
        self.lost.wait().await
    }

    /// Keeps a file in reserve of so many bytes, which goes when the disk is full. Waits for the
    /// disk.
    ///
    /// # Errors
    ///
    /// If it cannot be made; none is left then.
    pub fn keep_reserve(&self, n_bytes: u64) -> io::Result<()> {
        self.reserve.keep(n_bytes)
    }

    /// How long the file in reserve is; 0 where there is none.
    #[must_use]
    pub fn reserve_bytes(&self) -> u64 {
        self.reserve.n_bytes()
    }

    /// Has the log written back and its file made short, as far as those who read allow.
    /// Waits for nothing.
    pub fn shorten_log(&self) {
        self.writer.shorten_log();
    }

    /// Answers what waits, writes the log back and closes. What comes later is refused.
    pub async fn shutdown(&self) {
        self.writer.stop().await;
    }
}

fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| OpenError::File(folder.to_owned(), error))
}

/// One server a folder: the lock goes with the process, however it ends.
fn take_lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("lock");
    let file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(OpenError::File(path, error)),
    }
}

fn make_private(path: &Path) -> Result<(), OpenError> {
    private_file(path).map(drop)
}

fn private_file(path: &Path) -> Result<File, OpenError> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| OpenError::File(path.to_owned(), error))
}

fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let synchronous = if options.is_full_sync { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // The log is written back beside the writer, not by whichever commit makes it too long.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Statements are planned once. Without the guarantee, SQLite plans some of them anew whenever
/// other values are bound (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
fn keep_statements(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn meta(connection: &Connection) -> Result<(Arc<str>, (String, bool)), OpenError> {
    let value = |key: &str| {
        let sql = "SELECT v FROM meta WHERE k = ?1";
        let found = connection.query_row(sql, [key], |row| row.get::<_, String>(0)).optional()?;
        found.ok_or_else(|| OpenError::Damaged(format!("it does not say its {key}")))
    };
    let epoch: Arc<str> = value("epoch")?.into();
    Ok((epoch, (value("server_name")?, value("claimed")? == "1")))
}
