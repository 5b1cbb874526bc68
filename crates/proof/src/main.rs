//! The long form of the proof, against a server's binary: `cargo xtask proof` builds and runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use voodoo_proof::report::{Cuts, Report};
use voodoo_proof::run::people::QUICK;
use voodoo_proof::run::server::Program;
use voodoo_proof::run::{Plan, Trouble, carry_out};

/// Kills a server again and again while many clients talk, and looks for what was lost, doubled
/// or moved.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// Kills, each at a random moment.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Messages to be acknowledged in all.
    #[arg(long, default_value_t = 1_000_000)]
    acks: u64,
    /// People; each has two clients.
    #[arg(long, default_value_t = 100)]
    people: u32,
    /// Decides who says what where, and when kills come.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kills at the end, to see how long a start takes with everything stored.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Where the store's test of power cuts has written what came of them.
    #[arg(long)]
    power: Option<PathBuf>,
    /// The report, as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
    /// The commit the server was built from, for the report.
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Where the history is written to if something is wrong with it.
    #[arg(long)]
    history: Option<PathBuf>,
}

#[expect(clippy::print_stderr, reason = "a program says what is wrong")]
fn main() -> ExitCode {
    match prove(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing is wrong and no bound is missed.
#[expect(clippy::print_stdout, reason = "the report is for whoever started it")]
fn prove(arguments: &Arguments) -> Result<bool> {
    let data = std::env::temp_dir().join(format!("voodoo-proof-{}", std::process::id()));
    let settings = QUICK.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let plan = Plan {
        program: Program {
            under: Vec::new(),
            binary: arguments.server.clone(),
            data,
            settings: settings.collect(),
        },
        n_people: arguments.people.max(2) / 2 * 2,
        n_clients_each: 2,
        group: Some(10),
        window: 8,
        troubles: vec![Trouble::Kill; arguments.kills],
        n_acked_between: arguments.acks / (arguments.kills.max(1) as u64),
        n_acked: arguments.acks,
        silence: Duration::from_secs(20),
        seed: arguments.seed,
        n_starts: arguments.starts,
    };
    let power = arguments.power.as_deref().map(power_cuts).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(carry_out(&plan))?;
    let mut report = Report::of(&plan, &outcome, &arguments.commit);
    if let Some((synced, not_synced)) = power {
        report.add_power_cuts(synced, not_synced);
    }
    print!("{report}");
    for anomaly in outcome.anomalies.iter().take(20) {
        println!("{anomaly}");
    }
    if let Some(path) = &arguments.report {
        let mut text = serde_json::to_string_pretty(&report)?;
        text.push('\n');
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = arguments.history.as_ref().filter(|_| !outcome.anomalies.is_empty()) {
        let text = serde_json::to_string(&outcome.history)?;
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(report.missed.is_empty())
}

/// Power cuts with each commit synced, and without.
fn power_cuts(folder: &Path) -> Result<(Cuts, Cuts)> {
    let read = |name: &str| -> Result<Cuts> {
        let file = folder.join(name);
        let text = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("what {} says", file.display()))
    };
    Ok((read("synced.json")?, read("not-synced.json")?))
}
