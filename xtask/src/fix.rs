//! `cargo xtask fix`: everything a machine can put right by itself.

use anyhow::Result;

use crate::needs::{self, FOR_CHECK};
use crate::process::{self, cargo, npm};
use crate::repo::CI_PROFILE;
use crate::{codegen, web};

/// Generates code, fixes lints and formats, Rust and web alike.
///
/// # Errors
///
/// If one of the tools fails, for example because the code does not compile.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(FOR_CHECK)?;
    web::install()?;
    web::ensure_placeholder()?;
    codegen::write()?;
    process::run(
        cargo(["clippy", "--fix", "--allow-dirty", "--allow-staged", "--workspace"]).args([
            "--all-targets",
            "--profile",
            CI_PROFILE,
        ]),
    )?;
    process::run(&mut cargo(["fmt", "--all"]))?;
    process::run(&mut npm(["run", "fix"]))
}
