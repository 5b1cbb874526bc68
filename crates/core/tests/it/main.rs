//! The core as a whole: sessions, hub, shards and rules over a store, without sockets.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod sim;
