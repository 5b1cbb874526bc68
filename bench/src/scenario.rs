//! Scenarios: what is measured, as small TOML files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// One scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Its name, in reports and on the command line.
    pub(crate) name: String,
    /// What it shows, for people.
    pub(crate) about: String,
    /// What happens.
    pub(crate) kind: Kind,
    /// Users that are connected.
    pub(crate) users: usize,
    /// Accounts in the store, members of the broadcast, where they are more than connect.
    #[serde(default)]
    pub(crate) accounts: usize,
    /// Client processes.
    #[serde(default = "two")]
    pub(crate) processes: usize,
    /// Speak TLS.
    #[serde(default)]
    pub(crate) tls: bool,
    /// Broadcasts in all.
    #[serde(default)]
    pub(crate) rounds: usize,
    /// For how long messages are sent, in seconds.
    #[serde(default)]
    pub(crate) seconds: f64,
    /// Pairs that talk.
    #[serde(default)]
    pub(crate) pairs: usize,
    /// Messages under way of each pair; 0 = by rate.
    #[serde(default)]
    pub(crate) window: usize,
    /// Messages a second of all pairs together.
    #[serde(default)]
    pub(crate) per_s: f64,
    /// Users that stop reading: the last ones.
    #[serde(default)]
    pub(crate) slow: usize,
    /// How long the server waits for a socket that takes nothing, in place of its own setting.
    #[serde(default)]
    pub(crate) not_writable_ms: Option<u64>,
    /// Bytes of each text.
    #[serde(default = "text_bytes")]
    pub(crate) text_bytes: usize,
    /// Users of each client process that are watched for the judge, whole groups and pairs of them.
    #[serde(default = "watched")]
    pub(crate) watched: usize,
    /// Sizes at which growth is looked at.
    #[serde(default)]
    pub(crate) sizes: Vec<usize>,
    /// Messages that stand in the store before.
    #[serde(default)]
    pub(crate) messages: usize,
    /// Whether the quick run takes it too.
    #[serde(default)]
    pub(crate) quick: bool,
}

/// What happens in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Everyone connects, syncs and is silent.
    Idle,
    /// Everyone comes at once.
    Storm,
    /// One sends to all.
    Broadcast,
    /// Groups of 50, everyone in turn.
    Group,
    /// Pairs.
    Direct,
    /// Pairs at a steady rate, with and without broadcasts beside them.
    Mixed,
    /// Pairs at a steady rate, beside users that stop reading while there are broadcasts.
    SlowReaders,
    /// The same at several sizes, and on a full store.
    Growth,
    /// Everyone logs in by password.
    LogIn,
}

fn two() -> usize {
    2
}

/// A group, or 25 pairs.
fn watched() -> usize {
    crate::seed::GROUP
}

fn text_bytes() -> usize {
    120
}

/// The scenarios that come with the tool, in the order in which they run.
const BUILT_IN: &[(&str, &str)] = &[
    ("idle.toml", include_str!("../scenarios/idle.toml")),
    ("storm.toml", include_str!("../scenarios/storm.toml")),
    ("broadcast.toml", include_str!("../scenarios/broadcast.toml")),
    ("group.toml", include_str!("../scenarios/group.toml")),
    ("direct.toml", include_str!("../scenarios/direct.toml")),
    ("direct-paced.toml", include_str!("../scenarios/direct-paced.toml")),
    ("mixed.toml", include_str!("../scenarios/mixed.toml")),
    ("slow-readers.toml", include_str!("../scenarios/slow-readers.toml")),
    ("log-in.toml", include_str!("../scenarios/log-in.toml")),
    ("members.toml", include_str!("../scenarios/members.toml")),
    ("growth.toml", include_str!("../scenarios/growth.toml")),
    ("idle-tls.toml", include_str!("../scenarios/idle-tls.toml")),
    ("storm-tls.toml", include_str!("../scenarios/storm-tls.toml")),
    ("broadcast-tls.toml", include_str!("../scenarios/broadcast-tls.toml")),
];

/// All that come with the tool.
///
/// # Errors
///
/// If one is wrong.
pub(crate) fn built_in() -> Result<Vec<Scenario>> {
    BUILT_IN.iter().map(|(name, text)| parse(name, text)).collect()
}

/// The scenario of this name, or in this file.
///
/// # Errors
///
/// If there is none, or it is wrong.
pub(crate) fn find(name: &str) -> Result<Scenario> {
    let all = built_in()?;
    if let Some(found) = all.iter().find(|one| one.name == name) {
        return Ok(found.clone());
    }
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    let text = fs::read_to_string(Path::new(name)).with_context(|| {
        format!("no scenario and no file is called {name:?}; there are {}", names.join(", "))
    })?;
    parse(name, &text)
}

fn parse(file: &str, text: &str) -> Result<Scenario> {
    let scenario: Scenario = toml::from_str(text).with_context(|| format!("scenario {file}"))?;
    scenario.check().with_context(|| format!("scenario {file}"))?;
    Ok(scenario)
}

impl Scenario {
    fn check(&self) -> Result<()> {
        ensure!(self.users >= 2, "users is {}: at least 2 are needed", self.users);
        ensure!(self.processes >= 1, "processes is 0: at least 1 is needed");
        ensure!(self.text_bytes >= 20, "text_bytes is {}: at least 20", self.text_bytes);
        let group = crate::seed::GROUP;
        ensure!(self.watched.is_multiple_of(group), "watched users are a multiple of {group}");
        match self.kind {
            Kind::Idle | Kind::Storm => {}
            Kind::Broadcast => ensure!(self.rounds > 0, "a broadcast needs rounds"),
            Kind::Group => {
                ensure!(
                    self.users.is_multiple_of(group),
                    "users of groups are a multiple of {group}"
                );
                ensure!(self.seconds > 0.0, "groups need seconds");
            }
            Kind::Direct => self.check_pairs(self.window > 0 || self.per_s > 0.0)?,
            Kind::Mixed => {
                ensure!(self.rounds > 0, "mixed needs rounds");
                self.check_pairs(self.per_s > 0.0)?;
            }
            Kind::SlowReaders => {
                let (slow, pairs, users) = (self.slow, self.pairs, self.users);
                ensure!(self.rounds > 0, "slow readers need rounds");
                ensure!(self.not_writable_ms.is_some(), "slow readers need not_writable_ms");
                ensure!(
                    slow >= 2 && slow + 2 * pairs <= users,
                    "{slow} slow readers and {pairs} pairs of {users} users"
                );
                self.check_pairs(self.per_s > 0.0)?;
            }
            Kind::LogIn => {
                ensure!(self.window > 0, "log-ins need a window");
                ensure!(self.users >= 50, "log-ins need 50 users, so that few are of each");
                ensure!(self.seconds > 0.0, "log-ins need seconds");
            }
            Kind::Growth => {
                ensure!(!self.sizes.is_empty(), "growth needs sizes");
                ensure!(self.rounds > 0, "growth needs rounds");
                self.check_pairs(self.window > 0)?;
            }
        }
        Ok(())
    }

    fn check_pairs(&self, has_load: bool) -> Result<()> {
        let (pairs, users) = (self.pairs, self.users);
        ensure!(self.seconds > 0.0, "pairs need seconds");
        ensure!(has_load, "pairs need a window or per_s");
        ensure!((1..=users / 2).contains(&pairs), "{pairs} pairs of {users} users");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = 'x'\nabout = 'y'\nkind = 'direct'\nusers = 4\npairs = 2\nseconds = 1.0\nwindow = 1\n";

    fn words(text: &str) -> String {
        format!("{:#}", parse("x.toml", text).unwrap_err())
    }

    #[test]
    fn what_comes_with_the_tool_is_right_and_has_names_of_its_own() {
        let all = built_in().unwrap();
        let names: std::collections::BTreeSet<_> = all.iter().map(|one| &one.name).collect();
        assert_eq!((names.len(), all.len()), (BUILT_IN.len(), BUILT_IN.len()));
    }

    #[test]
    fn a_mistake_is_told_with_the_file_and_the_word() {
        assert!(words(&GOOD.replace("window", "windw")).contains("windw"));
        assert!(words(&GOOD.replace("'direct'", "'directly'")).contains("directly"));
        assert!(words(&GOOD.replace("pairs = 2", "pairs = 3")).contains("3 pairs of 4 users"));
        assert!(words(&GOOD.replace("window = 1", "")).contains("a window or per_s"));
        let slow = GOOD.replace("'direct'", "'slow_readers'") + "rounds = 1\nper_s = 1.0\n";
        assert!(words(&slow).contains("not_writable_ms"), "{}", words(&slow));
        let slow = slow + "not_writable_ms = 9\nslow = 2\n";
        assert!(words(&slow).contains("2 slow readers and 2 pairs of 4 users"));
        assert!(words(GOOD.trim_start_matches("name = 'x'\n")).contains("name"));
        for text in ["", "users = 1"] {
            assert!(words(text).starts_with("scenario x.toml"), "{}", words(text));
        }
    }

    #[test]
    fn a_name_that_is_none_lists_those_there_are() {
        let words = format!("{:#}", find("brodcast").unwrap_err());
        assert!(words.contains("brodcast") && words.contains("broadcast, group"), "{words}");
    }
}
