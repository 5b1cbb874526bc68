//! What a backup says of itself.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{Holdings, OpenError, Report, migrate, private_file};
use super::{BackupError, MANIFEST, Outcome, at};

/// The form of backups that this program writes, and the newest that it reads.
const FORMAT: u64 = 1;
/// A manifest is never longer.
const MAX_BYTES: u64 = 1 << 20;

/// What a backup is, in `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u64,
    /// The program that made it.
    pub version: String,
    /// When it was begun, in Unix milliseconds.
    pub created_ms: u64,
    /// The same for people, in UTC.
    pub created: String,
    /// What it holds.
    pub holds: Holdings,
    /// In how many places the check found something wrong; absent if it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<u64>,
    /// Its files.
    pub files: Vec<FileEntry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the folder of the backup.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What has to be known before the rest can be read.
#[derive(Deserialize)]
struct Form {
    format: u64,
}

impl Manifest {
    pub(super) fn new(
        now_ms: u64,
        holds: Holdings,
        findings: Option<u64>,
        files: Vec<FileEntry>,
    ) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_ms: now_ms,
            created: time(now_ms),
            holds,
            findings,
            files,
        }
    }

    pub(super) fn write(&self, path: &Path) -> Outcome<()> {
        let mut text =
            serde_json::to_vec_pretty(self).map_err(io::Error::other).map_err(at(path))?;
        text.push(b'\n');
        let mut file = private_file(path)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(at(path))
    }

    /// Reads the manifest of a backup, and refuses what is newer than this program.
    pub(super) fn read(backup: &Path) -> Outcome<Self> {
        let path = backup.join(MANIFEST);
        let length = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NoBackup(backup.to_owned()));
            }
            found => found.map_err(at(&path))?.len(),
        };
        let damaged = |words: String| BackupError::Damaged(format!("{MANIFEST}: {words}"));
        if length > MAX_BYTES {
            return Err(damaged(format!("{length} bytes long")));
        }
        let text = fs::read(&path).map_err(at(&path))?;
        let form: Form =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if form.format > FORMAT {
            return Err(BackupError::NewerForm { format: form.format, known: FORMAT });
        }
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let (version, known) = (manifest.holds.schema, migrate::newest());
        if version > known {
            return Err(OpenError::NewerSchema { version, known }.into());
        }
        if !manifest.files.iter().any(|entry| entry.name == super::DATABASE) {
            return Err(damaged("it names no database".to_owned()));
        }
        Ok(manifest)
    }

    /// Compares what it says with what is there.
    pub(super) fn compare(&self, report: &Report) -> Outcome<()> {
        if report.is_file_damaged() {
            let words = report.findings.iter().flat_map(|one| one.examples.first()).next();
            return Err(BackupError::Damaged(words.cloned().unwrap_or_default()));
        }
        if report.holds.as_ref() != Some(&self.holds) {
            let words = "the database is not the one that the manifest describes";
            return Err(BackupError::Damaged(words.to_owned()));
        }
        Ok(())
    }
}

impl FileEntry {
    /// Opens the file in a backup. A name that leads out of it is damage.
    pub(super) fn open(&self, backup: &Path) -> Outcome<File> {
        let is_plain = Path::new(&self.name).file_name().is_some_and(|name| name == &*self.name);
        if !is_plain {
            return Err(BackupError::Damaged(format!(
                "{MANIFEST}: {:?} is no file name",
                self.name
            )));
        }
        let path = backup.join(&self.name);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(BackupError::Damaged(format!("{} is missing", self.name)))
            }
            opened => opened.map_err(at(&path)),
        }
    }

    pub(super) fn compare(&self, (bytes, sha256): &(u64, String)) -> Outcome<()> {
        let Self { name, bytes: expected, .. } = self;
        if bytes != expected {
            let words = format!("{name} has {bytes} bytes, not {expected}");
            return Err(BackupError::Damaged(words));
        }
        if *sha256 != self.sha256 {
            let words = format!("{name} is not what was written: its SHA-256 differs");
            return Err(BackupError::Damaged(words));
        }
        Ok(())
    }
}

/// Year, month, day and the second of that day in UTC; after Howard Hinnant's
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil(unix_ms: u64) -> (u64, u64, u64, u64) {
    let secs = unix_ms / 1_000;
    let days = secs / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day, secs % 86_400)
}

fn time(unix_ms: u64) -> String {
    let (year, month, day, secs) = civil(unix_ms);
    let (hour, minute, second) = (secs / 3_600, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same as a name of a file, which sorts by time.
pub(super) fn compact_time(unix_ms: u64) -> String {
    time(unix_ms).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (unix_ms, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_767_225_599_000, "2025-12-31T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(unix_ms), expected);
        }
        assert_eq!(compact_time(0), "19700101T000000Z");
    }
}
