//! `GET /ws`: from a request to the socket of a session.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use voodoo_core::fault;
use voodoo_proto::{RefusalCode, SUBPROTOCOL};

use super::auth::authenticate;
use super::door::Door;
use super::guard::Visit;
use super::origin::OriginKind;
use super::problem::Denied;
use crate::upgrade;
use crate::ws::handshake::HandshakeError;

/// `GET /ws`
pub(crate) async fn open(
    State(door): State<Arc<Door>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Denied> {
    if door.is_draining() {
        // Drawn, so that those who are sent away do not come back all at once.
        let wait_ms = rand::random_range(1_000..=door.core.retry_window_ms().max(1_000));
        return Err(fault::unavailable("the server is about to stop").after_ms(wait_ms).into());
    }
    let who = match authenticate(&door, request.headers(), visit.kind).await {
        Ok(who) => Some(who),
        // No cookie of ours reaches the pages of another site: they bring a ticket in `hello`.
        Err(refusal)
            if visit.kind == OriginKind::Other && refusal.code == RefusalCode::Unauthenticated =>
        {
            None
        }
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(match upgrade::accept(Arc::clone(&door.core), who, visit.from, request) {
        Ok(response) => response,
        Err(error) => not_upgraded(error),
    })
}

/// What is missing, with the headers by which HTTP says so.
pub(crate) fn not_upgraded(error: HandshakeError) -> Response {
    let status = error.status();
    let code = match status {
        StatusCode::METHOD_NOT_ALLOWED => RefusalCode::UnknownType,
        _ => RefusalCode::BadRequest,
    };
    let mut response = Denied::with_status(status, code, &error.to_string()).into_response();
    for (name, value) in error.headers() {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        let spoken = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, spoken);
    }
    response
}
