//! `cargo xtask proof`: cuts the power under the store, and kills the release server again and
//! again while many clients talk.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process::{self, cargo};
use crate::repo;
use crate::web;

/// Where the figures of the last whole run are kept.
const REPORT: &str = "bench/results/proof.json";
/// What runs the proof.
const BIN: &str = "voodoo-proof";
/// Power cuts of the whole run, unless `VOODOO_POWER_CUTS` says another number.
const POWER_CUTS: &str = "200";

/// Builds server and proof, cuts the power and runs the proof with `args`; without any, the whole
/// of it, whose figures are kept.
///
/// # Errors
///
/// If something cannot be built, anything was lost, doubled or moved, or a bound is missed.
pub(crate) fn run(args: &[String]) -> Result<()> {
    web::install()?;
    web::build()?;
    let mut build = cargo(["build", "--release", "--locked", "--package", repo::BINARY]);
    process::run(&mut build)?;
    let binary = repo::binary("release")?;
    let power = binary.with_file_name("power-cuts");
    cut_power(&power, args.is_empty())?;
    let mut proof =
        cargo(["run", "--release", "--locked", "--package", "voodoo-proof", "--bin", BIN, "--"]);
    proof.arg("--server").arg(binary).arg("--power").arg(power);
    proof.args(["--commit", &repo::commit()?]);
    if args.is_empty() {
        proof.args(["--report", REPORT]);
    }
    process::run(proof.args(args))
}

/// Runs the store's test of power cuts, which leaves what came of them in `report`.
fn cut_power(report: &Path, is_whole: bool) -> Result<()> {
    if report.exists() {
        fs::remove_dir_all(report).with_context(|| format!("emptying {}", report.display()))?;
    }
    fs::create_dir_all(report).with_context(|| format!("making {}", report.display()))?;
    let mut test = cargo(["test", "--release", "--locked", "--package", "voodoo-store"]);
    test.args(["--test", "it", "power::", "--", "--nocapture"]).env("VOODOO_POWER_REPORT", report);
    if is_whole && env::var_os("VOODOO_POWER_CUTS").is_none() {
        test.env("VOODOO_POWER_CUTS", POWER_CUTS);
    }
    process::run(&mut test)
}
