//! What comes in: frames are found in the scratch buffer and looked at where they lie.

use memchr::memmem;

use super::conn::{Stage, Wire};
use super::{Worker, now_ns};
use crate::checker::Wrong;
use crate::wire::{self, CLOSE, Said, TEXT};

impl Worker {
    /// A socket can be read or written.
    pub(super) fn ready(&mut self, index: usize, scratch: &mut [u8]) {
        if !self.conns[index].out.is_empty() || self.conns[index].stage == Stage::Upgrading {
            self.write(index);
        }
        if self.is_asleep(index) {
            return;
        }
        loop {
            let conn = &mut self.conns[index];
            let n_rest = conn.rest.len();
            if n_rest >= scratch.len() {
                return self.lose(index, "a frame is longer than any should be");
            }
            scratch[..n_rest].copy_from_slice(&conn.rest);
            let n_read = match conn.read(&mut scratch[n_rest..]) {
                Ok(None) => return,
                Ok(Some(n_read)) => n_read,
                Err(error) => return self.lose(index, &error.to_string()),
            };
            conn.rest.clear();
            self.n_bytes[0] += n_read as u64;
            let n_filled = n_rest + n_read;
            let n_used = self.take(index, &scratch[..n_filled]);
            let conn = &mut self.conns[index];
            conn.rest.extend_from_slice(&scratch[n_used..n_filled]);
            if conn.rest.is_empty() && conn.rest.capacity() > 1_024 {
                conn.rest = Vec::new();
            }
            // Edge-triggered: a plain socket that gave less than it could is empty. Of one that slept,
            // the end may have been there before.
            let is_plain = conn.wire.as_ref().is_some_and(Wire::is_plain);
            if is_plain && conn.slow.is_none() && n_filled < scratch.len() {
                return;
            }
        }
    }

    /// Takes whole frames, and says how many bytes they were.
    fn take(&mut self, index: usize, bytes: &[u8]) -> usize {
        let mut n_used = 0;
        if self.conns[index].stage == Stage::Upgrading {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return 0 };
            n_used = end + 4;
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                let status = String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).into_owned();
                self.lose(index, &status);
                return bytes.len();
            }
            if self.setup.is_bare {
                self.arrived(index);
            } else {
                self.conns[index].stage = Stage::Greeting;
                self.conns[index].out.extend_from_slice(&self.hello);
                self.mark_dirty(index);
            }
        }
        let now = now_ns();
        while let Some(frame) = wire::next_frame(&bytes[n_used..]) {
            let payload = &bytes[n_used + frame.from..n_used + frame.to];
            n_used += frame.to;
            match frame.opcode {
                TEXT if self.setup.is_bare => self.delivered(index, None, None, now),
                TEXT => self.take_text(index, payload, now),
                CLOSE => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    self.lose(index, &format!("closed {code}"));
                    return bytes.len();
                }
                _ => {}
            }
        }
        n_used
    }

    fn take_text(&mut self, index: usize, text: &[u8], now: u64) {
        if self.watch.has(index) && self.take_watched(index, text, now) {
            return;
        }
        if self.take_page(index, text) {
            return;
        }
        match wire::read(text) {
            Said::Message { conversation, rev, sent_ns } => {
                let taken = self.conns[index].checker.event(conversation, rev);
                if self.note(index, taken, "message", rev) {
                    self.delivered(index, Some(conversation), sent_ns, now);
                }
                self.catch_up(index);
            }
            Said::Ok { id, rev } => self.acked(index, id, rev, now),
            Said::Sync(page) => {
                let conn = &mut self.conns[index];
                for (conversation, rev) in wire::heads(page) {
                    // A slow client asks for what is new there.
                    if conn.slow.is_none() || !conn.checker.knows(conversation) {
                        conn.checker.head(conversation, rev);
                    }
                }
                if wire::is_done(page) && self.conns[index].stage == Stage::Greeting {
                    self.arrived(index);
                }
            }
            Said::Pong(pong) => self.checked(index, wire::digest_revs(pong)),
            Said::Refused(_) if self.slow_refused(index) => {}
            Said::Refused(refused) => {
                let words = String::from_utf8_lossy(refused).into_owned();
                self.found.example.get_or_insert(words);
                self.refused();
            }
            Said::Lagging if self.conns[index].slow.is_some() => self.slow_lags(index),
            Said::Lagging => self.found.n_lagging += 1,
            Said::Other => {}
        }
    }

    fn acked(&mut self, index: usize, id: u64, rev: Option<u64>, now: u64) {
        let conn = &mut self.conns[index];
        let Some((conversation, sent_ns)) =
            conn.sending.as_mut().and_then(|sending| sending.end(id))
        else {
            return;
        };
        let Some(rev) = rev else { return };
        let taken = conn.checker.own(conversation, rev);
        if self.note(index, taken, "ok", rev) {
            self.answered(index, sent_ns, now);
        }
    }

    /// Counts what is wrong; says whether all is well.
    fn note(&mut self, index: usize, taken: Result<(), Wrong>, what: &str, rev: u64) -> bool {
        let Err(wrong) = taken else { return true };
        match wrong {
            Wrong::DoubledOrDisordered => self.found.n_doubled_or_disordered += 1,
            Wrong::Foreign => self.found.n_foreign += 1,
        }
        let user = self.setup.first + index;
        self.found.example.get_or_insert_with(|| format!("user {user}: {what} {rev}: {wrong:?}"));
        false
    }

    fn delivered(
        &mut self,
        index: usize,
        conversation: Option<i64>,
        sent_ns: Option<u64>,
        now: u64,
    ) {
        self.n_delivered += 1;
        self.last_delivery_ns = now;
        if let Some(sent_ns) = sent_ns {
            self.took.note(now.saturating_sub(sent_ns));
        }
        self.on_delivery(index, conversation, sent_ns, now);
    }
}
