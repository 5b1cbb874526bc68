//! What a failed write says of the disk and of the database.

use rusqlite::ErrorCode;
use voodoo_core::{Fault, StoreError};

use super::damage::{REMEDY, is_damage};

/// Why nothing is acknowledged.
pub(super) enum Sickness {
    /// The disk failed: cured by a commit that was synced.
    Disk(String),
    /// The disk is full: cured likewise, once there is room.
    Full(String),
    /// The database is damaged: no cure while running.
    Damage(String),
}

impl Sickness {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever else fails is the fault of one job"
    )]
    pub(super) fn of(error: &rusqlite::Error) -> Option<Self> {
        let words = error.to_string();
        match error.sqlite_error_code()? {
            _ if is_damage(error) => Some(Self::Damage(words)),
            _ if is_full(error) => Some(Self::Full(words)),
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory => Some(Self::Disk(words)),
            _ => None,
        }
    }

    pub(super) fn to_error(&self) -> StoreError {
        StoreError::Unavailable(match self {
            Self::Disk(words) | Self::Full(words) => format!("the disk takes nothing ({words})"),
            Self::Damage(words) => format!("the database is damaged ({words}): {REMEDY}"),
        })
    }
}

/// Whether SQLite says that there is no room, for a page or for the index of the log.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull
            || error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Why a transaction does not stand.
pub(super) enum Failure {
    /// The disk or the database.
    Engine(Sickness),
    /// One of the jobs.
    Job(Fault),
}

impl Failure {
    pub(super) fn of(error: rusqlite::Error) -> Self {
        match Sickness::of(&error) {
            Some(sickness) => Self::Engine(sickness),
            None => Self::Job(Fault::new(error)),
        }
    }
}

/// A fault that wraps an error of the disk is one of the disk.
pub(super) fn cause(fault: Fault) -> Failure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&fault);
    while let Some(error) = source {
        if let Some(sickness) = error.downcast_ref().and_then(Sickness::of) {
            return Failure::Engine(sickness);
        }
        source = error.source();
    }
    Failure::Job(fault)
}
