//! The promises of the binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod bench;
mod bot;
mod cli;
mod cli_backup;
mod cli_config;
mod cli_live;
mod cli_user;
mod clock;
mod damage;
mod drill;
mod fail_points;
mod foreign;
mod malformed;
mod memory;
mod metrics;
mod people;
mod proof;
mod proof_slow;
mod proxies;
mod server;
mod service;
mod shortage;
mod soak;
mod stop;
mod sync_trace;
mod tls;
