//! What the operator decides of the HTTP door; plain data, every timer down to 50 ms.

use std::time::Duration;

use voodoo_proto::http::SignUpRule;
use voodoo_proto::limits::Rate;

use super::attempts::AttemptOptions;
use super::client::Network;
use super::origin::WebOrigin;
use crate::memory::MemoryOptions;
use crate::password::HashOptions;
use crate::starts::StartOptions;

/// What the operator decides of the HTTP door.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Where people find the server; unset = on this machine, by its address.
    pub public_url: Option<WebOrigin>,
    /// Pages of these origins may ask too.
    pub allowed_origins: Vec<WebOrigin>,
    /// Whether plain `http://` is meant for other machines: cookies then travel in the clear.
    pub is_insecure: bool,
    /// Whether TLS ends here or at a declared proxy.
    pub is_tls: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Who may make an account.
    pub sign_up: SignUpRule,
    /// A device that is not used for this long is logged out.
    pub device_ttl: Duration,
    /// However it is used, a device is logged out after this long.
    pub device_max: Duration,
    /// The use of a device is noted this often, at most.
    pub touch_every: Duration,
    /// Noted uses are stored together this much later, at most.
    pub touch_flush: Duration,
    /// How long a ticket is good.
    pub ticket_ttl: Duration,
    /// How long an invite is good if its maker does not say.
    pub invite_ttl: Duration,
    /// How long an invite is good, at most.
    pub max_invite_ttl: Duration,
    /// How long a link that resets a password is good.
    pub reset_ttl: Duration,
    /// Bytes of a request's body, at most.
    pub body_bytes: usize,
    /// Time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Time for a request to be answered.
    pub request_timeout: Duration,
    /// Time for the store to answer a question about its health.
    pub ready_timeout: Duration,
    /// How often a user may ask for tickets, bots and invites to the server.
    pub rate: Rate,
    /// How many sessions start at once, and how many wait for that.
    pub starts: StartOptions,
    /// What memory the process may use.
    pub memory: MemoryOptions,
    /// What the hashing of passwords costs.
    pub hashing: HashOptions,
    /// How many wrong guesses are free, and what further ones cost.
    pub attempts: AttemptOptions,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            public_url: None,
            allowed_origins: Vec::new(),
            is_insecure: false,
            is_tls: false,
            trusted_proxies: Vec::new(),
            sign_up: SignUpRule::Invite,
            device_ttl: days(30),
            device_max: days(366),
            touch_every: Duration::from_secs(60),
            touch_flush: Duration::from_secs(5),
            ticket_ttl: Duration::from_secs(30),
            invite_ttl: days(7),
            max_invite_ttl: days(366),
            reset_ttl: Duration::from_secs(30 * 60),
            body_bytes: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(20),
            ready_timeout: Duration::from_secs(2),
            rate: Rate { per_s: 2.0, burst: 100.0 },
            starts: StartOptions::default(),
            memory: MemoryOptions::default(),
            hashing: HashOptions::default(),
            attempts: AttemptOptions::default(),
        }
    }
}

impl HttpOptions {
    /// Whether browsers reach the server by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_tls || self.public_url.as_ref().is_some_and(WebOrigin::is_https)
    }
}

fn days(n: u64) -> Duration {
    Duration::from_secs(n * 24 * 60 * 60)
}
