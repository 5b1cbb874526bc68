//! `cargo xtask codegen`: what is generated from the protocol's types.
//!
//! Three files, all committed: the JSON Schema that the documentation publishes, the web client's
//! TypeScript types made from it, and the description of the HTTP door. With `--check` nothing is
//! written; a committed file that differs from what the types say is an error.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::needs::{self, NPM};
use crate::process::{self, cargo, say};
use crate::repo::{self, CI_PROFILE};
use crate::web;

/// The published schema, from the root of the checkout.
pub(crate) const SCHEMA: &str = "docs/protocol/schema.json";
/// The web client's wire types.
pub(crate) const TYPES: &str = "web/src/proto/wire.gen.ts";

/// The published description of the HTTP door.
pub(crate) const DOOR: &str = "docs/protocol/openapi.json";

/// Writes the generated files, or checks them with `--check`.
///
/// # Errors
///
/// If a generator fails, or a committed file is out of date.
pub(crate) fn run(args: &[String]) -> Result<()> {
    needs::ensure(&[&NPM])?;
    web::install()?;
    match args {
        [] => write(),
        [flag] if flag == "--check" => check(),
        [_, ..] => bail!("the only argument is --check"),
    }
}

/// Writes the generated files.
///
/// # Errors
///
/// If a generator fails or a file cannot be written.
pub(crate) fn write() -> Result<()> {
    generate(&[SCHEMA, TYPES, DOOR].map(|file| repo::root().join(file)))?;
    say(format!("{SCHEMA}\n{TYPES}\n{DOOR}"));
    Ok(())
}

/// Compares the committed files with what the types say.
///
/// # Errors
///
/// If a generator fails or a file differs.
pub(crate) fn check() -> Result<()> {
    let dir = repo::target_dir()?.join("xtask");
    let fresh = ["schema.json", "wire.gen.ts", "openapi.json"].map(|file| dir.join(file));
    generate(&fresh)?;
    for (committed, fresh) in [SCHEMA, TYPES, DOOR].iter().zip(&fresh) {
        let known = fs::read(repo::root().join(committed)).unwrap_or_default();
        if known != fs::read(fresh)? {
            bail!("{committed} is not what the types say; `cargo xtask codegen` writes it");
        }
    }
    Ok(())
}

fn generate(files: &[PathBuf; 3]) -> Result<()> {
    let [schema, types, door] = files;
    for path in files {
        fs::create_dir_all(path.parent().expect("a file has a folder"))?;
    }
    for (path, printed) in
        [(schema, printed("voodoo-proto", "schema")?), (door, printed("voodoo-server", "openapi")?)]
    {
        fs::write(path, pretty(&printed)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let mut node = Command::new("node");
    node.current_dir(repo::web()).arg("scripts/codegen.mjs").arg(schema).arg(types);
    process::run(&mut node)
}

/// What an example of a crate prints.
fn printed(package: &str, example: &str) -> Result<String> {
    let mut run = cargo(["run", "--quiet", "--locked", "--profile", CI_PROFILE]);
    process::read(run.args(["--package", package, "--example", example]))
}

/// The same JSON, sorted and indented, so that a change shows as its lines alone.
fn pretty(json: &str) -> Result<String> {
    let value: Value = serde_json::from_str(json).context("what was printed is not JSON")?;
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_sorted_and_indented() {
        assert_eq!(pretty(r#"{"b":1,"a":[]}"#).unwrap(), "{\n  \"a\": [],\n  \"b\": 1\n}\n");
        assert!(pretty("{").is_err());
    }
}
