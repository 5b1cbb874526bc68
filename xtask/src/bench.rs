//! `cargo xtask bench`: the load tool, built as the product is.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, cargo};
use crate::repo;

/// Builds the product and lets it measure itself with `args`; `cargo xtask bench --help` says
/// which there are.
///
/// # Errors
///
/// If it cannot be built, a must is missed or the clients' check fails.
pub(crate) fn run(args: &[String]) -> Result<()> {
    process::run(&mut cargo(["build", "--release", "--package", repo::BINARY]))?;
    let mut bench = Command::new(repo::binary("release")?);
    process::run(bench.current_dir(repo::root()).args(["bench", "--commit", &commit()]).args(args))
}

/// Which commit is measured, and whether anything was changed since.
fn commit() -> String {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        process::read(git.current_dir(repo::root()).args(args)).unwrap_or_default()
    };
    let changed = if git(&["status", "--porcelain"]).is_empty() { "" } else { " with changes" };
    format!("{}{changed}", git(&["rev-parse", "--short=12", "HEAD"]).trim())
}
