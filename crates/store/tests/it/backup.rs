//! Backups hold what was acknowledged before they began, and nothing else is ever restored.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use voodoo_core::store::{Around, PageSize, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_store::{
    Backup, BackupError, OpenError, create_backup, list_backups, restore, verify, verify_backup,
};

use crate::folder::{Folder, open};
use crate::start::reopen;
use crate::verify::lived_in;

const NOW_MS: u64 = 1_764_000_000_000;

/// A store with some of everything, and a backup of it.
async fn backed_up() -> (Folder, Backup) {
    let folder = Folder::new();
    lived_in(&folder).await;
    let backup = create_backup(folder.path(), &folder.path().join("backups"), NOW_MS).unwrap();
    (folder, backup)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn sql(database: &Path, sql: &str) {
    let database = Connection::open(database).unwrap();
    database.execute_batch(sql).unwrap();
    database.close().map_err(|(_, error)| error).unwrap();
}

/// Senders that go on until they are told to stop, and what they were told.
struct Load {
    acked: Arc<Mutex<BTreeMap<(i64, u64), String>>>,
    stop: Arc<std::sync::atomic::AtomicBool>,
    senders: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn begin(stage: Arc<Stage>, n_senders: u64) -> Self {
        let ann = stage.user("load").await;
        let (acked, stop) = (Arc::<Mutex<BTreeMap<_, _>>>::default(), Arc::default());
        let mut senders = Vec::new();
        for sender in 0..n_senders {
            let group = stage.group(ann, &[]).await;
            let (stage, acked, stop) = (Arc::clone(&stage), Arc::clone(&acked), Arc::clone(&stop));
            senders.push(tokio::spawn(async move {
                for number in 0_u64.. {
                    let text = format!("{sender} says {number}");
                    let placed = stage.send(group, ann, &text).await;
                    acked.lock().insert((group.get(), placed.seq), text);
                    if std::sync::atomic::AtomicBool::load(
                        &stop,
                        std::sync::atomic::Ordering::Relaxed,
                    ) {
                        return;
                    }
                }
            }));
        }
        Self { acked, stop, senders }
    }

    async fn until(&self, n_acked: usize) -> BTreeMap<(i64, u64), String> {
        while self.acked.lock().len() < n_acked {
            tokio::task::yield_now().await;
        }
        self.acked.lock().clone()
    }

    async fn end(self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for sender in self.senders {
            sender.await.unwrap();
        }
    }
}

/// Every message of a database as it was told to its sender.
fn messages(database: &Path) -> BTreeMap<(i64, u64), String> {
    let database = Connection::open(database).unwrap();
    let mut statement = database.prepare("SELECT conv_id, seq, text FROM message").unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_busy_server_holds_what_was_acknowledged_before_it() {
    let folder = Folder::new();
    let store = folder.open();
    let epoch = store.epoch().await.unwrap();
    let stage = Arc::new(Stage::new(store.clone()));
    let load = Load::begin(Arc::clone(&stage), 8).await;
    let before = load.until(500).await;
    let (data, to) = (folder.path().to_owned(), folder.path().join("backups"));
    let made = tokio::task::spawn_blocking(move || create_backup(&data, &to, NOW_MS));
    let backup = made.await.unwrap().unwrap();
    // Nobody waited for it.
    load.until(before.len() + 100).await;
    load.end().await;
    store.shutdown().await;
    assert_eq!(backup.report.as_ref().unwrap().findings, []);
    assert_eq!(backup.manifest.holds.epoch, *epoch);
    let into = folder.path().join("restored");
    let restored = restore(&backup.path, &into, false).unwrap();
    assert_eq!(restored.manifest, backup.manifest);
    let held = messages(&into.join("voodoo.db"));
    assert_eq!(u64::try_from(held.len()).unwrap(), backup.manifest.holds.messages);
    for (place, text) in &before {
        assert_eq!(held.get(place), Some(text), "{place:?}");
    }
    let store = open(&into).unwrap();
    assert_eq!(*store.epoch().await.unwrap(), *restored.epoch);
    assert_ne!(*restored.epoch, *epoch);
    let stage = Stage::new(store.clone());
    stage.user("later").await;
    assert_eq!(verify(&into).unwrap().findings, []);
    store.shutdown().await;
}

#[tokio::test]
async fn a_backup_is_private_and_says_what_it_is() {
    let (folder, backup) = backed_up().await;
    assert_eq!(mode(&backup.path), 0o700);
    for name in ["voodoo.db", "manifest.json"] {
        assert_eq!(mode(&backup.path.join(name)), 0o600, "{name}");
    }
    assert_eq!(backup.path.file_name().unwrap(), "voodoo-20251124T160000Z");
    let manifest = &backup.manifest;
    assert_eq!((manifest.format, manifest.findings), (1, Some(0)));
    assert_eq!((manifest.holds.users, manifest.holds.messages), (3, 41));
    assert_eq!(manifest.created, "2025-11-24T16:00:00Z");
    // A check makes no files beside it, and finds it whole again.
    assert_eq!(verify_backup(&backup.path).unwrap().manifest, *manifest);
    assert_eq!(fs::read_dir(&backup.path).unwrap().count(), 2);
    // Another one in the same second has another name.
    let again = create_backup(folder.path(), &folder.path().join("backups"), NOW_MS).unwrap();
    assert_ne!(again.path, backup.path);
}

#[tokio::test]
async fn backups_are_listed_by_time_and_unfinished_ones_named() {
    let (folder, backup) = backed_up().await;
    let backups = folder.path().join("backups");
    let older = create_backup(folder.path(), &backups, NOW_MS - 86_400_000).unwrap();
    fs::create_dir(backups.join("voodoo-20251124T170000Z.partial")).unwrap();
    fs::create_dir(backups.join("of-others")).unwrap();
    let listed = list_backups(&backups).unwrap();
    let paths: Vec<PathBuf> = listed.iter().map(|one| one.path.clone()).collect();
    assert_eq!(paths[..2], [older.path, backup.path]);
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].manifest, Ok(older.manifest));
    assert_eq!(listed[2].manifest, Err("it was not finished".to_owned()));
}

/// Damage to a backup, and what is said of it.
type Harm = (&'static str, fn(&Path));

const HARMS: &[Harm] = &[
    ("its SHA-256 differs", |path| {
        let file = fs::File::options().write(true).open(path.join("voodoo.db")).unwrap();
        file.write_all_at(&[0x5a], 9_000).unwrap();
    }),
    ("bytes, not", |path| {
        let file = fs::File::options().write(true).open(path.join("voodoo.db")).unwrap();
        file.set_len(8_192).unwrap();
    }),
    ("voodoo.db is missing", |path| fs::remove_file(path.join("voodoo.db")).unwrap()),
    ("no manifest.json", |path| fs::remove_file(path.join("manifest.json")).unwrap()),
    ("manifest.json: ", |path| fs::write(path.join("manifest.json"), "{").unwrap()),
    ("form 2, this program knows 1", |path| {
        change(path, |text| text.replace("\"format\": 1", "\"format\": 2"))
    }),
    ("schema 999", |path| {
        change(path, |text| {
            let (before, after) = text.split_once("\"schema\": ").unwrap();
            format!(
                "{before}\"schema\": 999{}",
                after.trim_start_matches(|c: char| c.is_ascii_digit())
            )
        });
    }),
    ("is no file name", |path| {
        change(path, |text| text.replace("\"voodoo.db\"", "\"../voodoo.db\", \"x\": \"voodoo.db\""))
    }),
    ("not the one that the manifest describes", |path| {
        change(path, |text| text.replace("\"messages\": 41", "\"messages\": 42"));
    }),
];

fn change(backup: &Path, by: impl FnOnce(String) -> String) {
    let path = backup.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let changed = by(text.clone());
    assert_ne!(changed, text);
    fs::write(path, changed).unwrap();
}

#[tokio::test]
async fn what_is_damaged_or_newer_is_refused_in_words_and_leaves_the_folder_as_it_was() {
    for (words, harm) in HARMS {
        let (folder, backup) = backed_up().await;
        harm(&backup.path);
        let into = folder.path().join("restored");
        fs::create_dir(&into).unwrap();
        let said = verify_backup(&backup.path).unwrap_err().to_string();
        assert!(said.contains(words) || *words == "is no file name", "{words}: {said}");
        let said = restore(&backup.path, &into, true).unwrap_err().to_string();
        assert!(said.contains(words) || *words == "is no file name", "{words}: {said}");
        assert_eq!(fs::read_dir(&into).unwrap().count(), 0, "{words}: it is empty again");
    }
}

#[tokio::test]
async fn nothing_is_restored_over_anything() {
    let (folder, backup) = backed_up().await;
    let before = fs::read(folder.database()).unwrap();
    let error = restore(&backup.path, folder.path(), false).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert!(before == fs::read(folder.database()).unwrap(), "untouched");
    let into = folder.path().join("disk");
    fs::create_dir_all(into.join("lost+found")).unwrap();
    restore(&backup.path, &into, false).expect("a new file system is empty");
}

#[tokio::test]
async fn a_restore_that_was_cut_off_is_no_fresh_start() {
    let folder = Folder::new();
    fs::write(folder.path().join("voodoo.db.restoring"), "half").unwrap();
    assert!(matches!(folder.try_open(), Err(OpenError::Unfinished)));
    assert!(!folder.database().exists(), "nothing was made");
}

#[tokio::test]
async fn links_that_work_once_are_not_restored() {
    let folder = Folder::new();
    lived_in(&folder).await;
    sql(&folder.database(), "INSERT INTO one_time VALUES(x'00', 1, 1, 1)");
    let backup = create_backup(folder.path(), &folder.path().join("backups"), NOW_MS).unwrap();
    let into = folder.path().join("restored");
    restore(&backup.path, &into, false).unwrap();
    let restored = Connection::open(into.join("voodoo.db")).unwrap();
    let count = |sql: &str| restored.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM one_time"), 0);
    assert_eq!(count("SELECT COUNT(*) FROM device"), 2, "log-ins are");
}

#[tokio::test]
async fn a_backup_in_whose_rows_something_is_wrong_is_kept_and_restored_only_on_demand() {
    let folder = Folder::new();
    lived_in(&folder).await;
    sql(&folder.database(), "DELETE FROM mention");
    let backup = create_backup(folder.path(), &folder.path().join("backups"), NOW_MS).unwrap();
    assert_eq!(backup.manifest.findings, Some(1));
    let into = folder.path().join("restored");
    let error = restore(&backup.path, &into, false).unwrap_err();
    assert!(matches!(error, BackupError::Findings(1)), "{error}");
    let restored = restore(&backup.path, &into, true).unwrap();
    assert_eq!(restored.report.findings.len(), 1);
}

#[tokio::test]
async fn a_damaged_file_becomes_no_backup() {
    let folder = Folder::new();
    lived_in(&folder).await;
    let file = fs::File::options().write(true).open(folder.database()).unwrap();
    let n_bytes = file.metadata().unwrap().len();
    file.write_all_at(&[0xa5; 4_096], n_bytes / 2 / 4_096 * 4_096).unwrap();
    let backups = folder.path().join("backups");
    let error = create_backup(folder.path(), &backups, NOW_MS).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::Damaged(_))), "{error}");
    assert_eq!(fs::read_dir(&backups).unwrap().count(), 0, "nothing that looks like one");
}

/// Takes a database back to its first schema.
pub(crate) fn age(folder: &Folder) {
    let to_first = "DROP TABLE ticket; DROP TABLE IF EXISTS sent_name;
        DROP INDEX IF EXISTS user_look; DROP INDEX IF EXISTS user_admin;
        DELETE FROM schema_migrations WHERE version > 1";
    sql(&folder.database(), to_first);
}

#[tokio::test]
async fn an_upgrade_makes_a_backup_first_and_keeps_the_newest_few() {
    let folder = Folder::new();
    lived_in(&folder).await;
    let backups = folder.path().join("before-upgrade");
    for _ in 0..5 {
        age(&folder);
        reopen(&folder).shutdown().await;
    }
    let listed = list_backups(&backups).unwrap();
    assert_eq!(listed.len(), 3);
    for one in &listed {
        let manifest = one.manifest.clone().unwrap();
        assert_eq!((manifest.holds.schema, manifest.holds.messages), (1, 41));
    }
    let into = folder.path().join("restored");
    restore(&listed[2].path, &into, false).unwrap();
    let store = open(&into).expect("what was restored is brought forward");
    let all = PageSize { n_messages: 100, n_bytes: 1 << 20 };
    let (user, group) =
        (voodoo_proto::UserId::new(1).unwrap(), voodoo_proto::ConversationId::new(1).unwrap());
    let page = store.history(user, group, Around::Newest, all).await.unwrap();
    assert_eq!(page.messages.len(), 21);
    store.shutdown().await;
}

#[tokio::test]
async fn without_a_backup_there_is_no_upgrade() {
    let folder = Folder::new();
    lived_in(&folder).await;
    age(&folder);
    fs::write(folder.path().join("before-upgrade"), "in the way").unwrap();
    let before = fs::read(folder.database()).unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let error = loop {
        match folder.try_open() {
            Err(OpenError::InUse) if std::time::Instant::now() < end => std::thread::yield_now(),
            result => break result.err().expect("it is refused"),
        }
    };
    assert!(matches!(error, OpenError::NoBackup(_)), "{error}");
    assert!(before == fs::read(folder.database()).unwrap(), "untouched");
}
