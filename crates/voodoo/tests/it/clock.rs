//! The clock of the machine leaps under the real binary, by the feature that only tests have.

use std::fs;

use serde_json::json;
use voodoo_proof::run::{Plan, Trouble};

use crate::cli::until;
use crate::people::{QUICK, Talk, address, sign_up};
use crate::proof::{plan, prove};
use crate::server::{Server, data_of, program};

const HOUR_MS: i64 = 3_600_000;

/// A clock of its own that is right at first.
fn clock(name: &str) -> String {
    let file = data_of(&format!("{name}.clock"));
    fs::write(&file, "0").unwrap();
    file.to_str().expect("a path in UTF-8").to_owned()
}

/// Leaps by an hour, forward and back, while 52 clients talk; followed after `settle_ms`.
fn leaps_lose_nothing(name: &str, settle_ms: &str) {
    let clock = clock(name);
    let own = [("FAIL_CLOCK", &*clock), ("VOODOO_TIMERS__CLOCK_SETTLE_MS", settle_ms)];
    let settings: Vec<_> = QUICK.iter().copied().chain(own).collect();
    let leaps = [HOUR_MS, 0, -HOUR_MS, HOUR_MS, 0, -HOUR_MS, 0].map(Trouble::Clock);
    prove(&Plan { program: program(name, &settings), ..plan(name, leaps.to_vec()) });
}

#[test]
fn leaps_of_the_clock_under_load_lose_nothing_while_they_are_not_followed() {
    leaps_lose_nothing("clock_steady", "3600000");
}

#[test]
fn leaps_of_the_clock_under_load_lose_nothing_when_they_are_followed() {
    leaps_lose_nothing("clock_followed", "50");
}

#[test]
fn a_clock_that_leaps_by_years_ends_no_session_and_logs_nobody_out() {
    let file = clock("clock_years");
    let settings: Vec<_> = QUICK.iter().copied().chain([("FAIL_CLOCK", &*file)]).collect();
    let server = Server::start("clock_years", &settings);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let people = sign_up(&server, 2).await;
        let mut talk = Talk::begin(&address(&server), &people[0]).await.unwrap();
        let conversation = talk.direct(&people[1].user).await;
        let mut times = Vec::new();
        for ahead_ms in [0, 24 * HOUR_MS, -24 * HOUR_MS, 10 * 365 * 24 * HOUR_MS, 240_000, 0] {
            server.turn_clock(ahead_ms).unwrap();
            // Two sweeps for devices that are over. Before the first leap more: what is believed
            // for less than a leap stays would give way to it.
            let ms = if times.is_empty() { 4_000 } else { 1_100 };
            tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
            let send = json!({"type": "send", "conversation": conversation,
                "client_id": uuid::Uuid::now_v7(), "body": {"kind": "text", "text": "hello"}});
            let said = talk.ask(send).await.expect("the same session goes on");
            assert_eq!(said["type"], "ok", "{said}");
            times.push(said["at_ms"].as_i64().unwrap());
            assert!(Talk::begin(&address(&server), &people[1]).await.is_some(), "{ahead_ms}");
        }
        // Only the four minutes were followed.
        let apart: Vec<_> = times.windows(2).map(|two| (two[1] - two[0]) / 60_000).collect();
        assert_eq!(apart, [0, 0, 0, 4, -3]);
        assert_eq!(talk.read_from(&conversation, 0).await.len(), 6);
    });
    until("it is told", || server.log().contains("the clock leapt and is not followed"));
}
