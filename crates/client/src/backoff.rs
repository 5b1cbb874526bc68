//! When to come back after a socket ended. Pure: chance is handed in.

use std::time::Duration;

use voodoo_proto::codes::{CloseCode, Return};

/// No wait grows beyond this.
pub const MAX_WAIT: Duration = Duration::from_secs(120);
/// The window before a server has told one.
pub const FIRST_WINDOW: Duration = Duration::from_secs(1);
/// The least wait after a close for flooding.
pub const FLOOD_WAIT: Duration = Duration::from_secs(30);

/// Why there is no socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A close frame came with this number; 1006 stands for a socket that broke.
    Closed(u16),
    /// The server said `goaway` and this session left at its moment.
    Left,
    /// No socket came about; the server may have named a wait.
    Refused {
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// The `Retry-After` of the answer.
        retry_after: Option<Duration>,
    },
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this wait.
    Wait(Duration),
    /// Do not come back by oneself; the close number says why.
    Stop(u16),
}

/// Counts the failures since the last live session.
#[derive(Debug, Clone)]
pub struct Backoff {
    window: Duration,
    n_failures: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { window: FIRST_WINDOW, n_failures: 0 }
    }
}

impl Backoff {
    /// Takes the window of `welcome`.
    pub fn set_window(&mut self, window: Duration) {
        self.window = window;
    }

    /// The session is live: the next failure is the first again.
    pub fn reset(&mut self) {
        self.n_failures = 0;
    }

    /// Decides after a socket ended; `chance` lies in `0.0..1.0`.
    pub fn next(&mut self, ended: Ended, chance: f64) -> Next {
        match ended {
            Ended::Left => Next::Wait(Duration::ZERO),
            Ended::Closed(number) => self.after_close(number, chance),
            Ended::Refused { status: Some(401), .. } => Next::Stop(CloseCode::LogInAgain.number()),
            Ended::Refused { status: Some(403), .. } => Next::Stop(CloseCode::NotAllowed.number()),
            Ended::Refused { status: Some(426), .. } => Next::Stop(CloseCode::Version.number()),
            Ended::Refused { retry_after, .. } => {
                Next::Wait(self.jittered(chance).max(retry_after.unwrap_or_default()))
            }
        }
    }

    fn after_close(&mut self, number: u16, chance: f64) -> Next {
        // A number without a row (1001, 1005, 1006 …) says nothing against coming back.
        let may_return = CloseCode::from_number(number).map_or(Return::Yes, CloseCode::may_return);
        match may_return {
            Return::Yes | Return::ByWindow => Next::Wait(self.jittered(chance)),
            Return::AfterThirtySeconds => Next::Wait(FLOOD_WAIT + self.jittered(chance)),
            Return::AfterLogIn | Return::OnUserAction | Return::AfterReload | Return::No => {
                Next::Stop(number)
            }
        }
    }

    /// uniform(0, window) first, then full jitter over a doubling bound up to [`MAX_WAIT`].
    fn jittered(&mut self, chance: f64) -> Duration {
        let bound = self.window.saturating_mul(1 << self.n_failures.min(16)).min(MAX_WAIT);
        self.n_failures = self.n_failures.saturating_add(1);
        bound.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: Ended = Ended::Closed(1006);

    #[test]
    fn the_first_wait_lies_in_the_window_and_later_ones_double_up_to_two_minutes() {
        let mut backoff = Backoff::default();
        backoff.set_window(Duration::from_secs(8));
        let waits: Vec<Next> = (0..7).map(|_| backoff.next(BROKEN, 1.0)).collect();
        let secs = [8, 16, 32, 64, 120, 120, 120];
        assert_eq!(waits, secs.map(|s| Next::Wait(Duration::from_secs(s))));
        backoff.reset();
        assert_eq!(backoff.next(BROKEN, 0.5), Next::Wait(Duration::from_secs(4)));
    }

    #[test]
    fn goaway_costs_no_wait() {
        assert_eq!(Backoff::default().next(Ended::Left, 0.9), Next::Wait(Duration::ZERO));
    }

    #[test]
    fn every_close_code_is_obeyed() {
        for code in CloseCode::ALL {
            let next = Backoff::default().next(Ended::Closed(code.number()), 0.5);
            match code.may_return() {
                Return::Yes | Return::ByWindow => {
                    assert_eq!(next, Next::Wait(FIRST_WINDOW / 2), "{code:?}");
                }
                Return::AfterThirtySeconds => {
                    assert_eq!(next, Next::Wait(FLOOD_WAIT + FIRST_WINDOW / 2), "{code:?}");
                }
                Return::AfterLogIn | Return::OnUserAction | Return::AfterReload | Return::No => {
                    assert_eq!(next, Next::Stop(code.number()), "{code:?}");
                }
            }
        }
    }

    #[test]
    fn a_refused_upgrade_waits_as_told_or_stops() {
        let refused = |status, secs| Ended::Refused {
            status: Some(status),
            retry_after: Some(Duration::from_secs(secs)),
        };
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(refused(503, 7), 0.1), Next::Wait(Duration::from_secs(7)));
        assert_eq!(backoff.next(refused(401, 0), 0.1), Next::Stop(4401));
        assert_eq!(backoff.next(refused(403, 0), 0.1), Next::Stop(4403));
        assert_eq!(backoff.next(refused(426, 0), 0.1), Next::Stop(4410));
    }
}
