//! Everything that the HTTP door shares.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use voodoo_core::store::OneTime;
use voodoo_core::{Core, Fault, StoreError, Worker, account};
use voodoo_proto::{MAX_SAFE_INTEGER, RefusalCode};

use super::attempts::Attempts;
use super::options::HttpOptions;
use super::secret;
use super::throttle::Throttle;
use super::touch::{self, Touches};
use crate::memory::Memory;
use crate::metrics::HttpTimes;
use crate::password::Hasher;
use crate::starts::Starts;

/// Everything that the HTTP door shares.
pub struct Door {
    /// What sessions share too.
    pub core: Arc<Core>,
    /// What the operator decided.
    pub options: HttpOptions,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// How much of the budget of memory is used.
    pub memory: Arc<Memory>,
    pub(crate) attempts: Attempts,
    pub(crate) throttle: Throttle,
    pub(crate) touches: Touches,
    pub(crate) http_times: HttpTimes,
    pub(crate) starts: Arc<Starts>,
    is_draining: AtomicBool,
}

impl Door {
    /// Makes the door of a core. The worker has to be run; it ends when the door is dropped.
    ///
    /// # Errors
    ///
    /// A fault if the hashing parameters are none.
    pub fn new(core: Arc<Core>, options: HttpOptions) -> Result<(Arc<Self>, Worker), Fault> {
        let door = Arc::new(Self {
            hasher: Hasher::new(&options.hashing)?,
            attempts: Attempts::new(options.attempts.clone()),
            throttle: Throttle::new(options.rate),
            touches: Touches::default(),
            http_times: HttpTimes::default(),
            starts: Starts::new(options.starts),
            memory: Arc::new(Memory::new(options.memory)),
            is_draining: AtomicBool::new(false),
            core,
            options,
        });
        let worker = Box::pin(touch::keep(Arc::downgrade(&door)));
        Ok((door, worker))
    }

    /// Says `no` to `/readyz` from here on, and to everyone who waits to start a session.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.starts.close();
    }

    /// Sessions that start at this moment.
    #[must_use]
    pub fn n_starting(&self) -> usize {
        self.starts.n_starting()
    }

    /// Upgrades that wait at this moment for their session to start.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.starts.n_waiting()
    }

    /// Whether the server is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Makes the link by which the owner is made, for the listener at `local`; an earlier link no
    /// longer works. `None` once there is an owner.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be kept.
    ///
    /// # Cancel safety
    ///
    /// The earlier link may have stopped to work.
    pub async fn setup_link(&self, local: SocketAddr) -> Result<Option<String>, StoreError> {
        let token = secret::new_token();
        let accounts = &self.core.accounts;
        let kept = accounts
            .put_one_time(OneTime::SetUp, account::secret_hash(&token), None, MAX_SAFE_INTEGER)
            .await;
        match kept {
            Ok(()) => Ok(Some(format!("{}/setup#{token}", self.url_at(local)))),
            Err(StoreError::Refused(refusal)) if refusal.code == RefusalCode::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where a browser finds the listener at `local`.
    #[must_use]
    pub fn url_at(&self, local: SocketAddr) -> String {
        if let Some(public_url) = &self.options.public_url {
            return public_url.to_string();
        }
        let (scheme, default_port) =
            if self.options.is_secure() { ("https", 443) } else { ("http", 80) };
        let host = if local.ip().is_unspecified() || local.ip().is_loopback() {
            "localhost".to_owned()
        } else {
            SocketAddr::new(local.ip(), 0).to_string().trim_end_matches(":0").to_owned()
        };
        if local.port() == default_port {
            return format!("{scheme}://{host}");
        }
        format!("{scheme}://{host}:{}", local.port())
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.core.clock.now_ms()
    }

    /// When a device that is used now ends without further use.
    pub(crate) fn expires_ms(&self) -> u64 {
        let now_ms = self.now_ms();
        self.expires_after(now_ms, now_ms)
    }
}
