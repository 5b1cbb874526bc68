//! Where faults end: the chain goes to the log once, the client hears an incident id.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use voodoo_proto::RefusalCode;

use crate::clock::{Clock, SystemClock};
use crate::error::{Refusal, StoreError};

/// How long a client waits before it repeats what the server could not take.
const RETRY_AFTER_MS: u64 = 1_000;

/// Turns an error of the store into what the client hears.
#[must_use]
pub fn to_refusal(error: StoreError) -> Refusal {
    match error {
        StoreError::Refused(refusal) => refusal,
        StoreError::Unavailable(why) => {
            tracing::warn!(why, "the store is not available");
            unavailable("the store takes nothing at this moment")
        }
        StoreError::Fault(fault) => {
            let incident = incident();
            tracing::error!(incident, error = chain(&fault), "a fault");
            Refusal::new(
                RefusalCode::Internal,
                format!("a fault of the server, incident {incident}"),
            )
            .after_ms(RETRY_AFTER_MS)
        }
    }
}

/// Refuses for the moment.
#[must_use]
pub fn unavailable(words: &str) -> Refusal {
    Refusal::new(RefusalCode::Unavailable, words).after_ms(RETRY_AFTER_MS)
}

/// An id that a user can tell the operator.
fn incident() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{:x}-{}", SystemClock.now_ms() / 1_000, NEXT.fetch_add(1, Ordering::Relaxed))
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            write!(text, ": {said}").expect("writing to memory");
        }
        source = cause.source();
    }
    text
}
