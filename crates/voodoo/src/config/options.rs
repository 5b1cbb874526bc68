//! From settings to what each part of the program takes; what cannot be is refused here.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use voodoo_core::Settings;
use voodoo_core::apply::{Directory, MayBroadcast, Rules};
use voodoo_core::rates::Flood;
use voodoo_core::retention::Terms;
use voodoo_core::room::{Mark, Marks};
use voodoo_proto::http::SignUpRule;
use voodoo_proto::limits::Rate;
use voodoo_server::http::{
    AttemptOptions, HashOptions, HttpOptions, Network, StartOptions, WebOrigin,
};
use voodoo_server::listener::ListenerOptions;
use voodoo_server::memory::MemoryOptions;
use voodoo_server::tls::{Tls, TlsFiles};

use super::defaults::MIB;
use super::sections::{Config, Hashing};
use super::show::leaves;
use crate::memory::available;

/// The smallest timer that may be set.
const MIN_TIMER_MS: u64 = 50;
/// Below this the HTTP library refuses to work.
const MIN_HEADER_BYTES: usize = 8 * 1024;
/// Where metrics are found where nobody says otherwise.
const ADMIN_PORT: u16 = 9600;
/// Above this a bound on what starts or waits bounds nothing.
const MAX_PLACES: usize = 1_000_000;
/// Below this no process starts.
const MIN_BUDGET_BYTES: u64 = 1024 * 1024;
/// More would be a slip: each is a processor at work.
const MAX_HASHING_THREADS: usize = 512;
/// SQLite counts the room of its cache in KiB, by 31 bits.
const MAX_CACHE_MIB: u32 = 1_048_576;

/// Where metrics are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdminListen {
    /// Nowhere.
    Nowhere,
    /// There, unless it is taken.
    IfFree(SocketAddr),
    /// There, or the server does not start.
    At(SocketAddr),
}

impl Config {
    /// Refuses what no part of the program could work with.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for (name, value) in leaves(self)? {
            let is_timer = name.starts_with("timers.") || name.starts_with("attempts.");
            if let (true, Some(ms)) = (is_timer && name.ends_with("_ms"), value.as_u64()) {
                let words = format!("{name} is {ms} ms: at least {MIN_TIMER_MS} ms are needed");
                ensure!(ms >= MIN_TIMER_MS, words);
            }
        }
        let header_bytes = self.http.header_bytes;
        ensure!(
            header_bytes >= MIN_HEADER_BYTES,
            "http.header_bytes is {header_bytes}: at least {MIN_HEADER_BYTES} are needed"
        );
        let (invite, longest) = (self.timers.invite_ttl_ms, self.timers.max_invite_ttl_ms);
        ensure!(
            invite <= longest,
            "timers.invite_ttl_ms is {invite}: at most timers.max_invite_ttl_ms, {longest}"
        );
        let cache_mib = self.store.cache_mib;
        ensure!(
            (1..=MAX_CACHE_MIB).contains(&cache_mib),
            "store.cache_mib is {cache_mib}: from 1 to {MAX_CACHE_MIB}"
        );
        let Hashing { threads, waiting, .. } = self.hashing;
        for (name, value, most) in [
            ("hashing.threads", threads, MAX_HASHING_THREADS),
            ("hashing.waiting", waiting, MAX_PLACES),
        ] {
            ensure!(value <= most, "{name} is {value}: at most {most}");
        }
        self.marks()?;
        self.check_starts()?;
        self.memory()?;
        crate::log::filter(&self.log)?;
        self.rules()?;
        self.http_options()?;
        self.redirect_listen()?;
        self.admin_listen()?;
        Ok(())
    }

    /// Where the stages of room on the disk begin.
    pub(crate) fn marks(&self) -> anyhow::Result<Marks> {
        let disk = &self.disk;
        for (name, percent) in
            [("disk.low_percent", disk.low_percent), ("disk.short_percent", disk.short_percent)]
        {
            ensure!((0.0..=100.0).contains(&percent), "{name} is {percent}: from 0 to 100");
        }
        ensure!(
            disk.short_percent <= disk.low_percent,
            "disk.short_percent is {}: at most disk.low_percent, {}",
            disk.short_percent,
            disk.low_percent
        );
        ensure!(
            disk.short_mib <= disk.low_mib,
            "disk.short_mib is {}: at most disk.low_mib, {}",
            disk.short_mib,
            disk.low_mib
        );
        let mark = |percent, mib: u64| Mark { percent, bytes: mib.saturating_mul(MIB) };
        Ok(Marks {
            low: mark(disk.low_percent, disk.low_mib),
            short: mark(disk.short_percent, disk.short_mib),
        })
    }

    /// Bytes of the file in reserve on a disk of this size.
    pub(crate) fn reserve_bytes(&self, total_bytes: u64) -> u64 {
        self.disk.reserve_mib.saturating_mul(MIB).min(total_bytes / 20)
    }

    /// What memory the process may use, and what says so.
    pub(crate) fn memory(&self) -> anyhow::Result<(MemoryOptions, String)> {
        let memory = &self.memory;
        let (machine, refuse, admit) =
            (memory.machine_percent, memory.refuse_percent, memory.admit_percent);
        for (name, percent) in
            [("memory.machine_percent", machine), ("memory.refuse_percent", refuse)]
        {
            ensure!((1..=100).contains(&percent), "{name} is {percent}: from 1 to 100");
        }
        ensure!(
            (1..=refuse).contains(&admit),
            "memory.admit_percent is {admit}: from 1 to memory.refuse_percent, {refuse}"
        );
        let (budget_bytes, origin) = match (memory.budget.as_str(), available()) {
            ("none" | "0", _) => (None, "memory.budget".to_owned()),
            ("auto", Some(found)) => {
                let share = found.bytes / 100 * u64::from(machine);
                (
                    Some(share),
                    format!("{machine} % of the {} bytes of {}", found.bytes, found.origin),
                )
            }
            ("auto", None) => (None, "the system does not say what there is".to_owned()),
            (number, _) => {
                let words = format!("memory.budget is {number:?}: bytes, `auto` or `none`");
                let bytes: u64 = number.parse().with_context(|| words.clone())?;
                ensure!(bytes >= MIN_BUDGET_BYTES, "{words}, at least {MIN_BUDGET_BYTES}");
                (Some(bytes), "memory.budget".to_owned())
            }
        };
        let options = MemoryOptions { budget_bytes, refuse_percent: refuse, admit_percent: admit };
        Ok((options, origin))
    }

    fn check_starts(&self) -> anyhow::Result<()> {
        let (starting, waiting) = (self.http.max_starting, self.http.max_waiting);
        ensure!(
            (1..=MAX_PLACES).contains(&starting),
            "http.max_starting is {starting}: 1 to {MAX_PLACES}"
        );
        ensure!(waiting <= MAX_PLACES, "http.max_waiting is {waiting}: at most {MAX_PLACES}");
        let (wait, longest) = (self.timers.start_wait_ms, self.timers.http_request_ms);
        ensure!(
            wait <= longest,
            "timers.start_wait_ms is {wait}: at most timers.http_request_ms, {longest}"
        );
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
        let limits = self.limits.clone();
        Ok(Rules { limits, directory, may_broadcast, is_sign_up_open, ..Rules::default() })
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
            gather: Duration::from_millis(timers.gather_ms),
            request: Duration::from_millis(timers.request_ms),
            admissions_per_s: self.http.admissions_per_s,
            retention: self.terms(),
            flood: self.flood(),
            version: env!("CARGO_PKG_VERSION"),
            ..Settings::default()
        })
    }

    /// When what goes.
    fn terms(&self) -> Terms {
        let timers = &self.timers;
        Terms {
            default_days: self.rules.retention_days,
            day: Duration::from_millis(timers.retention_day_ms),
            every: Duration::from_millis(timers.retention_every_ms),
            pause: Duration::from_millis(timers.retention_pause_ms),
            name: Duration::from_millis(timers.removed_name_ttl_ms),
            destroyed: Duration::from_millis(timers.destroyed_ttl_ms),
            ..Terms::default()
        }
    }

    /// When going on asking is a flood.
    fn flood(&self) -> Flood {
        let flood = &self.flood;
        Flood {
            refusals: Rate { per_s: flood.refusals_per_s, burst: flood.refusals_burst },
            unanswered: Rate { per_s: flood.unanswered_per_s, burst: flood.unanswered_burst },
            users_per_address: flood.users_per_address,
        }
    }

    /// What the HTTP door is to do.
    pub(crate) fn http_options(&self) -> anyhow::Result<HttpOptions> {
        let (http, timers, attempts) = (&self.http, &self.timers, &self.attempts);
        let public_url = match http.public_url.as_str() {
            "" => None,
            url => Some(origin(url).context("http.public_url")?),
        };
        let allowed: anyhow::Result<Vec<_>> =
            http.allowed_origins.iter().map(|text| origin(text)).collect();
        Ok(HttpOptions {
            public_url,
            allowed_origins: allowed.context("http.allowed_origins")?,
            is_insecure: http.insecure,
            is_tls: http.tls_proxy || self.tls_files()?.is_some(),
            trusted_proxies: http.trusted_proxies.clone(),
            sign_up: self.rules.sign_up,
            device_ttl: Duration::from_millis(timers.device_ttl_ms),
            device_max: Duration::from_millis(timers.device_max_ms),
            touch_every: Duration::from_millis(timers.touch_every_ms),
            touch_flush: Duration::from_millis(timers.touch_flush_ms),
            invite_ttl: Duration::from_millis(timers.invite_ttl_ms),
            ticket_ttl: Duration::from_millis(timers.ticket_ttl_ms),
            max_invite_ttl: Duration::from_millis(timers.max_invite_ttl_ms),
            reset_ttl: Duration::from_millis(timers.reset_ttl_ms),
            body_bytes: http.body_bytes,
            body_timeout: Duration::from_millis(timers.body_ms),
            request_timeout: Duration::from_millis(timers.http_request_ms),
            ready_timeout: Duration::from_millis(timers.ready_ms),
            starts: StartOptions {
                max_starting: http.max_starting,
                max_waiting: http.max_waiting,
                wait: Duration::from_millis(timers.start_wait_ms),
            },
            memory: self.memory()?.0,
            hashing: self.hash_options(),
            attempts: AttemptOptions {
                free_per_account: attempts.free_per_account,
                free_per_address: attempts.free_per_address,
                first_wait: Duration::from_millis(attempts.first_wait_ms),
                longest_wait: Duration::from_millis(attempts.longest_wait_ms),
                forget: Duration::from_millis(attempts.forget_ms),
            },
            ..HttpOptions::default()
        })
    }

    /// Where many people come from by one address: proxies, and this machine, which may have one.
    fn shared_networks(&self) -> Vec<Network> {
        let own = ["127.0.0.0/8", "::1"].into_iter().filter_map(|own| own.parse().ok());
        self.http.trusted_proxies.iter().copied().chain(own).collect()
    }

    /// What the listener is to do. Reads the certificate and its key.
    pub(crate) fn listener_options(&self) -> anyhow::Result<ListenerOptions> {
        Ok(ListenerOptions {
            header_timeout: Duration::from_millis(self.timers.header_ms),
            header_bytes: self.http.header_bytes,
            max_connections: self.http.max_connections,
            max_per_address: self.http.max_connections_per_address,
            shared_networks: self.shared_networks(),
            tls: self.tls_files()?.map(Tls::load).transpose().context("TLS")?,
        })
    }

    /// Whether the server itself speaks TLS.
    pub(crate) fn is_tls(&self) -> bool {
        !self.http.tls_cert.as_os_str().is_empty()
    }

    fn tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        let (cert, key) = (self.http.tls_cert.clone(), self.http.tls_key.clone());
        match (cert.as_os_str().is_empty(), key.as_os_str().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some(TlsFiles { cert, key })),
            (true, false) => anyhow::bail!("http.tls_key is set and http.tls_cert is not"),
            (false, true) => anyhow::bail!("http.tls_cert is set and http.tls_key is not"),
        }
    }

    /// Where plain requests are sent on to TLS.
    pub(crate) fn redirect_listen(&self) -> anyhow::Result<Option<SocketAddr>> {
        let (listen, is_tls) = (self.http.listen, self.tls_files()?.is_some());
        match self.http.redirect_listen.as_str() {
            "auto" if is_tls && listen.port() == 443 => Ok(Some(SocketAddr::new(listen.ip(), 80))),
            "auto" | "" => Ok(None),
            address => {
                ensure!(is_tls, "http.redirect_listen needs http.tls_cert");
                Ok(Some(address.parse().context("http.redirect_listen")?))
            }
        }
    }

    /// What the hashing of passwords costs; as many threads as processors, unless they are set.
    pub(crate) fn hash_options(&self) -> HashOptions {
        let Hashing { memory_kib, passes, lanes, threads, waiting } = self.hashing;
        let processors = HashOptions::default().n_threads;
        HashOptions {
            memory_kib,
            n_passes: passes,
            n_lanes: lanes,
            n_threads: if threads == 0 { processors } else { threads },
            n_waiting: waiting,
        }
    }

    /// Where metrics are served.
    pub(crate) fn admin_listen(&self) -> anyhow::Result<AdminListen> {
        Ok(match self.http.admin_listen.as_str() {
            "" => AdminListen::Nowhere,
            "auto" => AdminListen::IfFree(SocketAddr::from((Ipv4Addr::LOCALHOST, ADMIN_PORT))),
            address => AdminListen::At(address.parse().context("http.admin_listen")?),
        })
    }
}

fn origin(text: &str) -> anyhow::Result<WebOrigin> {
    let parsed = text.trim_end_matches('/').parse();
    parsed.map_err(|error| anyhow::anyhow!("{text:?} is not an origin: {error}"))
}
