//! The one tool around the code: `cargo xtask COMMAND`.
//!
//! Each command is the file of the same name; what several of them need stands in `needs`,
//! `process`, `repo`, `suites`, `tally` and `web`. No product code lives here.

mod bench;
mod check;
mod codegen;
mod dev;
mod dist;
mod e2e;
mod fix;
mod needs;
mod process;
mod proof;
mod repo;
mod run;
mod setup;
mod suites;
mod tally;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// One command: its name and arguments as typed, and what it is for.
struct Command {
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    command("setup", "", "check tools, install what is missing", setup::run),
    command("run", "[-- ARGS]", "web client and release server, no configuration", run::run),
    command("dev", "", "server with demo users on :8080, Vite on :5173", dev::run),
    command("test", "[FILTER]", "every test, or those that match", test::run),
    command("fix", "", "format, fix lints, generate code", fix::run),
    command("check", "", "every gate that runs no test", check::run),
    command("codegen", "[--check]", "protocol schema and its TypeScript types", codegen::run),
    command("tidy", "", "rules of the house that no compiler knows", tidy::run),
    command("e2e", "[FILTER]", "end-to-end tests in a real browser", e2e::run),
    command("bench", "[ARGS]", "the load tool", bench::run),
    command("proof", "[ARGS]", "the long proof: 200 kills, a million messages", proof::run),
    command("dist", "", "release binary with checksums in dist/", dist::run),
];

const fn command(
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
) -> Command {
    Command { name, args, about, run }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::complain(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let (name, rest) = args.split_first().map_or(("help", args), |(name, rest)| (name, rest));
    if matches!(name, "help" | "--help" | "-h") {
        return help();
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("no command `{name}`; `cargo xtask help` lists them");
    };
    (command.run)(rest).with_context(|| format!("cargo xtask {name}"))
}

fn help() -> Result<()> {
    for Command { name, args, about, .. } in COMMANDS {
        process::say(format!("cargo xtask {:<20} {about}", format!("{name} {args}")));
    }
    Ok(())
}
