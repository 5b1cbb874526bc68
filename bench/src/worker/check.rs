//! The comparison with the server: each client asks for the digest and holds its own sum against
//! it.

use anyhow::Result;

use super::conn::{Check, Stage};
use super::{Worker, tell};
use crate::control::{Checked, Told};
use crate::wire;

/// Clients that ask for the server's digest at a time.
const CHECK_WINDOW: usize = 200;
/// A comparison with the server that takes longer has failed.
const CHECK_PATIENCE_NS: u64 = 60_000_000_000;

/// A comparison with the server that is under way.
pub(super) struct Checking {
    until_ns: u64,
    next: usize,
    /// Clients that a busy server gave no digest; they ask again.
    again: Vec<usize>,
    n_asked: usize,
}

impl Checking {
    pub(super) fn new(now: u64) -> Self {
        Self { until_ns: now + CHECK_PATIENCE_NS, next: 0, again: Vec::new(), n_asked: 0 }
    }
}

impl Worker {
    /// Lets clients ask for the server's digest up to the window, or says what came of it.
    pub(super) fn check_more(&mut self, now: u64) -> Result<()> {
        let Some(mut checking) = self.checking.take() else { return Ok(()) };
        while checking.n_asked < CHECK_WINDOW {
            let next = (checking.next < self.conns.len()).then_some(checking.next);
            let Some(index) = next.or_else(|| checking.again.pop()) else { break };
            checking.next += usize::from(next.is_some());
            if self.setup.is_bare || self.conns[index].stage != Stage::Live {
                continue;
            }
            self.conns[index].check = Check::Asked;
            wire::put_text(&mut self.conns[index].out, b"{\"type\":\"ping\",\"check\":true}");
            self.mark_dirty(index);
            checking.n_asked += 1;
        }
        if checking.n_asked > 0 && now < checking.until_ns {
            self.checking = Some(checking);
            return Ok(());
        }
        let checked = self.compare();
        tell(&Told::Checked(checked))
    }

    /// An answer to a client that asked; without a digest the server had no time to read it.
    pub(super) fn checked(&mut self, index: usize, revs: Option<u64>) {
        let Some(checking) = &mut self.checking else { return };
        let conn = &mut self.conns[index];
        if conn.check != Check::Asked {
            return;
        }
        checking.n_asked -= 1;
        match revs {
            Some(revs) => conn.check = Check::Answered(revs),
            None => {
                conn.check = Check::Idle;
                checking.again.push(index);
            }
        }
    }

    fn compare(&mut self) -> Checked {
        let mut found = std::mem::take(&mut self.found);
        for (index, conn) in self.conns.iter_mut().enumerate() {
            found.n_lost += conn.checker.n_holes();
            let answer = std::mem::replace(&mut conn.check, Check::Idle);
            if self.setup.is_bare || conn.stage != Stage::Live {
                continue;
            }
            found.n_clients += 1;
            let own = conn.checker.revs();
            if answer != Check::Answered(own) {
                found.n_differ += 1;
                let user = self.setup.first + index;
                let words = format!("user {user} knows {own}, the server says {answer:?}");
                found.example.get_or_insert(words);
            }
        }
        found
    }
}
