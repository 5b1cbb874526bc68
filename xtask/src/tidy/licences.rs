//! Whether every dependency may be used: its licence must be one of those that `deny.toml` allows.

use serde_json::Value;

use super::Finding;
use super::facts::Facts;

/// May be used for fonts, which are handed on as they are with their licence beside them.
const FOR_FONTS: &str = "OFL-1.1";
/// Packages from here hold fonts and nothing else.
const FONTS: &str = "node_modules/@fontsource";
/// What is handed on of others as it is, with the words that its licences ask for.
const NOTICE: &str = "NOTICE";

/// Finds packages whose licence is not allowed.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let is_allowed = |licence: &str| facts.allowed_licences.iter().any(|known| known == licence);
    let refused = facts.foreign.iter().filter(|package| {
        !package.licence.as_deref().is_some_and(|expression| may_use(expression, &is_allowed))
    });
    refused
        .map(|package| {
            let licence = package.licence.as_deref().unwrap_or("no licence");
            Finding::Fail(format!("{}: {licence} is not allowed", package.name))
        })
        .collect()
}

/// Finds npm packages of the page whose licence is not allowed, and fonts that no notice names.
///
/// Tools that only build or test are not handed on and are not looked at.
pub(super) fn npm(facts: &Facts) -> Vec<Finding> {
    let packages = facts.npm_lock["packages"].as_object().into_iter().flatten();
    let shipped = packages.filter(|(path, package)| is_shipped(path, package));
    shipped.filter_map(|(path, package)| refused(facts, path, package)).map(Finding::Fail).collect()
}

/// The package with the empty path is the web client itself.
fn is_shipped(path: &str, package: &Value) -> bool {
    !path.is_empty() && package["dev"] != true && package["devOptional"] != true
}

fn refused(facts: &Facts, path: &str, package: &Value) -> Option<String> {
    let is_font = path.starts_with(FONTS);
    let is_allowed = |licence: &str| {
        let is_known = facts.allowed_licences.iter().any(|known| known == licence);
        is_known || (is_font && licence == FOR_FONTS)
    };
    let licence = package["license"].as_str();
    if !licence.is_some_and(|expression| may_use(expression, &is_allowed)) {
        let licence = licence.unwrap_or("no licence");
        return Some(format!("{path}: {licence} is not allowed"));
    }
    let name = path.trim_start_matches("node_modules/");
    let notice = facts.files.iter().find(|file| file.path == NOTICE);
    let is_named = notice.is_some_and(|notice| notice.text.contains(name));
    (is_font && !is_named).then(|| format!("{path}: {NOTICE} does not name it"))
}

/// Whether an SPDX expression leaves a choice of allowed licences only.
///
/// `A/B` is the old way of writing `A OR B`. An exception (`A WITH B`) only widens what `A`
/// allows.
fn may_use(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, is_allowed) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut may = all_of(words, is_allowed);
    while words.next_if_eq(&"OR").is_some() {
        may |= all_of(words, is_allowed);
    }
    may
}

fn all_of(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut may = one(words, is_allowed);
    while words.next_if_eq(&"AND").is_some() {
        may &= one(words, is_allowed);
    }
    may
}

fn one(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let may = any_of(words, is_allowed);
        return words.next_if_eq(&")").is_some() && may;
    }
    let may = words.next().is_some_and(is_allowed);
    if words.next_if_eq(&"WITH").is_some() {
        return words.next().is_some() && may;
    }
    may
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tidy::facts::{File, Foreign};

    #[test]
    fn a_font_may_have_a_licence_of_its_own_and_has_to_be_named() {
        let check = |path: &str, package: Value, notice: &str, expect: usize| {
            let files = vec![File { path: NOTICE.to_owned(), text: notice.to_owned() }];
            let mut packages = serde_json::Map::new();
            packages.insert(path.to_owned(), package);
            let npm_lock = json!({"packages": packages});
            let allowed_licences = vec!["MIT".to_owned()];
            let facts = Facts { files, npm_lock, allowed_licences, ..Facts::default() };
            assert_eq!(npm(&facts).len(), expect, "{path}");
        };
        let font = "node_modules/@fontsource-variable/geist";
        check(font, json!({"license": "OFL-1.1"}), "@fontsource-variable/geist", 0);
        check(font, json!({"license": "OFL-1.1"}), "nothing", 1);
        check("node_modules/x", json!({"license": "MIT"}), "", 0);
        check("node_modules/x", json!({"license": "OFL-1.1"}), "", 1);
        check("node_modules/x", json!({"license": "GPL-3.0"}), "", 1);
        check("node_modules/x", json!({}), "", 1);
        check("node_modules/x", json!({"license": "GPL-3.0", "dev": true}), "", 0);
        check("", json!({"license": "GPL-3.0"}), "", 0);
    }

    #[test]
    fn expressions_are_read_as_spdx_says() {
        let is_allowed = |licence: &str| matches!(licence, "MIT" | "ISC" | "Unicode-3.0");
        let check = |expression, expect| {
            assert_eq!(may_use(expression, &is_allowed), expect, "{expression}");
        };
        check("MIT", true);
        check("GPL-3.0", false);
        check("GPL-3.0 OR MIT", true);
        check("GPL-3.0 AND MIT", false);
        check("Apache-2.0/MIT", true);
        check("(GPL-3.0 OR MIT) AND Unicode-3.0", true);
        check("(GPL-3.0 OR MIT) AND Zlib", false);
        check("MIT AND (ISC OR GPL-3.0 AND Zlib)", true);
        check("GPL-3.0 WITH LLVM-exception OR MIT", true);
        check("MIT WITH LLVM-exception", true);
        check("(MIT", false);
        check("", false);
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        let package = |licence: Option<&str>| Foreign {
            name: "x".to_owned(),
            licence: licence.map(str::to_owned),
        };
        let foreign = vec![package(Some("MIT")), package(Some("AGPL-3.0")), package(None)];
        let allowed_licences = vec!["MIT".to_owned()];
        let found = check(&Facts { foreign, allowed_licences, ..Facts::default() });
        let expect = ["x: AGPL-3.0 is not allowed", "x: no licence is not allowed"];
        assert_eq!(found, expect.map(|text| Finding::Fail(text.to_owned())));
    }
}
