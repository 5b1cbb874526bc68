//! The scenarios: what is done in which order, and which figures come of it.

mod fill;
mod growth;
mod house;
mod log_in;
mod reading;
mod slow;
mod talk;

use anyhow::Result;
use serde_json::Value;

use crate::report::{Bar, Goal};
use crate::scenario::{Kind, Scenario};

pub(crate) use house::House;

/// One figure of a repetition.
pub(crate) struct Figure {
    /// What it is, and what it has to be.
    pub(crate) bar: Bar,
    /// What it is.
    pub(crate) value: f64,
    /// Why it counts for nothing.
    pub(crate) void: Option<String>,
}

/// What a repetition found.
pub(crate) struct Found {
    /// For the table.
    pub(crate) figures: Vec<Figure>,
    /// For whoever wants to look closer.
    pub(crate) details: Value,
}

/// Runs one repetition of a scenario.
///
/// # Errors
///
/// If it could not be run, or the clients' check failed.
pub(crate) fn once(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    match scenario.kind {
        Kind::Idle => talk::idle(scenario, house),
        Kind::Storm => talk::storm(scenario, house),
        Kind::Broadcast => talk::broadcast(scenario, house),
        Kind::Group => talk::group(scenario, house),
        Kind::Direct => talk::direct(scenario, house),
        Kind::Mixed => talk::mixed(scenario, house),
        Kind::SlowReaders => slow::run(scenario, house),
        Kind::Growth => growth::run(scenario, house),
        Kind::LogIn => log_in::run(scenario, house),
    }
}

fn at_most(what: &'static str, must: f64, aim: f64) -> Bar {
    Bar { what, must: Goal::AtMost(must), aim: Goal::AtMost(aim) }
}

fn at_least(what: &'static str, must: f64, aim: f64) -> Bar {
    Bar { what, must: Goal::AtLeast(must), aim: Goal::AtLeast(aim) }
}

fn figure(bar: Bar, value: f64) -> Figure {
    Figure { bar, value, void: None }
}

/// What the yardstick has to reach on an idle machine of 2 processors: 0.7 of what such a loop
/// reached when the bounds were set. Where it does not, the machine was busy with something else.
const YARD_SHARE: f64 = 0.7;

/// Says so if a rate of the yardstick is below what it has to be.
fn too_slow(what: &str, per_s: f64, usual_per_s: f64) -> Option<String> {
    let least = usual_per_s * YARD_SHARE;
    (per_s < least)
        .then(|| format!("the yardstick reached {per_s:.0} {what} of at least {least:.0}"))
}
