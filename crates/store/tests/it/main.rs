//! What every engine promises, and what only a disk can break.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod backup;
mod corruption;
mod disk;
mod faults;
mod folder;
mod kill;
mod lockstep;
mod memory;
mod power;
mod room;
mod slow_disk;
mod sqlite;
mod start;
mod verify;
