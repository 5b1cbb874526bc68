//! Invites: into the server, or into a conversation on it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use voodoo_core::store::NewInvite;
use voodoo_core::{Bucket, Refusal, StoreError, account};
use voodoo_proto::http::{InviteLook, InviteRequest, InviteSeen};
use voodoo_proto::object::Role;
use voodoo_proto::reply::Invite;
use voodoo_proto::{InviteId, RefusalCode, UserId};

use super::auth::Caller;
use super::body::Json;
use super::door::Door;
use super::guard::Visit;
use super::origin::base_url;
use super::problem::Denied;
use super::secret;
use super::touch::plus;

/// `POST /invites`
pub(crate) async fn create(
    State(door): State<Arc<Door>>,
    caller: Caller,
    headers: HeaderMap,
    Json(wanted): Json<InviteRequest>,
) -> Result<Json<Invite>, Denied> {
    let ttl = checked_ttl(&door, wanted.ttl_s)?;
    if wanted.uses == Some(0) {
        return Err(Refusal::field("uses", "at least 1").into());
    }
    let conversation = match (wanted.conversation, wanted.role) {
        (Some(conversation), role) => Some((conversation, role.unwrap_or(Role::Member))),
        (None, None) => None,
        (None, Some(_)) => return Err(Refusal::field("role", "needs a conversation").into()),
    };
    let by = caller.who().user;
    check_rate(&door, by, conversation.is_some())?;
    let code = secret::new_code();
    let now_ms = door.now_ms();
    let invite = NewInvite {
        code: account::secret_hash(&code),
        by,
        conversation,
        uses: wanted.uses,
        expires_ms: plus(now_ms, ttl),
    };
    let invite = door.core.accounts.create_invite(invite, now_ms).await?;
    tracing::info!(user = %by, %invite, "an invite was made");
    let url = format!("{}/join#{code}", base_url(&headers, &door.options));
    Ok(Json(Invite { invite, code, url }))
}

/// Invites into a conversation count as those of the socket.
fn check_rate(door: &Door, by: UserId, is_into_conversation: bool) -> Result<(), Refusal> {
    if !is_into_conversation {
        return door.throttle.take(by);
    }
    door.core.over_rate(by, Bucket::Create).map_or(Ok(()), |wait_ms| {
        let words = "more invites than the rate allows";
        Err(Refusal::new(RefusalCode::RateLimited, words).after_ms(wait_ms))
    })
}

fn checked_ttl(door: &Door, ttl_s: Option<u64>) -> Result<Duration, Refusal> {
    let Some(ttl_s) = ttl_s else { return Ok(door.options.invite_ttl) };
    let max_s = door.options.max_invite_ttl.as_secs();
    if !(1..=max_s).contains(&ttl_s) {
        return Err(Refusal::field("ttl_s", format!("1 to {max_s}")));
    }
    Ok(Duration::from_secs(ttl_s))
}

/// `POST /invites/look`
pub(crate) async fn look(
    State(door): State<Arc<Door>>,
    visit: Visit,
    Json(wanted): Json<InviteLook>,
) -> Result<Json<InviteSeen>, Denied> {
    let attempt = door.attempts.from(visit.from)?;
    let accounts = &door.core.accounts;
    let code = account::secret_hash(&wanted.code);
    let target = match accounts.look_invite(code, door.now_ms()).await {
        Ok(target) => target,
        Err(StoreError::Refused(refusal)) => return Err(refusal.into()),
        Err(error) => {
            attempt.was_not_judged();
            return Err(error.into());
        }
    };
    attempt.was_right();
    let (server_name, _) = accounts.about().await?;
    let seen =
        InviteSeen { server_name, inviter: target.inviter, conversation: target.conversation };
    Ok(Json(seen))
}

/// `DELETE /invites/{invite}`
pub(crate) async fn revoke(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Path(invite): Path<String>,
) -> Result<StatusCode, Denied> {
    let invite: InviteId = invite.parse().map_err(|_no_id| Refusal::not_found())?;
    let by = caller.who().user;
    door.core.accounts.revoke_invite(by, invite).await?;
    tracing::info!(user = %by, %invite, "an invite was ended");
    Ok(StatusCode::NO_CONTENT)
}
