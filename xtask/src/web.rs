//! The web client: its packages, its build, and the placeholder that lets the server compile
//! before it was ever built.
//!
//! What was done for which inputs is remembered in `node_modules`, so that it is forgotten
//! together with the packages.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{npm, run};
use crate::repo;

const PLACEHOLDER: &str = "<!doctype html>
<title>Voodoo</title>
<p>The web client is not built. <code>cargo xtask run</code> builds it.</p>
";

/// What the build does not read, or writes itself.
const NOT_INPUTS: &[&str] =
    &["node_modules", "dist", "e2e", "test-results", "playwright-report", "coverage"];

/// Installs the locked packages if they are not installed as locked.
///
/// # Errors
///
/// If npm fails.
pub(crate) fn install() -> Result<()> {
    let inputs = ["package.json", "package-lock.json"].map(|name| repo::web().join(name));
    once(INSTALLED, &repo::hash_files(&inputs)?, || {
        run(&mut npm(["ci", "--no-audit", "--no-fund"]))
    })
}

/// Builds the web client into `web/dist` if one of its inputs changed since.
///
/// # Errors
///
/// If the packages cannot be installed or the build fails.
pub(crate) fn build() -> Result<()> {
    install()?;
    if !index().is_file() {
        forget(BUILT)?;
    }
    let inputs = repo::walk(&repo::web(), NOT_INPUTS)?;
    once(BUILT, &repo::hash_files(&inputs)?, || run(&mut npm(["run", "build"])))
}

/// Sees that there is a page to embed, without building the real one.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn ensure_placeholder() -> Result<()> {
    if index().is_file() {
        return Ok(());
    }
    forget(BUILT)?;
    fs::create_dir_all(repo::web().join("dist"))?;
    fs::write(index(), PLACEHOLDER).context("writing the placeholder of the web client")
}

const INSTALLED: &str = ".xtask-installed";
const BUILT: &str = ".xtask-built";

fn index() -> PathBuf {
    repo::web().join("dist/index.html")
}

fn stamp(name: &str) -> PathBuf {
    repo::web().join("node_modules").join(name)
}

/// Does `work` unless it was done for the same inputs; work that fails is not remembered.
fn once(name: &str, inputs: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    if fs::read_to_string(stamp(name)).is_ok_and(|known| known == inputs) {
        return Ok(());
    }
    forget(name)?;
    work()?;
    fs::write(stamp(name), inputs).with_context(|| format!("writing {}", stamp(name).display()))
}

fn forget(name: &str) -> Result<()> {
    match fs::remove_file(stamp(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
