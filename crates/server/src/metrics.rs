//! What is measured, in the text format of OpenMetrics, which Prometheus reads.
//!
//! Most of it is the tally of the process; what has to be looked for (sessions, memory) is looked
//! for when somebody asks. Names and labels are a promise; no label names a user, a conversation
//! or a path as it was asked for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use voodoo_core::Core;
use voodoo_core::room::Room;
use voodoo_core::tally::{Spread, TALLY};
use voodoo_proto::CloseCode;

use crate::http::Door;
use crate::memory::Memory;
use crate::process;
use crate::starts::Starts;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Bounds of the time that an answer takes, in seconds.
const HTTP_BOUNDS_S: [f64; 9] = [0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// Which kind of answer: a route's template, never a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u16,
}

type Times = Family<Answered, Histogram, fn() -> Histogram>;

/// Times of answers over HTTP.
pub(crate) struct HttpTimes(Times);

impl Default for HttpTimes {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(HTTP_BOUNDS_S)))
    }
}

impl HttpTimes {
    /// Notes how long an answer took.
    pub(crate) fn note(
        &self,
        route: &'static str,
        method: &http::Method,
        status: StatusCode,
        took: Duration,
    ) {
        let method = match *method {
            http::Method::GET => "GET",
            http::Method::HEAD => "HEAD",
            http::Method::POST => "POST",
            http::Method::PATCH => "PATCH",
            http::Method::DELETE => "DELETE",
            _ => "other",
        };
        let answered = Answered { route, method, status: status.as_u16() };
        self.0.get_or_create(&answered).observe(took.as_secs_f64());
    }
}

/// What the admin listener serves: `/metrics`, and nothing else.
pub fn router(door: &Door) -> Router {
    let mut registry = Registry::default();
    registry.register_with_unit(
        "voodoo_http_request_duration",
        "Time from the head of a request to that of its answer",
        Unit::Seconds,
        door.http_times.0.clone(),
    );
    registry.register_collector(Box::new(Reading {
        core: Arc::clone(&door.core),
        starts: Arc::clone(&door.starts),
        memory: Arc::clone(&door.memory),
    }));
    Router::new().route("/metrics", get(write)).with_state(Arc::new(registry))
}

async fn write(State(registry): State<Arc<Registry>>) -> Response {
    let mut written = String::new();
    let response = match text::encode(&mut written, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], written).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    std::future::ready(response).await
}

/// Reads the tally, the hub and the process when asked.
struct Reading {
    core: Arc<Core>,
    starts: Arc<Starts>,
    memory: Arc<Memory>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

impl Collector for Reading {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let core = &self.core;
        let build = [("version", core.settings.version)];
        encoder
            .encode_descriptor("voodoo_build", "What runs", None, MetricType::Info)?
            .encode_info(&build)?;
        let mut n_outbox_bytes = 0;
        core.hub.for_each(|handle| n_outbox_bytes += handle.outbox.n_bytes());
        let mut connections = encoder.encode_descriptor(
            "voodoo_connections",
            "Live sessions",
            None,
            MetricType::Gauge,
        )?;
        let n_sessions = signed(core.hub.n_sessions() as u64);
        connections.encode_family(&[("transport", "websocket")])?.encode_gauge(&n_sessions)?;
        encoder
            .encode_descriptor(
                "voodoo_outbox",
                "What waits to be written to sockets",
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?
            .encode_gauge(&signed(n_outbox_bytes as u64))?;
        encode_room(&mut encoder, &core.settings.rules.room)?;
        encode_starts(&mut encoder, &self.starts)?;
        encode_memory(&mut encoder, &self.memory)?;
        encode_tally(&mut encoder)?;
        encode_process(&mut encoder)
    }
}

fn encode_room(encoder: &mut DescriptorEncoder<'_>, room: &Room) -> fmt::Result {
    let space = room.space();
    for (name, help, unit, value) in [
        ("voodoo_disk_free", "Room on the disk", Some(Unit::Bytes), space.free_bytes),
        ("voodoo_disk_size", "Size of the disk", Some(Unit::Bytes), space.total_bytes),
        ("voodoo_disk_stage", "0 enough, 1 low, 2 short", None, room.stage() as u64),
    ] {
        encoder
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?
            .encode_gauge(&signed(value))?;
    }
    Ok(())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn encode_starts(encoder: &mut DescriptorEncoder<'_>, starts: &Starts) -> fmt::Result {
    let words = "Sessions that start, and upgrades that wait for that";
    let mut now = encoder.encode_descriptor("voodoo_starts", words, None, MetricType::Gauge)?;
    for (state, n) in [("starting", starts.n_starting()), ("waiting", starts.n_waiting())] {
        now.encode_family(&[("state", state)])?.encode_gauge(&signed(n as u64))?;
    }
    let words = "Upgrades refused since too many sessions start, or the server stops";
    let kind = MetricType::Counter;
    let mut refused = encoder.encode_descriptor("voodoo_starts_refused", words, None, kind)?;
    for (why, n) in starts.refusals() {
        refused
            .encode_family(&[("reason", why.name())])?
            .encode_counter::<NoLabelSet, _, u64>(&n, None)?;
    }
    Ok(())
}

fn encode_memory(encoder: &mut DescriptorEncoder<'_>, memory: &Memory) -> fmt::Result {
    let (budget, bytes) = ("Memory that the process may use; 0 = any", Some(Unit::Bytes));
    let (used, refusing) = ("Memory in use when last looked at", "1 while nobody new is let in");
    for (name, help, unit, value) in [
        ("voodoo_memory_budget", budget, bytes.clone(), memory.budget_bytes().unwrap_or(0)),
        ("voodoo_memory_resident", used, bytes, memory.resident_bytes()),
        ("voodoo_memory_refusing", refusing, None, u64::from(memory.is_refusing())),
    ] {
        encoder
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?
            .encode_gauge(&signed(value))?;
    }
    Ok(())
}

fn encode_tally(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut counter = |name: &str, help: &str, label: &str, counts: &[(String, u64)]| {
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, n) in counts {
            metric
                .encode_family(&[(label, value.as_str())])?
                .encode_counter::<NoLabelSet, _, u64>(n, None)?;
        }
        fmt::Result::Ok(())
    };
    let messages = TALLY.messages.load(Ordering::Relaxed);
    let accepted = [("text".to_owned(), messages)];
    counter("voodoo_messages_accepted", "Messages committed", "kind", &accepted)?;
    let refusals: Vec<_> = TALLY.refusals().map(|(code, n)| (code.name().to_owned(), n)).collect();
    counter("voodoo_refusals", "Requests refused", "code", &refusals)?;
    let closes: Vec<_> = TALLY.closes().map(|(code, n)| (code.number().to_string(), n)).collect();
    counter("voodoo_closes", "Sockets closed by the server", "code", &closes)?;
    let waits: Vec<_> = TALLY.waits().map(|(rule, n)| (rule.name().to_owned(), n)).collect();
    counter("voodoo_rate_limited", "Requests told to wait", "rule", &waits)?;
    let slow = TALLY.closes().find(|(code, _)| *code == CloseCode::TooSlow);
    let malformed = TALLY.malformed_frames.load(Ordering::Relaxed);
    for (name, help, n) in [
        (
            "voodoo_slow_consumer_disconnects",
            "Sockets closed since they took nothing for too long",
            slow.map_or(0, |(_, n)| n),
        ),
        ("voodoo_malformed_frames", "Frames that made no sense", malformed),
    ] {
        encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, u64>(&n, None)?;
    }
    for (name, help, spread) in [
        ("voodoo_message_ack", "From a message to its acknowledgement", &TALLY.ack_us),
        ("voodoo_store_commit", "Commits of the store", &TALLY.commit_us),
    ] {
        let unit = Some(&Unit::Seconds);
        let metric = encoder.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        encode_spread(metric, spread, 1_000_000.0)?;
    }
    let name = "voodoo_store_batch_rows";
    let metric = encoder.encode_descriptor(
        name,
        "Writes that one commit took",
        None,
        MetricType::Histogram,
    )?;
    encode_spread(metric, &TALLY.batch_rows, 1.0)
}

/// A spread in units of which `per_base` are one base unit.
fn encode_spread(mut metric: MetricEncoder<'_>, spread: &Spread, per_base: f64) -> fmt::Result {
    let counts = spread.counts();
    let total = counts.iter().map(|(_, n)| n).sum();
    let buckets: Vec<(f64, u64)> = counts
        .into_iter()
        .map(|(bound, n)| (bound.map_or(f64::MAX, |bound| to_f64(bound) / per_base), n))
        .collect();
    metric.encode_histogram::<NoLabelSet>(to_f64(spread.sum()) / per_base, total, &buckets, None)
}

#[expect(clippy::cast_precision_loss, reason = "a metric may be off in its sixteenth digit")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

fn encode_process(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Some(usage) = process::usage() else { return Ok(()) };
    encoder
        .encode_descriptor(
            "process_cpu",
            "Time on processors",
            Some(&Unit::Seconds),
            MetricType::Counter,
        )?
        .encode_counter::<NoLabelSet, _, u64>(&usage.cpu_s, None)?;
    for (name, help, unit, value) in [
        ("process_resident_memory", "Memory in use", Some(Unit::Bytes), usage.resident_bytes),
        ("process_open_fds", "Open file descriptors", None, usage.n_open_files),
        ("process_max_fds", "Open file descriptors, at most", None, usage.max_open_files),
        ("process_threads", "Threads", None, usage.n_threads),
    ] {
        encoder
            .encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?
            .encode_gauge(&signed(value))?;
    }
    Ok(())
}
