//! Settings as a flat list: names with dots, values, and who said so.

use anyhow::Context as _;
use figment::{Figment, Source};
use serde_json::Value;

use super::sections::Config;

/// One setting as it holds.
pub(crate) struct Setting {
    /// Its name, with dots between the sections.
    pub(crate) name: String,
    /// What it is set to.
    pub(crate) value: Value,
    /// Where that was said: `default`, a file, a variable of the environment, or the command line.
    pub(crate) origin: String,
}

/// Every setting by name, each with its origin.
pub(crate) fn settings(config: &Config, figment: &Figment) -> anyhow::Result<Vec<Setting>> {
    let leaves = leaves(config)?.into_iter();
    let settings = leaves.map(|(name, value)| {
        let origin = origin_of(figment, &name);
        Setting { name, value, origin }
    });
    Ok(settings.collect())
}

/// Every setting by name.
pub(super) fn leaves(config: &Config) -> anyhow::Result<Vec<(String, Value)>> {
    let root = serde_json::to_value(config).context("settings are not JSON")?;
    let mut found = Vec::new();
    collect(String::new(), root, &mut found);
    Ok(found)
}

fn collect(name: String, value: Value, found: &mut Vec<(String, Value)>) {
    let Value::Object(section) = value else {
        found.push((name, value));
        return;
    };
    for (key, value) in section {
        let name = if name.is_empty() { key } else { format!("{name}.{key}") };
        collect(name, value, found);
    }
}

/// The variable of the environment that sets a setting.
pub(super) fn variable(name: &str) -> String {
    format!("VOODOO_{}", name.replace('.', "__").to_ascii_uppercase())
}

fn origin_of(figment: &Figment, name: &str) -> String {
    let Some(metadata) = figment.find_metadata(name) else { return "default".to_owned() };
    match &metadata.source {
        Some(Source::File(path)) => path.display().to_string(),
        Some(_) | None if metadata.name == super::sources::ENVIRONMENT => variable(name),
        Some(_) | None => metadata.name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = include_str!("../../../../docs/operate/configure.md");

    /// Name, default, and variable of each row of the tables.
    fn rows() -> BTreeSet<[String; 3]> {
        let cells = |line: &str| {
            let cells: Vec<_> =
                line.split(" | ").map(|cell| cell.trim_matches([' ', '|'])).collect();
            let [name, default, unit, variable, meaning] = cells.as_slice() else {
                panic!("a row has five cells: {line}");
            };
            assert!(!meaning.is_empty(), "{line}");
            let is_number = default.trim_matches('`').parse::<f64>().is_ok();
            let is_count =
                ["hashing.passes", "hashing.lanes", "hashing.threads", "hashing.waiting"];
            let has_unit = !unit.is_empty() || is_count.contains(&name.trim_matches('`'));
            assert!(has_unit || !is_number, "a number has a unit: {line}");
            [*name, *default, *variable].map(|cell| cell.trim_matches('`').to_owned())
        };
        PAGE.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
    }

    #[test]
    fn the_page_names_every_setting_and_its_default() {
        let settings = leaves(&Config::default()).unwrap().into_iter();
        let expect: BTreeSet<_> = settings
            .map(|(name, value)| [name.clone(), value.to_string(), variable(&name)])
            .collect();
        let rows = rows();
        let missing: Vec<_> = expect.difference(&rows).collect();
        let wrong: Vec<_> = rows.difference(&expect).collect();
        assert!(missing.is_empty() && wrong.is_empty(), "missing {missing:#?}, wrong {wrong:#?}");
    }
}
