//! `cargo xtask e2e`: the end-to-end tests alone.

use anyhow::Result;

use crate::suites::{self, E2E};

/// Builds the web client and the binary and runs the tests in a real browser.
///
/// # Errors
///
/// If a test fails or is skipped, or something the tests need is missing.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let filters: Vec<&str> = args.first().map(String::as_str).into_iter().collect();
    suites::run(&[&E2E], &filters)
}
