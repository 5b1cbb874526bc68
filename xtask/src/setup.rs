//! `cargo xtask setup`: everything the other commands need, in one go.

use anyhow::Result;

use crate::needs::{self, FOR_CHECK};
use crate::process::say;
use crate::suites::{self, ALL};
use crate::web;

/// Checks the tools, installs what is missing, and lays the placeholder of the web client.
///
/// # Errors
///
/// If something is missing and cannot be installed here.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(FOR_CHECK)?;
    suites::ensure_needs(ALL)?;
    web::install()?;
    web::ensure_placeholder()?;
    say("ready: `cargo xtask run` starts Voodoo, `cargo xtask test` runs every test");
    Ok(())
}
