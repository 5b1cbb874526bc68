//! Sending without a socket.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{HeaderMap, HeaderName};
use voodoo_core::apply::{Reply, Send, Write};
use voodoo_core::{Bucket, Fault, Refusal, StoreError};
use voodoo_proto::http::NewMessage;
use voodoo_proto::reply::Sent;
use voodoo_proto::{ClientId, ConversationId};

use super::auth::Caller;
use super::body::Json;
use super::door::Door;
use super::problem::Denied;

/// The sender's name for the message.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `POST /conversations/{conversation}/messages`
pub(crate) async fn send(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Path(conversation): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<NewMessage>,
) -> Result<Json<Sent>, Denied> {
    let conversation: ConversationId =
        conversation.parse().map_err(|_no_id| Refusal::not_found())?;
    let client_id = key(&headers).ok_or_else(|| {
        Refusal::field("Idempotency-Key", "a UUID in its 36-character form is needed")
    })?;
    let sender = caller.who().user;
    let send = Send {
        conversation,
        sender,
        client_id,
        body: wanted.body,
        reply_to: wanted.reply_to,
        is_silent: wanted.silent.unwrap_or(false),
        mentions: wanted.mentions,
        at_ms: door.now_ms(),
        over_rate_ms: door.core.over_rate(sender, Bucket::Send),
    };
    match door.core.carry_out(Write::Send(send)).await? {
        Reply::Sent { placed, duplicate } => {
            Ok(Json(Sent { seq: placed.seq, rev: placed.rev, at_ms: placed.at_ms, duplicate }))
        }
        Reply::In(_)
        | Reply::Changed(_)
        | Reply::Added(_)
        | Reply::Done
        | Reply::Later(_)
        | Reply::Each(_) => {
            Err(StoreError::Fault(Fault::new("a message was sent and has no place")).into())
        }
    }
}

/// The key with or without the quotes of a structured field.
fn key(headers: &HeaderMap) -> Option<ClientId> {
    let text = headers.get(IDEMPOTENCY_KEY)?.to_str().ok()?.trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    bare.parse().ok()
}
