//! Room on the disk of the data folder, looked for by a timer and told where it changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use voodoo_core::room::{Marks, Room, Space, Stage};
use voodoo_store::{SqliteStore, space};

use crate::config::Config;

/// What looks after the room.
pub(crate) struct RoomKeeper {
    room: Arc<Room>,
    store: Arc<SqliteStore>,
    folder: PathBuf,
    marks: Marks,
    every: Duration,
    reserve_bytes: u64,
    /// Why it could not be measured the last time; said once.
    is_unknown: bool,
    /// The reserve could not be made; said once.
    has_no_reserve: bool,
}

impl RoomKeeper {
    /// Looks for the first time, and says what there is.
    pub(crate) fn begin(
        config: &Config,
        room: Arc<Room>,
        store: Arc<SqliteStore>,
    ) -> anyhow::Result<Self> {
        let mut keeper = Self {
            room,
            store,
            folder: config.data.clone(),
            marks: config.marks()?,
            every: Duration::from_millis(config.timers.disk_ms),
            reserve_bytes: 0,
            is_unknown: false,
            has_no_reserve: false,
        };
        if let Ok(Space { free_bytes, total_bytes }) = space(&keeper.folder) {
            keeper.reserve_bytes = config.reserve_bytes(total_bytes);
            tracing::info!(
                free_bytes,
                total_bytes,
                low_below_bytes = keeper.marks.low.of(total_bytes),
                short_below_bytes = keeper.marks.short.of(total_bytes),
                reserve_bytes = keeper.reserve_bytes,
                "room on the disk"
            );
        }
        keeper.look();
        Ok(keeper)
    }

    /// Looks again and again.
    pub(crate) async fn run(mut self) {
        let mut timer = tokio::time::interval(self.every);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            // A disk that hangs holds up a thread for such things, and nobody else.
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            match looked.await {
                Ok(keeper) => self = keeper,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    fn look(&mut self) {
        match space(&self.folder) {
            Ok(space) => {
                self.is_unknown = false;
                self.note(space);
                if self.room.stage() == Stage::Enough {
                    self.keep_reserve(space);
                }
            }
            Err(error) if !self.is_unknown => {
                self.is_unknown = true;
                tracing::warn!(%error, "how much room there is on the disk is not known");
            }
            Err(_) => {}
        }
    }

    fn note(&self, space: Space) {
        let Some((before, after)) = self.room.note(space, &self.marks) else { return };
        let Space { free_bytes, total_bytes } = space;
        let (from, to) = (before.name(), after.name());
        if after < before {
            tracing::warn!(free_bytes, total_bytes, from, to, "there is more room on the disk");
            return;
        }
        let words = match after {
            Stage::Short => "room on the disk is short: nothing new is taken",
            Stage::Low | Stage::Enough => "room on the disk is low: backups are refused",
        };
        tracing::warn!(free_bytes, total_bytes, from, to, "{words}");
        // What of the log is in the database already need not be on the disk twice.
        self.store.shorten_log();
    }

    /// Makes the file in reserve again where it does not bring the first mark nearer.
    fn keep_reserve(&mut self, space: Space) {
        let low = self.marks.low.of(space.total_bytes);
        let is_there = self.store.reserve_bytes() == self.reserve_bytes;
        let needed = self.reserve_bytes + low + low / 4;
        if is_there || space.free_bytes < needed {
            return;
        }
        match self.store.keep_reserve(self.reserve_bytes) {
            Ok(()) => {
                self.has_no_reserve = false;
                tracing::info!(bytes = self.reserve_bytes, "the file in reserve is there");
            }
            Err(error) if !self.has_no_reserve => {
                self.has_no_reserve = true;
                tracing::warn!(%error, "the file in reserve cannot be made");
            }
            Err(_) => {}
        }
    }
}
