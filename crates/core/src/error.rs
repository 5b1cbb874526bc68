//! The two kinds of error: what a client did wrong, and what broke on our side.

use std::fmt;

use voodoo_proto::{RefusalCode, reply};

use crate::tally::TALLY;

/// The request was understood and is not carried out; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Why, for programs.
    pub code: RefusalCode,
    /// Why, in words: the thing and the limit, never a secret or a message's body.
    pub message: String,
    /// The field at fault.
    pub field: Option<&'static str>,
    /// Not before this many milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// Refuses with a code and words.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after_ms: None }
    }

    /// Refuses a field as malformed or out of range.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(RefusalCode::BadRequest, message) }
    }

    /// It does not exist, or the asker may not see it: both sound the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(RefusalCode::NotFound, "there is no such thing for you")
    }

    /// The role or a setting does not allow it.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Forbidden, message)
    }

    /// Says when to come back.
    #[must_use]
    pub fn after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    /// The frame that tells it to the asker.
    #[must_use]
    pub fn to_frame(&self, id: u64) -> reply::Refused {
        TALLY.refused(self.code);
        reply::Refused {
            id,
            code: self.code,
            message: self.message.clone(),
            retry: self.code.retry(),
            retry_after_ms: self.retry_after_ms,
            field: self.field.map(str::to_owned),
        }
    }
}

/// Something of ours broke. The chain goes to the log once; the client gets an incident id.
#[derive(Debug)]
pub struct Fault(Box<dyn std::error::Error + Send + Sync>);

impl Fault {
    /// Wraps what broke.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule forbids it; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine did not take it in time, or its queue is full. What was asked may or may not
    /// have happened if it was a change; a repeat with the same client id tells.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The engine failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}
