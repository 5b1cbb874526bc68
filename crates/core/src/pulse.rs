//! Signs of life of a session, read by one sweep for all instead of a timer for each.

use std::time::Duration;

use tokio::time::Instant;
use voodoo_proto::CloseCode;

use crate::clock::Clock;
use crate::hub::Hub;
use crate::settings::Settings;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Signs of life of a session, in milliseconds of [`Uptime`].
#[derive(Default)]
pub struct Pulse {
    heard_ms: AtomicU64,
    /// Since when the socket takes nothing; 0 = it does, or there is nothing to take.
    stuck_since_ms: AtomicU64,
}

impl Pulse {
    /// Of a client that is heard at this moment for the first time.
    pub(crate) fn begin(now_ms: u64) -> Self {
        Self { heard_ms: AtomicU64::new(now_ms), stuck_since_ms: AtomicU64::new(0) }
    }

    /// The client said something.
    pub fn heard(&self, now_ms: u64) {
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    /// The socket takes nothing, although there is something to take.
    pub fn stuck(&self, now_ms: u64) {
        if self.stuck_since_ms.load(Ordering::Relaxed) == 0 {
            self.stuck_since_ms.store(now_ms.max(1), Ordering::Relaxed);
        }
    }

    /// The socket took something.
    pub fn flowing(&self) {
        self.stuck_since_ms.store(0, Ordering::Relaxed);
    }

    /// When the client said something last.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        self.heard_ms.load(Ordering::Relaxed)
    }

    /// Why a session has to be closed now, if it has.
    fn verdict(&self, now_ms: u64, settings: &Settings) -> Option<CloseCode> {
        let since = self.stuck_since_ms.load(Ordering::Relaxed);
        if since > 0 && is_over(now_ms, since, settings.not_writable) {
            return Some(CloseCode::TooSlow);
        }
        // A session that takes nothing cannot be blamed for silence before it is too slow.
        let heard = self.heard_ms.load(Ordering::Relaxed);
        let is_silent = since == 0 && is_over(now_ms, heard, settings.silence);
        is_silent.then_some(CloseCode::Normal)
    }
}

fn is_over(now_ms: u64, since_ms: u64, limit: Duration) -> bool {
    u128::from(now_ms.saturating_sub(since_ms)) > limit.as_millis()
}

/// How long a session's device is good for; in Unix milliseconds.
pub struct Lease {
    created_ms: u64,
    expires_ms: AtomicU64,
}

impl Default for Lease {
    fn default() -> Self {
        Self::begin(0, u64::MAX)
    }
}

impl Lease {
    /// What the device was proven with.
    pub(crate) fn begin(created_ms: u64, expires_ms: u64) -> Self {
        Self { created_ms, expires_ms: AtomicU64::new(expires_ms) }
    }

    /// Moves the end on, for the device was used; never back.
    pub fn extend(&self, expires_ms: u64) {
        self.expires_ms.fetch_max(expires_ms, Ordering::Relaxed);
    }

    /// Since when there is the device.
    #[must_use]
    pub fn created_ms(&self) -> u64 {
        self.created_ms
    }

    /// Until when it is good without further use.
    #[must_use]
    pub fn expires_ms(&self) -> u64 {
        self.expires_ms.load(Ordering::Relaxed)
    }
}

/// Time that only goes forward, from the start of the process.
#[derive(Debug, Clone, Copy)]
pub struct Uptime(Instant);

impl Uptime {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since it began.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A session whose device is over ends this much later, at most.
const MAX_PERIOD: Duration = Duration::from_millis(500);

/// Closes sessions that are silent or stuck, or whose device is over, for as long as the process runs.
pub(crate) async fn sweep(
    hub: std::sync::Arc<Hub>,
    settings: std::sync::Arc<Settings>,
    uptime: Uptime,
    clock: std::sync::Arc<dyn Clock>,
) {
    let shortest = settings.silence.min(settings.not_writable);
    let period = (shortest / 8).clamp(Duration::from_millis(5), MAX_PERIOD);
    loop {
        tokio::time::sleep(period).await;
        sweep_once(&hub, &settings, uptime.now_ms(), clock.now_ms());
    }
}

pub(crate) fn sweep_once(hub: &Hub, settings: &Settings, now_ms: u64, clock_ms: u64) {
    hub.for_each(|handle| {
        if handle.lease.expires_ms() <= clock_ms {
            handle.outbox.close(CloseCode::LogInAgain);
        }
        if let Some(code) = handle.pulse.verdict(now_ms, settings) {
            handle.outbox.close(code);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_a_stuck_socket_are_told_apart() {
        let settings = Settings {
            silence: Duration::from_millis(100),
            not_writable: Duration::from_millis(300),
            ..Settings::default()
        };
        let pulse = Pulse::default();
        pulse.heard(1_000);
        assert_eq!(pulse.verdict(1_100, &settings), None);
        assert_eq!(pulse.verdict(1_101, &settings), Some(CloseCode::Normal));
        pulse.stuck(1_050);
        pulse.stuck(1_200);
        assert_eq!(pulse.verdict(1_350, &settings), None);
        assert_eq!(pulse.verdict(1_351, &settings), Some(CloseCode::TooSlow));
        pulse.flowing();
        pulse.heard(1_340);
        assert_eq!(pulse.verdict(1_351, &settings), None);
    }
}
