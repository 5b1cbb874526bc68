//! `GET /ws`: from a request to the socket of a session.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use voodoo_core::fault;
use voodoo_proto::RefusalCode;

use super::auth::authenticate;
use super::door::Door;
use super::guard::Visit;
use super::origin::OriginKind;
use super::problem::Denied;
use crate::upgrade;

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
    Ok(upgrade::accept(Arc::clone(&door.core), who, request))
}
