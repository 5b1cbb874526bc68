//! The load tool: scenarios, the clients that play them, the yardsticks beside them, and the
//! report.
//!
//! One call starts everything as processes of this same program: the server that is measured, the
//! bare epoll loop and SQLite alone as yardsticks, and a few client processes with thousands of
//! sockets each. Every client checks every delivery, and of some the judge hears everything; a run
//! in which anything is lost, doubled or disordered fails.

mod checker;
mod child;
mod clock;
mod conductor;
mod control;
mod details;
mod judge;
mod machine;
mod progress;
mod report;
mod run;
mod scenario;
mod seed;
mod spread;
mod tls;
mod wire;
mod worker;
mod yard;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use voodoo_core::{Clock as _, SystemClock};

use conductor::{STOP, is_stopped};
use progress::Progress;
use report::{Measured, Report};
use run::House;
use scenario::Scenario;
use yard::epoll::Reach;

/// What is measured, and where it is written.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Every scenario.
    #[arg(long, conflicts_with_all = ["quick", "scenario"])]
    all: bool,
    /// The short ones, once; what happens if nothing is asked for.
    #[arg(long)]
    quick: bool,
    /// One scenario, by name or as a TOML file; may be given several times.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// How often each is run [default: 3; with --quick 1, and 3 where a must is missed].
    #[arg(long, value_name = "N")]
    repetitions: Option<usize>,
    /// So many users in place of the scenario's.
    #[arg(long, value_name = "N")]
    users: Option<usize>,
    /// Write NAME.json and NAME.md.
    #[arg(long, value_name = "NAME")]
    report: Option<PathBuf>,
    /// What the report calls the build.
    #[arg(long, value_name = "WORDS", default_value = "unknown")]
    commit: String,
    /// Keep data of the run here, and use again what is there.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

/// A process that a run starts.
#[derive(Debug, clap::Subcommand)]
pub enum Part {
    /// Play clients, by orders on the standard input.
    Worker,
    /// Be the bare epoll loop.
    Epoll {
        /// Who gets the frame.
        reach: ReachArgument,
        /// Bytes of the text in it.
        text_bytes: usize,
    },
    /// Be SQLite alone.
    Sqlite {
        /// A seeded data folder.
        folder: PathBuf,
        /// Pairs that talk.
        pairs: usize,
        /// Seconds at each size of a batch.
        seconds: f64,
    },
    /// Write accounts with known tokens (`bench-token-00000000` and on) and their conversations
    /// into a data folder.
    Seed {
        /// Which; what is in it goes.
        folder: PathBuf,
        /// How many.
        users: usize,
    },
}

/// Who gets the frame of the bare loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReachArgument {
    /// Everyone else.
    All,
    /// The group.
    Group,
    /// The other one of the pair.
    Pair,
}

impl From<ReachArgument> for Reach {
    fn from(argument: ReachArgument) -> Self {
        match argument {
            ReachArgument::All => Self::All,
            ReachArgument::Group => Self::Group,
            ReachArgument::Pair => Self::Pair,
        }
    }
}

/// What is missed or counts for nothing is tried so many times in all, unless a number was asked
/// for: one figure of a machine that did something else meanwhile decides nothing.
const SURE: usize = 3;
/// Sizes of batches of SQLite alone.
const BATCHES: [usize; 3] = [100, 1_000, 2_500];

/// Is one process of a run.
///
/// # Errors
///
/// If it cannot do what it is for.
#[expect(clippy::print_stdout, reason = "whoever started it reads it")]
pub fn part(part: Part) -> Result<()> {
    match part {
        Part::Worker => worker::run(),
        Part::Epoll { reach, text_bytes } => yard::epoll::run(reach.into(), text_bytes),
        Part::Sqlite { folder, pairs, seconds } => {
            let rates = yard::sqlite::run(&folder, &BATCHES, pairs, seconds)?;
            println!("{}", serde_json::to_string(&rates)?);
            Ok(())
        }
        Part::Seed { folder, users } => seed::make(&folder, users).map(drop),
    }
}

/// Runs scenarios and prints the table. Says whether every must was met.
///
/// # Errors
///
/// If something could not be run at all.
#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
pub fn bench(arguments: &Arguments) -> Result<bool> {
    let scenarios = chosen(arguments)?;
    let n_repetitions = arguments.repetitions.unwrap_or(if is_quick(arguments) { 1 } else { 3 });
    listen_for_stop()?;
    let (work, is_temporary) = match &arguments.work {
        Some(work) => (work.clone(), false),
        None => (std::env::temp_dir().join(format!("voodoo-bench-{}", std::process::id())), true),
    };
    fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    let mut report = Report {
        commit: arguments.commit.clone(),
        at_ms: SystemClock.now_ms(),
        machine: machine::describe(),
        rows: Vec::new(),
        judged: Vec::new(),
        failures: Vec::new(),
        is_interrupted: false,
        measured: Vec::new(),
    };
    let mut progress = Progress::new();
    let mut house = House::new(&work, &mut progress);
    for scenario in &scenarios {
        for repetition in 1..=arguments.repetitions.unwrap_or(n_repetitions.max(SURE)) {
            let is_due = repetition <= n_repetitions || report.is_in_doubt(&scenario.name);
            if is_due && !is_stopped() {
                repeat(scenario, repetition, &mut house, &mut report);
            }
        }
    }
    report.is_interrupted = is_stopped();
    if is_temporary {
        fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    }
    println!("{}\n{}", details::tables(&report.measured), report.table());
    if let Some(name) = &arguments.report {
        write(name, &report)?;
    }
    Ok(report.is_good())
}

fn is_quick(arguments: &Arguments) -> bool {
    !arguments.all && arguments.scenario.is_empty()
}

fn chosen(arguments: &Arguments) -> Result<Vec<Scenario>> {
    let mut scenarios = if arguments.scenario.is_empty() {
        let mut all = scenario::built_in()?;
        all.retain(|one| arguments.all || one.quick);
        all
    } else {
        arguments.scenario.iter().map(|name| scenario::find(name)).collect::<Result<_>>()?
    };
    if let Some(users) = arguments.users {
        for one in &mut scenarios {
            one.users = users;
            one.pairs = one.pairs.min(users / 2);
        }
    }
    Ok(scenarios)
}

fn repeat(scenario: &Scenario, repetition: usize, house: &mut House<'_>, report: &mut Report) {
    let name = &scenario.name;
    let found = run::once(scenario, house);
    report.add_judged(name, &std::mem::take(&mut house.judged));
    match found {
        Ok(found) => {
            for figure in found.figures {
                report.add(name, figure.bar, figure.value, figure.void);
            }
            let scenario = name.clone();
            report.measured.push(Measured { scenario, repetition, details: found.details });
        }
        Err(error) => {
            let words = format!("{name}, repetition {repetition}: {error:#}");
            house.progress.now(&format!("failed: {words}"));
            report.failures.push(words);
        }
    }
}

fn write(name: &Path, report: &Report) -> Result<()> {
    let json = name.with_extension("json");
    let table = name.with_extension("md");
    if let Some(folder) = name.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&json, serde_json::to_string_pretty(report)? + "\n")
        .with_context(|| format!("writing {}", json.display()))?;
    let details = details::tables(&report.measured);
    fs::write(&table, format!("# Results\n\n{}{details}", report.table()))
        .with_context(|| format!("writing {}", table.display()))
}

/// Ctrl-C and SIGTERM end what is under way early; the report is written all the same, and no
/// process of the run is left behind.
fn listen_for_stop() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut terminate = {
        let _inside = runtime.enter();
        signal(SignalKind::terminate())?
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
                    told = terminate.recv() => if told.is_none() { return },
                }
                STOP.store(true, Ordering::Relaxed);
            }
        });
    });
    Ok(())
}
