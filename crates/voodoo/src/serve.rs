//! Serving: puts store, core and doors together, and takes them apart in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use voodoo_core::{Core, Ports, SystemClock, Worker};
use voodoo_proto::CloseCode;
use voodoo_server::http::{Door, router};
use voodoo_server::listener;
use voodoo_store::{SqliteOptions, SqliteStore};

use crate::config::{Config, Synchronous};
use crate::log;

/// After the last session's moment to leave, the rest is closed this much later.
const AFTER_DRAIN: Duration = Duration::from_secs(2);

/// Serves until a signal says stop.
pub(crate) fn serve(config: &Config) -> anyhow::Result<()> {
    log::begin(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config))
}

async fn run(config: &Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let settings = config.settings()?;
    let clock = Arc::new(SystemClock);
    let options = SqliteOptions {
        is_full_sync: config.store.synchronous == Synchronous::Full,
        ..SqliteOptions::default()
    };
    let rules = Arc::new(settings.rules.clone());
    let store = SqliteStore::open(&config.data, options, rules, clock.as_ref())
        .with_context(|| format!("data in {}", config.data.display()))?;
    let ports = Ports { store: store.clone(), accounts: store.clone(), clock };
    let (core, mut workers) = Core::new(ports, settings);
    let (door, worker) = Door::new(Arc::clone(&core), config.http_options()?)?;
    workers.push(worker);
    let mut workers = spawn(workers);

    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("listening on {}", config.http.listen))?;
    let local = listener.local_addr()?;
    core.set_url(door.url_at(local));
    let (stop, is_stopping) = watch::channel(false);
    let serving = tokio::spawn(listener::serve(
        listener,
        router(Arc::clone(&door)),
        config.listener_options(),
        is_stopping,
    ));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        data = %config.data.display(),
        url = door.url_at(local),
        "serving"
    );
    if let Some(link) = door.setup_link(local).await? {
        announce(&link);
    }

    tokio::select! {
        () = signals.next() => {}
        ended = workers.join_next() => anyhow::bail!("a worker ended: {ended:?}"),
    }
    door.drain();
    stop.send_replace(true);
    tokio::select! {
        () = drain(&core, Duration::from_millis(config.timers.drain_ms)) => {}
        () = signals.next() => tracing::warn!("stopping at once"),
    }
    serving.await.context("the accept loop")??;
    workers.abort_all();
    store.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

fn spawn(workers: Vec<Worker>) -> JoinSet<()> {
    let mut set = JoinSet::new();
    for worker in workers {
        set.spawn(worker);
    }
    set
}

/// Sends every session away at a moment of its own, then closes the rest.
async fn drain(core: &Core, drain: Duration) {
    let n_sessions = core.hub.n_sessions();
    tracing::info!(n_sessions, "stopping");
    core.send_away(drain, rand::random::<f64>);
    let gone = async {
        while core.hub.n_sessions() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(drain + AFTER_DRAIN, gone).await.is_err() {
        core.close_all(CloseCode::Unavailable);
        let closed = async {
            while core.hub.n_sessions() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // Whoever does not take the close frame by then is cut off by the end of the process.
        if tokio::time::timeout(AFTER_DRAIN, closed).await.is_err() {
            tracing::debug!(n_sessions = core.hub.n_sessions(), "cut off");
        }
    }
}

/// Prints the link by which the owner is made; whoever sees the console may use it.
#[expect(clippy::print_stderr, reason = "for the person at the console, not for the log")]
fn announce(link: &str) {
    eprintln!("\n  Nobody owns this server yet. Open this link to make it yours:\n\n    {link}\n");
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
