//! The real server in all its parts, but for one promise that it breaks on purpose, named by
//! `VOODOO_BROKEN`. It takes the arguments that a test gives to the real one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::watch;
use voodoo_core::bus::{Bus, Hint, LocalBus};
use voodoo_core::hub::Hub;
use voodoo_core::{Core, Ports, Settings, SystemClock};
use voodoo_server::http::{Door, HttpOptions, router};
use voodoo_server::listener::{ListenerOptions, serve};
use voodoo_store::{Broken, SqliteOptions, SqliteStore};

/// One event in so many is not handed out.
const SKIP_EVERY: u64 = 50;

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    listen: SocketAddr,
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Nothing: what is found is then not the fault of this program.
    Sound,
    Store(Broken),
    SkipsEvents,
}

impl Mood {
    fn from_environment() -> Result<Self> {
        Ok(match std::env::var("VOODOO_BROKEN").as_deref() {
            Ok("sound") => Self::Sound,
            Ok("answers_early") => Self::Store(Broken::AnswersEarly),
            Ok("forgets_names") => Self::Store(Broken::ForgetsNames),
            Ok("skips_events") => Self::SkipsEvents,
            other => bail!("VOODOO_BROKEN is {other:?}"),
        })
    }
}

/// Hands out every event but some.
struct LossyBus {
    inner: LocalBus,
    n_events: AtomicU64,
}

impl Bus for LossyBus {
    fn publish(&self, hint: Hint) {
        if matches!(hint, Hint::Event { .. })
            && self.n_events.fetch_add(1, Ordering::Relaxed) % SKIP_EVERY == SKIP_EVERY - 1
        {
            return;
        }
        self.inner.publish(hint);
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (arguments, mood) = (Arguments::parse(), Mood::from_environment()?);
    let mut settings = Settings::default();
    // None of the rates is what is tested.
    for rate in [
        &mut settings.rules.limits.rates.send,
        &mut settings.rules.limits.rates.history,
        &mut settings.rules.limits.rates.create,
    ] {
        rate.per_s = 0.0;
    }
    let broken = if let Mood::Store(broken) = mood { Some(broken) } else { None };
    let engine = SqliteOptions { broken, ..SqliteOptions::default() };
    let (clock, rules) = (Arc::new(SystemClock), Arc::new(settings.rules.clone()));
    let store = SqliteStore::open(&arguments.data, engine, rules, clock.as_ref())?;
    let ports = Ports { store: store.clone(), accounts: store.clone(), clock };
    let (core, workers) = match mood {
        Mood::Sound | Mood::Store(_) => Core::new(ports, settings),
        Mood::SkipsEvents => {
            let hub = Arc::new(Hub::new(settings.outbox, 20));
            let inner = LocalBus::new(Arc::clone(&hub));
            let bus = Arc::new(LossyBus { inner, n_events: 0.into() });
            Core::over(ports, settings, hub, bus)
        }
    };
    let mut options = HttpOptions::default();
    (options.hashing.memory_kib, options.hashing.n_passes) = (8, 1);
    let (door, worker) = Door::new(Arc::clone(&core), options).context("the door")?;
    workers.into_iter().chain([worker]).for_each(|worker| drop(tokio::spawn(worker)));
    let listener = TcpListener::bind(arguments.listen).await?;
    let local = listener.local_addr()?;
    core.set_url(door.url_at(local));
    if let Some(link) = door.setup_link(local).await.context("the link")? {
        announce(&link);
    }
    let (_stop, is_stopping) = watch::channel(false);
    serve(listener, router(door), ListenerOptions::default(), is_stopping).await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "as the real server does")]
fn announce(link: &str) {
    eprintln!("\n    {link}\n");
}
