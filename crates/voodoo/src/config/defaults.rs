//! What holds where nobody says otherwise: the defaults of the crates, gathered.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use voodoo_core::Settings;
use voodoo_core::retention::Terms;
use voodoo_core::room::Marks;
use voodoo_proto::http::SignUpRule;
use voodoo_proto::limits::Limits;
use voodoo_server::http::{AttemptOptions, HashOptions, HttpOptions};
use voodoo_server::listener::ListenerOptions;
use voodoo_store::SqliteOptions;

use super::sections::{
    Attempts, Config, DiskConfig, FloodConfig, Hashing, Http, Log, LogFormat, MemoryConfig,
    RuleConfig, StoreConfig, Synchronous, Timers,
};

/// Bytes of a MiB.
pub(super) const MIB: u64 = 1024 * 1024;

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            http: Http::default(),
            log: Log::default(),
            rules: RuleConfig::default(),
            limits: Limits::default(),
            flood: FloodConfig::default(),
            timers: Timers::default(),
            hashing: Hashing::default(),
            attempts: Attempts::default(),
            store: StoreConfig::default(),
            disk: DiskConfig::default(),
            memory: MemoryConfig::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        let (listener, http) = (ListenerOptions::default(), HttpOptions::default());
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
            redirect_listen: "auto".to_owned(),
            admin_listen: "auto".to_owned(),
            public_url: String::new(),
            allowed_origins: Vec::new(),
            insecure: false,
            tls_proxy: false,
            trusted_proxies: Vec::new(),
            max_connections: listener.max_connections,
            max_connections_per_address: listener.max_per_address,
            max_starting: http.starts.max_starting,
            max_waiting: http.starts.max_waiting,
            admissions_per_s: Settings::default().admissions_per_s,
            header_bytes: listener.header_bytes,
            body_bytes: http.body_bytes,
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
            retention_days: Terms::default().default_days,
        }
    }
}

impl Default for FloodConfig {
    fn default() -> Self {
        let flood = Settings::default().flood;
        Self {
            refusals_per_s: flood.refusals.per_s,
            refusals_burst: flood.refusals.burst,
            unanswered_per_s: flood.unanswered.per_s,
            unanswered_burst: flood.unanswered.burst,
            users_per_address: flood.users_per_address,
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
            start_wait_ms: in_ms(http.starts.wait),
            not_writable_ms: in_ms(settings.not_writable),
            read_flush_ms: in_ms(settings.read_flush),
            gather_ms: in_ms(settings.gather),
            request_ms: in_ms(settings.request),
            presence_batch_ms: in_ms(settings.presence_batch),
            offline_delay_ms: in_ms(settings.offline_delay),
            presence_silence_ms: in_ms(settings.presence_silence),
            typing_pause_ms: in_ms(settings.typing_pause),
            header_ms: in_ms(ListenerOptions::default().header_timeout),
            body_ms: in_ms(http.body_timeout),
            http_request_ms: in_ms(http.request_timeout),
            ready_ms: in_ms(http.ready_timeout),
            clock_settle_ms: 3_600_000,
            disk_ms: 1_000,
            memory_ms: 250,
            drain_ms: 8_000,
            device_ttl_ms: in_ms(http.device_ttl),
            device_max_ms: in_ms(http.device_max),
            touch_every_ms: in_ms(http.touch_every),
            touch_flush_ms: in_ms(http.touch_flush),
            invite_ttl_ms: in_ms(http.invite_ttl),
            ticket_ttl_ms: in_ms(http.ticket_ttl),
            max_invite_ttl_ms: in_ms(http.max_invite_ttl),
            reset_ttl_ms: in_ms(http.reset_ttl),
            retention_day_ms: in_ms(settings.retention.day),
            retention_every_ms: in_ms(settings.retention.every),
            retention_pause_ms: in_ms(settings.retention.pause),
            removed_name_ttl_ms: in_ms(settings.retention.name),
            destroyed_ttl_ms: in_ms(settings.retention.destroyed),
        }
    }
}

impl Default for Hashing {
    fn default() -> Self {
        let options = HashOptions::default();
        Self {
            memory_kib: options.memory_kib,
            passes: options.n_passes,
            lanes: options.n_lanes,
            threads: 0,
            waiting: options.n_waiting,
        }
    }
}

impl Default for Attempts {
    fn default() -> Self {
        let options = AttemptOptions::default();
        Self {
            free_per_account: options.free_per_account,
            free_per_address: options.free_per_address,
            first_wait_ms: in_ms(options.first_wait),
            longest_wait_ms: in_ms(options.longest_wait),
            forget_ms: in_ms(options.forget),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        let cache_mib = SqliteOptions::default().cache_kib / 1024;
        Self { synchronous: Synchronous::Full, cache_mib }
    }
}

impl Default for DiskConfig {
    fn default() -> Self {
        let Marks { low, short } = Marks::default();
        Self {
            low_percent: low.percent,
            low_mib: low.bytes / MIB,
            short_percent: short.percent,
            short_mib: short.bytes / MIB,
            reserve_mib: 16,
        }
    }
}

impl Default for MemoryConfig {
    fn default() -> Self {
        let memory = HttpOptions::default().memory;
        Self {
            budget: "auto".to_owned(),
            machine_percent: 80,
            refuse_percent: memory.refuse_percent,
            admit_percent: memory.admit_percent,
        }
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
