//! The checker judges servers from outside.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod proof_broken;
