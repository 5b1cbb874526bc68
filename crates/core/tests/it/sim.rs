//! The core under a seeded world: loss, delay, slow readers, dropped connections, restarts, and
//! people who do everything that the protocol knows. The clients run the real reducer.
//!
//! `SIM_SEED=7` runs one seed, `SIM_SEEDS=5000` many.

mod act;
mod bus;
mod chance;
mod check;
mod device;
mod line;
mod plan;
mod store;
mod truth;
mod world;

use std::collections::BTreeMap;

use chance::Chance;
use plan::{Breakage, Plan};
use truth::{Broken, Checked};
use world::World;

/// Seeds that every run of the tests takes.
const N_SEEDS: u64 = 300;

/// Seeds within which a promise broken on purpose has to be noticed.
const N_BROKEN_SEEDS: u64 = 40;

type Met = BTreeMap<String, u64>;

#[expect(clippy::print_stdout, reason = "whoever asks for a trace reads it there")]
fn trace(plan: &Plan) {
    if std::env::var_os("SIM_TRACE").is_some() {
        println!("{plan:#?}");
    }
}

/// Lives one seed to its end, or to the first promise that is not kept.
fn live(seed: u64, breakage: Breakage) -> Checked<Met> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime for one thread");
    runtime.block_on(async {
        let mut chance = Chance::new(seed);
        let plan = Plan::draw(&mut chance, breakage);
        let n_rounds = plan.n_rounds;
        trace(&plan);
        let mut world = World::begin(plan, chance).await;
        world.open().await?;
        for _ in 0..n_rounds {
            world.live().await?;
            world.check().await?;
        }
        Ok(world.common.met)
    })
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Lives many seeds on all cores.
fn live_all(seeds: std::ops::Range<u64>, breakage: Breakage) -> (Met, Vec<(u64, Broken)>) {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let run = || {
        let (mut met, mut broken) = (Met::new(), Vec::new());
        loop {
            let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if seed >= seeds.end {
                return (met, broken);
            }
            match live(seed, breakage) {
                Ok(more) => {
                    more.into_iter().for_each(|(what, n)| *met.entry(what).or_default() += n)
                }
                Err(words) => broken.push((seed, words)),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(run)).collect();
        let mut all = (Met::new(), Vec::new());
        for thread in threads {
            let (met, broken) = thread.join().expect("a seed does not panic");
            met.into_iter().for_each(|(what, n)| *all.0.entry(what).or_default() += n);
            all.1.extend(broken);
        }
        all.1.sort();
        all
    })
}

#[test]
fn whatever_happens_nothing_acknowledged_is_lost_and_everyone_sees_the_same() {
    let seeds = match (number_of("SIM_SEED"), number_of("SIM_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, n_seeds) => 0..n_seeds.unwrap_or(N_SEEDS),
    };
    let (met, broken) = live_all(seeds, Breakage::None);
    println!("{met:#?}");
    for (seed, words) in broken.iter().take(20) {
        println!("SIM_SEED={seed}: {words}\n");
    }
    assert!(broken.is_empty(), "{} seeds fail; SIM_SEED={} is one", broken.len(), broken[0].0);
}

/// Checks that cannot fail would prove nothing.
#[test]
fn every_promise_that_is_broken_on_purpose_is_noticed() {
    let breakages = [
        Breakage::ForgottenClientIds,
        Breakage::AckWithoutCommit,
        Breakage::SwallowedEvents,
        Breakage::SwallowedExits,
        Breakage::Overtaking,
    ];
    for breakage in breakages {
        let (_, broken) = live_all(0..N_BROKEN_SEEDS, breakage);
        println!(
            "{breakage:?}: {} of {N_BROKEN_SEEDS} seeds fail; {:?}",
            broken.len(),
            broken.first()
        );
        assert!(!broken.is_empty(), "{breakage:?} goes unnoticed");
    }
}
