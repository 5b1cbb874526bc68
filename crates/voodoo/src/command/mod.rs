//! What can be said on the command line.

mod backup;
mod bench;
mod echo;
mod health;
mod invite;
mod output;
mod settings;
mod user;
mod verify;

use std::path::PathBuf;

use clap::{CommandFactory as _, Parser};
use clap_complete::Shell;
use serde_json::json;
use voodoo_proto::SUBPROTOCOL;

use crate::config::{Overrides, Sources};
use crate::exit::{Exit, Failure};
use crate::serve;

/// Instant messaging that you run yourself.
#[derive(Debug, Parser)]
#[command(name = "voodoo", version, about)]
pub(crate) struct Arguments {
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
    /// Accounts: add, list, reset, disable, enable.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Invites: create.
    #[command(subcommand)]
    Invite(invite::InviteCommand),
    /// Check everything that is stored, beside a running server or without one.
    Verify(Format),
    /// Backups: create, verify, list.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Make a data folder from a backup.
    Restore(backup::RestoreArguments),
    /// Settings: show what holds, or check it.
    #[command(subcommand)]
    Config(settings::ConfigCommand),
    /// Ask the server that should be running here whether it serves.
    Healthcheck,
    /// Measure this program on this machine.
    Bench(voodoo_bench::Arguments),
    /// Be one process of a measurement.
    #[command(subcommand, hide = true)]
    BenchPart(voodoo_bench::Part),
    /// Say which version this is.
    Version(Format),
    /// Say back what is heard, for suites that judge WebSocket servers.
    #[command(hide = true)]
    WsEcho,
    /// Print what completes commands in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Format {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Does what was said.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let read = || {
            let read = Sources::read(self.config.as_deref(), &self.overrides);
            read.map_err(Failure::with(Exit::Config))
        };
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(&read()?.config),
            Command::User(command) => user::run(command, &read()?.config),
            Command::Invite(command) => invite::run(command, &read()?.config),
            Command::Verify(format) => verify::run(format, &read()?.config),
            Command::Backup(command) => backup::run(command, || Ok(read()?.config)),
            Command::Restore(wanted) => backup::restore(&wanted),
            Command::Config(command) => settings::run(command, &read()?),
            Command::Healthcheck => health::run(&read()?.config),
            Command::Bench(arguments) => bench::run(&arguments),
            Command::BenchPart(part) => bench::part(part),
            Command::WsEcho => echo::run(&read()?.config),
            Command::Version(format) => version(format),
            Command::Completions { shell } => completions(shell),
        }
    }
}

/// The least of what Linux knows, of 0 to 19.
const LEAST_PRIORITY: i32 = 19;

/// Lets a server beside it go first: what takes minutes of a processor is not to be waited for.
fn step_aside() {
    if let Err(error) = rustix::process::nice(LEAST_PRIORITY) {
        tracing::debug!(%error, "the priority stays as it is");
    }
}

fn version(format: Format) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if format.json {
        return output::json(&json!({"version": version, "protocols": [SUBPROTOCOL]}));
    }
    output::text(&format!("voodoo {version}, protocol {SUBPROTOCOL}\n"))
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "voodoo", &mut script);
    output::bytes(&script)
}

/// Runs what needs the store or the network.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    crate::log::begin_quietly().map_err(Failure::with(Exit::Config))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::with(Exit::Internal))?.block_on(work)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = include_str!("../../../../docs/operate/cli.md");

    /// Every command below one, as it is typed, with its own options.
    fn collect(prefix: &str, command: &clap::Command, found: &mut BTreeSet<String>) {
        let name = format!("{prefix}{}", command.get_name());
        let options = command.get_arguments().filter(|argument| !argument.is_global_set());
        let options = options.filter_map(clap::Arg::get_long).map(|long| format!("--{long}"));
        found.extend(options.filter(|option| option != "--help" && option != "--version"));
        let is_shown = |below: &&clap::Command| below.get_name() != "help" && !below.is_hide_set();
        let below = command.get_subcommands().filter(is_shown);
        below.for_each(|below| collect(&format!("{name} "), below, found));
        if !command.has_subcommands() {
            found.insert(name);
        }
    }

    #[test]
    fn every_command_and_option_stands_on_the_page() {
        let mut found = BTreeSet::new();
        collect("", &Arguments::command(), &mut found);
        assert!(found.contains("voodoo user add"), "{found:?}");
        let missing: Vec<_> = found.iter().filter(|words| !PAGE.contains(*words)).collect();
        assert!(missing.is_empty(), "docs/operate/cli.md does not name {missing:?}");
    }

    #[test]
    fn every_exit_code_stands_on_the_page() {
        use Exit::{BadData, CannotCreate, Config, Internal, Unavailable, Usage};
        for exit in [Usage, BadData, Unavailable, Internal, CannotCreate, Config] {
            let row = format!("| {} |", exit as u8);
            assert!(PAGE.contains(&row), "docs/operate/cli.md has no row {row:?}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
