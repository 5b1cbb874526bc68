//! The start of a session, its repairs, and the end of a lag: what is read in one snapshot.

use std::sync::Arc;

use voodoo_proto::event::{ServerFrame, ServerInfo, Welcome};
use voodoo_proto::request::{Hello, Resume};
use voodoo_proto::{CloseCode, RefusalCode};

use super::Done;
use super::pages::{HeadPages, Pages, SyncPages};
use crate::core::Core;
use crate::error::{Refusal, StoreError};
use crate::fault;
use crate::frame::{self, Frame};
use crate::hub::Handle;
use crate::outbox::Lag;
use crate::store::{Opened, Result, Scope, SecretHash, Snapshot, Subscription};

/// Taken off the client's time, so that neither clocks nor commits under way hide a change.
const MARGIN_MS: u64 = 15_000;
/// A cursor older than this is void.
const MAX_AGE_MS: u64 = 30 * 86_400_000;
/// A cursor further ahead of the server than this is void.
const MAX_AHEAD_MS: u64 = 5 * 60_000;

/// A session that may be welcomed.
pub(super) struct Started {
    pub(super) welcome: Frame,
    pub(super) pages: Pages,
}

/// Finds out whose session begins, by the ticket that a page of another origin brings.
pub(super) async fn admit(core: Arc<Core>, ticket: SecretHash, hello: Hello) -> Done {
    let taking = core.accounts.take_ticket(ticket, core.clock.now_ms());
    let admitted = match tokio::time::timeout(core.settings.request, taking).await {
        Ok(Ok(Some(who))) => Ok(who),
        Ok(Ok(None)) => Err(Refusal::new(RefusalCode::Unauthenticated, "the ticket is no good")),
        Ok(Err(error)) => Err(fault::to_refusal(error)),
        Err(_elapsed) => Err(fault::unavailable("the ticket was not looked up in time")),
    };
    Done::Admitted(admitted, hello)
}

/// Subscribes first and reads the snapshot afterwards: what is committed in between comes as an
/// event too, and the client keeps events until the snapshot is there.
pub(super) async fn start(core: Arc<Core>, handle: Arc<Handle>, hello: Hello) -> Done {
    let started = begin(&core, &handle, hello.resume).await;
    Done::Started(started.map_err(fault::to_refusal))
}

async fn begin(core: &Core, handle: &Arc<Handle>, resume: Option<Resume>) -> Result<Started> {
    let now_ms = core.clock.now_ms();
    let who = Opened { user: handle.user, device: handle.device };
    let epoch = core.store.epoch().await?;
    let scope = resume.map_or(Scope::All, |resume| scope_of(&resume, &epoch, now_ms));
    let (hub, subscriber) = (Arc::clone(&core.hub), Arc::clone(handle));
    let subscribe = Box::new(move |subscriptions: &[Subscription]| {
        hub.subscribe_all(&subscriber, subscriptions);
        hub.settled(&subscriber);
    });
    let Some(snapshot) = core.store.begin(who, now_ms, scope, subscribe).await? else {
        // It ended between its upgrade and its `hello`, when it had no session to be closed.
        return Err(Refusal::new(RefusalCode::Unauthenticated, "the device has ended").into());
    };
    let (snapshot, is_resumed) = check_cursor(core, handle, scope, snapshot).await?;
    let (server_name, _) = core.accounts.about().await?;
    let welcome = ServerFrame::Welcome(Welcome {
        epoch: epoch.to_string(),
        session: handle.session.to_string(),
        device: handle.device,
        user: handle.user,
        now_ms,
        resumed: is_resumed,
        heartbeat_ms: u64::try_from(core.settings.heartbeat.as_millis()).unwrap_or(u64::MAX),
        retry_window_ms: core.retry_window_ms(),
        limits: core.settings.rules.limits.clone(),
        server: ServerInfo { name: server_name, version: core.settings.version.to_owned() },
    });
    let pages = Pages::Sync(Box::new(SyncPages::new(snapshot)));
    Ok(Started { welcome: frame::encode(&welcome), pages })
}

/// Cursors of another epoch, too old or from the future ask for everything.
fn scope_of(resume: &Resume, epoch: &str, now_ms: u64) -> Scope {
    let is_void = resume.epoch != epoch
        || resume.since_ms + MAX_AGE_MS < now_ms
        || resume.since_ms > now_ms + MAX_AHEAD_MS;
    if is_void {
        return Scope::All;
    }
    since(resume.user_rev, resume.since_ms)
}

fn since(user_rev: u64, since_ms: u64) -> Scope {
    Scope::Since { user_rev, since_ms: since_ms.saturating_sub(MARGIN_MS) }
}

/// Reads the snapshot, and whether it builds on the client's cursors.
async fn read(core: &Core, handle: &Handle, scope: Scope) -> Result<(Snapshot, bool)> {
    let snapshot = core.store.snapshot(handle.user, scope).await?;
    check_cursor(core, handle, scope, snapshot).await
}

/// Takes everything in place of what follows a cursor that is ahead of the user.
async fn check_cursor(
    core: &Core,
    handle: &Handle,
    scope: Scope,
    snapshot: Snapshot,
) -> Result<(Snapshot, bool)> {
    match scope {
        Scope::All => Ok((snapshot, false)),
        Scope::Since { user_rev, .. } if user_rev > snapshot.digest.user_rev => {
            Ok((core.store.snapshot(handle.user, Scope::All).await?, false))
        }
        Scope::Since { .. } => Ok((snapshot, true)),
    }
}

/// With which code a session that cannot start is closed.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else hinders may pass")]
pub(super) fn close_code(refusal: &Refusal) -> CloseCode {
    match refusal.code {
        RefusalCode::NotFound | RefusalCode::Unauthenticated => CloseCode::LogInAgain,
        RefusalCode::Internal => CloseCode::Fault,
        _ => CloseCode::Unavailable,
    }
}

/// Reads the pages of a sync anew.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn resync(
    core: &Core,
    handle: &Handle,
    user_rev: u64,
    since_ms: u64,
) -> std::result::Result<Pages, StoreError> {
    let scope = match (user_rev, since_ms) {
        (0, 0) => Scope::All,
        _ => since(user_rev, since_ms),
    };
    let (snapshot, _) = read(core, handle, scope).await?;
    Ok(Pages::Sync(Box::new(SyncPages::new(snapshot))))
}

/// Reads the heads of what was left out. A store that fails ends the session: the client comes
/// back and resumes.
pub(super) async fn catch_up(core: Arc<Core>, handle: Arc<Handle>, lag: Lag) -> Done {
    lag.ends.into_iter().for_each(|last| handle.outbox.push_reply(last));
    let conversations: Vec<_> = lag.conversations.into_iter().collect();
    let read = core.store.heads(handle.user, &conversations).await;
    let (heads, user_rev) = match read {
        Ok(read) => read,
        Err(error) => {
            handle.outbox.close(close_code(&fault::to_refusal(error)));
            (Vec::new(), 0)
        }
    };
    Done::Caught(Pages::Heads(Box::new(HeadPages::new(heads, user_rev))))
}
