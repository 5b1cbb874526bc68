//! The log, on stderr: never a message's text, never a secret.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Begins to log.
pub(crate) fn begin(log: &Log) -> anyhow::Result<()> {
    let directives = std::env::var("RUST_LOG").unwrap_or_else(|_| log.level.clone());
    let filter =
        EnvFilter::try_new(&directives).with_context(|| format!("log.level is {directives:?}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
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
