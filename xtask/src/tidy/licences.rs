//! Whether every dependency may be used: its licence must be one of those that `deny.toml` allows.

use super::Finding;
use super::facts::Facts;

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
    use super::*;
    use crate::tidy::facts::Foreign;

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
