//! A file in reserve: it goes when the disk is full, so that the log can be written back.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use voodoo_core::room::Space;

/// The file in the data folder.
const NAME: &str = "reserve";

/// What the file system of a path holds.
///
/// # Errors
///
/// If the system does not say.
pub fn space(path: &Path) -> io::Result<Space> {
    let held = statvfs(path)?;
    Ok(Space {
        free_bytes: held.f_bavail.saturating_mul(held.f_frsize),
        total_bytes: held.f_blocks.saturating_mul(held.f_frsize),
    })
}

/// The file, there or not.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(NAME) }
    }

    /// How long the file is; 0 where there is none.
    pub(super) fn n_bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |found| found.len())
    }

    /// Makes the file so long, each byte of it on the disk; of no length there is none.
    pub(super) fn keep(&self, n_bytes: u64) -> io::Result<()> {
        if self.n_bytes() == n_bytes {
            return Ok(());
        }
        self.release()?;
        if n_bytes == 0 {
            return Ok(());
        }
        let made = self.fill(n_bytes);
        if made.is_err() {
            self.release()?;
        }
        made
    }

    fn fill(&self, n_bytes: u64) -> io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, n_bytes) {
            Err(Errno::NOTSUP | Errno::NOSYS) => {
                io::copy(&mut io::repeat(0).take(n_bytes), &mut file)?;
            }
            done => done?,
        }
        file.sync_all()
    }

    /// Gives its room back. Whether there was any.
    pub(super) fn release(&self) -> io::Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
