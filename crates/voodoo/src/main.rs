//! The one binary: a server without configuration, and the tools around it.

mod config;
mod log;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use config::{Config, Overrides};

/// Exit codes of sysexits.h.
mod exit {
    pub(crate) const UNAVAILABLE: u8 = 69;
    pub(crate) const CONFIG: u8 = 78;
}

/// Instant messaging that you run yourself.
#[derive(Debug, Parser)]
#[command(name = "voodoo", version, about)]
struct Arguments {
    /// Read settings from this file alone.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve; what happens without a command too.
    Serve,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::read(arguments.config.as_deref(), &arguments.overrides) {
        Ok(config) => config,
        Err(error) => return fail(exit::CONFIG, &error),
    };
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => match serve::serve(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(exit::UNAVAILABLE, &error),
        },
    }
}

#[expect(clippy::print_stderr, reason = "the last words of a program that cannot go on")]
fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    eprintln!("voodoo: {error:#}");
    ExitCode::from(code)
}
