//! What commands need from the machine besides cargo, as data.
//!
//! A command names its needs and calls [`ensure`]; nothing else is ever asked for. Where the
//! packages of Debian can be installed that is done, elsewhere the command fails and says what
//! is missing. Nothing is skipped because something is missing.

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, find_program, say};

/// One thing the machine must have.
#[derive(Debug)]
pub(crate) struct Need {
    /// What it is, for people.
    name: &'static str,
    probe: Probe,
    /// Debian's packages that bring it; empty if it is not installed that way.
    packages: &'static [&'static str],
}

/// How to see that a need is met.
#[derive(Debug)]
enum Probe {
    /// One of these programs is on the search path.
    Program(&'static [&'static str]),
    /// One of these files or folders exists.
    Path(&'static [&'static str]),
    /// This command ends well.
    Command(&'static [&'static str]),
    /// Some Python 3 can import this module.
    Python(&'static str),
}

pub(crate) const RUSTFMT: Need =
    Need { name: "rustfmt", probe: Probe::Command(&["cargo", "fmt", "--version"]), packages: &[] };
pub(crate) const CLIPPY: Need = Need {
    name: "clippy",
    probe: Probe::Command(&["cargo", "clippy", "--version"]),
    packages: &[],
};
pub(crate) const NPM: Need =
    Need { name: "Node.js 20 with npm", probe: Probe::Program(&["npm"]), packages: &["npm"] };
pub(crate) const CHROMIUM: Need = Need {
    name: "Chromium (end-to-end tests)",
    probe: Probe::Program(BROWSERS),
    packages: &["chromium"],
};
pub(crate) const FONTS: Need = Need {
    name: "Liberation fonts (end-to-end tests)",
    probe: Probe::Path(&[
        "/usr/share/fonts/truetype/liberation",
        "/usr/share/fonts/truetype/liberation2",
        "/usr/share/fonts/liberation",
        "/usr/share/fonts/liberation-fonts",
        "/System/Library/Fonts",
    ]),
    packages: &["fonts-liberation"],
};
pub(crate) const EMOJI: Need = Need {
    name: "Noto Color Emoji (end-to-end tests)",
    probe: Probe::Path(&[
        "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
        "/usr/share/fonts/noto/NotoColorEmoji.ttf",
        "/usr/share/fonts/google-noto-color-emoji-fonts",
        "/System/Library/Fonts",
    ]),
    packages: &["fonts-noto-color-emoji"],
};
pub(crate) const WEBSOCKETS: Need = Need {
    name: "Python 3 with `websockets` (foreign-client test)",
    probe: Probe::Python("websockets"),
    packages: &["python3", "python3-websockets"],
};
pub(crate) const STRACE: Need = Need {
    name: "strace (durability test)",
    probe: Probe::Program(&["strace"]),
    packages: &["strace"],
};

pub(crate) const NGINX: Need = Need {
    name: "nginx (test of the proxy samples)",
    probe: Probe::Program(&["nginx", "/usr/sbin/nginx"]),
    packages: &["nginx-light"],
};
pub(crate) const HAPROXY: Need = Need {
    name: "HAProxy (test of the proxy samples)",
    probe: Probe::Program(&["haproxy", "/usr/sbin/haproxy"]),
    packages: &["haproxy"],
};
pub(crate) const CADDY: Need = Need {
    name: "Caddy (test of the proxy samples)",
    probe: Probe::Program(&["caddy"]),
    packages: &["caddy"],
};

/// What the gates need.
pub(crate) const FOR_CHECK: &[&Need] = &[&RUSTFMT, &CLIPPY, &NPM];

const BROWSERS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Sees that every need is met, by installing packages if that is possible.
///
/// # Errors
///
/// If something is missing and cannot be installed here; the line that installs it is printed.
pub(crate) fn ensure(needs: &[&Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.name).collect::<Vec<_>>().join(", ");
    if missing.iter().any(|need| need.packages.is_empty()) || find_program(&["apt-get"]).is_none() {
        bail!("missing: {names}");
    }
    let install = install_args(&missing);
    if !is_root() {
        say(format!("sudo apt-get {}", install.join(" ")));
        bail!("missing: {names}; the line above installs it");
    }
    say(format!("missing: {names}"));
    process::run(apt().args(["-o", LOCK_WAIT, "update"]))?;
    process::run(apt().args(install))?;
    match self::missing(needs).as_slice() {
        [] => Ok(()),
        [need, ..] => bail!("still missing after the installation: {}", need.name),
    }
}

/// The browser that the end-to-end tests drive.
pub(crate) fn browser() -> Option<PathBuf> {
    find_program(BROWSERS)
}

/// The Python 3 that the foreign-client test runs.
pub(crate) fn python() -> Option<PathBuf> {
    python_with("websockets")
}

const LOCK_WAIT: &str = "DPkg::Lock::Timeout=300";

fn missing<'a>(needs: &[&'a Need]) -> Vec<&'a Need> {
    let mut missing: Vec<&Need> = Vec::new();
    for need in needs {
        // Several suites may name the same need.
        if !missing.iter().any(|known| known.name == need.name) && !is_met(&need.probe) {
            missing.push(need);
        }
    }
    missing
}

fn is_met(probe: &Probe) -> bool {
    match probe {
        Probe::Program(names) => find_program(names).is_some(),
        Probe::Path(paths) => paths.iter().any(|path| Path::new(path).exists()),
        Probe::Command([program, args @ ..]) => process::works(Command::new(program).args(args)),
        Probe::Command([]) => true,
        Probe::Python(module) => python_with(module).is_some(),
    }
}

/// The system's own Python is asked too, since its packages are not seen by one installed beside it.
fn python_with(module: &str) -> Option<PathBuf> {
    let own = env::var_os("VOODOO_PYTHON").map(PathBuf::from);
    let candidates = own.into_iter().chain(["python3".into(), "/usr/bin/python3".into()]);
    let import = format!("import {module}");
    candidates.into_iter().find(|python| process::works(Command::new(python).args(["-c", &import])))
}

fn install_args<'a>(missing: &[&'a Need]) -> Vec<&'a str> {
    let mut args = vec!["install", "-y", "--no-install-recommends", "-o", LOCK_WAIT];
    args.extend(missing.iter().flat_map(|need| need.packages));
    args
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Need = Need {
        name: "a program that does not exist",
        probe: Probe::Program(&["no-such-program-anywhere"]),
        packages: &["first", "second"],
    };
    const ABSENT: Need =
        Need { name: "absent", probe: Probe::Path(&["/no/such/path"]), packages: &[] };

    #[test]
    fn what_is_missing_is_found() {
        let names = |needs: &[&Need]| missing(needs).iter().map(|n| n.name).collect::<Vec<_>>();
        assert_eq!(names(&[&NOWHERE, &ABSENT, &NOWHERE]), [NOWHERE.name, ABSENT.name]);
        let cargo = Need { name: "cargo", probe: Probe::Program(&["cargo"]), packages: &[] };
        assert!(names(&[&cargo]).is_empty());
    }

    #[test]
    fn packages_of_all_missing_needs_are_installed_at_once() {
        let args = install_args(&[&NOWHERE, &STRACE]);
        assert!(args.ends_with(&["first", "second", "strace"]), "{args:?}");
    }

    #[test]
    fn a_need_without_packages_cannot_be_installed() {
        let error = ensure(&[&ABSENT]).expect_err("nothing brings it");
        assert_eq!(error.to_string(), "missing: absent");
    }
}
