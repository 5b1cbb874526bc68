//! Damage of the database that anybody has seen.

use std::error::Error;
use std::sync::OnceLock;

use rusqlite::ErrorCode;

/// What to do about a damaged database.
pub(super) const REMEDY: &str = "stop the server, keep its data folder for rescue, and restore the newest backup into an empty folder";

/// Where readers, the writer and the full check tell of damage. Once there is any, nothing is
/// acknowledged any more: what is written to a damaged file may be lost with it.
#[derive(Default)]
pub(super) struct Damage(OnceLock<String>);

impl Damage {
    /// Tells it, once.
    pub(super) fn note(&self, words: &str) {
        if self.0.set(words.to_owned()).is_ok() {
            tracing::error!(
                damage = words,
                "the database is damaged, nothing is acknowledged any more: {REMEDY}"
            );
        }
    }

    /// Tells it if an error, or what caused it, is damage.
    pub(super) fn note_if(&self, error: &(dyn Error + 'static)) {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.downcast_ref().is_some_and(is_damage) {
                self.note(&error.to_string());
            }
            cause = error.source();
        }
    }

    /// What was told.
    pub(super) fn seen(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Whether SQLite says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
