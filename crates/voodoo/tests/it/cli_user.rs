//! Accounts and invites by command, while no server runs.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use serde_json::{Value, json};

use crate::cli::{Said, command, fresh, on, said};
use crate::server::data_of;

/// Runs a command on a data folder, with something on its standard input.
pub(crate) fn on_with(data: &Path, arguments: &[&str], input: &str) -> Said {
    let data = data.to_str().expect("a path in UTF-8");
    let mut command = command(&[&["--data", data], arguments].concat(), &[]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A command that ends early does not read.
    drop(child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()));
    said(&child.wait_with_output().expect("it ends"))
}

#[test]
fn accounts_are_made_listed_shut_and_opened() {
    let data = fresh("cli-accounts");
    let ada = on(&data, &["user", "add", "Ada", "--name", "Ada L", "--admin", "--json"]).json();
    assert_eq!((&ada["handle"], &ada["role"]), (&json!("ada"), &json!("admin")));
    let link = ada["link"].as_str().expect("a link");
    assert!(link.starts_with("http://localhost:8080/reset#"), "{link}");
    let half_an_hour = ada["link_expires_ms"].as_u64().zip(ada["created_ms"].as_u64());
    let (until_ms, since_ms) = half_an_hour.expect("two times");
    assert!((1_800_000..1_860_000).contains(&(until_ms - since_ms)), "{ada}");
    let words = ["user", "add", "bo", "--name", "Bo", "--password-stdin"];
    let bo = on_with(&data, &words, "a lamp by the door\n").well();
    assert_eq!(bo, "bo is added as member.\n");
    let bot = on(&data, &["user", "add", "clock", "--name", "Clock", "--bot", "--json"]).json();
    assert_eq!((&bot["kind"], bot["token"].as_str().map(str::len)), (&json!("bot"), Some(43)));
    assert_eq!(on(&data, &["user", "disable", "BO"]).well(), "bo is disabled.\n");
    let listed = on(&data, &["user", "list"]).well();
    assert_eq!(
        listed,
        "handle  is      state     name\n\
         ada     admin   active    Ada L\n\
         bo      member  disabled  Bo\n\
         clock   bot     active    Clock\n"
    );
    assert_eq!(on(&data, &["user", "enable", "bo", "--json"]).json()["disabled"], false);
    let told = on(&data, &["user", "list", "--json"]).json();
    let handles: Vec<_> = told.as_array().unwrap().iter().map(|one| &one["handle"]).collect();
    assert_eq!(handles, ["ada", "bo", "clock"]);
    assert!(told[0].get("link").is_none() && told[2].get("token").is_none(), "shown once: {told}");
}

#[test]
fn what_cannot_be_done_ends_with_65_and_says_why() {
    let data = fresh("cli-refused");
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    for (words, why) in [
        (
            &["user", "add", "ada", "--name", "Ada"][..],
            "handle: the handle is taken, or looks like one that is",
        ),
        (&["user", "add", "1da", "--name", "Ada"], "handle: 2 to 32 of"),
        (&["user", "add", "eve", "--name", " "], "name: 1 to 64"),
        (&["user", "reset", "nobody"], "there is no account \"nobody\""),
        (&["user", "disable", "nobody"], "there is no account \"nobody\""),
        (&["invite", "create"], "no admin who could invite"),
        (&["invite", "create", "--by", "ada"], "ada may not invite there"),
        (&["invite", "create", "--by", "nobody"], "there is no account \"nobody\""),
        (&["invite", "create", "--by", "ada", "--ttl-s", "31622401"], "ttl_s: 1 to 31622400"),
        (&["invite", "create", "--by", "ada", "--conversation", "c_1"], "ada may not invite there"),
    ] {
        on(&data, words).failed(65, why);
    }
    let words = ["user", "add", "eve", "--name", "Eve", "--password-stdin"];
    for (input, why) in [
        ("short\n", "password: at least 8 characters"),
        ("", "password: at least 8 characters"),
        ("password123\n", "password: is too easy to guess"),
    ] {
        on_with(&data, &words, input).failed(65, why);
    }
    on(&data, &["user", "disable", "ada"]).well();
    on(&data, &["user", "reset", "ada"]).failed(65, "ada is disabled: enable it first");
    let told = on(&data, &["user", "list", "--json"]).json();
    assert_eq!(told.as_array().map(Vec::len), Some(1), "nothing was made: {told}");
}

#[test]
fn only_adding_makes_data_where_there_are_none() {
    let data = fresh("cli-none");
    for words in [
        &["user", "list"][..],
        &["user", "reset", "ada"],
        &["user", "disable", "ada"],
        &["invite", "create"],
    ] {
        on(&data, words).failed(69, "there are no data in");
        assert!(!data.exists(), "{words:?}");
    }
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    assert!(data.join("voodoo.db").exists());
}

#[test]
fn commands_at_the_same_moment_wait_for_each_other() {
    let data = fresh("cli-crowd");
    on(&data, &["user", "add", "ada", "--name", "Ada", "--admin"]).well();
    thread::scope(|scope| {
        for number in 0..6 {
            let data = &data;
            scope.spawn(move || {
                let handle = format!("person{number}");
                on(data, &["user", "add", &handle, "--name", "Person"]).well();
            });
        }
    });
    let told = on(&data, &["user", "list", "--json"]).json();
    assert_eq!(told.as_array().map(Vec::len), Some(7));
}

#[test]
fn a_list_of_accounts_has_no_end_at_a_page() {
    let data = fresh("cli-pages");
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    let database = rusqlite::Connection::open(data.join("voodoo.db")).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        INSERT INTO user_account(handle, name, name_key, kind, role, created_ms)
        SELECT printf('p%05d', i), 'P', 'p', 0, 0, 0 FROM n";
    database.execute(sql, []).unwrap();
    database.close().map_err(|(_, error)| error).unwrap();
    let told = on(&data, &["user", "list", "--json"]).json();
    let handles: Vec<_> =
        told.as_array().unwrap().iter().map(|one| one["handle"].clone()).collect();
    assert_eq!(handles.len(), 1_201);
    assert!(handles.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    assert_eq!(handles[1_200], Value::from("p01200"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let data = data_of("cli-pipe");
    let mut command = command(&["config", "show"], &[]);
    command.arg("--data").arg(&data).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    drop(child.stdout.take());
    let said = said(&child.wait_with_output().expect("it ends"));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(fs::metadata(&data).is_err(), "showing settings makes no data");
}
