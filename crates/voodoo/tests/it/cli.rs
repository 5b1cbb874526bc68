//! The command line: how commands end, and what they say.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Server, data_of};

/// Hashing that costs nothing, and nothing from the environment of the test.
const QUICK: &[(&str, &str)] =
    &[("VOODOO_HASHING__MEMORY_KIB", "8"), ("VOODOO_HASHING__PASSES", "1")];

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// What it printed; it has to have ended well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same as JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.well()).expect("JSON for programs")
    }

    /// That it failed like this, with nothing printed for programs.
    pub(crate) fn failed(self, code: i32, words: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.err.contains(words), "{words:?} is not said: {self:?}");
    }
}

/// A command in a folder of the test, with this environment and no other.
pub(crate) fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voodoo"));
    command.args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR")).env_clear();
    command.envs(QUICK.iter().copied()).envs(environment.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    said(&command(arguments, environment).output().expect("the binary starts"))
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command on a data folder.
pub(crate) fn on(data: &Path, arguments: &[&str]) -> Said {
    let data = data.to_str().expect("a path in UTF-8");
    run(&[&["--data", data], arguments].concat(), &[])
}

/// A data folder that is not there yet.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let data = data_of(name);
    if data.exists() {
        fs::remove_dir_all(&data).expect("old data go away");
    }
    data
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come");
        std::thread::yield_now();
    }
}

#[test]
fn a_command_line_that_is_wrong_ends_with_64() {
    for wrong in [
        "dance",
        "user",
        "user ad",
        "user add",
        "user add ada",
        "user add ada --name Ada --bot --admin",
        "user add ada --name Ada --bot --password-stdin",
        "invite create --uses 0",
        "invite create --ttl-s 0",
        "invite create --conversation u_1",
        "completions tcsh",
        "--listen nowhere",
        "config show --nothing",
    ] {
        let words: Vec<_> = wrong.split(' ').collect();
        run(&words, &[]).failed(64, "help");
    }
}

#[test]
fn help_and_version_end_well() {
    for asked in ["--help", "-h", "help", "user --help", "help user add", "--version"] {
        let words: Vec<_> = asked.split(' ').collect();
        assert!(run(&words, &[]).well().contains("voodoo"), "{asked}");
    }
    let version = format!("voodoo {}", env!("CARGO_PKG_VERSION"));
    assert!(run(&["version"], &[]).well().starts_with(&version));
    let told = run(&["version", "--json"], &[]).json();
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["protocols"][0], "voodoo.v1");
}

#[test]
fn what_needs_no_settings_works_where_they_are_wrong() {
    let wrong = [("VOODOO_HTTP__LISTN", "1")];
    run(&["version"], &wrong).well();
    run(&["completions", "bash"], &wrong).well();
    run(&["user", "list"], &wrong).failed(78, "did you mean \"listen\"?");
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell], &[]).well();
        for word in ["healthcheck", "disable", "password-stdin"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused_in_words() {
    let server = Server::start("cli-second", &[]);
    let data = data_of("cli-second");
    on(&data, &["--listen", "127.0.0.1:0", "serve"])
        .failed(69, "another server uses this data folder");
    assert_eq!(on(&data, &["user", "list", "--json"]).json(), Value::Array(vec![]));
    drop(server);
}

#[test]
fn data_of_a_newer_program_are_refused_in_words_and_untouched() {
    let data = fresh("cli-newer");
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    let path = data.join("voodoo.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let sql = "INSERT INTO schema_migrations VALUES(999, 'from the future', '', 0)";
    database.execute(sql, []).unwrap();
    database.close().map_err(|(_, error)| error).unwrap();
    let before = fs::read(&path).unwrap();
    for words in [&["serve"][..], &["user", "list"], &["user", "add", "bo", "--name", "Bo"]] {
        on(&data, &[&["--listen", "127.0.0.1:0"], words].concat())
            .failed(65, "the data has schema 999, this program knows ");
    }
    assert!(before == fs::read(&path).unwrap(), "untouched");
}

#[test]
fn a_folder_that_cannot_be_made_ends_with_73() {
    let file = fresh("cli-file");
    fs::write(&file, "a file, not a folder").unwrap();
    let words = ["--listen", "127.0.0.1:0", "serve"];
    on(&file.join("data"), &words).failed(73, "cli-file");
    fs::remove_file(&file).unwrap();
}

#[test]
fn an_address_that_is_taken_ends_with_69() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = on(&fresh("cli-taken"), &["--listen", &address, "serve"]);
    said.failed(69, &format!("listening on {address}"));
}

#[test]
fn a_health_check_tells_whether_the_server_serves() {
    let mut server = Server::start("cli-health", &[]);
    let address = server.url.replace("http://localhost", "127.0.0.1");
    let check = || run(&["--listen", &address, "healthcheck"], &[]);
    assert_eq!(check().well(), "ready\n");
    server.kill();
    check().failed(69, &format!("asking http://{address}/readyz"));
}
