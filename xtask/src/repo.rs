//! Where things are: the checkout, its files, and the directory cargo builds into.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use anyhow::{Context as _, Result};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::process::{self, cargo};

/// The binary package and the binary itself.
pub(crate) const BINARY: &str = "voodoo";

/// The profile of tests and of the binary they run: release-like, with every check on.
pub(crate) const CI_PROFILE: &str = "ci";

/// The root of the checkout.
///
/// Cargo says where this package is, since one build directory may serve several checkouts.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        Path::new(&own).parent().expect("xtask is a folder of the checkout").to_owned()
    });
    &ROOT
}

/// The web client's folder.
pub(crate) fn web() -> PathBuf {
    root().join("web")
}

/// The directory cargo builds into, however it was configured.
///
/// # Errors
///
/// If cargo cannot read the workspace.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = metadata(&["--no-deps"])?;
    let dir = metadata["target_directory"].as_str().context("no target_directory in metadata")?;
    Ok(PathBuf::from(dir))
}

/// Where a build with `profile` leaves the product's binary.
///
/// # Errors
///
/// If cargo cannot read the workspace.
pub(crate) fn binary(profile: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join(profile).join(format!("{BINARY}{}", env::consts::EXE_SUFFIX)))
}

/// What `cargo metadata` says about the workspace.
///
/// # Errors
///
/// If cargo fails or answers something else than JSON.
pub(crate) fn metadata(args: &[&str]) -> Result<Value> {
    let text = process::read(cargo(["metadata", "--format-version=1"]).args(args))?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

/// The commit of the checkout, marked if something in it is not committed.
///
/// # Errors
///
/// If this is not a git checkout.
pub(crate) fn commit() -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]);
    Ok(process::read(&mut git)?.trim().to_owned())
}

/// Every file of the checkout that is or could be committed, relative to the root, in order.
///
/// # Errors
///
/// If this is not a git checkout.
pub(crate) fn files() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::read(&mut git)?;
    let names: BTreeSet<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    // A file that was deleted but not committed yet is still listed.
    Ok(names.into_iter().filter(|name| root().join(name).is_file()).map(str::to_owned).collect())
}

/// Every file below `dir`, in order, without the folders named in `left_out`.
///
/// # Errors
///
/// If a folder cannot be read.
pub(crate) fn walk(dir: &Path, left_out: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        let entries = fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))?;
        for entry in entries {
            let path = entry?.path();
            let is_left_out =
                path.file_name().is_some_and(|name| left_out.iter().any(|n| name == *n));
            match (is_left_out, path.is_dir()) {
                (true, _) => {}
                (false, true) => open.push(path),
                (false, false) => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The SHA-256 of names and contents of `files`, in hexadecimal.
///
/// # Errors
///
/// If a file cannot be read.
pub(crate) fn hash_files(files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
