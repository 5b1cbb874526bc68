//! What users do with their own account and devices.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use voodoo_core::Refusal;
use voodoo_core::apply::{Profile, Write};
use voodoo_proto::http::{Device, MePatch, MeSeen, PasswordChange};
use voodoo_proto::object::User;
use voodoo_proto::{CloseCode, DeviceId, RefusalCode};

use super::attempts::Account;
use super::auth::Caller;
use super::body::Json;
use super::cookie::Cookie;
use super::door::Door;
use super::enter::check_password_of;
use super::guard::Visit;
use super::problem::Denied;

/// `POST /log-out`
pub(crate) async fn log_out(
    State(door): State<Arc<Door>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    end(&door, &caller, caller.who().device, &headers).await
}

/// `GET /devices`
pub(crate) async fn devices(
    State(door): State<Arc<Door>>,
    caller: Caller,
) -> Result<Json<Vec<Device>>, Denied> {
    let who = caller.who();
    let mut devices = door.core.accounts.devices(who.user, door.now_ms()).await?;
    for device in &mut devices {
        device.current = device.device == who.device;
    }
    Ok(Json(devices))
}

/// `DELETE /devices/{device}`
pub(crate) async fn end_device(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Path(device): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let device: DeviceId = device.parse().map_err(|_no_id| Refusal::not_found())?;
    end(&door, &caller, device, &headers).await
}

/// Ends a device; a page that ends its own loses its cookie.
async fn end(
    door: &Door,
    caller: &Caller,
    device: DeviceId,
    headers: &HeaderMap,
) -> Result<Response, Denied> {
    let who = caller.who();
    door.core.accounts.close_device(who.user, device, door.now_ms()).await?;
    door.core.revoke(who.user, &[device], CloseCode::LogInAgain);
    tracing::info!(user = %who.user, %device, "a device was ended");
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let (true, Ok(cookie)) = (device == who.device, Cookie::of(headers, &door.options)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie.clear());
    }
    Ok(response)
}

/// `GET /me`
pub(crate) async fn me(
    State(door): State<Arc<Door>>,
    caller: Caller,
) -> Result<Json<MeSeen>, Denied> {
    let who = caller.who();
    let found = door.core.store.users(&[who.user]).await?.pop();
    let Some(user) = found else { return Err(Refusal::not_found().into()) };
    Ok(Json(MeSeen { user: User { role: Some(who.role), ..user } }))
}

/// `PATCH /me`
pub(crate) async fn change_me(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(patch): Json<MePatch>,
) -> Result<Json<MeSeen>, Denied> {
    if patch.avatar.is_some() {
        return Err(Refusal::field("avatar", "pictures are not served yet").into());
    }
    if let Some(name) = patch.name {
        let by = caller.who().user;
        door.core.carry_out(Write::Profile(Profile { by, name })).await?;
    }
    me(State(door), caller).await
}

/// `POST /me/password`
pub(crate) async fn change_password(
    State(door): State<Arc<Door>>,
    caller: Caller,
    visit: Visit,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Denied> {
    let (user, device) = (caller.who().user, caller.who().device);
    check_password_of(&door, user, &change.new).await.map_err(at_new)?;
    let attempt = door.attempts.at(Account::User(user), visit.from)?;
    let accounts = &door.core.accounts;
    let hashed = accounts.credential_of(user).await?.map(|credential| credential.password);
    match door.hasher.verify(change.old, hashed).await {
        Ok(true) => attempt.was_right(),
        Ok(false) => {
            tracing::info!(%user, from = %visit.from, "a change of password failed");
            let words = "the old password is wrong";
            let refusal = Refusal::new(RefusalCode::Forbidden, words);
            return Err(Refusal { field: Some("old"), ..refusal }.into());
        }
        Err(error) => {
            attempt.was_not_judged();
            return Err(error.into());
        }
    }
    let hashed = door.hasher.hash(change.new).await?;
    let ended = accounts.set_password(user, hashed, Some(device), door.now_ms()).await?;
    door.core.revoke(user, &ended, CloseCode::LogInAgain);
    tracing::info!(%user, n_ended = ended.len(), "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}

/// The field is called otherwise here than in the other ways to set a password.
fn at_new(denied: Denied) -> Denied {
    denied.renamed("password", "new")
}
