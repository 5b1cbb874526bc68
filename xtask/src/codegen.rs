//! `cargo xtask codegen`: what is generated from the protocol's types.
//!
//! Two files, both committed: the JSON Schema that the documentation publishes, and the web
//! client's TypeScript types made from it. With `--check` nothing is written; a committed file
//! that differs from what the types say is an error.

use std::fs;
use std::path::Path;
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
    generate(&repo::root().join(SCHEMA), &repo::root().join(TYPES))?;
    say(format!("{SCHEMA}\n{TYPES}"));
    Ok(())
}

/// Compares the committed files with what the types say.
///
/// # Errors
///
/// If a generator fails or a file differs.
pub(crate) fn check() -> Result<()> {
    let dir = repo::target_dir()?.join("xtask");
    let fresh = [dir.join("schema.json"), dir.join("wire.gen.ts")];
    generate(&fresh[0], &fresh[1])?;
    for (committed, fresh) in [SCHEMA, TYPES].iter().zip(&fresh) {
        let known = fs::read(repo::root().join(committed)).unwrap_or_default();
        if known != fs::read(fresh)? {
            bail!("{committed} is not what the types say; `cargo xtask codegen` writes it");
        }
    }
    Ok(())
}

fn generate(schema: &Path, types: &Path) -> Result<()> {
    for path in [schema, types] {
        fs::create_dir_all(path.parent().expect("a file has a folder"))?;
    }
    fs::write(schema, pretty(&printed_schema()?)?)
        .with_context(|| format!("writing {}", schema.display()))?;
    let mut node = Command::new("node");
    node.current_dir(repo::web()).arg("scripts/codegen.mjs").arg(schema).arg(types);
    process::run(&mut node)
}

/// The schema as the protocol crate prints it.
fn printed_schema() -> Result<String> {
    let mut example = cargo(["run", "--quiet", "--locked", "--profile", CI_PROFILE]);
    process::read(example.args(["--package", "voodoo-proto", "--example", "schema"]))
}

/// The same JSON, sorted and indented, so that a change shows as its lines alone.
fn pretty(json: &str) -> Result<String> {
    let value: Value = serde_json::from_str(json).context("the schema is not JSON")?;
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
