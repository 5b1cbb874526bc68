//! The log, on stderr: never a message's text, never a secret.

use std::io::IsTerminal as _;

use anyhow::ensure;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat};

/// Begins to log.
pub(crate) fn begin(log: &Log) -> anyhow::Result<()> {
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter(log)?).with_writer(std::io::stderr);
    let is_terminal = std::io::stderr().is_terminal();
    let is_json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !is_terminal,
    };
    let begun = if is_json {
        builder.json().flatten_event(true).try_init()
    } else {
        let is_plain = !is_terminal || std::env::var_os("NO_COLOR").is_some();
        builder.with_ansi(!is_plain).with_target(false).try_init()
    };
    begun.map_err(|error| anyhow::anyhow!("logging: {error}"))
}

/// Begins to log for a command that ends at once: what is wrong, in words for people.
pub(crate) fn begin_quietly() -> anyhow::Result<()> {
    begin(&Log { level: "warn".to_owned(), format: LogFormat::Text })
}

/// What is logged: `RUST_LOG` if there is one, else `log.level`.
pub(crate) fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    if let Ok(directives) = std::env::var("RUST_LOG") {
        return parse("RUST_LOG", &directives);
    }
    // A single word is a module to the library; to people a level that is misspelt.
    for word in log.level.split(',').filter(|part| !part.contains(['=', '['])) {
        let is_level = word.trim().parse::<LevelFilter>().is_ok();
        let level = &log.level;
        ensure!(is_level, "log.level is {level:?}: {word:?} is neither a level nor module=level");
    }
    parse("log.level", &log.level)
}

fn parse(name: &str, directives: &str) -> anyhow::Result<EnvFilter> {
    let parsed = EnvFilter::try_new(directives);
    parsed.map_err(|error| anyhow::anyhow!("{name} is {directives:?}: {error}"))
}
