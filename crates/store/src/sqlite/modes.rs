//! Who may read the files: nobody but the user that the server runs as.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::OpenError;

/// What others may never do.
const OF_OTHERS: u32 = 0o077;
/// What of the folder is ours.
const FILES: [&str; 5] = ["voodoo.db", "voodoo.db-wal", "voodoo.db-shm", "lock", "admin.sock"];

/// A folder of ours, private from the beginning.
const BACKUPS: &str = "before-upgrade";

/// Takes the files of a folder from all others, with a warning where they had them. The folder
/// itself is taken from them only where nothing else is in it: it may be one that others need.
pub(super) fn make_private(folder: &Path) -> Result<(), OpenError> {
    for file in FILES {
        narrow(&folder.join(file), 0o600)?;
    }
    if holds_only_ours(folder)? {
        return narrow(folder, 0o700);
    }
    if mode(folder)?.is_some_and(|mode| mode & OF_OTHERS != 0) {
        let path = folder.display();
        tracing::warn!(%path, "others may enter the data folder; give it to the server alone");
    }
    Ok(())
}

fn mode(path: &Path) -> Result<Option<u32>, OpenError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.permissions().mode())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::File(path.to_owned(), error)),
    }
}

fn narrow(path: &Path, wanted: u32) -> Result<(), OpenError> {
    let Some(mode) = mode(path)?.filter(|mode| mode & OF_OTHERS != 0) else { return Ok(()) };
    let narrowed = fs::set_permissions(path, Permissions::from_mode(wanted));
    narrowed.map_err(|error| OpenError::File(path.to_owned(), error))?;
    let (path, mode) = (path.display(), mode & 0o777);
    tracing::warn!(%path, "others could use it by its mode {mode:03o}; it is {wanted:03o} from here on");
    Ok(())
}

fn holds_only_ours(folder: &Path) -> Result<bool, OpenError> {
    let failed = |error| OpenError::File(folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name != BACKUPS && !FILES.iter().any(|ours| name == *ours) {
            return Ok(false);
        }
    }
    Ok(true)
}
