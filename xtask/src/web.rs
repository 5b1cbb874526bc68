//! The web client: its packages, its build, and the placeholder that lets the server compile
//! before it was ever built.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{npm, run};
use crate::repo;

const PLACEHOLDER: &str = "<!doctype html>
<title>Voodoo</title>
<p>The web client is not built. <code>cargo xtask run</code> builds it.</p>
";

/// What the build does not read, or writes itself.
const NOT_INPUTS: &[&str] =
    &["node_modules", "dist", "e2e", "test-results", "playwright-report", "coverage"];

/// Remembers for which inputs `web/dist` was built, from the web client's folder. It stands among
/// the packages, so that it is forgotten together with them.
const BUILT: &str = "node_modules/.xtask-built";

/// Installs the locked packages if they are not there.
///
/// The lock lists native parts for all systems. One that lists only those of the machine it was
/// made on leaves it to npm whether to look for the others, which then are not what is locked.
///
/// # Errors
///
/// If npm fails, or what it installed is not what is locked.
pub(crate) fn install() -> Result<()> {
    let manifest = read_json("package.json")?;
    let lock = read_json("package-lock.json")?;
    if !is_lock_of(&lock, &manifest) {
        bail!(
            "web/package-lock.json is older than package.json; `npm install --package-lock-only` in web/ renews it"
        );
    }
    if difference(&lock, &installed()).is_none() {
        return Ok(());
    }
    run(&mut npm(["ci", "--no-audit", "--no-fund"]))?;
    match difference(&lock, &installed()) {
        Some(package) => bail!("{package} was not installed as web/package-lock.json says"),
        None => Ok(()),
    }
}

/// Builds the web client into `web/dist` if one of its inputs changed since.
///
/// # Errors
///
/// If the packages cannot be installed or the build fails.
pub(crate) fn build() -> Result<()> {
    install()?;
    let inputs = repo::hash_files(&repo::walk(&repo::web(), NOT_INPUTS)?)?;
    let is_known = fs::read_to_string(file(BUILT)).is_ok_and(|known| known == inputs);
    if is_known && index().is_file() {
        return Ok(());
    }
    forget_build()?;
    run(&mut npm(["run", "build"]))?;
    fs::write(file(BUILT), inputs).context("remembering the build of the web client")
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
    forget_build()?;
    fs::create_dir_all(file("dist"))?;
    fs::write(index(), PLACEHOLDER).context("writing the placeholder of the web client")
}

fn file(name: &str) -> PathBuf {
    repo::web().join(name)
}

fn index() -> PathBuf {
    file("dist/index.html")
}

fn forget_build() -> Result<()> {
    match fs::remove_file(file(BUILT)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read_json(name: &str) -> Result<Value> {
    let text = fs::read_to_string(file(name)).with_context(|| format!("reading web/{name}"))?;
    serde_json::from_str(&text).with_context(|| format!("web/{name} is not JSON"))
}

/// What npm says it installed; nothing, if it never did.
fn installed() -> Value {
    read_json("node_modules/.package-lock.json").unwrap_or_default()
}

/// Whether a lock file was made for this manifest.
fn is_lock_of(lock: &Value, manifest: &Value) -> bool {
    ["dependencies", "devDependencies"]
        .iter()
        .all(|kind| lock["packages"][""][kind] == manifest[kind])
}

/// The first package that is installed otherwise than locked.
///
/// Optional packages, such as native parts for other systems, may be missing.
fn difference(lock: &Value, installed: &Value) -> Option<String> {
    let locked = lock["packages"].as_object()?;
    let empty = serde_json::Map::new();
    let installed = installed["packages"].as_object().unwrap_or(&empty);
    let missing = locked.iter().find(|(path, package)| {
        !path.is_empty() && package["optional"] != true && !installed.contains_key(*path)
    });
    let other = installed.iter().find(|(path, package)| {
        locked.get(*path).is_none_or(|locked| locked["version"] != package["version"])
    });
    missing.or(other).map(|(path, _)| path.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lock(packages: &Value) -> Value {
        json!({"packages": packages})
    }

    #[test]
    fn a_package_installed_otherwise_than_locked_is_found() {
        let locked = lock(&json!({
            "": {"name": "web"},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/b": {"version": "1.0.0", "optional": true},
        }));
        let check = |packages: &Value, expect: Option<&str>| {
            assert_eq!(difference(&locked, &lock(packages)).as_deref(), expect);
        };
        check(&json!({"node_modules/a": {"version": "1.0.0"}}), None);
        check(&json!({"node_modules/a": {"version": "1.0.1"}}), Some("node_modules/a"));
        check(&json!({"node_modules/b": {"version": "1.0.0"}}), Some("node_modules/a"));
        let more = json!({"node_modules/a": {"version": "1.0.0"}, "node_modules/c": {}});
        check(&more, Some("node_modules/c"));
        assert_eq!(difference(&locked, &Value::Null).as_deref(), Some("node_modules/a"));
    }

    #[test]
    fn a_lock_of_another_manifest_is_found() {
        let manifest = json!({"dependencies": {"a": "1.0.0"}, "devDependencies": {"b": "2.0.0"}});
        assert!(is_lock_of(&lock(&json!({"": manifest})), &manifest));
        let newer = json!({"dependencies": {"a": "1.0.1"}, "devDependencies": {"b": "2.0.0"}});
        assert!(!is_lock_of(&lock(&json!({"": manifest})), &newer));
    }
}
