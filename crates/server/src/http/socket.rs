//! `GET /ws`: from a request to the socket of a session.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use voodoo_core::fault;
use voodoo_proto::{RefusalCode, SUBPROTOCOL};

use super::auth::{authenticate, token};
use super::door::Door;
use super::guard::Visit;
use super::origin::OriginKind;
use super::problem::Denied;
use crate::starts::NoPlace;
use crate::upgrade::{self, Arrival, SUPPORTED};
use crate::ws::handshake::{self, HandshakeError};

/// Whoever is sent away does not come back before this.
const MIN_WAIT_MS: u64 = 1_000;
/// However many wait, nobody is told to come back later than this on their account.
const MAX_QUEUE_MS: u64 = 30_000;

/// `GET /ws`
pub(crate) async fn open(
    State(door): State<Arc<Door>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Denied> {
    if door.is_draining() {
        return Err(turned_away(&door, door.starts.refused(NoPlace::Stopping)));
    }
    check_memory(&door)?;
    let headers = request.headers();
    let accepted = handshake::accept(request.method(), request.version(), headers, SUPPORTED);
    // What cannot become a session starts none, and is told so without waiting.
    let may_start = accepted.is_ok() && may_be_proven(&door, headers, visit.kind);
    // Before whoever asks is looked up: that is work too, and may be revoked while it waits.
    let start = match may_start {
        true => Some(door.starts.take().await.map_err(|why| turned_away(&door, why))?),
        false => None,
    };
    // It may have waited for its turn.
    check_memory(&door)?;
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
    let arrival = Arrival { who, from: visit.from, start };
    let upgraded = accepted
        .and_then(|accepted| upgrade::accept(Arc::clone(&door.core), arrival, request, &accepted));
    Ok(upgraded.unwrap_or_else(not_upgraded))
}

/// Whether it brings what may prove who asks, now or in `hello`.
fn may_be_proven(door: &Door, headers: &HeaderMap, kind: OriginKind) -> bool {
    kind == OriginKind::Other || token(door, headers, kind).is_some()
}

fn check_memory(door: &Door) -> Result<(), Denied> {
    match door.memory.is_refusing() {
        true => Err(turned_away(door, door.starts.refused(NoPlace::Memory))),
        false => Ok(()),
    }
}

/// Refuses for the moment, and says when to come back.
fn turned_away(door: &Door, why: NoPlace) -> Denied {
    let admissions = u64::from(door.core.settings.admissions_per_s.max(1));
    let queue_ms = (door.n_waiting() as u64 * 1_000 / admissions).min(MAX_QUEUE_MS);
    // Drawn, so that those who are sent away do not come back all at once.
    let window_ms = door.core.retry_window_ms().max(queue_ms).max(MIN_WAIT_MS);
    let wait_ms = rand::random_range(MIN_WAIT_MS..=window_ms);
    fault::unavailable(why.words()).after_ms(wait_ms).into()
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
