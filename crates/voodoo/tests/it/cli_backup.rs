//! The command line of checks and backups: what is said, and how commands end.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::cli::{Said, fresh, on, run};
use crate::server::Server;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Data with one account, and a folder for backups.
fn data(name: &str) -> (PathBuf, PathBuf) {
    let (data, backups) = (fresh(name), fresh(&format!("{name}-backups")));
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    (data, backups)
}

fn backup(data: &Path, backups: &Path) -> PathBuf {
    let made = on(data, &["backup", "create", "--to", text(backups), "--json"]).json();
    assert_eq!(made["manifest"]["holds"]["users"], 1);
    made["path"].as_str().expect("a path").into()
}

/// That it failed like this, whatever it printed.
fn failed(said: &Said, code: i32, words: &str) {
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.err.contains(words), "{words:?} is not said: {said:?}");
}

fn damage(database: &Path) {
    let file = fs::File::options().write(true).open(database).unwrap();
    let n_bytes = file.metadata().unwrap().len();
    file.write_all_at(&[0xa5; 4_096], n_bytes - 4_096).unwrap();
}

#[test]
fn a_check_says_what_is_there_beside_a_server_and_without_one() {
    let server = Server::start("cli-verify", &[]);
    let data = crate::server::data_of("cli-verify");
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    let told = on(&data, &["verify"]).well();
    assert!(told.contains("1 users on 0 devices"), "{told}");
    assert!(told.contains("finds nothing wrong"), "{told}");
    let told = on(&data, &["verify", "--json"]).json();
    assert_eq!((&told["healthy"], &told["holds"]["users"]), (&true.into(), &1.into()));
    drop(server);
    on(&fresh("cli-verify-none"), &["verify"]).failed(69, "there are no data");
}

#[test]
fn a_check_that_finds_something_ends_with_65_and_names_it() {
    let (data, _) = data("cli-verify-wrong");
    let database = rusqlite::Connection::open(data.join("voodoo.db")).unwrap();
    database
        .execute_batch(
            "UPDATE user_account SET user_rev = 0, n_conversations = 0;
        INSERT INTO block VALUES(1, 77)",
        )
        .unwrap();
    drop(database);
    let said = on(&data, &["verify"]);
    failed(&said, 65, "not as it has to be");
    assert!(
        said.out.contains("orphans: a block of or by a user who is not there: u_1"),
        "{said:?}"
    );
    let said = on(&data, &["verify", "--json"]);
    assert!(said.out.contains("\"healthy\": false"), "{said:?}");
    damage(&data.join("voodoo.db"));
    failed(&on(&data, &["verify"]), 65, "restore the newest backup into an empty folder");
}

#[test]
fn a_backup_is_made_checked_listed_and_restored() {
    let (data, backups) = data("cli-backup");
    let made = backup(&data, &backups);
    let name = made.file_name().unwrap().to_str().unwrap();
    assert!(run(&["backup", "list", text(&backups)], &[]).well().contains(name));
    let listed = run(&["backup", "list", text(&backups), "--json"], &[]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let told = run(&["backup", "verify", text(&made)], &[]).well();
    assert!(told.contains("1 users") && told.contains("finds nothing wrong"), "{told}");
    let into = fresh("cli-backup-restored");
    let told = run(&["restore", text(&made), "--into", text(&into)], &[]).well();
    assert!(told.contains("1 users") && told.contains("new epoch"), "{told}");
    assert!(on(&into, &["user", "list"]).well().contains("ada"));
    run(&["restore", text(&made), "--into", text(&into)], &[]).failed(73, "is not empty");
}

#[test]
fn a_backup_for_which_there_is_no_room_is_refused_in_words() {
    let (data, backups) = data("backup-room");
    let words = ["--data", text(&data), "backup", "create", "--to", text(&backups)];
    // All of the disk is to stay free.
    let marks = [("VOODOO_DISK__LOW_PERCENT", "100"), ("VOODOO_DISK__LOW_MIB", "1000000000")];
    run(&words, &marks).failed(73, "no room for a backup");
    assert!(!backups.exists(), "nothing was begun");
    run(&words, &[]).well();
    for (name, value, said) in [
        ("VOODOO_DISK__LOW_PERCENT", "101", "disk.low_percent is 101: from 0 to 100"),
        ("VOODOO_DISK__SHORT_PERCENT", "6", "at most disk.low_percent, 5"),
        ("VOODOO_DISK__SHORT_MIB", "600", "at most disk.low_mib, 512"),
        ("VOODOO_TIMERS__DISK_MS", "49", "at least 50 ms are needed"),
    ] {
        run(&["config", "check"], &[(name, value)]).failed(78, said);
    }
}

#[test]
fn a_damaged_or_newer_backup_is_refused_in_words() {
    let (data, backups) = data("cli-backup-bad");
    let made = backup(&data, &backups);
    let manifest = made.join("manifest.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    let into = fresh("cli-backup-bad-restored");
    let restore = || run(&["restore", text(&made), "--into", text(&into)], &[]);
    fs::write(&manifest, whole.replace("\"format\": 1", "\"format\": 2")).unwrap();
    restore().failed(65, "use the newer program");
    fs::write(&manifest, whole).unwrap();
    damage(&made.join("voodoo.db"));
    restore().failed(65, "the backup is damaged");
    run(&["backup", "verify", text(&made)], &[]).failed(65, "its SHA-256 differs");
    run(&["backup", "verify", text(&data)], &[]).failed(65, "is no backup");
    run(&["backup", "list", text(&data.join("nowhere"))], &[]).failed(73, "nowhere");
    let nowhere = fresh("cli-backup-nowhere");
    on(&nowhere, &["backup", "create", "--to", text(&backups)]).failed(69, "there are no data");
}
