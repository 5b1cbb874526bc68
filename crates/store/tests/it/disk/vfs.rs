//! The disk under SQLite: a file system that tells the disk what happens and passes it on.
//!
//! This is the only module of the project with code that the compiler cannot check; it is part of
//! tests alone. Each file is SQLite's own of the default file system with a head before it.

#![expect(unsafe_code, reason = "SQLite takes file systems as C structs with function pointers")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, OnceLock};

use rusqlite::ffi;

use super::{Change, Disk, Failing, Trouble};

/// A file as SQLite sees it; the file of the default file system stands behind it.
#[repr(C)]
struct Head {
    base: ffi::sqlite3_file,
    /// Owned; null for files that are on no disk.
    watched: *mut Watched,
}

struct Watched {
    disk: Arc<Disk>,
    path: PathBuf,
}

/// The default file system. It lives as long as the process.
struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite itself uses its file systems from all threads, and nothing is written to it here.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

fn real() -> &'static ffi::sqlite3_vfs {
    let real = REAL.get().expect("it is installed before a file is opened by it");
    // SAFETY: the pointer came from `sqlite3_vfs_find`, is not null, and stays valid.
    unsafe { &*real.0 }
}

/// Makes it the file system of everything that is opened from now on.
pub(super) fn install() {
    REAL.get_or_init(|| {
        // SAFETY: a null name asks for the default; the struct is copied and the copy leaked, so
        // that it outlives every use. Function pointers that are kept take no state from the
        // struct but `pAppData`, which is copied too.
        unsafe {
            let found = ffi::sqlite3_vfs_find(ptr::null());
            assert!(!found.is_null(), "there is a default file system");
            let head_bytes = c_int::try_from(size_of::<Head>()).unwrap();
            let ours = Box::new(ffi::sqlite3_vfs {
                szOsFile: head_bytes + (*found).szOsFile,
                pNext: ptr::null_mut(),
                zName: c"disk".as_ptr(),
                xOpen: Some(open),
                xDelete: Some(delete),
                ..*found
            });
            let code = ffi::sqlite3_vfs_register(Box::into_raw(ours), 1);
            assert_eq!(code, ffi::SQLITE_OK, "it is registered");
            Real(found)
        }
    });
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Without the third version nothing is mapped into memory, so that every write is seen.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(trouble: Trouble, when_cut: c_int) -> c_int {
    match trouble {
        Trouble::Cut => when_cut,
        Trouble::Failing(Failing::Sync) => ffi::SQLITE_IOERR_FSYNC,
        Trouble::Failing(Failing::Write) => ffi::SQLITE_IOERR_WRITE,
        Trouble::Failing(Failing::Full) => ffi::SQLITE_FULL,
        Trouble::Failing(Failing::Read) => ffi::SQLITE_IOERR_READ,
    }
}

/// # Safety
///
/// `name` is null or a string that ends with a zero byte.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())).to_owned())
}

/// # Safety
///
/// `file` is one that `open` has made and that is not closed; SQLite uses it from one thread at a
/// time.
unsafe fn watched<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Watched> {
    // SAFETY: `open` has made a `Head`; `watched` is null or from `Box::into_raw` and is freed by
    // `close` alone.
    unsafe { (*file.cast::<Head>()).watched.as_ref() }
}

/// # Safety
///
/// As for [`watched`].
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite has allocated `szOsFile` bytes, the head and the inner file behind it. The
    // head is as long as two pointers, which keeps the alignment.
    unsafe { file.cast::<Head>().add(1).cast() }
}

/// # Safety
///
/// As for [`watched`].
unsafe fn methods(file: *mut ffi::sqlite3_file) -> &'static ffi::sqlite3_io_methods {
    // SAFETY: the inner file is open, so that its methods are those of the default file system,
    // which are static.
    unsafe { &*(*inner(file)).pMethods }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands over memory of `szOsFile` bytes and a valid name; all of the head is
    // written before anything can fail.
    unsafe {
        (*file.cast::<Head>()).base.pMethods = ptr::null();
        (*file.cast::<Head>()).watched = ptr::null_mut();
        let path = path_of(name);
        let disk = path.as_deref().and_then(Disk::of);
        let is_new = path.as_ref().is_some_and(|path| !path.exists());
        if disk.as_ref().is_some_and(|disk| disk.is_cut()) {
            return ffi::SQLITE_CANTOPEN;
        }
        let opened = real().xOpen.expect("every file system opens");
        let code = opened(ptr::from_ref(real()).cast_mut(), name, inner(file), flags, out_flags);
        if code != ffi::SQLITE_OK {
            return code;
        }
        if let (Some(disk), Some(path)) = (disk, path) {
            if is_new {
                disk.created(&path);
            }
            (*file.cast::<Head>()).watched = Box::into_raw(Box::new(Watched { disk, path }));
        }
        (*file.cast::<Head>()).base.pMethods = &raw const METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite hands over a valid name.
    unsafe {
        if let Some(path) = path_of(name)
            && let Some(disk) = Disk::of(&path)
            && let Err(trouble) = disk.delete(&path, sync_folder != 0)
        {
            return code(trouble, ffi::SQLITE_IOERR_DELETE);
        }
        let deleted = real().xDelete.expect("every file system deletes");
        deleted(ptr::from_ref(real()).cast_mut(), name, 0)
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; afterwards nothing of it is used.
    unsafe {
        let head = file.cast::<Head>();
        if !(*head).watched.is_null() {
            drop(Box::from_raw((*head).watched));
            (*head).watched = ptr::null_mut();
        }
        methods(file).xClose.expect("files close")(inner(file))
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    n_bytes: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file; the buffer is passed on as it came.
    unsafe {
        if let Some(Err(trouble)) = watched(file).map(|watched| watched.disk.read()) {
            return code(trouble, ffi::SQLITE_IOERR_READ);
        }
        methods(file).xRead.expect("files are read")(inner(file), to, n_bytes, offset)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    n_bytes: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file; SQLite promises `n_bytes` that can be read at `from`.
    unsafe {
        if let Some(watched) = watched(file) {
            let length = usize::try_from(n_bytes).unwrap_or(0);
            let data = std::slice::from_raw_parts(from.cast::<u8>(), length).to_vec();
            let change = Change::Write(usize::try_from(offset).unwrap_or(0), data);
            if let Err(trouble) = watched.disk.change(&watched.path, change) {
                return code(trouble, ffi::SQLITE_IOERR_WRITE);
            }
        }
        methods(file).xWrite.expect("files are written")(inner(file), from, n_bytes, offset)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, n_bytes: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    unsafe {
        if let Some(watched) = watched(file) {
            let change = Change::Truncate(usize::try_from(n_bytes).unwrap_or(0));
            if let Err(trouble) = watched.disk.change(&watched.path, change) {
                return code(trouble, ffi::SQLITE_IOERR_TRUNCATE);
            }
        }
        methods(file).xTruncate.expect("files are cut off")(inner(file), n_bytes)
    }
}

/// What is durable is what the disk remembers: the real file needs no sync.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: an open file.
    unsafe {
        let Some(watched) = watched(file) else {
            return methods(file).xSync.expect("files are synced")(inner(file), flags);
        };
        match watched.disk.sync(&watched.path) {
            Ok(()) => ffi::SQLITE_OK,
            Err(trouble) => code(trouble, ffi::SQLITE_IOERR_FSYNC),
        }
    }
}

/// What is passed on as it is.
macro_rules! pass_on {
    ($($name:ident = $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(unsafe extern "C" fn $name(
            file: *mut ffi::sqlite3_file,
            $($argument: $type),*
        ) -> $answer {
            // SAFETY: an open file; the arguments are passed on as they came.
            unsafe { methods(file).$method.expect("the method is there")(inner(file), $($argument),*) }
        })*
    };
}

pass_on! {
    file_size = xFileSize(size: *mut ffi::sqlite3_int64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    check_reserved_lock = xCheckReservedLock(answer: *mut c_int) -> c_int;
    file_control = xFileControl(operation: c_int, argument: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    device_characteristics = xDeviceCharacteristics() -> c_int;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void) -> c_int;
    shm_lock = xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier() -> ();
    shm_unmap = xShmUnmap(is_deleted: c_int) -> c_int;
}
