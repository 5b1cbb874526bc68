//! What a data folder holds, looked at before anything in it is written.
//!
//! A new database is made beside its place and moved there when it is whole. So a database that
//! is empty, cut off or only a log is always damage, and never taken for a fresh start.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{OpenError, SqliteOptions, connect, make_private, migrate};

/// What every database of this kind begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The header of a database; see <https://www.sqlite.org/fileformat.html#the_database_header>.
const HEADER_BYTES: usize = 100;

/// Leaves a whole database at `path`, the one that is there or a new one.
pub(super) fn prepare(path: &Path, options: &SqliteOptions, now_ms: u64) -> Result<(), OpenError> {
    match inspect(path) {
        Err(OpenError::File(missing, error))
            if missing == path && error.kind() == io::ErrorKind::NotFound =>
        {
            create(path, options, now_ms)
        }
        result => result,
    }
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

/// Looks at the database at `path`, and writes nothing.
///
/// # Errors
///
/// [`OpenError::File`] with `NotFound` for this path if there is neither a database nor a log.
pub(super) fn inspect(path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::File(path.to_owned(), error);
    let has_log = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_log => {
            let words = "its log is there, the database itself is not";
            return Err(OpenError::Damaged(words.to_owned()));
        }
        opened => opened.map_err(failed)?,
    };
    let n_bytes = file.metadata().map_err(failed)?.len();
    let mut header = [0_u8; HEADER_BYTES];
    file.read_exact(&mut header).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return OpenError::Damaged(format!("it is cut off after {n_bytes} bytes"));
        }
        failed(error)
    })?;
    // A power cut may tear the first page while it is written back; the log has it then. Whether
    // it does, and whether all else that is missing stands there too, SQLite says.
    if !header.starts_with(MAGIC) && !has_log {
        return Err(OpenError::Damaged("it is no database".to_owned()));
    }
    let n_expected_bytes = n_bytes_by(&header);
    if n_bytes < n_expected_bytes && !has_log {
        let words = format!("it is cut off after {n_bytes} of {n_expected_bytes} bytes");
        return Err(OpenError::Damaged(words));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    migrate::check(&connection)
}

/// How long the database is by its own header.
fn n_bytes_by(header: &[u8; HEADER_BYTES]) -> u64 {
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        n_bytes => u64::from(n_bytes),
    };
    let n_pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    page_bytes * u64::from(n_pages)
}

fn create(path: &Path, options: &SqliteOptions, now_ms: u64) -> Result<(), OpenError> {
    let new = beside(path, ".new");
    for left_over in [new.clone(), beside(&new, "-wal"), beside(&new, "-shm")] {
        match fs::remove_file(&left_over) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::File(left_over, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    make_private(&new)?;
    let mut connection = connect(&new, options)?;
    migrate::migrate(&mut connection, now_ms)?;
    connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    let failed = |error| OpenError::File(path.to_owned(), error);
    fs::rename(&new, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Compares the counters of the newest conversations with the messages that are there. The full
/// check takes too long for a start.
pub(super) fn check_counters(connection: &Connection) -> Result<(), OpenError> {
    let sql = "SELECT COUNT(*) FROM
          (SELECT conv_id, last_seq, floor_seq FROM conversation ORDER BY conv_id DESC LIMIT 1000) c
        WHERE c.last_seq > c.floor_seq AND c.last_seq IS NOT
          (SELECT MAX(seq) FROM message m WHERE m.conv_id = c.conv_id)";
    match connection.query_row(sql, [], |row| row.get::<_, i64>(0))? {
        0 => Ok(()),
        n => Err(OpenError::Damaged(format!("the counters of {n} conversations do not fit"))),
    }
}
