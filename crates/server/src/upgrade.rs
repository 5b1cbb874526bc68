//! From an HTTP request to a running connection.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use voodoo_core::store::Authenticated;
use voodoo_core::{Core, Session};
use voodoo_proto::SUBPROTOCOL;

use crate::connection::Connection;
use crate::tls::Stream;
use crate::ws::handshake::{self, HandshakeError};

/// Subprotocols spoken, the best first.
const SUPPORTED: &[&str] = &[SUBPROTOCOL];
/// The kernel keeps at most about this much for a reader that is slow; the rest waits, counted, in
/// the session's outbox.
const SEND_BUFFER_BYTES: usize = 32 * 1024;

/// Answers an upgrade request of whoever was authenticated (or of a page that brings a ticket in
/// `hello`), and runs the connection.
///
/// Everything about the request but its WebSocket part was checked before.
pub(crate) fn accept(
    core: Arc<Core>,
    who: Option<Authenticated>,
    from: IpAddr,
    request: Request,
) -> Result<Response, HandshakeError> {
    let (mut head, _) = request.into_parts();
    let accepted = handshake::accept(&head.method, head.version, &head.headers, SUPPORTED)?;
    let on_upgrade = head.extensions.remove::<OnUpgrade>();
    let on_upgrade = on_upgrade.ok_or(HandshakeError::NotAnUpgrade)?;
    let session = Session::new(core, who).from_address(from);
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => run(upgraded, session),
            Err(error) => tracing::debug!(%error, "an upgrade came to nothing"),
        }
    });
    Ok(switch(&accepted.accept_key, accepted.protocol))
}

/// Takes the socket out from under hyper, whose buffers would stay with every idle connection.
fn run(upgraded: hyper::upgrade::Upgraded, session: Session) {
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Stream>>() else {
        tracing::error!("an upgraded connection is none of the listener's");
        return;
    };
    let stream = io.into_inner();
    let socket = socket2::SockRef::from(stream.socket());
    let send_buffer = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
    if let Err(error) = send_buffer {
        tracing::debug!(%error, "the send buffer keeps its size");
    }
    tokio::spawn(Connection::new(stream, session, read_buf));
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
