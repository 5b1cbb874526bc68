//! What may be asked without a log-in: about the server, and whether it serves.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use voodoo_core::room::{Room, Stage};
use voodoo_proto::SUBPROTOCOL;
use voodoo_proto::http::{Check, ServerAbout};

use super::body::Json;
use super::door::Door;
use super::problem::Denied;
use crate::memory::Memory;

/// `GET /server`
pub(crate) async fn about(State(door): State<Arc<Door>>) -> Result<Json<ServerAbout>, Denied> {
    let (name, claimed) = door.core.accounts.about().await?;
    let sign_up = door.options.sign_up;
    Ok(Json(ServerAbout { name, claimed, sign_up, protocols: vec![SUBPROTOCOL.to_owned()] }))
}

fn check(what: &str, ok: bool) -> Check {
    Check { check: what.to_owned(), ok, words: None }
}

/// Below the first mark it is said how much is left; below the second nothing new is taken.
fn check_room(room: &Room) -> Check {
    let (stage, space) = (room.stage(), room.space());
    let words = (stage > Stage::Enough).then(|| {
        let [free_mib, total_mib] = [space.free_bytes, space.total_bytes].map(|n| n >> 20);
        format!("{}: {free_mib} MiB of {total_mib} are free", stage.name())
    });
    Check { words, ..check("room", stage < Stage::Short) }
}

/// Where nobody new is let in, a balancer has to send them elsewhere.
fn check_memory(memory: &Memory) -> Check {
    Check { words: memory.words(), ..check("memory", !memory.is_refusing()) }
}

/// `GET /livez`: the process answers.
pub(crate) async fn livez() -> Json<[Check; 1]> {
    std::future::ready(Json([check("process", true)])).await
}

/// `GET /readyz`: the store answers and takes writes, there is room on the disk and in memory, and
/// the server is not about to stop.
pub(crate) async fn readyz(State(door): State<Arc<Door>>) -> (StatusCode, Json<[Check; 5]>) {
    let patience = door.options.ready_timeout;
    let reading = tokio::time::timeout(patience, door.core.accounts.about());
    let writing = tokio::time::timeout(patience, door.core.store.takes_writes());
    let (read, written) = tokio::join!(reading, writing);
    let checks = [
        check("store", matches!(read, Ok(Ok(_)))),
        check("writes", matches!(written, Ok(Ok(())))),
        check_room(&door.core.settings.rules.room),
        check_memory(&door.memory),
        check("not_draining", !door.is_draining()),
    ];
    let is_well = checks.iter().all(|check| check.ok);
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(checks))
}
