//! What stands around every answer: a time limit, a net under panics, security headers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::time::Instant;
use voodoo_core::{Fault, Refusal, StoreError};
use voodoo_proto::RefusalCode;

use super::door::Door;
use super::problem::Denied;
use super::routes::routes;

/// What a page of this server may load and do: nothing but its own files and its own server.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self' blob: data:; font-src 'self'; media-src 'self' blob:; \
    manifest-src 'self'; worker-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'self'; object-src 'none'; require-trusted-types-for 'script'";

static ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];
/// Two years; browsers then ask by TLS alone.
const STRICT_TRANSPORT: &str = "max-age=63072000";

/// Runs a handler within its time, catches its panic, and puts the headers on its answer.
pub(crate) async fn around(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (begin, method) = (Instant::now(), request.method().clone());
    let running = tokio::time::timeout(door.options.request_timeout, next.run(request));
    let mut response = match AssertUnwindSafe(running).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => {
            let words = "the server did not answer in time; it may have been done";
            Denied::from(Refusal::new(RefusalCode::Timeout, words)).into_response()
        }
        Err(_panic) => {
            let route = route.as_ref().map_or("files", MatchedPath::as_str);
            let fault = Fault::new(format!("a handler of {route} panicked"));
            Denied::from(StoreError::Fault(fault)).into_response()
        }
    };
    let template = route.and_then(|route| template(route.as_str()));
    let took = begin.elapsed();
    door.http_times.note(template.unwrap_or("files"), &method, response.status(), took);
    // What switches to a socket is no page.
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        protect(response.headers_mut(), door.options.is_secure());
    }
    response
}

/// The path of a route as it stands in the table.
fn template(matched: &str) -> Option<&'static str> {
    routes().iter().map(|route| route.path).find(|path| *path == matched)
}

fn protect(headers: &mut HeaderMap, is_secure: bool) {
    for (name, value) in &ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_secure {
        let value = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
