//! `cargo xtask test`: every test there is, or those that match.

use anyhow::{Result, bail};

use crate::suites::{self, ALL, E2E, RUST, Suite, WEB};

/// A name for a part of the tests.
#[derive(Debug)]
struct Group {
    name: &'static str,
    suites: &'static [&'static Suite],
    /// Only tests whose name contains one of these; all if there are none.
    filters: &'static [&'static str],
}

/// Words that [`run`] takes for a group rather than for a part of a test's name.
const GROUPS: &[Group] = &[
    Group { name: "rust", suites: &[&RUST], filters: &[] },
    Group { name: "web", suites: &[&WEB], filters: &[] },
    Group { name: "e2e", suites: &[&E2E], filters: &[] },
    Group { name: "proof", suites: ALL, filters: PROOF },
];

/// What shows that no acknowledged message is lost, doubled or out of order: the black-box runs and
/// their checker, the simulation, power cuts, sick disks, damage, backups, system calls, malformed frames, steps that
/// fail, schedules of threads, and the browser through a kill.
const PROOF: &[&str] = &[
    "proof",
    "check::tests",
    "sim::",
    "power",
    "faults::",
    "corruption::",
    "damage",
    "backup",
    "sync_trace",
    "malformed",
    "corpus",
    "fail_points",
    "schedules",
    "sick",
    "survival",
    "golden",
];

/// Runs all suites; a group by its name; or, of all suites, the tests whose name contains the
/// argument.
///
/// # Errors
///
/// If a test fails or is skipped, no test ran, or something the tests need is missing.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (suites, filters) = selection(args)?;
    suites::run(suites, &filters)
}

type Selection<'a> = (&'static [&'static Suite], Vec<&'a str>);

fn selection(args: &[String]) -> Result<Selection<'_>> {
    let word = match args {
        [] => return Ok((ALL, Vec::new())),
        [word] => word.as_str(),
        [_, ..] => bail!("one filter at most; quote one that has spaces"),
    };
    let group = GROUPS.iter().find(|group| group.name == word);
    Ok(group.map_or_else(|| (ALL, vec![word]), |group| (group.suites, group.filters.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &[&str], names: &[&str], filters: &[&str]) {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (suites, found) = selection(&args).unwrap();
        assert_eq!(suites.iter().map(|suite| suite.name).collect::<Vec<_>>(), names);
        assert_eq!(found, filters);
    }

    #[test]
    fn a_word_is_a_group_or_a_part_of_a_name() {
        check(&[], &["web", "rust", "e2e"], &[]);
        check(&["e2e"], &["e2e"], &[]);
        check(&["survives"], &["web", "rust", "e2e"], &["survives"]);
        check(&["proof"], &["web", "rust", "e2e"], PROOF);
    }

    #[test]
    fn two_filters_are_refused() {
        assert!(selection(&["a".to_owned(), "b".to_owned()]).is_err());
    }
}
