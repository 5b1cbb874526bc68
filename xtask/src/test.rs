//! `cargo xtask test`: every test there is, or those that match.

use anyhow::{Result, bail};

use crate::suites::{self, ALL, E2E, RUST, Suite, WEB};

/// A name for a part of the tests.
#[derive(Debug)]
struct Group {
    name: &'static str,
    suites: &'static [&'static Suite],
    /// Only tests whose name contains this.
    filter: Option<&'static str>,
}

/// Words that [`run`] takes for a group rather than for a part of a test's name.
const GROUPS: &[Group] = &[
    Group { name: "rust", suites: &[&RUST], filter: None },
    Group { name: "web", suites: &[&WEB], filter: None },
    Group { name: "e2e", suites: &[&E2E], filter: None },
];

/// Runs all suites; a group by its name; or, of all suites, the tests whose name contains the
/// argument.
///
/// # Errors
///
/// If a test fails or is skipped, no test ran, or something the tests need is missing.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (suites, filter) = selection(args)?;
    suites::run(suites, filter)
}

type Selection<'a> = (&'static [&'static Suite], Option<&'a str>);

fn selection(args: &[String]) -> Result<Selection<'_>> {
    let word = match args {
        [] => return Ok((ALL, None)),
        [word] => word.as_str(),
        [_, ..] => bail!("one filter at most; quote one that has spaces"),
    };
    let group = GROUPS.iter().find(|group| group.name == word);
    Ok(group.map_or((ALL, Some(word)), |group| (group.suites, group.filter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &[&str], names: &[&str], filter: Option<&str>) {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (suites, found) = selection(&args).unwrap();
        assert_eq!(suites.iter().map(|suite| suite.name).collect::<Vec<_>>(), names);
        assert_eq!(found, filter);
    }

    #[test]
    fn a_word_is_a_group_or_a_part_of_a_name() {
        check(&[], &["web", "rust", "e2e"], None);
        check(&["e2e"], &["e2e"], None);
        check(&["survives"], &["web", "rust", "e2e"], Some("survives"));
    }

    #[test]
    fn two_filters_are_refused() {
        assert!(selection(&["a".to_owned(), "b".to_owned()]).is_err());
    }
}
