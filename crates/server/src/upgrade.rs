//! From an HTTP request to a running connection.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use voodoo_core::store::Authenticated;
use voodoo_core::{Core, Session};
use voodoo_proto::SUBPROTOCOL;

use crate::connection::Connection;
use crate::places::Origin;
use crate::starts::Start;
use crate::tls::Stream;
use crate::ws::handshake::{Accepted, HandshakeError};

/// Subprotocols spoken, the best first.
pub(crate) const SUPPORTED: &[&str] = &[SUBPROTOCOL];
/// The kernel keeps at most about this much for a reader that is slow; the rest waits, counted, in
/// the session's outbox.
const SEND_BUFFER_BYTES: usize = 32 * 1024;

/// A session that is let in.
pub(crate) struct Arrival {
    /// Whoever was authenticated; a page of another origin brings a ticket in `hello`.
    pub(crate) who: Option<Authenticated>,
    /// Where from.
    pub(crate) from: IpAddr,
    /// Its place among those that start.
    pub(crate) start: Option<Start>,
}

/// Answers an upgrade request that was checked and accepted, and runs the connection.
pub(crate) fn accept(
    core: Arc<Core>,
    arrival: Arrival,
    request: Request,
    accepted: &Accepted,
) -> Result<Response, HandshakeError> {
    let Arrival { who, from, start } = arrival;
    let session = Session::new(core, who).from_address(from);
    let place = request.extensions().get().map(Origin::place);
    switch_to(request, accepted, |stream, leftover| {
        let socket = socket2::SockRef::from(stream.socket());
        if let Err(error) = socket.set_send_buffer_size(SEND_BUFFER_BYTES) {
            tracing::debug!(%error, "the send buffer keeps its size");
        }
        let connection = Connection::new(stream, session, &leftover);
        tokio::spawn(connection.in_place(place).starting(start));
    })
}

/// Answers a request that was accepted, and hands on the socket with what came behind the request.
pub(crate) fn switch_to(
    mut request: Request,
    accepted: &Accepted,
    run: impl FnOnce(Stream, Bytes) + Send + 'static,
) -> Result<Response, HandshakeError> {
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let on_upgrade = on_upgrade.ok_or(HandshakeError::NotAnUpgrade)?;
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => take_out(upgraded, run),
            Err(error) => tracing::debug!(%error, "an upgrade came to nothing"),
        }
    });
    Ok(switch(&accepted.accept_key, accepted.protocol))
}

/// Takes the socket out from under hyper, whose buffers would stay with every idle connection.
fn take_out(upgraded: hyper::upgrade::Upgraded, run: impl FnOnce(Stream, Bytes)) {
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Stream>>() else {
        tracing::error!("an upgraded connection is none of the listener's");
        return;
    };
    run(io.into_inner(), read_buf);
}

fn switch(accept_key: &str, protocol: Option<&'static str>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(key) = HeaderValue::from_str(accept_key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}
