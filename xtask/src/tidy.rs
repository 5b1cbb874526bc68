//! `cargo xtask tidy`: the rules of the house that neither compiler nor linter knows.
//!
//! The facts are gathered once; each rule is a function over them that returns what it found.

mod deploy;
mod edges;
mod facts;
mod fixtures;
mod licences;
mod marks;
mod pages;
mod sizes;
mod supply;

use anyhow::{Result, bail};

use crate::process::say;
use facts::Facts;

/// What a rule has to say.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// Worth a look; nothing fails.
    Warn(String),
    /// Against the rules.
    Fail(String),
}

struct Rule {
    name: &'static str,
    check: fn(&Facts) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { name: "edges", check: edges::check },
    Rule { name: "sizes", check: sizes::check },
    Rule { name: "fixtures", check: fixtures::check },
    Rule { name: "named paths", check: pages::named_paths },
    Rule { name: "links", check: pages::links },
    Rule { name: "deploy", check: deploy::check },
    Rule { name: "licences", check: licences::check },
    Rule { name: "npm licences", check: licences::npm },
    Rule { name: "own feet", check: marks::outside },
    Rule { name: "unfinished", check: marks::unfinished },
    Rule { name: "unchecked", check: marks::unchecked },
    Rule { name: "crates", check: supply::crates },
    Rule { name: "npm packages", check: supply::npm },
];

/// Checks every rule.
///
/// # Errors
///
/// If something is against a rule, or the facts cannot be gathered.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    check()
}

/// Checks every rule and prints what was found.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check() -> Result<()> {
    let facts = Facts::gather()?;
    let mut n_failed = 0;
    for rule in RULES {
        for finding in (rule.check)(&facts) {
            match finding {
                Finding::Warn(text) => say(format!("warning: {}: {text}", rule.name)),
                Finding::Fail(text) => {
                    n_failed += 1;
                    say(format!("error: {}: {text}", rule.name));
                }
            }
        }
    }
    if n_failed > 0 {
        bail!("{n_failed} found against the rules");
    }
    say(format!("tidy: {} files keep {} rules", facts.files.len(), RULES.len()));
    Ok(())
}
