//! The core as a whole: sessions, hub, shards and rules over a store, without sockets.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod crowd;
mod sim;

/// As in the product; it tells what is in use, to the byte.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
