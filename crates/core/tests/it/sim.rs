//! The core under a seeded world: loss, delay, slow readers, dropped connections, restarts, and
//! people who do everything that the protocol knows. The clients run the real reducer; what the
//! server keeps is in the model or in SQLite.
//!
//! `SIM_SEED=7` runs one seed, `SIM_SEEDS=5000` many, `SIM_ENGINE=sqlite` over that engine alone;
//! `SIM_TRACE=1` tells everything that happens. Each promise that is checked is broken on purpose
//! too, and has to be seen broken.

mod act;
mod bus;
mod chance;
mod check;
mod device;
mod disk;
mod line;
mod plan;
mod server;
mod store;
mod truth;
mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use chance::Chance;
use disk::Medium;
use plan::{Breakage, Plan};
use truth::{Broken, Checked};
use world::World;

/// Seeds that every run of the tests takes over each engine.
const N_SEEDS: u64 = 300;
/// Seeds that are lived twice over each engine.
const N_TWICE: u64 = 20;
/// Seeds within which a promise that is broken on purpose has to be seen.
const N_BROKEN_SEEDS: u64 = 60;

/// How often something came up.
type Met = BTreeMap<String, u64>;

/// What is left of a world that was lived to its end.
#[derive(Debug, PartialEq, Eq)]
struct Lived {
    met: Met,
    /// Of everything that was said and heard.
    sum: u64,
}

#[expect(clippy::print_stdout, reason = "whoever asks for a trace reads it there")]
fn trace(plan: &Plan) {
    if std::env::var_os("SIM_TRACE").is_some() {
        println!("{plan:#?}");
    }
}

/// Lives one seed to its end, or to the first promise that is not kept.
fn live(medium: Medium, seed: u64, breakage: Breakage) -> Checked<Lived> {
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
        let mut world = World::begin(medium, plan, chance);
        world.open().await?;
        for _ in 0..n_rounds {
            world.live().await?;
            world.check().await?;
        }
        Ok(Lived { sum: world.common.sum(), met: world.common.met })
    })
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Whether the engine is asked for; both are where `SIM_ENGINE` names none.
fn is_asked_for(medium: Medium) -> bool {
    match std::env::var("SIM_ENGINE").as_deref() {
        Err(_) => true,
        Ok("memory") => medium == Medium::Memory,
        Ok("sqlite") => medium == Medium::Sqlite,
        Ok(other) => panic!("SIM_ENGINE is memory or sqlite, not {other}"),
    }
}

/// The seeds of this run: `SIM_SEED` alone, or as many as `SIM_SEEDS` says.
fn seeds() -> Range<u64> {
    match (number_of("SIM_SEED"), number_of("SIM_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, n_seeds) => 0..n_seeds.unwrap_or(N_SEEDS),
    }
}

/// Lives many seeds on all cores.
fn live_all(medium: Medium, seeds: Range<u64>) -> (Met, BTreeMap<u64, Broken>) {
    let next = AtomicU64::new(seeds.start);
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let run = || {
        let (mut met, mut broken) = (Met::new(), BTreeMap::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return (met, broken);
            }
            match live(medium, seed, Breakage::None) {
                Ok(lived) => add(&mut met, lived.met),
                Err(words) => drop(broken.insert(seed, words)),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(run)).collect();
        let mut all = (Met::new(), BTreeMap::new());
        for thread in threads {
            let (met, broken) = thread.join().expect("a seed does not panic");
            add(&mut all.0, met);
            all.1.extend(broken);
        }
        all
    })
}

fn add(all: &mut Met, more: Met) {
    more.into_iter().for_each(|(what, n)| *all.entry(what).or_default() += n);
}

/// What has to come up in an ordinary run: a world in which it does not shows nothing of it.
const HAS_TO_BE_MET: &[&str] = &[
    "closed Unavailable",
    "clock jump",
    "conversation_gone",
    "destroy",
    "dropped line",
    "duplicate",
    "floor",
    "heads",
    "kill",
    "more changes",
    "refused not_found",
    "reload",
    "restart",
    "resync",
    "slow reader",
];

#[expect(clippy::print_stdout, reason = "whoever looks at the test reads it")]
fn check_all(medium: Medium) {
    if !is_asked_for(medium) {
        return;
    }
    let seeds = seeds();
    let n_seeds = seeds.end - seeds.start;
    let (met, broken) = live_all(medium, seeds);
    println!("{met:#?}");
    for (seed, words) in broken.iter().take(20) {
        println!("SIM_SEED={seed} over {medium:?}: {words}\n");
    }
    if let Some((seed, words)) = broken.first_key_value() {
        let n_broken = broken.len();
        panic!("{n_broken} of {n_seeds} seeds fail over {medium:?}; SIM_SEED={seed}: {words}");
    }
    if n_seeds >= N_SEEDS {
        let unmet: Vec<_> = HAS_TO_BE_MET.iter().filter(|what| !met.contains_key(**what)).collect();
        assert_eq!(unmet, [] as [&&str; 0], "never came up");
    }
}

#[test]
fn whatever_happens_nothing_acknowledged_is_lost_and_everyone_sees_the_same() {
    check_all(Medium::Memory);
}

#[test]
fn whatever_happens_over_sqlite_nothing_acknowledged_is_lost_and_everyone_sees_the_same() {
    check_all(Medium::Sqlite);
}

#[test]
fn a_seed_is_one_world_whichever_engine_keeps_it() {
    let asked_for = number_of("SIM_SEED").map(|seed| seed..seed + 1);
    for seed in asked_for.unwrap_or(0..N_TWICE) {
        let lives = [Medium::Memory, Medium::Memory, Medium::Sqlite, Medium::Sqlite];
        let [one, other, sqlite, again] = lives.map(|medium| live(medium, seed, Breakage::None));
        assert_eq!(one, other, "SIM_SEED={seed} in memory");
        assert_eq!(sqlite, again, "SIM_SEED={seed} over SQLite");
        assert_eq!(one, sqlite, "SIM_SEED={seed} over both");
    }
}

/// The first seed that shows a broken promise, in words that name it.
fn assert_seen(medium: Medium, breakage: Breakage, words: &str) {
    let seen = (0..N_BROKEN_SEEDS).filter_map(|seed| live(medium, seed, breakage).err());
    let mut others = Vec::new();
    for broken in seen {
        if broken.contains(words) {
            return;
        }
        others.push(broken);
    }
    panic!("{breakage:?} is not seen as {words:?} in {N_BROKEN_SEEDS} seeds, but as {others:#?}");
}

#[test]
fn a_forgotten_client_id_is_seen_as_a_message_that_stands_twice() {
    assert_seen(Medium::Memory, Breakage::ForgottenClientIds, "was acknowledged at");
}

#[test]
fn an_acknowledgement_before_the_commit_is_seen_as_a_lost_message() {
    assert_seen(Medium::Memory, Breakage::AckWithoutCommit, "was acknowledged at");
}

#[test]
fn a_forgotten_client_id_is_seen_over_sqlite() {
    assert_seen(Medium::Sqlite, Breakage::ForgottenClientIds, "was acknowledged at");
}

#[test]
fn an_acknowledgement_before_the_commit_is_seen_over_sqlite() {
    assert_seen(Medium::Sqlite, Breakage::AckWithoutCommit, "was acknowledged at");
}

#[test]
fn a_client_that_steps_over_an_event_is_seen() {
    assert_seen(Medium::Memory, Breakage::SteppedOver, "last_seq: ");
}

#[test]
fn a_message_that_no_event_and_no_page_brings_is_seen() {
    assert_seen(Medium::Memory, Breakage::SwallowedEvents, "has [");
}

#[test]
fn a_removed_member_who_goes_on_hearing_is_seen() {
    assert_seen(Medium::Memory, Breakage::SwallowedExits, " hears ");
}

#[test]
fn an_event_that_overtakes_another_is_seen() {
    assert_seen(Medium::Memory, Breakage::Overtaking, " comes after ");
}
