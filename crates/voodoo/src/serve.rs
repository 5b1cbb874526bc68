//! Serving: puts store, core and doors together, and takes them apart in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use voodoo_core::{Core, Ports, SteadyClock, SystemClock};
use voodoo_proto::CloseCode;
use voodoo_server::http::{Door, router, to_tls};
use voodoo_server::listener::{self, ListenerOptions};
use voodoo_server::metrics;
use voodoo_server::tls::Tls;
use voodoo_store::{SqliteOptions, SqliteStore, space};

use crate::admin::{AdminDoor, Operator, cannot_open};
use crate::config::{AdminListen, Config, Synchronous};
use crate::descriptors::room_for_connections;
use crate::exit::{Exit, Failure};
use crate::room::RoomKeeper;
use crate::{log, memory, notify};

/// Connections that wait to be accepted, at most, where the system allows as many. When everyone
/// comes back at once, the kernel lets those above it try again a second or more later.
const BACKLOG: u32 = 4_096;
/// After the last session's moment to leave, the rest is closed this much later.
const AFTER_DRAIN: Duration = Duration::from_secs(2);
/// After a start those who come back are served first; then everything stored is checked.
const FULL_CHECK_AFTER: Duration = Duration::from_secs(60);
/// Threads for what waits or computes, besides those that hash passwords: one looks at the disk,
/// which may hang, and one may be on its way back from a hash while the next begins.
const OTHER_BLOCKING_THREADS: usize = 2;
/// Whoever reads metrics needs one.
const MAX_ADMIN_CONNECTIONS: usize = 32;

/// Serves until a signal says stop.
pub(crate) fn serve(config: &Config) -> Result<(), Failure> {
    log::begin(&config.log).map_err(Failure::with(Exit::Config))?;
    let n_blocking = config.hash_options().n_threads + OTHER_BLOCKING_THREADS;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().max_blocking_threads(n_blocking).build();
    runtime.map_err(Failure::with(Exit::Internal))?.block_on(run(config))
}

async fn run(config: &Config) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(Failure::with(Exit::Internal))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::with(Exit::Internal))?;
    let mut options = config.listener_options().map_err(Failure::with(Exit::Config))?;
    options.max_connections = options.max_connections.min(room_for_connections());
    let (tls, max_connections) = (options.tls.clone(), options.max_connections);
    let mut parts = Parts::open(config)?;
    let listening = Listening::bind(config).map_err(Failure::with(Exit::Unavailable))?;
    let mut doors =
        Doors::open(config, &parts, listening, options).map_err(Failure::with(Exit::Internal))?;
    let local = doors.local;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        data = %config.data.display(),
        listen = %local,
        url = parts.door.url_at(local),
        max_connections,
        "serving"
    );
    let link = parts.door.setup_link(local).await;
    if let Some(link) = link.map_err(Failure::with(Exit::Internal))? {
        announce(&link);
    }
    parts.workers.spawn(notify::keep_telling(Arc::clone(&parts.core)));
    let every = Duration::from_millis(config.timers.memory_ms);
    parts.workers.spawn(memory::keep_looking(Arc::clone(&parts.door), every));
    notify::ready();

    loop {
        let lost = tokio::select! {
            () = signals.next() => break,
            _ = hangup.recv() => {
                reload(tls.as_deref());
                continue;
            }
            ended = parts.workers.join_next() => format!("a worker ended ({ended:?})"),
            ended = doors.serving.join_next() => format!("a listener ended ({ended:?})"),
            name = parts.store.lost() => format!("the {name} of the store panicked"),
        };
        return Err(give_up(&parts, &doors, lost).await);
    }
    notify::stopping();
    parts.door.drain();
    doors.stop.send_replace(true);
    tokio::select! {
        () = drain(&parts, Duration::from_millis(config.timers.drain_ms)) => {}
        () = signals.next() => tracing::warn!("stopping at once"),
    }
    let closed = doors.closed().await;
    parts.close().await;
    tracing::info!("stopped");
    closed.map_err(Failure::with(Exit::Internal))
}

/// What serves, without its doors.
struct Parts {
    store: Arc<SqliteStore>,
    core: Arc<Core>,
    door: Arc<Door>,
    workers: JoinSet<()>,
}

impl Parts {
    fn open(config: &Config) -> Result<Self, Failure> {
        let settings = config.settings().map_err(Failure::with(Exit::Config))?;
        let options = config.http_options().map_err(Failure::with(Exit::Config))?;
        let settle = Duration::from_millis(config.timers.clock_settle_ms);
        let clock = Arc::new(SteadyClock::new(SystemClock, went_by_ms, settle));
        let engine = SqliteOptions {
            cache_kib: config.store.cache_mib.saturating_mul(1024),
            checkpoint_bytes: checkpoint_bytes(config),
            is_full_sync: config.store.synchronous == Synchronous::Full,
            full_check_after: Some(FULL_CHECK_AFTER),
            ..SqliteOptions::default()
        };
        let rules = Arc::new(settings.rules.clone());
        let room = Arc::clone(&rules.room);
        let store = SqliteStore::open(&config.data, engine, rules, clock.as_ref())
            .map_err(|error| cannot_open(error, &config.data))?;
        let ports = Ports { store: store.clone(), accounts: store.clone(), clock };
        let (core, workers) = Core::new(ports, settings);
        let (door, worker) =
            Door::new(Arc::clone(&core), options).map_err(Failure::with(Exit::Config))?;
        memory::begin(config, &door).map_err(Failure::with(Exit::Config))?;
        let mut workers: JoinSet<_> = workers.into_iter().chain([worker]).collect();
        let keeper = RoomKeeper::begin(config, room, Arc::clone(&store));
        workers.spawn(keeper.map_err(Failure::with(Exit::Config))?.run());
        Ok(Self { store, core, door, workers })
    }

    /// Stores what is noted only in memory, and closes the store.
    async fn close(mut self) {
        self.door.flush_touches().await;
        self.workers.abort_all();
        self.store.shutdown().await;
    }
}

/// The log may grow to four times this: on a small disk it is written back sooner.
fn checkpoint_bytes(config: &Config) -> u64 {
    const LEAST: u64 = 1024 * 1024;
    let usual = SqliteOptions::default().checkpoint_bytes;
    let space = config.data.ancestors().find_map(|at| space(at).ok());
    space.map_or(usual, |space| usual.min((space.total_bytes / 32).max(LEAST)))
}

/// Ends because something panicked that is everyone's: with it gone the rest would serve on half
/// dead, while a service manager starts the whole anew. What was acknowledged is on disk.
async fn give_up(parts: &Parts, doors: &Doors, lost: String) -> Failure {
    tracing::error!(lost, "this cannot be mended while running: the process ends");
    parts.door.drain();
    doors.stop.send_replace(true);
    close_all(&parts.core).await;
    Failure::new(Exit::Internal, anyhow::anyhow!("{lost}; start it again"))
}

/// Reads the certificate anew. If that fails, the old one is served on.
fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => tracing::info!("there is no certificate to read anew"),
        Some(Ok(())) => tracing::info!("the certificate was read anew"),
        Some(Err(error)) => {
            tracing::error!(%error, "the certificate was not read anew; the old one is served on");
        }
    }
}

/// Sockets that are bound and not served yet.
struct Listening {
    app: TcpListener,
    /// Where plain requests are sent on to TLS.
    redirect: Option<TcpListener>,
    /// Where metrics are served.
    admin: Option<TcpListener>,
}

impl Listening {
    fn bind(config: &Config) -> anyhow::Result<Self> {
        let app = bind(config.http.listen)?;
        let redirect = match config.redirect_listen()? {
            Some(address) => Some(bind(address)?),
            None => None,
        };
        let admin = match config.admin_listen()? {
            AdminListen::Nowhere => None,
            AdminListen::At(address) => Some(bind(address)?),
            // Two servers on one machine are no mistake, and people are served without metrics.
            AdminListen::IfFree(address) => bind(address).map_or_else(
                |error| {
                    tracing::warn!(
                        "no metrics: {error:#}; http.admin_listen names another address"
                    );
                    None
                },
                Some,
            ),
        };
        Ok(Self { app, redirect, admin })
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // As `TcpListener::bind` does, so that a restart finds its port free.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().with_context(|| format!("listening on {address}"))
}

/// What listens.
struct Doors {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    asking: Option<JoinHandle<()>>,
}

impl Doors {
    fn open(
        config: &Config,
        parts: &Parts,
        listening: Listening,
        options: ListenerOptions,
    ) -> std::io::Result<Self> {
        let local = listening.app.local_addr()?;
        parts.core.set_url(parts.door.url_at(local));
        let (stop, is_stopping) = watch::channel(false);
        let asking = match AdminDoor::open(&config.data) {
            Ok(admin) => {
                let operator = Arc::new(Operator::new(Arc::clone(&parts.door), local));
                Some(tokio::spawn(admin.serve(operator, is_stopping.clone())))
            }
            Err(error) => {
                // People are served all the same; the commands say that nobody answers them.
                tracing::warn!(%error, "no admin socket: commands work only while this is stopped");
                None
            }
        };
        let mut serving = JoinSet::new();
        if let Some(listener) = listening.redirect {
            let options = ListenerOptions { tls: None, ..options.clone() };
            let router = to_tls(parts.door.options.public_url.clone(), local.port());
            serving.spawn(listener::serve(listener, router, options, is_stopping.clone()));
        }
        if let Some(listener) = listening.admin {
            tracing::info!(address = %listener.local_addr()?, "metrics");
            let max_connections = MAX_ADMIN_CONNECTIONS;
            let options = ListenerOptions { tls: None, max_connections, ..options.clone() };
            let router = metrics::router(&parts.door);
            serving.spawn(listener::serve(listener, router, options, is_stopping.clone()));
        }
        let router = router(Arc::clone(&parts.door));
        serving.spawn(listener::serve(listening.app, router, options, is_stopping));
        Ok(Self { local, stop, serving, asking })
    }

    /// Waits until nothing new comes in by any of them.
    async fn closed(self) -> anyhow::Result<()> {
        if let Some(asking) = self.asking {
            asking.await.context("the admin socket")?;
        }
        self.serving.join_all().await;
        Ok(())
    }
}

/// Sends every session away at a moment of its own, then closes the rest. Meanwhile those who
/// waited for theirs to start are told that it does not.
async fn drain(parts: &Parts, drain: Duration) {
    let core = &parts.core;
    let n_sessions = core.hub.n_sessions();
    tracing::info!(n_sessions, "stopping");
    core.send_away(drain, rand::random::<f64>);
    let gone = async {
        // At least once, for an answer is written after whoever gets it has stopped waiting.
        tokio::time::sleep(Duration::from_millis(20)).await;
        while core.hub.n_sessions() > 0 || parts.door.n_waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(drain + AFTER_DRAIN, gone).await.is_err() {
        close_all(core).await;
    }
}

/// Closes every session.
async fn close_all(core: &Core) {
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

/// By the clock that nobody sets and that goes on while the machine sleeps.
fn went_by_ms() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (s, ns) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    s.unwrap_or(0) * 1_000 + ns.unwrap_or(0) / 1_000_000
}
