//! What the rules look at, read once.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::codegen::SCHEMA;
use crate::process::{self, cargo};
use crate::repo;

/// The checkout and its dependencies, as data.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Every text file that is or could be committed.
    pub(super) files: Vec<File>,
    /// Every path that is or could be committed, text or not.
    pub(super) paths: Vec<String>,
    /// The workspace's own packages.
    pub(super) members: Vec<Member>,
    /// Every package that any of them may pull in, on any platform.
    pub(super) foreign: Vec<Foreign>,
    /// Licences that may be used, from `deny.toml`.
    pub(super) allowed_licences: Vec<String>,
    /// Names of the crates that are linked into the default binary, with their versions.
    pub(super) linked: Vec<String>,
    /// `web/package-lock.json`.
    pub(super) npm_lock: Value,
    /// The protocol's published schema.
    pub(super) schema: Value,
}

/// A text file, by its path from the root of the checkout.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// A package of the workspace.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a package says it depends on.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Only for tests, examples and benchmarks.
    pub(super) is_dev: bool,
    pub(super) features: Vec<String>,
}

/// A package from a registry.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) name: String,
    pub(super) licence: Option<String>,
}

impl Facts {
    /// Reads everything.
    ///
    /// # Errors
    ///
    /// If this is not a git checkout, cargo fails, or a file that must be there is not.
    pub(super) fn gather() -> Result<Self> {
        let metadata = repo::metadata(&["--locked"])?;
        let packages = metadata["packages"].as_array().context("no packages in metadata")?;
        let (foreign, own): (Vec<&Value>, Vec<&Value>) =
            packages.iter().partition(|package| package["source"].is_string());
        let paths = repo::files()?;
        Ok(Self {
            files: paths.iter().filter_map(|path| read_text(path)).collect(),
            paths,
            members: own.into_iter().map(member).collect(),
            foreign: foreign.into_iter().map(foreign_package).collect(),
            allowed_licences: allowed_licences(&read("deny.toml")?),
            linked: linked()?,
            npm_lock: read_json("web/package-lock.json")?,
            schema: read_json(SCHEMA)?,
        })
    }
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(repo::root().join(path)).with_context(|| format!("reading {path}"))
}

fn read_json(path: &str) -> Result<Value> {
    serde_json::from_str(&read(path)?).with_context(|| format!("{path} is not JSON"))
}

/// A file that is not UTF-8 is no text and is left out.
fn read_text(path: &str) -> Option<File> {
    let text = fs::read_to_string(repo::root().join(path)).ok()?;
    Some(File { path: path.to_owned(), text })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn member(package: &Value) -> Member {
    let dependencies = list(&package["dependencies"]).iter().map(dependency).collect();
    Member { name: text(&package["name"]), dependencies }
}

fn dependency(value: &Value) -> Dependency {
    Dependency {
        name: text(&value["name"]),
        is_dev: value["kind"] == "dev",
        features: list(&value["features"]).iter().map(text).collect(),
    }
}

fn foreign_package(package: &Value) -> Foreign {
    let licence = package["license"].as_str().map(str::to_owned);
    Foreign { name: text(&package["name"]), licence }
}

/// The quoted words of `allow = [ … ]`, the only list of that name in `deny.toml`.
fn allowed_licences(deny_toml: &str) -> Vec<String> {
    let list = deny_toml.split_once("\nallow = [").map_or("", |(_, rest)| rest);
    let list = list.split(']').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Lines like `serde v1.0.0 (proc-macro) (*)`, each crate once.
fn linked() -> Result<Vec<String>> {
    let args = ["tree", "--locked", "--edges=normal", "--prefix=none", "--package", repo::BINARY];
    let tree = process::read(&mut cargo(args))?;
    let names = tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_licences_are_the_words_of_the_list() {
        let deny = "[licenses]\nallow = [\n  \"MIT\",\n  \"ISC\",\n]\n[bans]\nskip = [\"x\"]\n";
        assert_eq!(allowed_licences(deny), ["MIT", "ISC"]);
        assert!(allowed_licences("[licenses]\n").is_empty());
    }
}
