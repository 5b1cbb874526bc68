//! Connecting and talking: idle, storm, broadcast, group, direct, mixed.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::house::{House, Stand};
use super::{Figure, Found, at_least, at_most, figure, too_slow};
use crate::child;
use crate::conductor::{Conductor, is_stopped};
use crate::control::Load;
use crate::machine::{Footprint, cpu_ms, footprint};
use crate::report::median;
use crate::scenario::Scenario;
use crate::seed::GROUP;
use crate::spread::{Percentiles, Spread, to_ms};
use crate::yard::epoll::Reach;

/// Until what a storm leaves behind is done: reads, timers, freed memory.
const SETTLE: Duration = Duration::from_secs(3);
/// Last receivers of 15,000, at least so many a second: 15,000 in 159 ms.
const USUAL_BROADCAST_PER_S: f64 = 15_000.0 / 0.159;
/// Deliveries a second in groups of 50.
const USUAL_GROUP_PER_S: f64 = 141_000.0;
/// Bare upgrades a second.
const USUAL_UPGRADES_PER_S: f64 = 18_000.0;
/// The floors are for broadcasts of this size; smaller ones are too short to compare.
const USUAL_BROADCAST_USERS: usize = 15_000;
/// What the slowest hundredth takes where nothing else goes on, at most: the must of a steady rate.
const QUIET_P99_MS: f64 = 25.0;
/// Tries to find the quiet value.
const QUIET_TRIES: usize = 3;

fn settle() {
    std::thread::park_timeout(SETTLE);
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(super) fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}

fn n(count: usize) -> u64 {
    count as u64
}

/// What users cost by being there, in KiB each.
pub(super) struct Weight {
    pub(super) rss_kib: f64,
    details: Value,
}

/// Connects everyone and looks at what that weighs.
pub(super) fn weigh(scenario: &Scenario, house: &mut House<'_>, n_users: usize) -> Result<Weight> {
    let stand = house.server(scenario, n_users)?;
    let pid = stand.subject.pid();
    let mut clients = house.clients(scenario, n_users, &stand)?;
    settle();
    let before = footprint(pid)?;
    let (connected, took) = clients.connect()?;
    settle();
    let after = footprint(pid)?;
    let n_checked = clients.check()?;
    let each =
        |pick: fn(&Footprint) -> u64| ratio(pick(&after).saturating_sub(pick(&before)), n(n_users));
    Ok(Weight {
        rss_kib: each(|one| one.rss_kib),
        details: json!({
            "users": n_users,
            "before": before,
            "after": after,
            "rss_kib_each": each(|one| one.rss_kib),
            "pss_kib_each": each(|one| one.pss_kib),
            "tcp_kib_each_both_ends": each(|one| one.tcp_kib),
            "connect": took.percentiles(),
            "bytes": connected.n_bytes,
            "checked": n_checked,
        }),
    })
}

pub(super) fn idle(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let weight = weigh(scenario, house, scenario.users)?;
    let bar = match scenario.tls {
        false => at_most("RSS per idle user, KiB", 4.0, 2.0),
        true => at_most("RSS per idle user by TLS, KiB", 16.0, 12.0),
    };
    Ok(Found { figures: vec![figure(bar, weight.rss_kib)], details: weight.details })
}

/// Sessions a second of everyone who comes at once, after all were there before.
fn storm_of(scenario: &Scenario, house: &mut House<'_>, stand: &Stand) -> Result<(f64, Value)> {
    let mut clients = house.clients(scenario, scenario.users, stand)?;
    clients.connect()?;
    clients.disconnect()?;
    settle();
    let before_ms = cpu_ms(stand.subject.pid())?;
    let (connected, took) = clients.connect()?;
    let cpu_ms = cpu_ms(stand.subject.pid())? - before_ms;
    let n_checked = clients.check()?;
    let took_ns = connected.ended_ns - connected.began_ns;
    let per_s = ratio(n(connected.n_live) * 1_000_000, took_ns / 1_000);
    let details = json!({
        "per_s": per_s,
        "took": took.percentiles(),
        "failed": connected.n_failed,
        "cpu_us_each": ratio(cpu_ms * 1_000, n(connected.n_live)),
        "bytes": connected.n_bytes,
        "checked": n_checked,
    });
    Ok((per_s, details))
}

pub(super) fn storm(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let yard = house.yardstick(scenario, scenario.users, Reach::All)?;
    let (yard_per_s, yard_details) = storm_of(scenario, house, &yard)?;
    drop(yard);
    let stand = house.server(scenario, scenario.users)?;
    let (per_s, details) = storm_of(scenario, house, &stand)?;
    let bar = match scenario.tls {
        false => at_least("sessions/s against bare upgrades, ratio", 0.25, 0.5),
        true => at_least("sessions/s by TLS against bare upgrades, ratio", 0.1, 0.2),
    };
    let void = too_slow("upgrades/s", yard_per_s, USUAL_UPGRADES_PER_S);
    Ok(Found {
        figures: vec![Figure { bar, value: per_s / yard_per_s, void }],
        details: json!({"server": details, "yardstick": yard_details}),
    })
}

/// What broadcasts to all cost.
pub(super) struct Cost {
    /// Processor time of a delivery, in µs.
    pub(super) cpu_us: f64,
    /// From sending to the last receiver, in ms; the median of the rounds.
    pub(super) last_ms: f64,
    details: Value,
}

pub(super) fn rounds(clients: &mut Conductor<'_>, stand: &Stand, n_rounds: usize) -> Result<Cost> {
    let place = stand.seed()?.broadcast;
    clients.broadcast(place)?;
    let before_ms = cpu_ms(stand.subject.pid())?;
    let (mut last_ms, mut took, mut n_deliveries) = (Vec::new(), Spread::default(), 0);
    let n_receivers = n(clients.n_users()) - 1;
    for _ in 0..n_rounds {
        let round = clients.broadcast(place)?;
        last_ms.push(to_ms(round.last_ns));
        took.add(&round.took.counts());
        n_deliveries += n_receivers;
        if is_stopped() {
            break;
        }
    }
    let cpu_ms = cpu_ms(stand.subject.pid())? - before_ms;
    let cpu_us = ratio(cpu_ms * 1_000, n_deliveries);
    let n_checked = clients.check()?;
    let details = json!({
        "cpu_us_per_delivery": cpu_us,
        "last_ms_median": median(&last_ms),
        "last_ms": last_ms,
        "delivery": took.percentiles(),
        "deliveries": n_deliveries,
        "checked": n_checked,
    });
    Ok(Cost { cpu_us, last_ms: median(&last_ms), details })
}

fn cost(scenario: &Scenario, house: &mut House<'_>, n_users: usize, stand: &Stand) -> Result<Cost> {
    let mut clients = house.clients(scenario, n_users, stand)?;
    clients.connect()?;
    settle();
    rounds(&mut clients, stand, scenario.rounds)
}

/// The server and the yardstick with the same users.
pub(super) fn cost_of_both(
    scenario: &Scenario,
    house: &mut House<'_>,
    n_users: usize,
) -> Result<(Cost, Cost, Value)> {
    let yard = house.yardstick(scenario, n_users, Reach::All)?;
    let bare = cost(scenario, house, n_users, &yard)?;
    drop(yard);
    let stand = house.server(scenario, n_users)?;
    let own = cost(scenario, house, n_users, &stand)?;
    let details = json!({"users": n_users, "server": own.details, "yardstick": bare.details});
    Ok((own, bare, details))
}

pub(super) fn broadcast(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let (own, bare, details) = cost_of_both(scenario, house, scenario.users)?;
    let per_s = ratio(n(scenario.users), 1) * 1_000.0 / bare.last_ms;
    let void = too_slow("deliveries/s", per_s, USUAL_BROADCAST_PER_S)
        .filter(|_| scenario.users >= USUAL_BROADCAST_USERS);
    let cpu = at_most("server CPU per delivery against the yardstick, ratio", 1.3, 1.1);
    let last = at_most("time to the last receiver against the yardstick, ratio", 1.3, 1.0);
    // The yardstick has no TLS: by TLS the figures are for reading, not for a must.
    let figures = if scenario.tls {
        Vec::new()
    } else {
        vec![
            Figure { bar: cpu, value: own.cpu_us / bare.cpu_us, void: void.clone() },
            Figure { bar: last, value: own.last_ms / bare.last_ms, void },
        ]
    };
    Ok(Found { figures, details })
}

/// Puts a load on, waits for its end and compares everyone with the server.
pub(super) fn drive(
    scenario: &Scenario,
    house: &mut House<'_>,
    stand: &Stand,
    load: Load,
) -> Result<(crate::conductor::Outcome, Value)> {
    let mut clients = house.clients(scenario, scenario.users, stand)?;
    clients.connect()?;
    let before_ms = cpu_ms(stand.subject.pid())?;
    clients.begin(load, scenario.seconds)?;
    let outcome = clients.finish()?;
    let cpu_ms = cpu_ms(stand.subject.pid())? - before_ms;
    let n_checked = clients.check()?;
    let sums = &outcome.sums;
    let details = json!({
        "deliveries_per_s": outcome.per_s(),
        "cpu_us_per_delivery": ratio(cpu_ms * 1_000, sums.n_delivered),
        "sent": sums.n_sent,
        "acked": sums.n_acked,
        "refused": sums.n_refused,
        "delivered": sums.n_delivered,
        "ack": outcome.acked.percentiles(),
        "receipt": outcome.received.percentiles(),
        "bytes": sums.n_bytes,
        "checked": n_checked,
    });
    Ok((outcome, details))
}

pub(super) fn group(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let load = Load::Turns { group: GROUP };
    let yard = house.yardstick(scenario, scenario.users, Reach::Group)?;
    let (bare, yard_details) = drive(scenario, house, &yard, load)?;
    drop(yard);
    let stand = house.server(scenario, scenario.users)?;
    let (own, details) = drive(scenario, house, &stand, load)?;
    let bar = at_least("deliveries/s against the yardstick, ratio", 0.7, 0.9);
    let void = too_slow("deliveries/s", bare.per_s(), USUAL_GROUP_PER_S);
    Ok(Found {
        figures: vec![Figure { bar, value: own.per_s() / bare.per_s(), void }],
        details: json!({"server": details, "yardstick": yard_details}),
    })
}

pub(super) fn direct(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let n_pairs = scenario.pairs;
    if scenario.window == 0 {
        let stand = house.server(scenario, scenario.users)?;
        let load = Load::Pace { n_pairs, per_s: scenario.per_s };
        let (own, details) = drive(scenario, house, &stand, load)?;
        let said = own.received.percentiles();
        return Ok(Found {
            figures: vec![
                figure(at_most("send to receipt, p50, ms", 5.0, 2.0), said.p50_ms),
                figure(at_most("send to receipt, p99, ms", 25.0, 10.0), said.p99_ms),
            ],
            details,
        });
    }
    let seeded = house.seeded(scenario.users)?;
    let folder = house.copy(&seeded)?;
    house.progress.now(&format!("{}: SQLite alone", scenario.name));
    let alone = child::sqlite(&folder, n_pairs, (scenario.seconds / 3.0).max(0.2))?;
    let stand = house.server(scenario, scenario.users)?;
    let load = Load::Window { n_pairs, window: scenario.window };
    let (own, details) = drive(scenario, house, &stand, load)?;
    let best = alone.iter().map(|rate| rate.per_s).fold(0.0, f64::max);
    let rate = at_least("acked and delivered messages/s", 12_000.0, 30_000.0);
    let share = at_least("messages/s against SQLite alone at its best batch, ratio", 0.4, 0.6);
    Ok(Found {
        figures: vec![figure(rate, own.per_s()), figure(share, own.per_s() / best)],
        details: json!({"server": details, "sqlite_alone": alone}),
    })
}

/// The latency of pairs at a steady rate, with so many broadcasts beside them.
pub(super) fn paced(
    scenario: &Scenario,
    clients: &mut Conductor<'_>,
    place: i64,
    n_rounds: usize,
) -> Result<crate::conductor::Outcome> {
    clients
        .begin(Load::Pace { n_pairs: scenario.pairs, per_s: scenario.per_s }, scenario.seconds)?;
    let every = Duration::from_secs_f64(scenario.seconds / ratio(n(n_rounds.max(1)), 1));
    for _ in 0..n_rounds {
        if is_stopped() {
            break;
        }
        clients.say(place)?;
        std::thread::park_timeout(every);
    }
    clients.finish()
}

/// What pairs see while nothing else goes on, and why it counts for nothing if that never comes:
/// what connecting everyone has left behind may take a while.
pub(super) fn quiet(
    scenario: &Scenario,
    clients: &mut Conductor<'_>,
    place: i64,
) -> Result<(Percentiles, Option<String>)> {
    let mut seen = paced(scenario, clients, place, 0)?.received.percentiles();
    for _ in 1..QUIET_TRIES {
        if seen.p99_ms <= QUIET_P99_MS {
            break;
        }
        seen = paced(scenario, clients, place, 0)?.received.percentiles();
    }
    let is_quiet = seen.p99_ms <= QUIET_P99_MS;
    let why = || format!("the quiet value is {:.0} ms, of at most {QUIET_P99_MS}", seen.p99_ms);
    let void = (!is_quiet).then(why);
    Ok((seen, void))
}

pub(super) fn mixed(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let stand = house.server(scenario, scenario.users)?;
    let place = stand.seed()?.broadcast;
    let mut clients = house.clients(scenario, scenario.users, &stand)?;
    clients.connect()?;
    settle();
    let (quiet, void) = quiet(scenario, &mut clients, place)?;
    let beside = paced(scenario, &mut clients, place, scenario.rounds)?.received.percentiles();
    settle();
    let n_checked = clients.check()?;
    let bar = at_most("1:1 p99 beside broadcasts against its quiet value, ratio", 3.0, 1.5);
    Ok(Found {
        figures: vec![Figure { bar, value: beside.p99_ms / quiet.p99_ms, void }],
        details: json!({"quiet": quiet, "beside": beside, "checked": n_checked}),
    })
}
