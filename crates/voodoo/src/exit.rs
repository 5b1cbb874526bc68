//! How the program ends: exit codes of sysexits.h, and last words.

use std::process::ExitCode;

use voodoo_proto::RefusalCode;
use voodoo_store::OpenError;

/// Why the program ends otherwise than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command line is wrong.
    Usage = 64,
    /// What was given or found cannot be worked with.
    BadData = 65,
    /// Something that is needed is not there at this moment.
    Unavailable = 69,
    /// A fault of the program.
    Internal = 70,
    /// A file or folder cannot be made.
    CannotCreate = 73,
    /// A setting is wrong.
    Config = 78,
}

/// The end of a program that cannot go on.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// Ends with these words.
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }

    /// Ends with whatever went wrong; for `map_err`.
    pub(crate) fn with<E: Into<anyhow::Error>>(exit: Exit) -> impl FnOnce(E) -> Self {
        move |error| Self::new(exit, error)
    }

    /// Says the last words.
    #[expect(clippy::print_stderr, reason = "the last words of a program that cannot go on")]
    pub(crate) fn end(&self) -> ExitCode {
        eprintln!("voodoo: {}", self.words());
        code(self.exit)
    }

    /// The chain of what went wrong; a cause that was told with its effect is not told again.
    fn words(&self) -> String {
        let mut words = String::new();
        for said in self.error.chain().map(ToString::to_string) {
            if !words.ends_with(&said) {
                let colon = if words.is_empty() { "" } else { ": " };
                words += &format!("{colon}{said}");
            }
        }
        words
    }
}

/// The code that the caller of the program sees.
pub(crate) fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Why a data folder cannot be opened.
pub(crate) fn of_open_error(error: &OpenError) -> Exit {
    match error {
        OpenError::InUse => Exit::Unavailable,
        OpenError::NewerSchema { .. }
        | OpenError::ChangedMigration { .. }
        | OpenError::Foreign
        | OpenError::Damaged(_)
        | OpenError::Unfinished => Exit::BadData,
        OpenError::File(..) | OpenError::NoBackup(_) => Exit::CannotCreate,
        OpenError::Engine(_) => Exit::Internal,
    }
}

/// Why something was refused.
pub(crate) fn of_refusal(code: RefusalCode) -> Exit {
    match code {
        RefusalCode::Unavailable | RefusalCode::Timeout | RefusalCode::RateLimited => {
            Exit::Unavailable
        }
        RefusalCode::Internal => Exit::Internal,
        RefusalCode::BadRequest
        | RefusalCode::UnknownType
        | RefusalCode::TooLarge
        | RefusalCode::Unauthenticated
        | RefusalCode::Forbidden
        | RefusalCode::NotFound
        | RefusalCode::Conflict
        | RefusalCode::Gone
        | RefusalCode::ReadOnly
        | RefusalCode::Blocked
        | RefusalCode::LimitExceeded
        | RefusalCode::SlowMode => Exit::BadData,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("disk full").context("writing: disk full").context("data in x");
        let failure = Failure::new(Exit::Internal, error);
        assert_eq!(failure.words(), "data in x: writing: disk full");
    }
}
