//! Whether the log is as far as it was when its process ended.
//!
//! SQLite takes the log up to the first frame that does not fit and calls that the end: right
//! after a power cut, and silent about everything behind a byte that somebody else has spoiled.
//! The index beside the log outlives a process that is killed; it says how far the log was synced.
//! Both forms: <https://www.sqlite.org/fileformat.html#the_write_ahead_log> and
//! <https://www.sqlite.org/walformat.html>.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::OpenError;
use super::found::beside;

const INDEX_VERSION: u32 = 3_007_000;
const INDEX_HEADER_BYTES: usize = 48;
/// Two copies of the header, and how far the log was written back.
const INDEX_BYTES: usize = 2 * INDEX_HEADER_BYTES + 4;
const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit says in which byte order the log is summed.
const LOG_MAGIC: u32 = 0x377f_0682;

/// How far the log was by its index.
struct Index {
    n_frames: u32,
    n_written_back: u32,
    salts: [u8; 8],
}

/// Sums of Fletcher's kind over pairs of words.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sum(u32, u32);

impl Sum {
    fn over(self, bytes: &[u8], word: fn([u8; 4]) -> u32) -> Self {
        let Self(mut one, mut other) = self;
        for pair in bytes.chunks_exact(8) {
            one = one.wrapping_add(word_at(pair, 0, word)).wrapping_add(other);
            other = other.wrapping_add(word_at(pair, 4, word)).wrapping_add(one);
        }
        Self(one, other)
    }
}

fn word_at(bytes: &[u8], at: usize, word: fn([u8; 4]) -> u32) -> u32 {
    word([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn big(bytes: &[u8], at: usize) -> u32 {
    word_at(bytes, at, u32::from_be_bytes)
}

fn native(bytes: &[u8], at: usize) -> u32 {
    word_at(bytes, at, u32::from_ne_bytes)
}

/// Compares the log beside a database that nobody has open with its index.
///
/// # Errors
///
/// [`OpenError::Damaged`] if something is missing of what was synced.
pub(super) fn check(database: &Path) -> Result<(), OpenError> {
    let (log, index) = (beside(database, "-wal"), beside(database, "-shm"));
    let found = read_index(&index).map_err(|error| OpenError::File(index, error))?;
    let Some(index) = found.filter(|index| index.n_frames > 0) else { return Ok(()) };
    let n_whole = count(&log, &index).map_err(|error| OpenError::File(log, error))?;
    let is_all_written_back = n_whole == 0 && index.n_written_back >= index.n_frames;
    if n_whole >= index.n_frames || is_all_written_back {
        return Ok(());
    }
    let n_frames = index.n_frames;
    Err(OpenError::Damaged(format!("its log is good for {n_whole} of {n_frames} pages")))
}

/// Absent where there is no index, or none that says anything.
fn read_index(path: &Path) -> io::Result<Option<Index>> {
    let mut bytes = [0; INDEX_BYTES];
    match File::open(path).and_then(|mut file| file.read_exact(&mut bytes)) {
        Err(error) if is_absence(&error) => return Ok(None),
        read => read?,
    }
    let sum = Sum(0, 0).over(&bytes[..INDEX_HEADER_BYTES - 8], u32::from_ne_bytes);
    let is_whole = sum == Sum(native(&bytes, 40), native(&bytes, 44));
    if native(&bytes, 0) != INDEX_VERSION || bytes[12] != 1 || !is_whole {
        return Ok(None);
    }
    let mut salts = [0; 8];
    salts.copy_from_slice(&bytes[32..40]);
    let n_written_back = native(&bytes, 2 * INDEX_HEADER_BYTES);
    Ok(Some(Index { n_frames: native(&bytes, 16), n_written_back, salts }))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}

/// How many frames of the log fit, up to as many as the index knows.
fn count(path: &Path, index: &Index) -> io::Result<u32> {
    let file = match File::open(path) {
        Err(error) if is_absence(&error) => return Ok(0),
        opened => opened?,
    };
    let mut log = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; LOG_HEADER_BYTES];
    if !fill(&mut log, &mut header)? || header[16..24] != index.salts {
        return Ok(0);
    }
    let word = match big(&header, 0) {
        LOG_MAGIC => u32::from_le_bytes,
        magic if magic == LOG_MAGIC + 1 => u32::from_be_bytes,
        _ => return Ok(0),
    };
    let mut sum = Sum(0, 0).over(&header[..24], word);
    if sum != Sum(big(&header, 24), big(&header, 28)) {
        return Ok(0);
    }
    let page_bytes = usize::try_from(big(&header, 8)).unwrap_or(0);
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes.min(65_536)];
    for n_whole in 0..index.n_frames {
        if !fill(&mut log, &mut frame)? || frame[8..16] != index.salts {
            return Ok(n_whole);
        }
        sum = sum.over(&frame[..8], word).over(&frame[FRAME_HEADER_BYTES..], word);
        if sum != Sum(big(&frame, 16), big(&frame, 20)) {
            return Ok(n_whole);
        }
    }
    Ok(index.n_frames)
}

/// Reads all of the buffer; `false` where the file ends before.
fn fill(log: &mut BufReader<File>, to: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(to) {
        Err(error) if is_absence(&error) => Ok(false),
        read => read.map(|()| true),
    }
}
