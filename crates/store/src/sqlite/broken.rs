//! Promises broken on purpose, to show that the checks would see it. Never part of the product.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;

/// A promise that this engine breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Answers before the commit, once there are messages; accounts and conversations stand.
    AnswersEarly,
    /// Does not know a message that is sent again.
    ForgetsNames,
}

/// From an answer to its commit.
const LATE: Duration = Duration::from_millis(20);

impl Broken {
    /// Takes away what the database itself has against it.
    pub(super) fn prepare(self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::AnswersEarly => Ok(()),
            Self::ForgetsNames => connection.execute_batch(
                "DROP INDEX IF EXISTS message_client; CREATE TEMP TABLE forgets_names(x);",
            ),
        }
    }
}

/// Whether the connection's engine does not know what was sent before.
pub(super) fn forgets_names(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS(SELECT 1 FROM sqlite_temp_schema WHERE name = 'forgets_names')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Whether there are messages.
pub(super) fn has_messages(connection: &Connection) -> bool {
    let sql = "SELECT EXISTS(SELECT 1 FROM message)";
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or(false)
}

/// The time in which a kill loses what was answered.
pub(super) fn dawdle() {
    thread::park_timeout(LATE);
}
