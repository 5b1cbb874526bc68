//! Tests of the client from outside.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod golden;
mod lasting;
mod server;
