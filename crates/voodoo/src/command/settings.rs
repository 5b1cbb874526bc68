//! `voodoo config`: what holds, and whether it could.

use std::path::Path;

use serde_json::{Map, Value, json};
use voodoo_server::password::Hasher;

use super::{Format, output};
use crate::config::{Config, Setting, Sources, settings};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting as it holds, in the form of a file of settings.
    Show(ShowArguments),
    /// Say whether the server could start with these settings.
    Check(Format),
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    /// Say where each setting comes from.
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    format: Format,
}

/// Does what was said.
pub(super) fn run(command: ConfigCommand, sources: &Sources) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show(arguments) => show(&arguments, sources),
        ConfigCommand::Check(format) => check(format, sources),
    }
}

fn show(arguments: &ShowArguments, sources: &Sources) -> Result<(), Failure> {
    let settings = settings(&sources.config, &sources.figment);
    let settings = settings.map_err(Failure::with(Exit::Internal))?;
    match (arguments.format.json, arguments.origin) {
        (true, true) => output::json(&with_origin(settings)),
        (true, false) => output::json(&sources.config),
        (false, is_origin_shown) => {
            let lines = settings.iter().map(|setting| line(setting, is_origin_shown));
            output::text(&lines.collect::<String>())
        }
    }
}

fn with_origin(settings: Vec<Setting>) -> Map<String, Value> {
    let entry = |setting: Setting| {
        (setting.name, json!({"value": setting.value, "origin": setting.origin}))
    };
    settings.into_iter().map(entry).collect()
}

/// A line of TOML: its strings, numbers and lists are written as those of JSON.
fn line(setting: &Setting, is_origin_shown: bool) -> String {
    let Setting { name, value, origin } = setting;
    if is_origin_shown {
        format!("{name} = {value}  # {origin}\n")
    } else {
        format!("{name} = {value}\n")
    }
}

fn check(format: Format, sources: &Sources) -> Result<(), Failure> {
    hashing(&sources.config).map_err(Failure::with(Exit::Config))?;
    sources.config.listener_options().map_err(Failure::with(Exit::Config))?;
    if format.json {
        return output::json(&json!({"ok": true, "files": sources.files}));
    }
    let read = match sources.files.as_slice() {
        [] => "no file was read".to_owned(),
        files => {
            let names = files.iter().map(|path: &_| Path::display(path).to_string());
            format!("read: {}", names.collect::<Vec<_>>().join(", "))
        }
    };
    output::text(&format!("The settings are good ({read}).\n"))
}

/// Hashes once: whether there is such a way to hash is known by nobody else.
fn hashing(config: &Config) -> anyhow::Result<()> {
    let options = config.http_options()?;
    Hasher::new(&options.hashing).map(drop)?;
    Ok(())
}
