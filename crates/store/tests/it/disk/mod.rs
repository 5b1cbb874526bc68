//! A disk that forgets at a power cut what was not synced, and fails when it is told to.
//!
//! SQLite writes to real files as ever; beside them the disk remembers what of each file would
//! survive. A cut stops everything. What was synced is then kept, and of what was not, sector by
//! sector, a part that the seed decides: writes are torn and out of order, and a file whose name
//! was never synced may be gone. A failed sync loses what it was to write for good, as the kernel
//! drops such pages: a second sync that succeeds brings nothing back.

mod vfs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;
/// How long a sync takes where nothing else is said.
const SYNC: Duration = Duration::from_micros(500);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    Sync,
    Write,
    /// No space is left.
    Full,
    Read,
}

/// Why an operation is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The power is gone.
    Cut,
    Failing(Failing),
}

/// A change of a file that is not synced yet.
enum Change {
    Create,
    Delete,
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// What of a file would survive.
#[derive(Default)]
struct Kept {
    /// Absent if there is no such file.
    durable: Option<Vec<u8>>,
    pending: Vec<(u64, Change)>,
}

struct State {
    files: BTreeMap<PathBuf, Kept>,
    sync: Duration,
    n_changes: u64,
    n_operations: u64,
    cut_at: Option<u64>,
    is_cut: bool,
    failing: Option<Failing>,
}

impl State {
    fn may(&self, fails: &[Failing]) -> Result<(), Trouble> {
        if self.is_cut {
            return Err(Trouble::Cut);
        }
        match self.failing {
            Some(failing) if fails.contains(&failing) => Err(Trouble::Failing(failing)),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts an operation, at which the power may go.
    fn count(&mut self) {
        self.n_operations += 1;
        self.is_cut |= self.cut_at.is_some_and(|at| self.n_operations >= at);
    }

    fn note(&mut self, path: &Path, change: Change) {
        self.n_changes += 1;
        let id = self.n_changes;
        self.files.entry(path.to_owned()).or_default().pending.push((id, change));
    }
}

/// The disk under one folder.
pub(crate) struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

/// Every disk of this process.
static DISKS: Mutex<Vec<Arc<Disk>>> = Mutex::new(Vec::new());

impl Disk {
    /// Puts a folder on a disk of its own; what is in it is durable.
    pub(crate) fn under(folder: &Path) -> Arc<Self> {
        vfs::install();
        let folder = fs::canonicalize(folder).unwrap();
        let mut files = BTreeMap::new();
        remember(&folder, &mut files);
        let state = State {
            files,
            sync: SYNC,
            n_changes: 0,
            n_operations: 0,
            cut_at: None,
            is_cut: false,
            failing: None,
        };
        let disk = Arc::new(Self { folder, state: Mutex::new(state) });
        DISKS.lock().push(Arc::clone(&disk));
        disk
    }

    /// The disk on which a file is.
    fn of(path: &Path) -> Option<Arc<Self>> {
        let disks = DISKS.lock();
        // The newest: a folder may be put on a disk again.
        disks.iter().rev().find(|disk| path.starts_with(&disk.folder)).map(Arc::clone)
    }

    /// Cuts the power after so many more writes and syncs.
    pub(crate) fn cut_after(&self, n_operations: u64) {
        let mut state = self.state.lock();
        state.cut_at = Some(state.n_operations + n_operations);
    }

    /// Cuts the power.
    pub(crate) fn cut(&self) {
        self.state.lock().is_cut = true;
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state.lock().is_cut
    }

    /// Has operations fail from now on, or work again.
    pub(crate) fn fail(&self, failing: Option<Failing>) {
        self.state.lock().failing = failing;
    }

    /// Has each sync take this long from now on.
    pub(crate) fn slow_down(&self, sync: Duration) {
        self.state.lock().sync = sync;
    }

    /// Writes what survives to another folder; `seed` decides what of it does that was not synced.
    pub(crate) fn survivors(&self, seed: u64, to: &Path) {
        let mut chance = Chance(seed);
        let keep_percent = [0, 25, 50, 75, 100][usize::try_from(chance.below(5)).unwrap()];
        for (path, kept) in &self.state.lock().files {
            let content = kept.after_cut(&mut chance, keep_percent);
            let Some(content) = content else { continue };
            let path = to.join(path.strip_prefix(&self.folder).unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    fn change(&self, path: &Path, change: Change) -> Result<(), Trouble> {
        let mut state = self.state.lock();
        state.count();
        state.may(&[Failing::Write, Failing::Full])?;
        state.note(path, change);
        Ok(())
    }

    fn read(&self) -> Result<(), Trouble> {
        self.state.lock().may(&[Failing::Read])
    }

    fn created(&self, path: &Path) {
        self.state.lock().note(path, Change::Create);
    }

    /// Makes durable what was written before it began, unless the power goes meanwhile.
    fn sync(&self, path: &Path) -> Result<(), Trouble> {
        let (begun_at, takes) = {
            let mut state = self.state.lock();
            state.count();
            if let Err(trouble) = state.may(&[Failing::Sync]) {
                if trouble != Trouble::Cut {
                    state.files.entry(path.to_owned()).or_default().pending.clear();
                }
                return Err(trouble);
            }
            (state.n_changes, state.sync)
        };
        pause(takes);
        let mut state = self.state.lock();
        state.may(&[])?;
        state.files.entry(path.to_owned()).or_default().settle(begun_at);
        Ok(())
    }

    /// Deletes a file; its name is gone for good only where the folder is synced.
    fn delete(&self, path: &Path, is_synced: bool) -> Result<(), Trouble> {
        self.change(path, Change::Delete)?;
        if is_synced {
            let mut state = self.state.lock();
            let n_changes = state.n_changes;
            state.files.entry(path.to_owned()).or_default().settle(n_changes);
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a sync blocks the thread that asks for it")]
fn pause(takes: Duration) {
    std::thread::sleep(takes);
}

fn remember(folder: &Path, files: &mut BTreeMap<PathBuf, Kept>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remember(&path, files);
        } else {
            let durable = Some(fs::read(&path).unwrap());
            files.insert(path, Kept { durable, pending: Vec::new() });
        }
    }
}

impl Kept {
    fn settle(&mut self, up_to: u64) {
        let n = self.pending.partition_point(|(id, _)| *id <= up_to);
        for (_, change) in self.pending.drain(..n) {
            carry_out(&mut self.durable, &change, &mut || Sector::New);
        }
    }

    fn after_cut(&self, chance: &mut Chance, keep_percent: u64) -> Option<Vec<u8>> {
        let mut content = self.durable.clone();
        for (_, change) in &self.pending {
            let is_whole = !matches!(change, Change::Write(..));
            if is_whole && chance.below(100) >= keep_percent {
                continue;
            }
            carry_out(&mut content, change, &mut || match chance.below(100) {
                kept if kept < keep_percent => Sector::New,
                // A sector that was being written may be neither what it was nor what it was to be.
                99 => Sector::Garbled,
                _ => Sector::Old,
            });
        }
        content
    }
}

/// What becomes of a sector.
enum Sector {
    Old,
    New,
    Garbled,
}

fn carry_out(content: &mut Option<Vec<u8>>, change: &Change, sector: &mut dyn FnMut() -> Sector) {
    match change {
        Change::Create => *content = content.take().or_else(|| Some(Vec::new())),
        Change::Delete => *content = None,
        Change::Truncate(n_bytes) => {
            if let Some(content) = content {
                content.resize(*n_bytes, 0);
            }
        }
        Change::Write(offset, data) => {
            let Some(content) = content else { return };
            let (mut at, mut rest) = (*offset, data.as_slice());
            while !rest.is_empty() {
                let n = (SECTOR_BYTES - at % SECTOR_BYTES).min(rest.len());
                let end = at + n;
                let what = sector();
                if !matches!(what, Sector::Old) {
                    content.resize(content.len().max(end), 0);
                    content[at..end].copy_from_slice(&rest[..n]);
                }
                if matches!(what, Sector::Garbled) {
                    content[at..end].iter_mut().for_each(|byte| *byte ^= 0xa5);
                }
                (at, rest) = (end, &rest[n..]);
            }
        }
    }
}

/// Numbers that a seed decides; after <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
