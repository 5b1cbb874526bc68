//! `cargo xtask bench`: the load tool, built as the product is.

use anyhow::Result;

use crate::process::{self, cargo};

/// Runs the load tool with `args`.
///
/// # Errors
///
/// If it cannot be built or fails.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut bench = cargo(["run", "--release", "--package", "voodoo-bench", "--"]);
    process::run(bench.args(args))
}
