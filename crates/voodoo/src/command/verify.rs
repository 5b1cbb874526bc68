//! `voodoo verify`: the full check of a data folder.

use std::path::Path;

use serde_json::json;
use voodoo_store::{Finding, Holdings, Report};

use super::{Format, output, step_aside};
use crate::admin::{cannot_open, no_data};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Checks, prints what is there and what is wrong, and fails if anything is.
pub(super) fn run(format: Format, config: &Config) -> Result<(), Failure> {
    no_data(&config.data)?;
    crate::log::begin_quietly().map_err(Failure::with(Exit::Config))?;
    step_aside();
    let report = voodoo_store::verify(&config.data);
    let report = report.map_err(|error| cannot_open(error, &config.data))?;
    if format.json {
        output::json(&json!({"healthy": report.findings.is_empty(), "holds": report.holds,
            "findings": report.findings}))?;
    } else {
        output::text(&words(&config.data, &report))?;
    }
    match report.findings.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(Exit::BadData, anyhow::anyhow!("{}", remedy(&report)))),
    }
}

fn remedy(report: &Report) -> &'static str {
    if report.is_file_damaged() {
        "the database is damaged: stop the server, keep this folder for rescue, and restore the newest backup into an empty folder"
    } else {
        "something is not as it has to be: keep a copy of this folder, and if people miss something, restore a backup from before it"
    }
}

fn words(data: &Path, report: &Report) -> String {
    let mut text = format!("Data in {}\n", data.display());
    text += &report.holds.as_ref().map_or_else(
        || "What it holds cannot be read.\n".to_owned(),
        |holds| format!("{}\n", holding(holds)),
    );
    text += &findings(&report.findings);
    text
}

/// What is there, in a line.
pub(super) fn holding(holds: &Holdings) -> String {
    let Holdings { schema, epoch, server_name, users, devices, conversations, messages } = holds;
    format!(
        "{server_name:?}: {users} users on {devices} devices, {conversations} conversations, \
         {messages} messages (schema {schema}, epoch {epoch})"
    )
}

/// What is wrong, a line for each.
pub(super) fn findings(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "The check finds nothing wrong.\n".to_owned();
    }
    let line = |finding: &Finding| {
        let Finding { check, words, n, examples } = finding;
        let shown = u64::try_from(examples.len()).unwrap_or(u64::MAX);
        let more = if *n > shown { format!(" and {} more", n - shown) } else { String::new() };
        format!("{check}: {words}: {}{more}\n", examples.join(", "))
    };
    findings.iter().map(line).collect()
}
