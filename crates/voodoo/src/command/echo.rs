//! `voodoo ws-echo`: for suites that judge WebSocket servers; no command for operators.

use anyhow::{Context as _, anyhow};
use tokio::net::TcpListener;
use tokio::sync::watch;
use voodoo_server::{echo, listener};

use super::{block_on, output};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Says back what it hears, where the server would listen, until the process is ended.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let listen = config.http.listen;
    if !listen.ip().is_loopback() {
        let words =
            anyhow!("{listen} is not of this machine alone, and everyone would be answered");
        return Err(Failure::new(Exit::Usage, words));
    }
    let options = config.listener_options().map_err(Failure::with(Exit::Config))?;
    block_on(async {
        let bound = TcpListener::bind(listen).await;
        let bound = bound.with_context(|| format!("listening on {listen}"));
        let bound = bound.map_err(Failure::with(Exit::Unavailable))?;
        let address = bound.local_addr().map_err(Failure::with(Exit::Internal))?;
        let scheme = if config.is_tls() { "wss" } else { "ws" };
        output::text(&format!("{scheme}://{address}/\n"))?;
        // Kept until the end: nothing stops it but the end of the process.
        let (_stop, is_stopping) = watch::channel(false);
        listener::serve(bound, echo::router(), options, is_stopping).await;
        Ok(())
    })
}
