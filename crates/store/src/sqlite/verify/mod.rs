//! The full check of a database: SQLite's own, and whether our rows fit each other.
//!
//! It reads snapshots by connections that cannot write, so that a server may run beside it.
//! The log of the database is not written back meanwhile and grows by what is written. Nothing is
//! repaired here: what to do about a finding is for people to decide.

mod relations;
mod timelines;

use std::fs::File;
use std::path::Path;
use std::thread;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use serde::{Deserialize, Serialize};
use voodoo_proto::{ConversationId, UserId};

use super::{OpenError, found, migrate, replay};
use timelines::Timelines;

/// Places that a finding names, at most; the rest is counted.
const MAX_EXAMPLES: usize = 5;
/// Lines that SQLite's own check may say.
const MAX_LINES: usize = 100;
/// Messages are read in the order of their conversations and lie in that of their arrival.
const CACHE_KIB: i64 = 64 * 1_024;

/// What a database is and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// The newest migration that has run.
    pub schema: i64,
    /// This incarnation of the database.
    pub epoch: String,
    /// How the server is called.
    pub server_name: String,
    /// Accounts.
    pub users: u64,
    /// Log-ins.
    pub devices: u64,
    /// Conversations, destroyed ones too as long as their rows are there.
    pub conversations: u64,
    /// Messages, tombstones too.
    pub messages: u64,
}

/// Something that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which check found it.
    pub check: String,
    /// What is wrong.
    pub words: String,
    /// In how many places.
    pub n: u64,
    /// Some of them.
    pub examples: Vec<String>,
}

/// What the full check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What is there; absent where that cannot be read.
    pub holds: Option<Holdings>,
    /// What is wrong; empty for a healthy database.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether the file itself is damaged, not only what stands in it.
    #[must_use]
    pub fn is_file_damaged(&self) -> bool {
        is_of_file(&self.findings)
    }
}

fn is_of_file(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| matches!(finding.check.as_str(), "integrity" | "reading"))
}

/// Checks the database of a data folder, whether a server runs on it or not.
///
/// # Errors
///
/// [`OpenError`] if there is no database, it cannot be read at all, or a newer program wrote it.
/// Damage inside is a finding and no error.
pub fn verify(folder: &Path) -> Result<Report, OpenError> {
    let path = folder.join("voodoo.db");
    inspect(folder, &path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    check_by_two(|| Ok(Connection::open_with_flags(&path, flags)?))
}

/// Looks at a database that is to be read; the log too, if no server has it open.
pub(super) fn inspect(folder: &Path, path: &Path) -> Result<(), OpenError> {
    if let Ok(lock) = File::open(folder.join("lock"))
        && lock.try_lock().is_ok()
    {
        replay::check(path)?;
    }
    found::inspect(path)
}

/// Checks what a connection reads, in one snapshot.
pub(super) fn check(connection: &Connection) -> Result<Report, OpenError> {
    in_snapshot(connection, |db| with_rows(of_file(db)?, || of_rows(db)))
}

/// Checks a database by two threads at once, each with a connection and a snapshot of its own: of
/// what one looks at, nothing is compared with what the other does.
pub(super) fn check_by_two<E: From<OpenError> + Send>(
    open: impl Fn() -> Result<Connection, E> + Sync,
) -> Result<Report, E> {
    let mut rows = Findings::default();
    let timelines = in_snapshot(&open()?, |db| Timelines::read(db, &mut rows))?;
    let of_file = |db: &Connection| {
        let file = of_file(db)?;
        let parts = if file.is_file_damaged() { Vec::new() } else { timelines.check(db)? };
        Ok((file, parts))
    };
    let of_rows = |db: &Connection| {
        let mut rows = Findings::default();
        of_relations(db, &mut rows)?;
        Ok((rows, timelines.check(db)?))
    };
    thread::scope(|threads| {
        let of_rows = threads.spawn(|| Ok::<_, E>(in_snapshot(&open()?, of_rows)?));
        let of_file = open().and_then(|connection| Ok(in_snapshot(&connection, of_file)?));
        let of_rows = of_rows.join().expect("the check of rows does not panic");
        let (file, mut parts) = of_file?;
        with_rows(file, || {
            let (relations, others) = of_rows?;
            parts.extend(others);
            rows.absorb(relations);
            rows.absorb_parts(parts);
            Ok(rows)
        })
    })
}

fn in_snapshot<T>(
    connection: &Connection,
    look: impl FnOnce(&Connection) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let snapshot = connection.unchecked_transaction()?;
    let seen = look(&snapshot)?;
    // A snapshot has nothing to commit.
    snapshot.finish()?;
    Ok(seen)
}

/// Adds what rows come to. Where pages are damaged, more words about rows would only hide that.
fn with_rows<E>(mut file: Report, rows: impl FnOnce() -> Result<Findings, E>) -> Result<Report, E> {
    if !file.is_file_damaged() {
        file.findings.extend(rows()?.0);
    }
    Ok(file)
}

/// Checks the file as SQLite sees it, and whether all tables and indexes are there.
fn of_file(db: &Connection) -> Result<Report, OpenError> {
    let mut findings = Findings::default();
    let holds = findings.attempt(|_| holdings(db))?;
    findings.attempt(|findings| integrity(db, findings))?;
    findings.attempt(|findings| schema(db, findings))?;
    // Where all indexes are there and fit, nothing unique is there twice.
    if !findings.0.is_empty() && !is_of_file(&findings.0) {
        relations::check_unique(db, &mut findings)?;
    }
    Ok(Report { holds, findings: findings.0 })
}

/// Checks whether rows fit each other.
fn of_rows(db: &Connection) -> Result<Findings, OpenError> {
    let mut findings = Findings::default();
    let timelines = Timelines::read(db, &mut findings)?;
    of_relations(db, &mut findings)?;
    findings.absorb_parts(timelines.check(db)?);
    Ok(findings)
}

fn of_relations(db: &Connection, findings: &mut Findings) -> Result<(), OpenError> {
    relations::check(db, findings)?;
    timelines::check_members(db, findings)
}

/// Counts what is there.
pub(super) fn holdings(db: &Connection) -> rusqlite::Result<Holdings> {
    let count = |table: &str| {
        db.query_row(&["SELECT COUNT(*) FROM ", table].concat(), [], |row| row.get::<_, u64>(0))
    };
    let meta = |key: &str| {
        let found = db.query_row("SELECT v FROM meta WHERE k = ?1", [key], |row| row.get(0));
        Ok::<String, rusqlite::Error>(found.optional()?.unwrap_or_default())
    };
    let schema =
        db.query_row("SELECT MAX(version) FROM schema_migrations", [], |row| row.get(0))?;
    Ok(Holdings {
        schema,
        epoch: meta("epoch")?,
        server_name: meta("server_name")?,
        users: count("user_account")?,
        devices: count("device")?,
        conversations: count("conversation")?,
        messages: count("message")?,
    })
}

fn integrity(db: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut statement = db.prepare(&format!("PRAGMA integrity_check({MAX_LINES})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            findings.note("integrity", "SQLite finds the file damaged", line);
        }
    }
    Ok(())
}

/// Compares tables and indexes with those of a new database of the same version.
fn schema(db: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let made = migrate::in_memory(db)?;
    let (is, should) = (objects(db)?, objects(&made)?);
    for missing in should.iter().filter(|object| !is.contains(object)) {
        let words = "a table or index is missing or another one";
        findings.note("schema", words, missing.0.clone());
    }
    for extra in is.iter().filter(|(name, _)| !should.iter().any(|(known, _)| known == name)) {
        findings.note("schema", "a table or index is not ours", extra.0.clone());
    }
    Ok(())
}

/// Refuses a database without one of its tables or indexes. One more is no harm.
pub(super) fn check_schema(db: &Connection) -> Result<(), OpenError> {
    let should = objects(&migrate::in_memory(db)?)?;
    let is = objects(db)?;
    match should.iter().find(|object| !is.contains(object)) {
        None => Ok(()),
        Some((name, _)) => Err(OpenError::Damaged(format!("{name} is missing or another one"))),
    }
}

type Object = (String, Option<String>);

fn objects(db: &Connection) -> rusqlite::Result<Vec<Object>> {
    // What ANALYZE keeps is SQLite's own.
    let sql = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'";
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn note(&mut self, check: &str, words: &str, place: String) {
        let (check, words) = (check.to_owned(), words.to_owned());
        self.absorb(Self(vec![Finding { check, words, n: 1, examples: vec![place] }]));
    }

    fn absorb(&mut self, other: Self) {
        for Finding { check, words, n, examples } in other.0 {
            let known = self.0.iter_mut().find(|one| one.check == check && one.words == words);
            let Some(finding) = known else {
                self.0.push(Finding { check, words, n, examples });
                continue;
            };
            finding.n += n;
            let room = MAX_EXAMPLES.saturating_sub(finding.examples.len());
            finding.examples.extend(examples.into_iter().take(room));
        }
    }

    /// In the order of the conversations, whoever looked at them.
    fn absorb_parts(&mut self, mut parts: Vec<timelines::Part>) {
        parts.sort_by_key(|(from, _)| *from);
        parts.into_iter().for_each(|(_, findings)| self.absorb(findings));
    }

    /// Does one part of the check; pages that cannot be read, and rows that make no sense, are a
    /// finding.
    fn attempt<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, OpenError> {
        match part(self) {
            Ok(value) => Ok(Some(value)),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    self.note("reading", "a page cannot be read", error.to_string());
                    Ok(None)
                }
                // A statement that does not fit is about a table that is missing, which the
                // comparison of the schema names.
                Some(ErrorCode::Unknown) => {
                    self.note("schema", "a table or column is missing", error.to_string());
                    Ok(None)
                }
                Some(_) => Err(error.into()),
                None => {
                    self.note("rows", "a row makes no sense", error.to_string());
                    Ok(None)
                }
            },
        }
    }
}

/// Where something stands, as people and programs name it.
fn place(conversation: Option<i64>, user: Option<i64>, seq: Option<i64>) -> String {
    let conversation = conversation.map(|number| match ConversationId::new(number) {
        Ok(id) => id.to_string(),
        Err(_bad) => format!("conversation {number}"),
    });
    let user = user.map(|number| match UserId::new(number) {
        Ok(id) => id.to_string(),
        Err(_bad) => format!("user {number}"),
    });
    let seq = seq.map(|seq| format!("#{seq}"));
    [conversation, user, seq].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
