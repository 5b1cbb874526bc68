//! Clients that stop reading for a while, and catch up once they read again.

use std::collections::VecDeque;

use anyhow::Result;
use serde::Deserialize;

use super::conn::{Stage, Wire};
use super::{Worker, tell};
use crate::control::{Told, Woken};
use crate::{seed, wire};

/// Clients that are on their way back at a time.
const WINDOW: usize = 200;
/// All that were woken have caught up within this time, or the run fails.
const PATIENCE_NS: u64 = 540_000_000_000;
/// Messages of one page that is asked for.
const PAGE: usize = 100;

/// What is special about a client that stops reading.
#[derive(Debug, Default)]
pub(super) struct Slow {
    conversation: i64,
    is_asleep: bool,
    /// The change that it has to come to; 0 while nothing is expected of it.
    target: u64,
    is_asking: bool,
    next_id: u64,
    was_lagging: bool,
    was_closed: bool,
}

/// Clients that come back.
#[derive(Default)]
pub(super) struct Waking {
    /// Not read yet.
    queue: VecDeque<usize>,
    n_under_way: usize,
    until_ns: u64,
    told: Woken,
}

/// A page of what was missed.
#[derive(Debug, Deserialize)]
struct Page {
    messages: Vec<Touched>,
    rev: u64,
    more: bool,
    #[serde(default)]
    reset: bool,
}

#[derive(Debug, Deserialize)]
struct Touched {
    rev: u64,
}

impl Worker {
    /// From here on the clients from a number on read nothing.
    pub(super) fn fall_asleep(&mut self, conversation: i64) -> Result<()> {
        let n_awake = self.n_awake();
        for conn in self.conns.iter_mut().skip(n_awake) {
            let slow = Slow { conversation, is_asleep: true, next_id: 1, ..Slow::default() };
            conn.slow = Some(Box::new(slow));
        }
        tell(&Told::Asleep)
    }

    fn n_awake(&self) -> usize {
        self.setup.slow_from.map_or(self.conns.len(), |from| from.saturating_sub(self.setup.first))
    }

    pub(super) fn is_asleep(&self, index: usize) -> bool {
        self.conns[index].slow.as_ref().is_some_and(|slow| slow.is_asleep)
    }

    /// Lets those of one half read again; each has missed so many messages.
    pub(super) fn wake(&mut self, half: usize, n_missed: u64, now: u64) {
        let mut waking = Waking { until_ns: now + PATIENCE_NS, ..Waking::default() };
        for index in self.n_awake()..self.conns.len() {
            let conn = &mut self.conns[index];
            let Some(slow) = conn.slow.as_mut().filter(|_| index % 2 == half) else { continue };
            slow.target = conn.checker.have(slow.conversation) + n_missed;
            waking.queue.push_back(index);
        }
        waking.told.n_clients = waking.queue.len();
        self.waking = Some(waking);
    }

    /// Lets the next few read, or says that all have caught up.
    pub(super) fn wake_some(&mut self, now: u64, scratch: &mut [u8]) -> Result<()> {
        while let Some(waking) = &mut self.waking
            && waking.n_under_way < WINDOW
            && let Some(index) = waking.queue.pop_front()
        {
            waking.n_under_way += 1;
            if let Some(slow) = &mut self.conns[index].slow {
                slow.is_asleep = false;
            }
            match self.conns[index].stage {
                Stage::Gone => self.come_back(index)?,
                Stage::Upgrading | Stage::Greeting | Stage::Live => {
                    self.conns[index].wire.as_ref().map_or(Ok(()), Wire::widen)?;
                    self.ready(index, scratch);
                }
            }
        }
        let is_over = self.waking.as_ref().is_some_and(|waking| {
            (waking.n_under_way == 0 && waking.queue.is_empty()) || now > waking.until_ns
        });
        match self.waking.take_if(|_| is_over) {
            Some(waking) => {
                let n_behind = waking.n_under_way + waking.queue.len();
                tell(&Told::Woken(Woken { n_behind, ..waking.told }))
            }
            None => Ok(()),
        }
    }

    fn come_back(&mut self, index: usize) -> Result<()> {
        if let Some(slow) = &mut self.conns[index].slow {
            (slow.was_closed, slow.is_asking) = (true, false);
        }
        let source = self.source;
        self.open(index, source)
    }

    /// A slow client's connection ended; that is allowed. Whether this was one.
    pub(super) fn slow_lost(&mut self, index: usize, why: &str) -> bool {
        let Some(slow) = &mut self.conns[index].slow else { return false };
        slow.was_closed = true;
        let is_back = slow.target > 0 && !slow.is_asleep;
        if let Some(waking) = &mut self.waking {
            waking.told.n_told_why += u64::from(why == "closed 4420");
        }
        if is_back && let Err(error) = self.come_back(index) {
            self.found.example.get_or_insert(error.to_string());
        }
        true
    }

    pub(super) fn slow_lags(&mut self, index: usize) {
        if let Some(slow) = &mut self.conns[index].slow {
            slow.was_lagging = true;
        }
        self.catch_up(index);
    }

    /// Asks for what is missing, or notes that nothing is.
    pub(super) fn catch_up(&mut self, index: usize) {
        let conn = &mut self.conns[index];
        let Some(slow) = &mut conn.slow else { return };
        if slow.target == 0 || slow.is_asking || conn.stage != Stage::Live {
            return;
        }
        let have = conn.checker.have(slow.conversation);
        if have >= slow.target {
            slow.target = 0;
            if let Some(waking) = &mut self.waking {
                waking.n_under_way -= 1;
                waking.told.n_lagging += usize::from(slow.was_lagging && !slow.was_closed);
                waking.told.n_closed += usize::from(slow.was_closed);
            }
        } else if slow.was_lagging || slow.was_closed {
            let place = seed::conversation_id(slow.conversation);
            let id = slow.next_id;
            let text = format!(
                "{{\"type\":\"changes\",\"id\":{id},\"conversation\":\"{place}\",\
                 \"since_rev\":{have},\"limit\":{PAGE}}}"
            );
            (slow.is_asking, slow.next_id) = (true, id + 1);
            wire::put_text(&mut conn.out, text.as_bytes());
            self.mark_dirty(index);
        }
    }

    /// A question was refused for the moment: it is asked again. Whether there was one.
    pub(super) fn slow_refused(&mut self, index: usize) -> bool {
        let Some(slow) = self.conns[index].slow.as_mut().filter(|slow| slow.is_asking) else {
            return false;
        };
        slow.is_asking = false;
        self.catch_up(index);
        true
    }

    /// Takes a page if it is one that a slow client has asked for.
    pub(super) fn take_page(&mut self, index: usize, text: &[u8]) -> bool {
        let conn = &mut self.conns[index];
        let Some(slow) = conn.slow.as_mut().filter(|slow| slow.is_asking) else { return false };
        if !text.starts_with(b"{\"type\":\"ok\"") {
            return false;
        }
        slow.is_asking = false;
        let Ok(page) = serde_json::from_slice::<Page>(text) else {
            self.found.example.get_or_insert_with(|| String::from_utf8_lossy(text).into_owned());
            return true;
        };
        page.messages.iter().for_each(|one| conn.checker.page(slow.conversation, one.rev));
        let have = conn.checker.have(slow.conversation);
        if have < page.rev || page.reset || (!page.more && have < slow.target) {
            // Everything is asked for from where it stands, so that nothing may be missing.
            self.found.n_lost += slow.target - have;
            conn.checker.head(slow.conversation, slow.target);
        }
        if let Some(waking) = &mut self.waking {
            waking.told.n_pulled += page.messages.len() as u64;
        }
        self.catch_up(index);
        true
    }
}
