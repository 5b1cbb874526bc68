//! The test suites: how each is run and counted, and the lines each ends with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::needs::{
    self, CADDY, CHROMIUM, EMOJI, FONTS, HAPROXY, NGINX, NPM, Need, STRACE, WEBSOCKETS,
};
use crate::process::{self, cargo, npm, say};
use crate::repo::{self, CI_PROFILE};
use crate::tally::Tally;
use crate::web;

/// What can be run by itself.
#[derive(Debug)]
pub(crate) struct Suite {
    /// One word, as it stands before the counts.
    pub(crate) name: &'static str,
    needs: &'static [&'static Need],
    run: fn(&Plan<'_>) -> Result<Ran>,
}

/// Rust: unit, property, contract, socket and process tests, and doctests.
pub(crate) const RUST: Suite = Suite {
    name: "rust",
    needs: &[&NPM, &WEBSOCKETS, &STRACE, &NGINX, &HAPROXY, &CADDY],
    run: run_rust,
};
/// The web client's units.
pub(crate) const WEB: Suite = Suite { name: "web", needs: &[&NPM], run: run_web };
/// Real browsers on the real binary.
pub(crate) const E2E: Suite =
    Suite { name: "e2e", needs: &[&NPM, &CHROMIUM, &FONTS, &EMOJI], run: run_e2e };

/// Every suite, the quickest first.
pub(crate) const ALL: &[&Suite] = &[&WEB, &RUST, &E2E];

/// What the suites of one run share.
struct Plan<'a> {
    /// Only tests whose name contains one of these; all if there are none.
    filters: &'a [&'a str],
    /// Where the runners leave their reports.
    reports: PathBuf,
}

impl Plan<'_> {
    /// The filters as one pattern, for runners that take only one.
    fn pattern(&self) -> Option<String> {
        (!self.filters.is_empty()).then(|| self.filters.join("|"))
    }
}

/// What a runner counted, and whether it ended well.
struct Ran {
    tally: Tally,
    ended_well: bool,
}

/// Sees that everything is there that the suites need.
///
/// # Errors
///
/// If something is missing and cannot be installed here.
pub(crate) fn ensure_needs(suites: &[&Suite]) -> Result<()> {
    let needs: Vec<&Need> = suites.iter().flat_map(|suite| suite.needs).copied().collect();
    needs::ensure(&needs)
}

/// Runs the suites one after the other, whatever the others said.
///
/// # Errors
///
/// If a test fails or is skipped, no test ran, or something the suites need is missing.
pub(crate) fn run(suites: &[&Suite], filters: &[&str]) -> Result<()> {
    ensure_needs(suites)?;
    web::install()?;
    let plan = Plan { filters, reports: repo::target_dir()?.join("xtask") };
    fs::create_dir_all(&plan.reports)?;
    let start = Instant::now();
    let mut sum = Tally::default();
    for suite in suites {
        sum += run_one(suite, &plan);
    }
    say(format!("\nall suites: {:.1} s", start.elapsed().as_secs_f64()));
    say(sum);
    match (sum.passed, sum.failed) {
        (0, 0) => bail!("no test matches `{}`", filters.join("|")),
        (_, 0) => Ok(()),
        (_, failed) => bail!("{failed} failed"),
    }
}

fn run_one(suite: &Suite, plan: &Plan<'_>) -> Tally {
    say(format!("\n== {}", suite.name));
    let start = Instant::now();
    let ran = (suite.run)(plan).unwrap_or_else(|error| {
        say(format!("{}: {error:#}", suite.name));
        Ran { tally: Tally::default(), ended_well: false }
    });
    let mut tally = ran.tally;
    if let Some(complaint) = tally.judge(ran.ended_well, !plan.filters.is_empty()) {
        say(format!("{}: {complaint}", suite.name));
    }
    say(format!("== {}: {:.1} s", suite.name, start.elapsed().as_secs_f64()));
    say(format!("{}: {tally}", suite.name));
    tally
}

fn run_rust(plan: &Plan<'_>) -> Result<Ran> {
    web::build()?;
    let mut tests = cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    tests.args(["--profile", CI_PROFILE, "--"]).args(plan.filters);
    if let Some(python) = needs::python() {
        tests.env("VOODOO_PYTHON", python);
    }
    let mut tally = Tally::default();
    let status = process::tee(&mut tests, |line| tally.add_cargo_line(line))?;
    Ok(Ran { tally, ended_well: status.success() })
}

fn run_web(plan: &Plan<'_>) -> Result<Ran> {
    let report = plan.reports.join("vitest.json");
    let mut tests = npm(["run", "test", "--", "--reporter=default", "--reporter=json"]);
    tests.arg(format!("--outputFile.json={}", report.display()));
    if let Some(pattern) = plan.pattern() {
        tests.args(["--passWithNoTests", "--testNamePattern", &pattern]);
    }
    run_reporting(&mut tests, &report, Tally::of_vitest)
}

fn run_e2e(plan: &Plan<'_>) -> Result<Ran> {
    let binary = repo::binary(CI_PROFILE)?;
    let mut tests = npm(["run", "e2e", "--"]);
    tests.env("VOODOO_BIN", &binary);
    if let Some(browser) = needs::browser() {
        tests.env("CHROMIUM", browser);
    }
    if let Some(pattern) = plan.pattern() {
        tests.args(["--grep", &pattern]);
        if !lists_any(&pattern, &binary) {
            return Ok(Ran { tally: Tally::default(), ended_well: true });
        }
    }
    web::build()?;
    process::run(&mut cargo(["build", "--locked", "--profile", CI_PROFILE, "-p", repo::BINARY]))?;
    let report = plan.reports.join("playwright.json");
    tests.arg("--reporter=list,json").env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    run_reporting(&mut tests, &report, Tally::of_playwright)
}

/// Whether an end-to-end test matches; asked first, since the binary takes long to build.
fn lists_any(pattern: &str, binary: &Path) -> bool {
    let mut list = npm(["run", "e2e", "--", "--list", "--grep", pattern]);
    process::works(list.env("VOODOO_BIN", binary))
}

/// Runs a runner that leaves a report. One from an earlier run never counts.
fn run_reporting(runner: &mut Command, report: &Path, count: fn(&Value) -> Tally) -> Result<Ran> {
    if report.exists() {
        fs::remove_file(report)?;
    }
    let status = process::tee(runner, |_| {})?;
    let text = fs::read(report).with_context(|| format!("no report {}", report.display()))?;
    let tally = count(&serde_json::from_slice(&text).context("the report is not JSON")?);
    Ok(Ran { tally, ended_well: status.success() })
}
