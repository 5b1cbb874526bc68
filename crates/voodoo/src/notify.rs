//! What the service manager is told: ready, alive, stopping, and how many sessions there are.
//!
//! systemd says by `NOTIFY_SOCKET` that it wants to hear; without it nothing happens.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use voodoo_core::Core;

/// How often the number of sessions is told, at most.
const STATUS_EVERY: Duration = Duration::from_secs(10);
/// A watchdog is answered so many times within its patience.
const BEATS: u32 = 3;
/// However short the patience: signs of life cost something.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Everything is open: the server serves.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// No connection is taken any more; those that are there are sent away.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Gives signs of life and tells the number of sessions, as long as it is polled.
///
/// A runtime that no longer gets round to its tasks falls silent, and the service manager starts
/// the process anew. A store that is slow is no reason for that: `/readyz` tells of it.
pub(crate) async fn keep_telling(core: Arc<Core>) {
    let patience = sd_notify::watchdog_enabled();
    let pause = patience.map_or(STATUS_EVERY, |patience| pause(patience / BEATS));
    let mut beats = tokio::time::interval(pause);
    let mut told = None;
    loop {
        beats.tick().await;
        if patience.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
        let n_sessions = core.hub.n_sessions();
        if told != Some(n_sessions) {
            told = Some(n_sessions);
            tell(&[NotifyState::Status(&status(n_sessions))]);
        }
    }
}

fn pause(wanted: Duration) -> Duration {
    wanted.clamp(MIN_PAUSE, STATUS_EVERY)
}

fn status(n_sessions: usize) -> String {
    match n_sessions {
        1 => "1 session".to_owned(),
        many => format!("{many} sessions"),
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_come_within_the_patience_of_the_watchdog() {
        assert_eq!(pause(Duration::from_secs(5)), Duration::from_secs(5));
        assert_eq!(pause(Duration::from_secs(600)), STATUS_EVERY);
        assert_eq!(pause(Duration::ZERO), MIN_PAUSE);
    }

    #[test]
    fn sessions_are_counted_in_words() {
        assert_eq!(status(0), "0 sessions");
        assert_eq!(status(1), "1 session");
    }
}
