//! The server of a world: the core over an engine, with everything that runs in it. A kill ends
//! all of that, wherever it is.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use voodoo_core::hub::Hub;
use voodoo_core::testkit::Engine;
use voodoo_core::{Clock, Core, Ports};

use super::bus::LossyBus;
use super::chance::Chance;
use super::plan::Plan;
use super::store::WatchedStore;
use super::truth::{Broken, Checked, Truth};

pub(super) struct Server {
    pub(super) core: Arc<Core>,
    /// As it is, for those who check.
    pub(super) engine: Arc<dyn Engine>,
    store: Arc<WatchedStore>,
    pub(super) bus: Arc<LossyBus>,
    workers: Vec<JoinHandle<()>>,
    /// What was begun beside every session.
    pub(super) errands: JoinSet<()>,
}

impl Server {
    pub(super) fn start(
        plan: &Plan,
        (engine, truth): (Arc<dyn Engine>, &Arc<Mutex<Truth>>),
        clock: Arc<dyn Clock>,
        chance: &mut Chance,
    ) -> Self {
        let watched = (Arc::clone(&engine), Arc::clone(truth));
        let store = WatchedStore::new(watched.0, watched.1, plan.clone(), chance.fork());
        let ports = Ports { store: store.clone(), accounts: store.clone(), clock };
        let hub = Arc::new(Hub::new(plan.settings.outbox, 20).with_fan_out(plan.settings.fan_out));
        let bus = LossyBus::new(Arc::clone(&hub), plan.clone(), chance.fork());
        let (core, workers) = Core::over(ports, plan.settings.clone(), hub, Arc::clone(&bus) as _);
        let workers = workers.into_iter().map(tokio::spawn).collect();
        Self { core, engine, store, bus, workers, errands: JoinSet::new() }
    }

    pub(super) fn heal(&self, is_healed: bool) {
        self.bus.heal(is_healed);
        self.store.heal(is_healed);
    }

    pub(super) fn check(&self) -> Checked {
        let is_over = self.workers.iter().any(JoinHandle::is_finished);
        if is_over { Err(Broken::from("a worker of the core ended")) } else { Ok(()) }
    }

    /// Ends everything and returns the engine, which nobody else has then. Sessions have to be gone.
    pub(super) async fn end(mut self) -> Arc<dyn Engine> {
        for worker in self.workers {
            worker.abort();
            // It was ended on purpose.
            drop(worker.await);
        }
        self.errands.shutdown().await;
        self.engine
    }
}
