//! The end of what is watched: the watched clients read everything, and all that was recorded goes
//! into a file for the judge.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::conn::Stage;
use super::watch::Turned;
use super::{Worker, tell};
use crate::control::Told;
use crate::wire;

/// A reading that takes longer has failed.
const PATIENCE_NS: u64 = 120_000_000_000;

/// The last reading, under way.
pub(super) struct HandingOver {
    file: PathBuf,
    until_ns: u64,
    /// Clients that a busy server gave no page; they ask again.
    again: Vec<usize>,
}

impl Worker {
    /// Lets all watched clients read, each one page after the other.
    pub(super) fn begin_to_hand_over(&mut self, file: &Path, now: u64) {
        let (file, until_ns) = (file.to_owned(), now + PATIENCE_NS);
        self.handing_over = Some(HandingOver { file, until_ns, again: Vec::new() });
        (0..self.conns.len()).for_each(|index| self.ask_page(index));
    }

    fn ask_page(&mut self, index: usize) {
        if let Some(question) = self.watch.ask(index) {
            wire::put_text(&mut self.conns[index].out, question.as_bytes());
            self.mark_dirty(index);
        }
    }

    /// Takes a frame of a watched client. Whether that was all that it is for.
    pub(super) fn take_watched(&mut self, index: usize, text: &[u8], now: u64) -> bool {
        if let Some(handing_over) = &mut self.handing_over {
            match self.watch.turn(index, text) {
                Turned::Page => {
                    self.ask_page(index);
                    return true;
                }
                Turned::Refused => {
                    handing_over.again.push(index);
                    return true;
                }
                Turned::Other => {}
            }
        }
        self.watch.take(index, text, now);
        false
    }

    /// Asks again for what was refused, and hands over once everything is read.
    pub(super) fn hand_over(&mut self, now: u64) -> Result<()> {
        let Some(handing_over) = &mut self.handing_over else { return Ok(()) };
        let (until_ns, again) = (handing_over.until_ns, std::mem::take(&mut handing_over.again));
        again.into_iter().for_each(|index| self.ask_page(index));
        let is_live = |index: usize| self.conns[index].stage == Stage::Live;
        if self.watch.reading().any(is_live) && now < until_ns {
            return Ok(());
        }
        let n_unread = self.watch.reading().count();
        let Some(handing_over) = self.handing_over.take() else { return Ok(()) };
        self.watch.finish().write(&handing_over.file)?;
        tell(&Told::HandedOver { n_unread })
    }
}
