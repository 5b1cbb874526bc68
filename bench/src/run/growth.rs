//! Growth: the same with more users, and on a store full of messages.

use anyhow::{Result, ensure};
use serde_json::json;

use super::house::House;
use super::reading::{self, Reading};
use super::talk::{cost_of_both, drive, weigh};
use super::{Figure, Found, at_most, figure};
use crate::child::Subject;
use crate::conductor::is_stopped;
use crate::control::Load;
use crate::scenario::Scenario;

/// Messages of each pair in the small store whose pages are read: some full pages.
const FEW_MESSAGES: usize = 200;
/// Messages with which the start of the server is measured.
const START_MESSAGES: usize = 1_000_000;

pub(super) fn run(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let (mut weights, mut costs, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for &n_users in &scenario.sizes {
        weights.push(weigh(scenario, house, n_users)?.rss_kib);
        let (own, bare, details) = cost_of_both(scenario, house, n_users)?;
        costs.push(own.cpu_us / bare.cpu_us);
        sizes.push(details);
        if is_stopped() {
            break;
        }
    }
    let load = Load::Window { n_pairs: scenario.pairs, window: scenario.window };
    let stand = house.server(scenario, scenario.users)?;
    let (empty, empty_details) = drive(scenario, house, &stand, load)?;
    drop(stand);

    ensure!(!is_stopped(), "ended early");
    let seeded = house.seeded(scenario.users)?;
    let n_few = (FEW_MESSAGES * scenario.pairs).min(scenario.messages);
    let small = house.filled(&seeded, scenario.pairs, n_few)?;
    let first = house.filled(&small, scenario.pairs, START_MESSAGES.min(scenario.messages))?;
    let folder = house.copy(&first)?;
    let start_s = Subject::server(&folder, None, None)?.start.as_secs_f64();
    let full = house.filled(&first, scenario.pairs, scenario.messages)?;
    let folder = house.copy(&full)?;
    let stand = house.server_as_is(scenario, folder)?;
    let full_start_s = stand.subject.start.as_secs_f64();
    let (appended, full_details) = drive(scenario, house, &stand, load)?;
    drop(stand);
    house.progress.now("reading pages");
    let (few, many) = reading::compare(&small, &full, scenario.pairs)?;
    Ok(Found {
        figures: vec![
            figure(
                at_most("RSS per user, largest to smallest size, ratio", 1.15, 1.05),
                rise(&weights),
            ),
            figure(
                at_most(
                    "CPU per delivery against the yardstick, largest to smallest size, ratio",
                    1.15,
                    1.05,
                ),
                rise(&costs),
            ),
            figure(
                at_most("messages/s on an empty store against a full one, ratio", 1.3, 1.1),
                empty.per_s() / appended.per_s(),
            ),
            slower(
                "newest page of history, full store against a small one, ratio",
                &few,
                &many,
                |one| one.newest_us,
            ),
            slower("page of changes, full store against a small one, ratio", &few, &many, |one| {
                one.changes_us
            }),
            figure(at_most("start with 1 M messages, s", 1.0, 0.3), start_s),
        ],
        details: json!({
            "rss_kib_each": weights, "cpu_ratio": costs, "sizes": sizes,
            "empty": empty_details, "full": full_details,
            "reading_few": few.details, "reading_many": many.details,
            "full_messages": scenario.messages, "full_start_s": full_start_s,
        }),
    })
}

/// How much longer reading takes, by the bounds of appending.
fn slower(what: &'static str, few: &Reading, many: &Reading, of: fn(&Reading) -> f64) -> Figure {
    figure(at_most(what, 1.3, 1.1), of(many) / of(few))
}

/// How much the last is above the first.
fn rise(figures: &[f64]) -> f64 {
    match figures {
        [first, .., last] => last / first,
        _ => f64::NAN,
    }
}
