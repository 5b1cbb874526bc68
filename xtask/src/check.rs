//! `cargo xtask check`: every gate that runs no test.
//!
//! All gates run, whatever the others said. They share the profile of the tests, so that build
//! scripts and procedural macros are built once for `check` and `test` together.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::needs::{self, FOR_CHECK};
use crate::process::{cargo, npm, run as run_command, say};
use crate::repo::CI_PROFILE;
use crate::{codegen, tidy, web};

struct Gate {
    name: &'static str,
    run: fn() -> Result<()>,
}

const GATES: &[Gate] = &[
    Gate { name: "format", run: format },
    Gate { name: "tidy", run: tidy::check },
    Gate { name: "codegen", run: codegen::check },
    Gate { name: "web lint", run: || run_command(&mut npm(["run", "lint"])) },
    Gate { name: "web types", run: || run_command(&mut npm(["run", "typecheck"])) },
    Gate { name: "clippy", run: clippy },
    Gate { name: "docs", run: docs },
];

/// Runs every gate, prints how long each took, and lists those that failed.
///
/// # Errors
///
/// If a gate fails.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(FOR_CHECK)?;
    web::install()?;
    web::ensure_placeholder()?;
    let failed: Vec<&str> = GATES.iter().filter(|gate| !passes(gate)).map(|g| g.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    say(format!("check: all {} gates are open", GATES.len()));
    Ok(())
}

fn passes(gate: &Gate) -> bool {
    say(format!("== {}", gate.name));
    let start = Instant::now();
    let outcome = (gate.run)();
    let secs = start.elapsed().as_secs_f64();
    match outcome {
        Ok(()) => say(format!("== {}: ok in {secs:.1} s", gate.name)),
        Err(ref error) => say(format!("== {}: FAILED in {secs:.1} s: {error:#}", gate.name)),
    }
    outcome.is_ok()
}

fn format() -> Result<()> {
    run_command(&mut cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let mut clippy = cargo(["clippy", "--workspace", "--all-targets", "--locked", "--keep-going"]);
    run_command(clippy.args(["--profile", CI_PROFILE, "--", "-D", "warnings"]))
}

fn docs() -> Result<()> {
    let mut doc = cargo(["doc", "--no-deps", "--document-private-items", "--workspace"]);
    doc.args(["--locked", "--profile", CI_PROFILE]).env("RUSTDOCFLAGS", "-D warnings");
    run_command(&mut doc)
}
