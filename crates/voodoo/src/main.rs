//! The one binary: a server without configuration, and the tools around it.

mod admin;
mod command;
mod config;
mod descriptors;
mod exit;
mod log;
mod memory;
mod notify;
mod room;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use command::Arguments;
use exit::Exit;

/// Under a storm of sessions glibc's allocator spends a third of the server's time on joining freed
/// pieces, and keeps them. How it is set stands in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => match arguments.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.end(),
        },
        Err(error) => misunderstood(&error),
    }
}

/// Help and version are asked for; everything else is a mistake.
fn misunderstood(error: &clap::Error) -> ExitCode {
    // Whoever closed the other end does not want to read it.
    drop(error.print());
    if error.use_stderr() { exit::code(Exit::Usage) } else { ExitCode::SUCCESS }
}
