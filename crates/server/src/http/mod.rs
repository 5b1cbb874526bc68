//! The HTTP door and the way to the socket: ways in, devices, invites, health and the web client's files.

mod account;
mod attempts;
mod auth;
mod body;
mod bots;
mod client;
mod cookie;
mod device_name;
mod door;
mod enter;
mod guard;
mod headers;
mod health;
mod invites;
mod messages;
mod openapi;
mod options;
mod origin;
mod problem;
mod redirect;
mod routes;
pub mod secret;
mod socket;
mod throttle;
mod tickets;
mod touch;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use voodoo_proto::RefusalCode;

pub use attempts::AttemptOptions;
pub use auth::authenticate;
pub use client::{BadNetwork, Network};
pub use cookie::Cookie;
pub use door::Door;
pub use guard::Who;
pub use headers::CONTENT_SECURITY_POLICY;
pub use openapi::document;
pub use options::HttpOptions;
pub use origin::{BadOrigin, OriginKind, WebOrigin, allowed_origin};
pub use redirect::to_tls;
pub use routes::{Route, routes};
pub(crate) use socket::not_upgraded;

pub use crate::password::HashOptions;
pub use crate::starts::StartOptions;
use crate::web_files;
use problem::Denied;

/// Puts the routes together. Requests should carry [`crate::listener::Addresses`].
pub fn router(door: Arc<Door>) -> Router {
    routes::mount(&door)
        .fallback(elsewhere)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(&door), headers::around))
        .with_state(door)
}

/// A path without a route: a file of the web client, or a page of it.
async fn elsewhere(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        let words = "there is no such path";
        return Denied::with_status(StatusCode::NOT_FOUND, RefusalCode::NotFound, words)
            .into_response();
    }
    std::future::ready(web_files::serve(request.method(), path, request.headers())).await
}

async fn other_method() -> Response {
    let words = "the path does not serve this method";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    std::future::ready(Denied::with_status(status, RefusalCode::UnknownType, words).into_response())
        .await
}
