//! `cargo xtask run`: from a fresh clone to a running server, without configuration.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::needs::{self, NPM};
use crate::process::{self, cargo};
use crate::{repo, web};

/// Builds the web client and the release server, then becomes the server.
///
/// What stands after `--` goes to the server.
///
/// # Errors
///
/// If a build fails or the server cannot be started.
pub(crate) fn run(args: &[String]) -> Result<()> {
    needs::ensure(&[&NPM])?;
    web::build()?;
    process::run(&mut cargo(["build", "--release", "--package", repo::BINARY]))?;
    let binary = repo::binary("release")?;
    let error = Command::new(&binary).args(args.iter().skip_while(|arg| *arg == "--")).exec();
    Err(error).with_context(|| format!("starting {}", binary.display()))
}
