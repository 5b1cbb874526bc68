//! `cargo xtask proof`: kills the release server again and again while many clients talk.

use anyhow::Result;

use crate::process::{self, cargo};
use crate::repo;
use crate::web;

/// Where the figures of the last whole run are kept.
const REPORT: &str = "bench/results/proof.json";

/// Builds server and proof, and runs the proof with `args`; without any, the whole of it, whose
/// figures are kept.
///
/// # Errors
///
/// If something cannot be built, or anything was lost, doubled or moved.
pub(crate) fn run(args: &[String]) -> Result<()> {
    web::install()?;
    web::build()?;
    let mut build = cargo(["build", "--release", "--locked", "--package", repo::BINARY]);
    process::run(&mut build)?;
    let mut proof = cargo(["run", "--release", "--locked", "--package", "voodoo-proof", "--"]);
    proof.arg("--server").arg(repo::binary("release")?).args(["--commit", &repo::commit()?]);
    if args.is_empty() {
        proof.args(["--report", REPORT]);
    }
    process::run(proof.args(args))
}
