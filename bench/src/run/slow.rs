//! Thousands that stop reading: what they cost the server and those who go on, and whether they
//! lose anything.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::house::House;
use super::talk::{paced, quiet, ratio};
use super::{Figure, Found, at_least, at_most, figure};
use crate::machine::footprint;
use crate::scenario::Scenario;

/// Broadcasts a second beside the pairs, while everyone slow is full already.
const BESIDE_PER_S: f64 = 2.0;
/// The server's sweep for sockets that take nothing comes within this time.
const SWEEP: Duration = Duration::from_secs(3);

/// Until what was sent has gone as far as it will.
fn settle() {
    std::thread::park_timeout(Duration::from_secs(1));
}

/// The pairs talk, first alone and then beside slow readers whose outboxes are full. One half of
/// these is woken while the server still waits for them, the other once it has given them up.
pub(super) fn run(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let stand = house.server(scenario, scenario.users)?;
    let pid = stand.subject.pid();
    let place = stand.seed()?.broadcast;
    let mut clients = house.clients(scenario, scenario.users, &stand)?;
    clients.connect()?;
    settle();
    let (quiet, void) = quiet(scenario, &mut clients, place)?;
    let before = footprint(pid)?;
    clients.sleep(place)?;
    let fell_asleep = Instant::now();
    for _ in 0..scenario.rounds {
        clients.broadcast(place)?;
    }
    settle();
    let full = footprint(pid)?;
    let filled_after = fell_asleep.elapsed();
    let n_beside = whole(scenario.seconds * BESIDE_PER_S);
    let beside = paced(scenario, &mut clients, place, n_beside)?.received.percentiles();
    settle();
    let later = footprint(pid)?;
    let n_missed = (scenario.rounds + n_beside) as u64;
    let woke = Instant::now();
    let woken = clients.wake(0, n_missed)?;
    let caught_up_after = woke.elapsed();
    let patience = scenario.not_writable_ms.context("it was checked")?;
    let given_up = fell_asleep + filled_after + Duration::from_millis(patience) + SWEEP;
    std::thread::park_timeout(given_up.saturating_duration_since(Instant::now()));
    let woke = Instant::now();
    let late = clients.wake(1, n_missed)?;
    let late_after = woke.elapsed();
    settle();
    let n_checked = clients.check()?;
    let growth_mib = ratio(full.rss_kib.max(later.rss_kib).saturating_sub(before.rss_kib), 1_024);
    let kernel_mib = ratio(full.tcp_kib.max(later.tcp_kib).saturating_sub(before.tcp_kib), 1_024);
    let n_told = (woken.n_lagging + woken.n_closed + late.n_lagging + late.n_closed) as u64;
    let p99 = at_most("1:1 p99 beside slow readers against its quiet value, ratio", 1.5, 1.1);
    let memory = at_most("growth of the server by slow readers, MiB", 512.0, 256.0);
    let told = at_least("slow readers told that they lag, or given up, share", 1.0, 1.0);
    Ok(Found {
        figures: vec![
            Figure { bar: p99, value: beside.p99_ms / quiet.p99_ms, void },
            figure(memory, growth_mib),
            figure(told, ratio(n_told, scenario.slow as u64)),
        ],
        details: json!({
            "quiet": quiet,
            "beside": beside,
            "filled_after_s": filled_after.as_secs_f64(),
            "growth_mib": growth_mib,
            "kernel_growth_both_ends_mib": kernel_mib,
            "missed_each": n_missed,
            "woken_in_time": woken,
            "woken_in_time_caught_up_after_s": caught_up_after.as_secs_f64(),
            "woken_late": late,
            "woken_late_caught_up_after_s": late_after.as_secs_f64(),
            "checked": n_checked,
        }),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a run is short and its figures positive"
)]
fn whole(number: f64) -> usize {
    number as usize
}
