//! Every setting, by section. The words here stand in `docs/operate/configure.md` too.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use voodoo_proto::http::SignUpRule;
use voodoo_proto::limits::Limits;
use voodoo_server::http::Network;

/// Everything that an operator may decide.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where everything is kept.
    pub(crate) data: PathBuf,
    pub(crate) http: Http,
    pub(crate) log: Log,
    pub(crate) rules: RuleConfig,
    pub(crate) limits: Limits,
    pub(crate) flood: FloodConfig,
    pub(crate) timers: Timers,
    pub(crate) hashing: Hashing,
    pub(crate) attempts: Attempts,
    pub(crate) store: StoreConfig,
    pub(crate) disk: DiskConfig,
    pub(crate) memory: MemoryConfig,
}

/// The doors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The certificate in PEM, after it those that lead to the root; with it and its key the
    /// server speaks TLS.
    pub(crate) tls_cert: PathBuf,
    /// The private key of the certificate in PEM.
    pub(crate) tls_key: PathBuf,
    /// Where plain `http://` is sent on to TLS: an address; empty = nowhere; `auto` = port 80 where
    /// TLS is on port 443.
    pub(crate) redirect_listen: String,
    /// Where metrics are served: an address; empty = nowhere; `auto` = port 9600 of this machine,
    /// unless it is taken.
    pub(crate) admin_listen: String,
    /// Where people find the server; empty = on this machine, by its address.
    pub(crate) public_url: String,
    /// Pages of these origins may ask too.
    pub(crate) allowed_origins: Vec<String>,
    /// Serve plain http:// to other machines; cookies then travel in the clear.
    pub(crate) insecure: bool,
    /// A proxy before the server ends TLS: browsers come by https://.
    pub(crate) tls_proxy: bool,
    /// Addresses and networks of proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<Network>,
    /// Connections at once, at most.
    pub(crate) max_connections: usize,
    /// Connections at once from one address, at most; 0 = no limit.
    pub(crate) max_connections_per_address: usize,
    /// Sessions that start at once, at most.
    pub(crate) max_starting: usize,
    /// Upgrades that wait for their session to start, at most; more are refused at once.
    pub(crate) max_waiting: usize,
    /// Sessions admitted a second, by which a reconnect of everyone is spread.
    pub(crate) admissions_per_s: u32,
    /// Bytes of the head of a request, at most; 8192 or more.
    pub(crate) header_bytes: usize,
    /// Bytes of the body of a request, at most.
    pub(crate) body_bytes: usize,
}

/// What is said of the running server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter by module.
    pub(crate) level: String,
    /// How it is written.
    pub(crate) format: LogFormat,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Who may do what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RuleConfig {
    /// Who finds whom: `all` or `shared`.
    pub(crate) directory: String,
    /// Who opens broadcasts: `admins` or `all`.
    pub(crate) broadcasts: String,
    /// Who makes an account: `invite`, `open` or `closed`.
    pub(crate) sign_up: SignUpRule,
    /// Days that messages are kept where the conversation says nothing; 0 = for ever.
    pub(crate) retention_days: u32,
}

/// When going on asking is a flood.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FloodConfig {
    /// Refusals a second that one connection may bring upon itself for long; 0 = no limit.
    pub(crate) refusals_per_s: f64,
    /// Refusals that one connection may bring upon itself at once.
    pub(crate) refusals_burst: f64,
    /// Frames a second without a reply that one connection may send for long; 0 = no limit.
    pub(crate) unanswered_per_s: f64,
    /// Frames without a reply that one connection may send at once.
    pub(crate) unanswered_burst: f64,
    /// All users of one address together may ask so many times as often as one user.
    pub(crate) users_per_address: f64,
}

/// Every timer, in milliseconds, at least 50.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timers {
    /// Clients ping when idle for this long.
    pub(crate) heartbeat_ms: u64,
    /// A session that says nothing for this long is closed.
    pub(crate) silence_ms: u64,
    /// A session that has not said `hello` by then is closed.
    pub(crate) hello_ms: u64,
    /// An upgrade that waits for this long for its session to start is refused.
    pub(crate) start_wait_ms: u64,
    /// A session whose socket takes nothing for this long is closed.
    pub(crate) not_writable_ms: u64,
    /// Read marks are stored and told this much later, at most.
    pub(crate) read_flush_ms: u64,
    /// In large groups, reactions to one message, and joins and leaves, of this time are one change.
    pub(crate) gather_ms: u64,
    /// A request that the store does not answer by then is refused.
    pub(crate) request_ms: u64,
    /// Presence is told in batches this far apart.
    pub(crate) presence_batch_ms: u64,
    /// Whoever leaves is shown as offline only after this long.
    pub(crate) offline_delay_ms: u64,
    /// For this long after the start, whoever is not back yet is unknown.
    pub(crate) presence_silence_ms: u64,
    /// Signs of writing are this far apart, at least.
    pub(crate) typing_pause_ms: u64,
    /// Time for the head of an HTTP request to arrive.
    pub(crate) header_ms: u64,
    /// Time for the body of an HTTP request to arrive.
    pub(crate) body_ms: u64,
    /// Time for an HTTP request to be answered.
    pub(crate) http_request_ms: u64,
    /// Time for the store to answer when health is asked for.
    pub(crate) ready_ms: u64,
    /// A clock that leaps by more than five minutes is followed once it stayed so for this long.
    pub(crate) clock_settle_ms: u64,
    /// Room on the disk is looked for this often.
    pub(crate) disk_ms: u64,
    /// How much memory is used is looked for this often.
    pub(crate) memory_ms: u64,
    /// At a stop, sessions are sent away over this time.
    pub(crate) drain_ms: u64,
    /// A device that is not used for this long is logged out.
    pub(crate) device_ttl_ms: u64,
    /// However it is used, a device is logged out after this long.
    pub(crate) device_max_ms: u64,
    /// The use of a device is noted this often, at most.
    pub(crate) touch_every_ms: u64,
    /// Noted uses are stored together this much later, at most.
    pub(crate) touch_flush_ms: u64,
    /// An invite is good for this long if its maker does not say.
    pub(crate) invite_ttl_ms: u64,
    /// How long a ticket is good.
    pub(crate) ticket_ttl_ms: u64,
    /// An invite is good for this long, at most.
    pub(crate) max_invite_ttl_ms: u64,
    /// A link that resets a password is good for this long.
    pub(crate) reset_ttl_ms: u64,
    /// How long a day of `retention_days` is.
    pub(crate) retention_day_ms: u64,
    /// What is too old is looked for this often.
    pub(crate) retention_every_ms: u64,
    /// Slices of what is removed are this far apart.
    pub(crate) retention_pause_ms: u64,
    /// The name of a removed message is kept for this long, so that its repeat is recognised.
    pub(crate) removed_name_ttl_ms: u64,
    /// The rows of a destroyed conversation are kept for this long.
    pub(crate) destroyed_ttl_ms: u64,
}

/// What the hashing of passwords costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hashing {
    /// Memory of one hash, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over that memory.
    pub(crate) passes: u32,
    /// Lanes of one hash.
    pub(crate) lanes: u32,
    /// Hashes at once; 0 = as many as there are processors.
    pub(crate) threads: usize,
    /// Hashes that wait, at most.
    pub(crate) waiting: usize,
}

/// What wrong guesses of passwords and secrets cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Attempts {
    /// Guesses at one account before waiting begins; 0 = no limit.
    pub(crate) free_per_account: u32,
    /// Guesses from one address (of IPv6, one /64) before waiting begins; 0 = no limit.
    pub(crate) free_per_address: u32,
    /// The first wait; each further one is twice as long.
    pub(crate) first_wait_ms: u64,
    /// The longest wait.
    pub(crate) longest_wait_ms: u64,
    /// After this long without a wrong guess all are forgotten.
    pub(crate) forget_ms: u64,
}

/// The engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// `full` keeps the promise that what is acknowledged survives power loss. `normal` breaks it
    /// and is there to show that the test of that promise can fail.
    pub(crate) synchronous: Synchronous,
    /// Pages of the database that the writer keeps in memory, in MiB at most.
    pub(crate) cache_mib: u32,
}

/// How hard the engine syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Synchronous {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// Breaks the promise.
    Normal,
}

/// Room on the disk of the data folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DiskConfig {
    /// Room is low below this share, or below `low_mib` where that is less.
    pub(crate) low_percent: f64,
    /// The same in MiB; 0 = never.
    pub(crate) low_mib: u64,
    /// Nothing new is taken below this share, or below `short_mib` where that is less.
    pub(crate) short_percent: f64,
    /// The same in MiB; 0 = never.
    pub(crate) short_mib: u64,
    /// Size of the file in reserve, in MiB, and at most a twentieth of the disk; 0 = none.
    pub(crate) reserve_mib: u64,
}

/// Memory of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MemoryConfig {
    /// What may be resident: bytes; `none` or 0 = any; `auto` = a share of what the machine gives.
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) budget: String,
    /// That share.
    pub(crate) machine_percent: u8,
    /// From this share of the budget on nobody new is let in.
    pub(crate) refuse_percent: u8,
    /// Below this share everyone is let in again.
    pub(crate) admit_percent: u8,
}

/// A word, or a number as the environment and files have it.
fn text_or_number<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    Ok(match Written::deserialize(source)? {
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    })
}
