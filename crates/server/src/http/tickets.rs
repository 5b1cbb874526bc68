//! Tickets: how a page of another origin says whose session it opens.

use std::sync::Arc;

use axum::extract::State;
use voodoo_core::account;
use voodoo_proto::http::Ticket;

use super::auth::Caller;
use super::body::Json;
use super::door::Door;
use super::problem::Denied;
use super::secret;
use super::touch::plus;

/// `POST /tickets`
pub(crate) async fn create(
    State(door): State<Arc<Door>>,
    caller: Caller,
) -> Result<Json<Ticket>, Denied> {
    door.throttle.take(caller.who().user)?;
    let ticket = secret::new_code();
    let now_ms = door.now_ms();
    let expires_ms = plus(now_ms, door.options.ticket_ttl);
    let secret = account::secret_hash(&ticket);
    door.core.accounts.put_ticket(secret, caller.who().device, now_ms, expires_ms).await?;
    Ok(Json(Ticket { ticket, expires_ms }))
}
