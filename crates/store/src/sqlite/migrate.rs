//! Forward-only migrations, each in a transaction of its own.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::OpenError;

/// A step of the schema; what has run once never changes.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "tickets",
        sql: include_str!("../../migrations/sqlite/0002_tickets.sql"),
    },
    Migration {
        version: 3,
        name: "retention",
        sql: include_str!("../../migrations/sqlite/0003_retention.sql"),
    },
    Migration {
        version: 4,
        name: "likeness",
        sql: include_str!("../../migrations/sqlite/0004_likeness.sql"),
    },
];

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations(
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL)";

/// Brings a database to the newest schema.
///
/// # Errors
///
/// [`OpenError::NewerSchema`] and [`OpenError::ChangedMigration`] leave the database untouched.
pub(super) fn migrate(connection: &mut Connection, now_ms: u64) -> Result<(), OpenError> {
    check(connection)?;
    for migration in MIGRATIONS {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(LEDGER)?;
        let is_applied = transaction
            .query_row(
                "SELECT 1 FROM schema_migrations WHERE version = ?1",
                [migration.version],
                |_| Ok(()),
            )
            .optional()?
            .is_some();
        if is_applied {
            continue;
        }
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO schema_migrations VALUES(?1, ?2, ?3, ?4)",
            params![migration.version, migration.name, checksum(migration.sql), now_ms],
        )?;
        transaction.commit()?;
        tracing::info!(
            version = migration.version,
            name = migration.name,
            "schema brought forward"
        );
    }
    Ok(())
}

/// Compares what has run with what this program knows, and writes nothing.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    let has_ledger = connection
        .query_row("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'", [], |_| Ok(()))
        .optional()?
        .is_some();
    if !has_ledger {
        let n_tables: i64 =
            connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get(0))?;
        return if n_tables == 0 { Ok(()) } else { Err(OpenError::Foreign) };
    }
    let mut statement =
        connection.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (version, applied): (i64, String) = (row.get(0)?, row.get(1)?);
        let Some(known) = MIGRATIONS.iter().find(|one| one.version == version) else {
            return Err(OpenError::NewerSchema { version, known: newest() });
        };
        if checksum(known.sql) != applied {
            return Err(OpenError::ChangedMigration { version });
        }
    }
    Ok(())
}

/// An empty database with the schema that another one has by its own ledger.
pub(super) fn in_memory(like: &Connection) -> rusqlite::Result<Connection> {
    let made = Connection::open_in_memory()?;
    made.execute_batch(LEDGER)?;
    let mut statement = like.prepare("SELECT version FROM schema_migrations")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let version: i64 = row.get(0)?;
        if let Some(known) = MIGRATIONS.iter().find(|known| known.version == version) {
            made.execute_batch(known.sql)?;
        }
    }
    Ok(made)
}

/// Whether there is a schema, and it has migrations before it.
pub(super) fn is_behind(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_migrations'";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(false);
    }
    let sql = "SELECT MAX(version) FROM schema_migrations";
    let version: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(version.is_some_and(|version| version < newest()))
}

/// The newest schema that this program knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
