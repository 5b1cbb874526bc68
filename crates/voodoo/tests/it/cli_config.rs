//! Settings: who wins, and what is said of those that are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{Said, run};
use crate::server::data_of;

/// A file of settings for one test.
fn file(name: &str, text: &str) -> PathBuf {
    let path = data_of(name).with_extension("toml");
    fs::write(&path, text).unwrap();
    path
}

/// Runs `config` on a file alone.
fn config(path: &Path, words: &[&str], environment: &[(&str, &str)]) -> Said {
    let path = path.to_str().expect("a path in UTF-8");
    run(&[&["--config", path, "config"], words].concat(), environment)
}

/// A setting and its origin.
fn held(shown: &Value, name: &str) -> (Value, String) {
    let setting = &shown[name];
    (setting["value"].clone(), setting["origin"].as_str().expect("an origin").to_owned())
}

#[test]
fn the_later_place_wins_and_is_named() {
    let path = file(
        "cli-order",
        "data = 'filed'\nhttp.listen = '192.0.2.1:1'\nhttp.public_url = 'http://file.example'\n\
         timers.drain_ms = 100\nlog.level = 'warn'\n",
    );
    let environment = [
        ("VOODOO_HTTP__LISTEN", "192.0.2.2:2"),
        ("VOODOO_HTTP__PUBLIC_URL", "http://environment.example"),
        ("VOODOO_HTTP__ALLOWED_ORIGINS", "[\"http://a.example\", \"http://b.example\"]"),
        ("VOODOO_TIMERS__DRAIN_MS", "200"),
        ("PORT", "3"),
        ("STATE_DIRECTORY", "/state/one:/state/two"),
    ];
    let words = ["show", "--origin", "--json", "--public-url", "http://flag.example"];
    let shown = config(&path, &words, &environment).json();
    let file = path.display().to_string();
    for (name, value, origin) in [
        ("data", Value::from("filed"), file.as_str()),
        ("log.level", "warn".into(), &file),
        ("http.listen", "192.0.2.2:3".into(), "PORT"),
        ("http.public_url", "http://flag.example".into(), "command line"),
        ("timers.drain_ms", 200.into(), "VOODOO_TIMERS__DRAIN_MS"),
        ("timers.hello_ms", 5_000.into(), "default"),
    ] {
        assert_eq!(held(&shown, name), (value, origin.to_owned()), "{name}");
    }
    let origins = held(&shown, "http.allowed_origins").0;
    assert_eq!(origins, serde_json::json!(["http://a.example", "http://b.example"]));
    let words = ["show", "--origin", "--json", "--listen", "192.0.2.4:4", "--data", "flagged"];
    let shown = config(&path, &words, &environment).json();
    assert_eq!(held(&shown, "http.listen"), ("192.0.2.4:4".into(), "command line".to_owned()));
    assert_eq!(held(&shown, "data"), ("flagged".into(), "command line".to_owned()));
}

#[test]
fn the_state_directory_stands_in_for_the_default_folder() {
    let path = file("cli-state", "");
    let state = [("STATE_DIRECTORY", "/state/one:/state/two")];
    let shown = config(&path, &["show", "--origin", "--json"], &state).json();
    assert_eq!(held(&shown, "data"), ("/state/one".into(), "STATE_DIRECTORY".to_owned()));
    let shown = config(&path, &["show", "--origin", "--json"], &[]).json();
    assert_eq!(held(&shown, "data"), ("data".into(), "default".to_owned()));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let path = file("cli-again", "[limits.rates.send]\nper_s = 2.5\n[log]\nlevel = 'a=warn'\n");
    let shown = config(&path, &["show"], &[]).well();
    assert!(shown.contains("limits.rates.send.per_s = 2.5\n"), "{shown}");
    let again = file("cli-again-2", &shown);
    assert_eq!(config(&again, &["show"], &[]).well(), shown);
    let with_origin = config(&path, &["show", "--origin"], &[]).well();
    let again = file("cli-again-3", &with_origin);
    assert_eq!(config(&again, &["show"], &[]).well(), shown);
    let told = config(&path, &["show", "--json"], &[]).json();
    assert_eq!(told["limits"]["rates"]["send"]["per_s"], 2.5);
}

#[test]
fn a_setting_that_is_not_there_is_refused_with_what_was_meant() {
    let empty = file("cli-empty", "");
    for (text, words) in [
        ("htpp.listen = '127.0.0.1:1'", "there is no setting \"htpp\""),
        ("http.lissten = '127.0.0.1:1'", "did you mean \"listen\"?"),
        ("timers.drain = 100", "did you mean \"drain_ms\"?"),
        ("limits.rates.send.persec = 1.0", "did you mean \"per_s\"?"),
        ("rules.moon = 1", "there are: directory, broadcasts, sign_up"),
    ] {
        let path = file("cli-unknown", text);
        config(&path, &["check"], &[]).failed(78, words);
        config(&path, &["check"], &[]).failed(78, "cli-unknown.toml");
    }
    for (name, words) in [
        ("VOODOO_HTTP__LISSTEN", "did you mean \"listen\"?"),
        ("VOODOO_HTTP_LISTEN", "did you mean VOODOO_HTTP__LISTEN?"),
        ("VOODOO_LIMITS_RATES_SEND_PER_S", "did you mean VOODOO_LIMITS__RATES__SEND__PER_S?"),
    ] {
        config(&empty, &["check"], &[(name, "1")]).failed(78, words);
    }
    // Of the clients, which share the prefix.
    config(&empty, &["check"], &[("VOODOO_URL", "http://localhost:1")]).well();
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_name() {
    for (text, words) in [
        ("http.listen = 'nowhere'", "http.listen"),
        ("http.listen = 7", "http.listen"),
        ("memory.budget = 'some'", "memory.budget is \"some\": bytes, `auto` or `none`"),
        ("memory.budget = 1000", "at least 1048576"),
        ("store.cache_mib = 0", "store.cache_mib is 0: from 1 to 1048576"),
        ("hashing.threads = 513", "hashing.threads is 513: at most 512"),
        ("hashing.waiting = 1000001", "hashing.waiting is 1000001: at most 1000000"),
        ("memory.refuse_percent = 101", "memory.refuse_percent is 101: from 1 to 100"),
        ("memory.admit_percent = 95", "from 1 to memory.refuse_percent, 90"),
        ("http.max_starting = 0", "http.max_starting is 0: 1 to 1000000"),
        ("http.max_waiting = 1000001", "http.max_waiting is 1000001: at most 1000000"),
        ("timers.start_wait_ms = 20001", "at most timers.http_request_ms, 20000"),
        ("timers.hello_ms = 49", "timers.hello_ms is 49 ms: at least 50 ms are needed"),
        ("timers.hello_ms = 'soon'", "timers.hello_ms"),
        ("attempts.first_wait_ms = 1", "attempts.first_wait_ms is 1 ms"),
        ("http.header_bytes = 100", "http.header_bytes is 100: at least 8192"),
        ("http.public_url = 'http://a.example/path'", "http.public_url"),
        ("http.trusted_proxies = ['a.example']", "http.trusted_proxies"),
        ("timers.invite_ttl_ms = 40000000000", "timers.invite_ttl_ms is 40000000000"),
        ("rules.directory = 'none'", "rules.directory is \"none\": `all` or `shared`"),
        ("rules.sign_up = 'maybe'", "rules.sign_up"),
        ("log.level = 'wran'", "\"wran\" is neither a level nor module=level"),
        ("log.level = 'info,voodoo_server=loud'", "log.level is \"info,voodoo_server=loud\""),
        ("hashing.lanes = 0", "password hashing: "),
        ("this is no TOML", "cli-value.toml"),
    ] {
        config(&file("cli-value", text), &["check"], &[]).failed(78, words);
    }
    let empty = file("cli-value-empty", "");
    config(&empty, &["check"], &[("PORT", "http")]).failed(78, "PORT is \"http\"");
    let gone = data_of("cli-gone").with_extension("toml");
    config(&gone, &["check"], &[]).failed(78, "there is no file");
}

#[test]
fn good_settings_are_called_good() {
    let path = file("cli-good", "log.format = 'json'");
    let words = config(&path, &["check"], &[]).well();
    assert!(words.contains(&path.display().to_string()), "{words}");
    let told = config(&path, &["check", "--json"], &[]).json();
    assert_eq!(told["ok"], true);
    assert_eq!(told["files"][0], path.display().to_string());
}
