//! Settings: built-in defaults, then files, then the environment, then flags; the last one wins.
//!
//! A setting that does not exist is an error with a suggestion, never ignored.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::{Figment, error::Kind};
use serde::{Deserialize, Serialize};
use voodoo_core::Settings;
use voodoo_core::apply::{Directory, MayBroadcast, Rules};
use voodoo_proto::http::SignUpRule;
use voodoo_proto::limits::Limits;
use voodoo_server::http::HttpOptions;
use voodoo_server::listener::ListenerOptions;
use voodoo_server::password::HashOptions;

/// The smallest timer that may be set.
const MIN_TIMER_MS: u64 = 50;

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
    pub(crate) timers: Timers,
    pub(crate) hashing: Hashing,
    pub(crate) store: StoreConfig,
}

/// The doors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where people find the server; empty = on this machine, by its address.
    pub(crate) public_url: String,
    /// Pages of these origins may ask too.
    pub(crate) allowed_origins: Vec<String>,
    /// Serve plain http:// to other machines; cookies then travel in the clear.
    pub(crate) insecure: bool,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Connections at once, at most.
    pub(crate) max_connections: usize,
    /// Sessions admitted a second, by which a reconnect of everyone is spread.
    pub(crate) admissions_per_s: u32,
    /// Bytes of the head of a request, at most.
    pub(crate) header_bytes: usize,
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
    /// A session whose socket takes nothing for this long is closed.
    pub(crate) not_writable_ms: u64,
    /// Read marks are stored and told this much later, at most.
    pub(crate) read_flush_ms: u64,
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
    /// At a stop, sessions are sent away over this time.
    pub(crate) drain_ms: u64,
    /// A device that is not used for this long is logged out.
    pub(crate) device_ttl_ms: u64,
}

/// What the hashing of passwords costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hashing {
    /// Memory of one hash, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over that memory.
    pub(crate) passes: u32,
    /// Hashes that wait, at most.
    pub(crate) waiting: usize,
}

/// The engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// `full` keeps the promise that what is acknowledged survives power loss. `normal` breaks it
    /// and is there to show that the test of that promise can fail.
    pub(crate) synchronous: Synchronous,
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

impl Default for Config {
    fn default() -> Self {
        let state = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
        Self {
            data: state.unwrap_or_else(|| PathBuf::from("data")),
            http: Http::default(),
            log: Log::default(),
            rules: RuleConfig::default(),
            limits: Limits::default(),
            timers: Timers::default(),
            hashing: Hashing::default(),
            store: StoreConfig { synchronous: Synchronous::Full },
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        let listener = ListenerOptions::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            allowed_origins: Vec::new(),
            insecure: false,
            trusted_proxies: Vec::new(),
            max_connections: listener.max_connections,
            admissions_per_s: Settings::default().admissions_per_s,
            header_bytes: listener.header_bytes,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Auto }
    }
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            directory: "all".to_owned(),
            broadcasts: "admins".to_owned(),
            sign_up: SignUpRule::Invite,
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        let (settings, http) = (Settings::default(), HttpOptions::default());
        Self {
            heartbeat_ms: in_ms(settings.heartbeat),
            silence_ms: in_ms(settings.silence),
            hello_ms: in_ms(settings.hello),
            not_writable_ms: in_ms(settings.not_writable),
            read_flush_ms: in_ms(settings.read_flush),
            request_ms: in_ms(settings.request),
            presence_batch_ms: in_ms(settings.presence_batch),
            offline_delay_ms: in_ms(settings.offline_delay),
            presence_silence_ms: in_ms(settings.presence_silence),
            typing_pause_ms: in_ms(settings.typing_pause),
            header_ms: in_ms(ListenerOptions::default().header_timeout),
            drain_ms: 8_000,
            device_ttl_ms: in_ms(http.device_ttl),
        }
    }
}

impl Default for Hashing {
    fn default() -> Self {
        let options = HashOptions::default();
        Self {
            memory_kib: options.memory_kib,
            passes: options.n_passes,
            waiting: options.n_waiting,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { synchronous: Synchronous::Full }
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What was said on the command line of it.
#[derive(Debug, Default, Serialize, clap::Args)]
pub(crate) struct Overrides {
    /// Where everything is kept [default: ./data].
    #[arg(long, value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip_serializing_if = "HttpOverrides::is_empty")]
    http: HttpOverrides,
}

#[derive(Debug, Default, Serialize, clap::Args)]
struct HttpOverrides {
    /// Where to listen [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Where people find the server, such as <https://chat.example.org>.
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
}

impl HttpOverrides {
    fn is_empty(&self) -> bool {
        self.listen.is_none() && self.public_url.is_none()
    }
}

impl Config {
    /// Reads all sources in their order.
    pub(crate) fn read(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        for path in files(file)? {
            figment = figment.merge(Toml::file_exact(path));
        }
        // Variables of the program that are no settings have no double underscore.
        let environment = Env::prefixed("VOODOO_")
            .filter(|key| key.as_str().contains("__") || key == "data")
            .split("__");
        let config: Self = figment
            .merge(environment)
            .merge(Serialized::defaults(overrides))
            .extract()
            .map_err(|error| anyhow::anyhow!(in_words(&error)))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let timers = serde_value(&self.timers)?;
        for (name, value) in timers {
            anyhow::ensure!(
                value >= MIN_TIMER_MS,
                "timers.{name} is {value} ms: at least {MIN_TIMER_MS} ms are needed"
            );
        }
        self.rules()?;
        self.http_options()?;
        Ok(())
    }

    fn rules(&self) -> anyhow::Result<Rules> {
        let directory = match self.rules.directory.as_str() {
            "all" => Directory::All,
            "shared" => Directory::Shared,
            other => anyhow::bail!("rules.directory is {other:?}: `all` or `shared`"),
        };
        let may_broadcast = match self.rules.broadcasts.as_str() {
            "admins" => MayBroadcast::Admins,
            "all" => MayBroadcast::All,
            other => anyhow::bail!("rules.broadcasts is {other:?}: `admins` or `all`"),
        };
        let is_sign_up_open = self.rules.sign_up == SignUpRule::Open;
        Ok(Rules { limits: self.limits.clone(), directory, may_broadcast, is_sign_up_open })
    }

    /// What the core is to do.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let timers = &self.timers;
        Ok(Settings {
            rules: self.rules()?,
            heartbeat: Duration::from_millis(timers.heartbeat_ms),
            silence: Duration::from_millis(timers.silence_ms),
            hello: Duration::from_millis(timers.hello_ms),
            not_writable: Duration::from_millis(timers.not_writable_ms),
            read_flush: Duration::from_millis(timers.read_flush_ms),
            presence_batch: Duration::from_millis(timers.presence_batch_ms),
            offline_delay: Duration::from_millis(timers.offline_delay_ms),
            presence_silence: Duration::from_millis(timers.presence_silence_ms),
            typing_pause: Duration::from_millis(timers.typing_pause_ms),
            request: Duration::from_millis(timers.request_ms),
            admissions_per_s: self.http.admissions_per_s,
            version: env!("CARGO_PKG_VERSION"),
            ..Settings::default()
        })
    }

    /// What the HTTP door is to do.
    pub(crate) fn http_options(&self) -> anyhow::Result<HttpOptions> {
        let origin = |text: &str| {
            text.parse().map_err(|error| anyhow::anyhow!("{text:?} is not an origin: {error}"))
        };
        let public_url = match self.http.public_url.as_str() {
            "" => None,
            url => Some(origin(url.trim_end_matches('/')).context("http.public_url")?),
        };
        let allowed: anyhow::Result<Vec<_>> =
            self.http.allowed_origins.iter().map(|text| origin(text)).collect();
        Ok(HttpOptions {
            public_url,
            allowed_origins: allowed.context("http.allowed_origins")?,
            is_insecure: self.http.insecure,
            trusted_proxies: self.http.trusted_proxies.clone(),
            sign_up: self.rules.sign_up,
            device_ttl: Duration::from_millis(self.timers.device_ttl_ms),
            hashing: HashOptions {
                memory_kib: self.hashing.memory_kib,
                n_passes: self.hashing.passes,
                n_waiting: self.hashing.waiting,
                ..HashOptions::default()
            },
            ..HttpOptions::default()
        })
    }

    /// What the listener is to do.
    pub(crate) fn listener_options(&self) -> ListenerOptions {
        ListenerOptions {
            header_timeout: Duration::from_millis(self.timers.header_ms),
            header_bytes: self.http.header_bytes.max(8 * 1024),
            max_connections: self.http.max_connections,
        }
    }
}

/// The settings of a section that are numbers, by name.
fn serde_value(section: &Timers) -> anyhow::Result<Vec<(String, u64)>> {
    let dict = figment::value::Value::serialize(section)?.into_dict().unwrap_or_default();
    let numbers = dict.into_iter().filter_map(|(name, value)| {
        Some((name, u64::try_from(value.to_u128()?).unwrap_or(u64::MAX)))
    });
    Ok(numbers.collect())
}

/// The files that there are, in their order. One that was named has to be there.
fn files(named: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    if let Some(path) = named {
        anyhow::ensure!(path.is_file(), "there is no file {}", path.display());
        return Ok(vec![path.to_owned()]);
    }
    let mut files = vec![PathBuf::from("/etc/voodoo/voodoo.toml"), PathBuf::from("voodoo.toml")];
    if let Ok(folder) = std::fs::read_dir("/etc/voodoo/conf.d") {
        let mut parts: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
        parts.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        parts.sort();
        files.extend(parts);
    }
    files.retain(|path| path.is_file());
    Ok(files)
}

/// Says which setting is wrong, where it stands, and what was meant.
fn in_words(error: &figment::Error) -> String {
    let texts: Vec<String> = error
        .clone()
        .into_iter()
        .map(|error| {
            let place = error.metadata.as_ref().map_or_else(String::new, |metadata| {
                let source = metadata.source.as_ref().map(ToString::to_string);
                format!(" ({})", source.unwrap_or_else(|| metadata.name.to_string()))
            });
            let path = error.path.join(".");
            if let Kind::UnknownField(name, known) = &error.kind {
                return format!("there is no setting {name:?}{place}{}", suggestion(name, known));
            }
            let colon = if path.is_empty() { "" } else { ": " };
            format!("{path}{colon}{}{place}", error.kind)
        })
        .collect();
    texts.join("\n")
}

fn suggestion(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|one| (strsim::damerau_levenshtein(name, one), one)).min();
    match near {
        Some((distance, one)) if distance <= 3 => format!("; did you mean {one:?}?"),
        _ => format!("; there are: {}", known.join(", ")),
    }
}
