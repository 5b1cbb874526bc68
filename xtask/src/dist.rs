//! `cargo xtask dist`: what is handed to operators.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::needs::{self, NPM};
use crate::process::{self, cargo, say};
use crate::{repo, web};

/// Files that go beside the binary.
const PAPERS: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE", "NOTICE", "README.md", "CHANGELOG.md"];

/// Builds the web client and the release binary and lays them into `dist/` with checksums.
///
/// # Errors
///
/// If a build fails or a file cannot be written.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    needs::ensure(&[&NPM])?;
    web::build()?;
    process::run(&mut cargo(["build", "--release", "--locked", "--package", repo::BINARY]))?;
    let dist = repo::root().join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).context("emptying dist/")?;
    }
    fs::create_dir_all(&dist)?;
    let binary = binary_name(env!("CARGO_PKG_VERSION"));
    fs::copy(repo::binary("release")?, dist.join(&binary)).context("copying the binary")?;
    for paper in PAPERS {
        fs::copy(repo::root().join(paper), dist.join(paper))
            .with_context(|| format!("copying {paper}"))?;
    }
    let names: Vec<&str> = std::iter::once(binary.as_str()).chain(PAPERS.iter().copied()).collect();
    fs::write(dist.join("SHA256SUMS"), checksums(&dist, &names)?)?;
    say(format!("dist/{binary}"));
    Ok(())
}

fn binary_name(version: &str) -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{}-{version}-{os}-{arch}{}", repo::BINARY, std::env::consts::EXE_SUFFIX)
}

/// The list that `sha256sum --check` reads.
fn checksums(dir: &Path, names: &[&str]) -> Result<String> {
    let mut list = String::new();
    for name in names {
        let bytes = fs::read(dir.join(name)).with_context(|| format!("reading {name}"))?;
        list += &format!("{}  {name}\n", repo::hex(&Sha256::digest(bytes)));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let dir = std::env::temp_dir().join(format!("xtask-dist-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("a"), "abc").unwrap();
        let list = checksums(&dir, &["a"]);
        fs::remove_dir_all(&dir).unwrap();
        let expect = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n";
        assert_eq!(list.unwrap(), expect);
    }
}
