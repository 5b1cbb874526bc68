//! Tests under every schedule that chance or intent can find.

// What is written over the core finds here the one whose locks switch threads.
extern crate voodoo_schedules as voodoo_core;

#[path = "../../../server/src/http/attempts.rs"]
#[expect(dead_code, unreachable_pub, reason = "the tests use a part of it, and nobody else any")]
mod attempts;
#[path = "../../../server/src/places.rs"]
mod places;
mod schedules;
mod schedules_server;
#[path = "../../../server/src/spare.rs"]
mod spare;
#[path = "../../../server/src/starts.rs"]
#[expect(dead_code, unreachable_pub, reason = "the tests use a part of it, and nobody else any")]
mod starts;
#[path = "../../../server/src/sync.rs"]
mod sync;
