//! Everything that sessions share, put together.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use voodoo_proto::event::{Goaway, ServerFrame};
use voodoo_proto::{CloseCode, DeviceId, UserId};

use crate::apply::{Effect, Reply, Write};
use crate::attention::{self, Attention};
use crate::bus::{Bus, Hint, LocalBus};
use crate::clock::Clock;
use crate::conversations::{Conversations, Ground, publish};
use crate::error::Refusal;
use crate::fault;
use crate::frame;
use crate::hub::{self, Hub};
use crate::marks::{MarkKeeper, Marks};
use crate::pulse::{Uptime, sweep};
use crate::rates::{AddressBuckets, Bucket};
use crate::retention;
use crate::settings::Settings;
use crate::store::{Accounts, Store};

/// Work that has to be run for as long as the core lives; it ends when the core is dropped.
pub type Worker = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The ports that a core is built over.
pub struct Ports {
    /// Conversations.
    pub store: Arc<dyn Store>,
    /// Users and devices.
    pub accounts: Arc<dyn Accounts>,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
}

/// Everything that sessions share.
pub struct Core {
    /// What the operator decided.
    pub settings: Arc<Settings>,
    /// Conversations, for reading; writes go through the core.
    pub store: Arc<dyn Store>,
    /// Users and devices.
    pub accounts: Arc<dyn Accounts>,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
    /// Live sessions.
    pub hub: Arc<Hub>,
    /// Time that only goes forward.
    pub uptime: Uptime,
    /// Where people find the server; empty until it listens.
    url: OnceLock<String>,
    pub(crate) attention: Arc<Attention>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) addresses: AddressBuckets,
    pub(crate) conversations: Conversations,
    pub(crate) marks: Arc<Marks>,
}

impl Core {
    /// Puts a core together for one process. The workers have to be run.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> (Arc<Self>, Vec<Worker>) {
        let max_sessions = usize::try_from(settings.rules.limits.sessions).unwrap_or(usize::MAX);
        let hub = Hub::new(settings.outbox, max_sessions).with_fan_out(settings.fan_out);
        let hub = Arc::new(hub);
        let bus = Arc::new(LocalBus::new(Arc::clone(&hub)));
        Self::over(ports, settings, hub, bus)
    }

    /// Puts a core together over another bus, which delivers to `hub`.
    #[must_use]
    pub fn over(
        ports: Ports,
        settings: Settings,
        hub: Arc<Hub>,
        bus: Arc<dyn Bus>,
    ) -> (Arc<Self>, Vec<Worker>) {
        let Ports { store, accounts, clock } = ports;
        let settings = Arc::new(settings);
        let ground = Ground { store: &store, bus: &bus, clock: &clock };
        let (conversations, shards) = Conversations::new(&settings, &ground);
        let marks = Arc::new(Marks::default());
        let keeper = MarkKeeper {
            marks: Arc::clone(&marks),
            store: Arc::clone(&store),
            bus: Arc::clone(&bus),
            clock: Arc::clone(&clock),
            settings: Arc::clone(&settings),
        };
        let mut workers: Vec<Worker> =
            shards.into_iter().map(|shard| Box::pin(shard.run()) as Worker).collect();
        workers.push(Box::pin(keeper.run()));
        workers.push(Box::pin(hub::keep(Arc::clone(&hub))));
        let attention = Arc::new(Attention::new());
        workers.push(Box::pin(attention::keep(
            Arc::clone(&attention),
            Arc::clone(&hub),
            Arc::clone(&settings),
            Arc::clone(&clock),
        )));
        let addresses = AddressBuckets::new(&settings.flood);
        let uptime = Uptime::begin();
        workers.push(Box::pin(sweep(
            Arc::clone(&hub),
            Arc::clone(&settings),
            uptime,
            Arc::clone(&clock),
        )));
        let core = Arc::new(Self {
            settings,
            store,
            accounts,
            clock,
            hub,
            uptime,
            url: OnceLock::new(),
            addresses,
            attention,
            bus,
            conversations,
            marks,
        });
        workers
            .push(Box::pin(retention::keep(Arc::downgrade(&core), core.settings.retention.every)));
        (core, workers)
    }

    /// Carries out a write that no session asked for.
    ///
    /// # Errors
    ///
    /// The refusal of a rule, or `unavailable`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the write back.
    pub async fn carry_out(&self, write: Write) -> Result<Reply, Refusal> {
        let answer = self.conversations.submit(write, None)?;
        answer.await.unwrap_or_else(|_stopped| Err(fault::unavailable("the server stops")))
    }

    /// Takes a token of a user who asks beside the socket; the sessions of the user share it.
    /// Returns for how many milliseconds there is none.
    #[must_use]
    pub fn over_rate(&self, user: UserId, bucket: Bucket) -> Option<u64> {
        let rates = &self.settings.rules.limits.rates;
        self.hub.buckets(user).take(bucket, rates, Instant::now()).err()
    }

    /// Tells everyone of what was committed beside the shards.
    pub fn announce(&self, effects: Vec<Effect>) {
        publish(self.bus.as_ref(), effects, None);
    }

    /// Closes the live sessions of devices that were ended.
    pub fn revoke(&self, user: UserId, devices: &[DeviceId], code: CloseCode) {
        for device in devices {
            self.bus.publish(Hint::Revoked { user, device: *device, code });
        }
    }

    /// Tells every session to come back later, each at a moment of its own within `drain`, drawn
    /// by `draw` from 0 to below 1.
    pub fn send_away(&self, drain: Duration, mut draw: impl FnMut() -> f64) {
        self.hub.for_each(|handle| {
            let within = drain.mul_f64(draw().clamp(0.0, 1.0));
            let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
            let goaway = Goaway { why: "restart".to_owned(), within_ms };
            handle.outbox.push_reply(frame::encode(&ServerFrame::Goaway(goaway)));
        });
    }

    /// Closes every session.
    pub fn close_all(&self, code: CloseCode) {
        self.hub.for_each(|handle| handle.outbox.close(code));
    }

    /// Says where people find the server, once it is known.
    pub fn set_url(&self, url: String) {
        self.url.get_or_init(|| url);
    }

    /// The link by which a code lets in.
    pub(crate) fn join_url(&self, code: &str) -> String {
        format!("{}/join#{code}", self.url.get().map_or("", String::as_str))
    }

    /// Over which window a reconnect of everyone is to be spread.
    #[must_use]
    pub fn retry_window_ms(&self) -> u64 {
        let admissions = u64::from(self.settings.admissions_per_s.max(1));
        (self.hub.n_sessions() as u64 * 1_000 / admissions).clamp(1_000, 30_000)
    }
}
