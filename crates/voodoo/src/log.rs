//! The log, on stderr: never a message's text, never a secret.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

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
    let (name, directives) = match std::env::var("RUST_LOG") {
        Ok(directives) => ("RUST_LOG", directives),
        Err(_unset) => ("log.level", log.level.clone()),
    };
    EnvFilter::try_new(&directives).with_context(|| format!("{name} is {directives:?}"))
}
