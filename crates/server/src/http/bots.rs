//! Accounts of programs.

use std::sync::Arc;

use axum::extract::State;
use voodoo_core::account;
use voodoo_core::store::{NewDevice, NewUser};
use voodoo_core::{Fault, StoreError};
use voodoo_proto::MAX_SAFE_INTEGER;
use voodoo_proto::http::{BotMade, BotRequest};
use voodoo_proto::object::UserKind;

use super::auth::Caller;
use super::body::Json;
use super::door::Door;
use super::problem::Denied;
use super::secret;

/// `POST /bots`
pub(crate) async fn create(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(wanted): Json<BotRequest>,
) -> Result<Json<BotMade>, Denied> {
    let handle = account::handle(&wanted.handle)?;
    let name = account::name(&wanted.name)?;
    let by = caller.who().user;
    door.throttle.take(by)?;
    let user = NewUser { handle, name, password: None, kind: UserKind::Bot };
    let token = secret::new_token();
    let device = NewDevice {
        name: "Program".to_owned(),
        token: account::secret_hash(&token),
        // Nobody would be there to log a program in again: its token ends when it is revoked.
        expires_ms: MAX_SAFE_INTEGER,
    };
    let made = door.core.accounts.sign_up(None, user, Some(device), door.now_ms()).await?;
    door.core.announce(made.effects);
    if made.device.is_none() {
        return Err(StoreError::Fault(Fault::new("a bot was made without its device")).into());
    }
    tracing::info!(%by, user = %made.user, "a bot was made");
    Ok(Json(BotMade { user: made.user, token }))
}
