//! File descriptors: as many as the system allows, and some kept back from connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept back for the database, its log, backups and everything else that is no connection.
const RESERVE: u64 = 200;

/// Raises the limit as far as this process may, and says how many connections it leaves room for.
pub(crate) fn room_for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of descriptors stays as it is");
            limit.current
        }
    };
    room(allowed)
}

/// Without a limit there is room for any number.
fn room(allowed: Option<u64>) -> usize {
    let left = allowed.map_or(u64::MAX, |n| n.saturating_sub(RESERVE).max(n / 4));
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_kept_back_and_a_few_connections_are_always_let_in() {
        let rooms = [None, Some(20_000), Some(300), Some(64)].map(room);
        assert_eq!(rooms, [usize::MAX, 19_800, 100, 16]);
    }

    #[test]
    fn the_limit_of_this_process_leaves_room() {
        let room = room_for_connections();
        assert!(room >= 16, "{room}");
    }
}
