//! What the admin listener says, and that it says it nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use voodoo_proto::limits::Rate;
use voodoo_server::metrics;

use crate::http::options;
use crate::http_live::{ask, say_at};
use crate::socket::{Server, group, send, settings};

async fn get(router: &Router, method: Method, path: &str) -> (StatusCode, String, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let text = body.collect().await.unwrap().to_bytes();
    let kind = head.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    (head.status, kind.to_owned(), String::from_utf8(text.to_vec()).unwrap())
}

/// Every sample by its name and labels.
async fn samples(router: &Router) -> BTreeMap<String, f64> {
    let (status, kind, text) = get(router, Method::GET, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(text.ends_with("# EOF\n"), "the whole is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| line.rsplit_once(' ').unwrap());
    samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

/// For operators: it has a row for each metric.
const PAGE: &str = include_str!("../../../../docs/operate/monitor.md");

#[tokio::test]
async fn the_page_names_every_metric_and_no_other() {
    let server = Server::start().await;
    server.person("ada").await;
    say_at(&server, &server.person("bo").await, (Method::GET, "/livez"), &[], None).await;
    let (_, _, text) = get(&metrics::router(&server.door), Method::GET, "/metrics").await;
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let served: BTreeSet<_> = kinds
        .map(|(name, kind)| match kind {
            "counter" => (format!("{name}_total"), kind),
            "info" => (format!("{name}_info"), kind),
            _ => (name.to_owned(), kind),
        })
        .collect();
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter(|(name, _)| name.starts_with("voodoo_") || name.starts_with("process_"));
    let named: BTreeSet<_> = rows
        .map(|(name, rest)| {
            let name = name.split('{').next().unwrap().to_owned();
            (name, rest.split(" | ").next().unwrap())
        })
        .collect();
    assert_eq!(named, served);
}

/// What is there and has these labels.
const PROMISED: &[&str] = &[
    "voodoo_build_info{version=",
    "voodoo_connections{transport=\"websocket\"}",
    "voodoo_messages_accepted_total{kind=\"text\"}",
    "voodoo_message_ack_seconds_bucket{le=",
    "voodoo_store_commit_seconds_count",
    "voodoo_store_batch_rows_sum",
    "voodoo_outbox_bytes",
    "voodoo_slow_consumer_disconnects_total",
    "voodoo_malformed_frames_total",
    "voodoo_rate_limited_total{rule=\"send\"}",
    "voodoo_refusals_total{code=\"not_found\"}",
    "voodoo_closes_total{code=\"4400\"}",
    "voodoo_http_request_duration_seconds_count{route=\"/api/v1/devices/{device}\",method=\"DELETE\",status=\"404\"}",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_threads",
];

#[tokio::test]
async fn every_promised_metric_is_there_and_moves() {
    let mut settings = settings();
    settings.rules.limits.rates.send = Rate { per_s: 0.001, burst: 1.0 };
    let server = Server::serving(settings, options()).await;
    let router = metrics::router(&server.door);
    let before = samples(&router).await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    socket.ok(&send(&conversation, 2, "low tide")).await;
    socket.refused(&send(&conversation, 3, "high tide"), "rate_limited").await;
    ask(&server, &ada, (Method::DELETE, "/devices/d_zzzzz"), None).await;
    let during = samples(&router).await;
    assert_eq!(during["voodoo_connections{transport=\"websocket\"}"], 1.0);
    socket.tell(&json!({"type": "hello", "client": {"name": "x", "version": "1"}})).await;
    assert_eq!(socket.closed().await, Some(4400));
    let after = samples(&router).await;
    for promised in PROMISED {
        assert!(after.keys().any(|name| name.starts_with(promised)), "{promised}: {after:#?}");
    }
    for moved in [
        "voodoo_messages_accepted_total{kind=\"text\"}",
        "voodoo_message_ack_seconds_count",
        "voodoo_store_commit_seconds_count",
        "voodoo_store_batch_rows_sum",
        "voodoo_rate_limited_total{rule=\"send\"}",
        "voodoo_refusals_total{code=\"rate_limited\"}",
        "voodoo_refusals_total{code=\"not_found\"}",
        "voodoo_closes_total{code=\"4400\"}",
    ] {
        assert!(after[moved] >= before[moved] + 1.0, "{moved}");
    }
    let bucket = "voodoo_message_ack_seconds_bucket{le=\"+Inf\"}";
    assert_eq!(after[bucket], after["voodoo_message_ack_seconds_count"]);
}

#[tokio::test]
async fn no_metric_names_anybody() {
    let server = Server::start().await;
    let router = metrics::router(&server.door);
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    let conversation = conversation.as_str().unwrap();
    for path in ["/api/v1/devices/d_777", "/wp-login.php", "/api/v1/secret", "/"] {
        say_at(&server, &ada, (Method::DELETE, path), &[], None).await;
        say_at(&server, &ada, (Method::from_bytes(b"BREW").unwrap(), path), &[], None).await;
    }
    let (_, _, text) = get(&router, Method::GET, "/metrics").await;
    let device = ada.device.to_string();
    for secret in ["d_777", "wp-login", "secret", "ada", "BREW", conversation, &device] {
        let quoted = [format!("\"{secret}\""), format!("/{secret}")];
        assert!(quoted.iter().all(|words| !text.contains(words)), "{secret} in {text}");
    }
}

#[tokio::test]
async fn metrics_are_served_by_the_admin_listener_and_nothing_else_is() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let (status, _) = say_at(&server, &ada, (Method::GET, "/metrics"), &[], None).await;
    assert_eq!(status, 404, "not in public");
    let router = metrics::router(&server.door);
    for path in ["/", "/livez", "/api/v1/server", "/api/v1/me", "/ws", "/metrics/"] {
        assert_eq!(get(&router, Method::GET, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, _, _) = get(&router, Method::POST, "/metrics").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}
