//! A run: clients talk, troubles come at random moments, and in the end all is compared.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use voodoo_client::Address;
use voodoo_history::{Anomaly, Client, History, Place, check};

use super::client::{Phase, Shared, Talker};
use super::people::{Directory, Visit, read_all};
use super::proxy::Proxy;
use super::server::{Program, Server};
use super::starts::starts;

/// For everything that a live server does at once.
const PATIENCE: Duration = Duration::from_secs(120);
/// Until when every client has everything once nobody talks any more.
const CONVERGES: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);

/// What befalls the server, or the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// `kill -9`, and a start on the same data.
    Kill,
    /// It stands still for so long, and goes on.
    Stop(Duration),
    /// Every connection is cut where it is.
    Cut,
    /// Nothing comes through for so long, and nobody is told.
    Hold(Duration),
    /// The disk takes nothing for so long.
    Full(Duration),
    /// Its clock leaps: so many milliseconds ahead of the machine's from now on.
    Clock(i64),
    /// It starts anew and ends by itself, under load, where a message has come to this step; and a
    /// start on the same data. See `crates/core/src/fail_point.rs`.
    EndsAt(&'static str),
}

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to start.
    pub program: Program,
    /// Accounts; an even number.
    pub n_people: u32,
    /// Clients of each.
    pub n_clients_each: u32,
    /// Members of a group, if there are groups beside the direct conversations.
    pub group: Option<usize>,
    /// Messages of one client that are unanswered at once, at most.
    pub window: usize,
    /// What comes, one after the other.
    pub troubles: Vec<Trouble>,
    /// Messages acknowledged before the next trouble may come.
    pub n_acked_between: u64,
    /// Messages acknowledged in all, at least.
    pub n_acked: u64,
    /// A server that says nothing for so long is given up by its clients.
    pub silence: Duration,
    /// Decides who says what where, and when troubles come; not what the machine makes of it.
    pub seed: u64,
    /// Kills once all is compared, to see how long a start takes with everything stored.
    pub n_starts: usize,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Everything recorded.
    pub history: History,
    /// What is wrong with it.
    pub anomalies: Vec<Anomaly>,
    /// Messages acknowledged.
    pub n_acked: u64,
    /// How long clients talked.
    pub talked: Duration,
    /// From each trouble's end to the next acknowledgement.
    pub recoveries: Vec<Duration>,
    /// Messages acknowledged a second when each trouble came.
    pub rates: Vec<u64>,
    /// From each start after the comparison to the first acknowledgement.
    pub starts: Vec<Duration>,
    /// From the last trouble's end until all clients had everything.
    pub settled: Duration,
}

/// Carries a run out.
///
/// # Errors
///
/// If the server cannot be used at all, does not recover, or speaks against the protocol.
pub async fn carry_out(plan: &Plan) -> Result<Outcome> {
    let mut server = Server::start(plan.program.clone())?;
    let directory = Directory::make(&server, plan.n_people, plan.group).await?;
    let proxy = Proxy::start(server.listens()?).await?;
    let (say, phase) = watch::channel(Phase::Talk);
    let shared = Arc::new(Shared {
        address: Address::parse(&format!("http://{}", proxy.listens()))?,
        directory: Arc::clone(&directory),
        start: Instant::now(),
        phase,
        n_acked: 0.into(),
        n_open: 0.into(),
        next_line: 0.into(),
        silence: plan.silence,
        seed: plan.seed,
    });
    let mut talkers = start_talkers(plan, &shared);
    let run = Run { plan, shared: &shared, proxy: &proxy };
    let met = tokio::select! {
        met = run.troubles(&mut server) => met,
        early = talkers.join_next() => Err(ended_early(early)),
    };
    let Met { recoveries, rates } = met.with_context(|| server.log())?;
    let talked = shared.start.elapsed();
    let quiet = Instant::now();
    let mut history = settle(&run, &server, &say, talkers).await.with_context(|| server.log())?;
    let settled = quiet.elapsed();
    history.spells = directory.spells();
    let mut readers: JoinSet<_> = directory
        .people
        .iter()
        .map(|person| server.address().map(|address| (address, person.clone())))
        .map(|reader| {
            let directory = Arc::clone(&directory);
            async move {
                let (address, person) = reader?;
                read_all(address, directory, person).await
            }
        })
        .collect();
    while let Some(readings) = readers.join_next().await {
        history.readings.extend(readings??);
    }
    let anomalies = check(&history);
    let n_acked = shared.n_acked.load(Ordering::Relaxed);
    let starts = starts(&mut server, &directory, plan.n_starts).await;
    let starts = starts.with_context(|| server.log())?;
    Ok(Outcome { history, anomalies, n_acked, talked, recoveries, rates, starts, settled })
}

type Talkers = JoinSet<Result<History>>;

fn start_talkers(plan: &Plan, shared: &Arc<Shared>) -> Talkers {
    let people = &shared.directory.people;
    let each = people.iter().flat_map(|person| (0..plan.n_clients_each).map(move |_| person));
    (0..)
        .zip(each)
        .map(|(number, person)| {
            Talker::new(shared, person.clone(), Client(number), plan.window).run()
        })
        .collect()
}

fn ended_early(early: Option<Result<Result<History>, tokio::task::JoinError>>) -> anyhow::Error {
    match early {
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => error.into(),
        Some(Ok(Ok(_))) | None => anyhow::anyhow!("a client ended while it should talk"),
    }
}

struct Run<'a> {
    plan: &'a Plan,
    shared: &'a Shared,
    proxy: &'a Proxy,
}

/// What troubles met, one entry each.
#[derive(Default)]
struct Met {
    recoveries: Vec<Duration>,
    rates: Vec<u64>,
}

/// Acknowledgements of the last second, or of the time since it began.
#[derive(Default)]
struct Pace(VecDeque<(Instant, u64)>);

impl Pace {
    const SPAN: Duration = Duration::from_secs(1);

    fn note(&mut self, n_acked: u64) {
        self.0.push_back((Instant::now(), n_acked));
        while self.0.front().is_some_and(|(at, _)| at.elapsed() > Self::SPAN) {
            self.0.pop_front();
        }
    }

    fn per_s(&self) -> u64 {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else { return 0 };
        let ms = u64::try_from((last.0 - first.0).as_millis()).unwrap_or(u64::MAX);
        (last.1 - first.1) * 1_000 / ms.max(1)
    }
}

impl Run<'_> {
    /// Lets every trouble come.
    async fn troubles(&self, server: &mut Server) -> Result<Met> {
        let mut met = Met::default();
        let mut chance = StdRng::seed_from_u64(self.plan.seed);
        for trouble in &self.plan.troubles {
            let mut pace = Pace::default();
            self.wait_for(self.n_acked() + self.plan.n_acked_between, &mut pace).await?;
            sleep(Duration::from_millis(chance.random_range(0..200))).await;
            pace.note(self.n_acked());
            met.rates.push(pace.per_s());
            let over = self.strike(*trouble, server).await?;
            let next = self.wait_for(self.n_acked() + 1, &mut Pace::default()).await;
            next.with_context(|| format!("after {trouble:?}"))?;
            met.recoveries.push(over.elapsed());
        }
        self.wait_for(self.plan.n_acked, &mut Pace::default()).await?;
        Ok(met)
    }

    /// Does it, and says since when it is over.
    async fn strike(&self, trouble: Trouble, server: &mut Server) -> Result<Instant> {
        match trouble {
            Trouble::Kill => {
                server.kill()?;
                let dead = Instant::now();
                server.restart()?;
                return Ok(dead);
            }
            Trouble::Stop(time) => {
                server.signal("STOP")?;
                sleep(time).await;
                server.signal("CONT")?;
            }
            Trouble::Cut => self.proxy.cut(),
            Trouble::Clock(ahead_ms) => server.turn_clock(ahead_ms)?,
            Trouble::Hold(time) => {
                self.proxy.hold(true);
                sleep(time).await;
                self.proxy.hold(false);
            }
            Trouble::EndsAt(step) => {
                server.kill()?;
                let count = rand::random_range(100..500);
                server.restart_with("FAIL_POINT", &format!("{step}:abort:{count}"))?;
                let ended = async {
                    while !server.has_ended()? {
                        sleep(POLL).await;
                    }
                    anyhow::Ok(())
                };
                timeout(PATIENCE, ended).await.with_context(|| format!("never {step}"))??;
                let dead = Instant::now();
                server.restart()?;
                return Ok(dead);
            }
            Trouble::Full(time) => {
                server.limit_files(Some(1))?;
                sleep(time).await;
                server.limit_files(None)?;
            }
        }
        Ok(Instant::now())
    }

    fn n_acked(&self) -> u64 {
        self.shared.n_acked.load(Ordering::Relaxed)
    }

    async fn wait_for(&self, n_acked: u64, pace: &mut Pace) -> Result<()> {
        let mut last = (self.n_acked(), Instant::now());
        pace.note(last.0);
        while last.0 < n_acked {
            sleep(POLL).await;
            pace.note(self.n_acked());
            if self.n_acked() > last.0 {
                last = (self.n_acked(), Instant::now());
            }
            ensure!(last.1.elapsed() < PATIENCE, "nothing was acknowledged for {PATIENCE:?}");
        }
        Ok(())
    }
}

/// Ends the talk: everything said is answered, then everyone sees everything.
async fn settle(
    run: &Run<'_>,
    server: &Server,
    say: &watch::Sender<Phase>,
    mut talkers: Talkers,
) -> Result<History> {
    say.send_replace(Phase::Finish);
    let answered = async {
        while run.shared.n_open.load(Ordering::Relaxed) > 0 {
            sleep(POLL).await;
        }
    };
    timeout(PATIENCE, answered).await.context("some messages are never answered")?;
    let revs = newest(server, &run.shared.directory).await?;
    let revs = Arc::new(revs);
    say.send_replace(Phase::Settle(Arc::clone(&revs)));
    let mut history = History::default();
    if let Ok(joined) = timeout(CONVERGES, join(&mut talkers, &mut history)).await {
        joined?;
    } else {
        // What they miss is the judge's to say.
        say.send_replace(Phase::GiveUp(revs));
        let joined = timeout(PATIENCE, join(&mut talkers, &mut history)).await;
        joined.context("some clients do not end")??;
    }
    Ok(history)
}

/// Gathers what clients recorded, each when it ends.
async fn join(talkers: &mut Talkers, history: &mut History) -> Result<()> {
    while let Some(recorded) = talkers.join_next().await {
        history.absorb(recorded??);
    }
    Ok(())
}

/// The newest change of each conversation.
async fn newest(server: &Server, directory: &Directory) -> Result<HashMap<Place, u64>> {
    let mut revs = HashMap::new();
    for person in &directory.people {
        let visit = Visit::begin(&server.address()?, person).await?;
        let known = visit.heads.values().filter_map(|head| {
            directory.place(&head.conversation).map(|place| (place, head.last_rev))
        });
        revs.extend(known);
    }
    Ok(revs)
}
