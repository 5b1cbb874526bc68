//! The conductor of one run against one subject: starts the client processes, gives orders, and
//! puts together what they tell.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::child::{Client, Ears, Subject, source};
use crate::control::{Checked, Connected, Drive, Drove, Load, Order, Setup, Told, Woken};
use crate::judge::{self, Judged};
use crate::progress::Progress;
use crate::seed::{GROUP, Seed};
use crate::spread::Spread;

/// Connections that each client process has under way at a time.
const WINDOW: usize = 200;
/// Longer than any phase may be silent.
const PATIENCE: Duration = Duration::from_secs(600);

/// Set by Ctrl-C: what is under way ends early, and the report is written.
pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

/// Whether somebody wants an end.
pub(crate) fn is_stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// How the clients of a run are made.
pub(crate) struct Cast<'a> {
    /// Users in all.
    pub(crate) users: usize,
    /// Client processes.
    pub(crate) processes: usize,
    /// Users that have the first process to themselves, so that nobody else's frames keep their
    /// clock waiting; 0 = all are dealt alike.
    pub(crate) apart: usize,
    /// Bytes of each text.
    pub(crate) text_bytes: usize,
    /// The data folder that the seed made.
    pub(crate) folder: &'a Path,
    /// Users that stop reading when they are told to: the last ones.
    pub(crate) slow: usize,
    /// Users of each process that are watched for the judge: its first ones.
    pub(crate) watched: usize,
    /// The certificate that clients believe, if they speak TLS.
    pub(crate) tls_cert: Option<&'a Path>,
}

/// One run against one subject.
pub(crate) struct Conductor<'a> {
    clients: Vec<Client>,
    ears: Ears,
    progress: &'a mut Progress,
    /// What the judge said so far.
    judged: &'a mut Judged,
    /// Where client processes leave what they recorded.
    folder: PathBuf,
    is_bare: bool,
    has_sent_stop: bool,
    /// The slow users read nothing.
    are_asleep: bool,
}

/// One broadcast.
pub(crate) struct Round {
    /// From sending to the last receiver, in nanoseconds.
    pub(crate) last_ns: u64,
    /// From sending to each receiver.
    pub(crate) took: Spread,
}

impl<'a> Conductor<'a> {
    /// Starts the client processes; users are dealt in whole groups.
    pub(crate) fn new(
        cast: &Cast<'_>,
        subject: &Subject,
        is_bare: bool,
        progress: &'a mut Progress,
        judged: &'a mut Judged,
    ) -> Result<Self> {
        let (mouth, ears) = channel();
        let mut clients = Vec::new();
        let slow_from = (cast.slow > 0).then(|| cast.users - cast.slow);
        for (number, (first, n_users)) in dealt(cast).into_iter().enumerate() {
            // Whoever is to stop reading is watched by its own check alone.
            let n_awake = slow_from.map_or(n_users, |from| from.saturating_sub(first));
            let setup = Setup {
                server: subject.address,
                first,
                n_users,
                is_bare,
                tls_cert: cast.tls_cert.map(Path::to_owned).filter(|_| !is_bare),
                seed: Seed::path(cast.folder),
                text_bytes: cast.text_bytes,
                slow_from,
                n_watched: if is_bare { 0 } else { cast.watched.min(n_users).min(n_awake) },
            };
            clients.push(Client::start(number, setup, mouth.clone())?);
        }
        let mut conductor = Self {
            clients,
            ears,
            progress,
            judged,
            folder: cast.folder.to_owned(),
            is_bare,
            has_sent_stop: false,
            are_asleep: false,
        };
        conductor.gather(|told| matches!(told, Told::Ready).then_some(()))?;
        Ok(conductor)
    }

    /// Waits until each client process has told what is waited for.
    fn gather<T>(&mut self, pick: impl Fn(&Told) -> Option<T>) -> Result<Vec<T>> {
        let mut found: Vec<Option<T>> = self.clients.iter().map(|_| None).collect();
        let end = Instant::now() + PATIENCE;
        while found.iter().any(Option::is_none) {
            self.pass_on_stop()?;
            match self.ears.recv_timeout(Duration::from_millis(100)) {
                Ok((number, Told::Progress { n_live, n_delivered })) => {
                    self.progress.heard(number, n_live, n_delivered);
                }
                Ok((number, told)) => {
                    if let Some(one) = pick(&told) {
                        found[number] = Some(one);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    ensure!(Instant::now() < end, "a client process says nothing more");
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the client processes have ended"),
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    fn pass_on_stop(&mut self) -> Result<()> {
        if is_stopped() && !self.has_sent_stop {
            self.has_sent_stop = true;
            self.order(&Order::Stop)?;
        }
        Ok(())
    }

    fn order(&mut self, order: &Order) -> Result<()> {
        self.clients.iter_mut().try_for_each(|client| client.order(order))
    }

    /// Connects all users.
    pub(crate) fn connect(&mut self) -> Result<(Connected, Spread)> {
        for client in &mut self.clients {
            client.order(&Order::Connect { window: WINDOW, source: source() })?;
        }
        let told = self.gather(|told| {
            if let Told::Connected(connected) = told { Some(connected.clone()) } else { None }
        })?;
        let mut took = Spread::default();
        told.iter().for_each(|one| took.add(&one.took));
        let sum = |pick: fn(&Connected) -> u64| told.iter().map(pick).sum::<u64>();
        let all = Connected {
            n_live: told.iter().map(|one| one.n_live).sum(),
            n_failed: told.iter().map(|one| one.n_failed).sum(),
            began_ns: told.iter().map(|one| one.began_ns).min().unwrap_or(0),
            ended_ns: told.iter().map(|one| one.ended_ns).max().unwrap_or(0),
            took: took.counts(),
            n_bytes: [sum(|one| one.n_bytes[0]), sum(|one| one.n_bytes[1])],
        };
        let n_users = self.n_users();
        ensure!(all.n_live == n_users, "{} of {n_users} users are connected", all.n_live);
        Ok((all, took))
    }

    /// Users that are played.
    pub(crate) fn n_users(&self) -> usize {
        self.clients.iter().map(|client| client.setup.n_users).sum()
    }

    /// Drops all connections.
    pub(crate) fn disconnect(&mut self) -> Result<()> {
        self.order(&Order::Disconnect)?;
        self.gather(|told| matches!(told, Told::Disconnected).then_some(())).map(drop)
    }

    /// Lets user 0 send one message that all others get who read.
    pub(crate) fn broadcast(&mut self, conversation: i64) -> Result<Round> {
        let are_asleep = self.are_asleep;
        for (number, client) in self.clients.iter_mut().enumerate() {
            let Setup { first, n_users, slow_from, .. } = client.setup;
            let n_slow = slow_from.map_or(0, |from| (first + n_users).saturating_sub(from));
            let n_reading = n_users - if are_asleep { n_slow.min(n_users) } else { 0 };
            let n = n_reading - usize::from(number == 0);
            client.order(&Order::Expect { n: n as u64 })?;
        }
        self.clients[0].order(&Order::Say { user: 0, conversation })?;
        let said = std::cell::Cell::new(0);
        let arrived = self.gather(|told| {
            if let Told::Said { at_ns } = told {
                said.set(*at_ns);
            }
            let Told::Arrived { last_ns, took } = told else { return None };
            Some((*last_ns, took.clone()))
        })?;
        let mut took = Spread::default();
        arrived.iter().for_each(|(_, counts)| took.add(counts));
        let last_ns = arrived.iter().map(|(last_ns, _)| *last_ns).max().unwrap_or(0);
        ensure!(said.get() > 0, "the broadcast was not sent");
        Ok(Round { last_ns: last_ns.saturating_sub(said.get()), took })
    }

    /// Lets user 0 send one message, and waits for nothing.
    pub(crate) fn say(&mut self, conversation: i64) -> Result<()> {
        self.clients[0].order(&Order::Say { user: 0, conversation })
    }

    /// Lets the slow users read nothing from here on.
    pub(crate) fn sleep(&mut self, conversation: i64) -> Result<()> {
        self.are_asleep = true;
        self.order(&Order::Sleep { conversation })?;
        self.gather(|told| matches!(told, Told::Asleep).then_some(())).map(drop)
    }

    /// Lets one half of the slow users read again, and waits until they have caught up.
    pub(crate) fn wake(&mut self, half: usize, n_missed: u64) -> Result<Woken> {
        self.order(&Order::Wake { half, n_missed })?;
        let told =
            self.gather(|told| if let Told::Woken(woken) = told { Some(*woken) } else { None })?;
        let mut all = Woken::default();
        for one in told {
            all.n_clients += one.n_clients;
            all.n_lagging += one.n_lagging;
            all.n_closed += one.n_closed;
            all.n_told_why += one.n_told_why;
            all.n_pulled += one.n_pulled;
            all.n_behind += one.n_behind;
        }
        ensure!(all.n_behind == 0, "{} of {} never caught up", all.n_behind, all.n_clients);
        Ok(all)
    }

    /// Begins a load; of pairs, the first process plays as many as it has.
    pub(crate) fn begin(&mut self, load: Load, seconds: f64) -> Result<()> {
        let mut n_left = match load {
            Load::Turns { .. } => usize::MAX,
            Load::Window { n_pairs, .. } | Load::Pace { n_pairs, .. } => n_pairs,
        };
        let n_all = n_left;
        // Whoever was told to stop before knows of no load yet.
        let seconds = if is_stopped() { 0.0 } else { seconds };
        for client in &mut self.clients {
            let n_own = n_left.min(client.setup.n_users / 2);
            n_left -= n_own;
            let load = match load {
                Load::Turns { group } => Load::Turns { group },
                Load::Window { window, .. } => Load::Window { n_pairs: n_own, window },
                Load::Pace { per_s, .. } => {
                    Load::Pace { n_pairs: n_own, per_s: share(per_s, n_own, n_all) }
                }
            };
            client.order(&Order::Drive(Drive { load, seconds }))?;
        }
        Ok(())
    }

    /// Waits until a load is over.
    pub(crate) fn finish(&mut self) -> Result<Outcome> {
        let told =
            self.gather(
                |told| if let Told::Drove(drove) = told { Some(drove.clone()) } else { None },
            )?;
        let mut outcome = Outcome::default();
        told.iter().for_each(|drove| outcome.add(drove));
        Ok(outcome)
    }

    /// Compares every client with the server, lets the judge hear of those that are watched, and
    /// fails if anything is wrong.
    pub(crate) fn check(&mut self) -> Result<usize> {
        self.order(&Order::Check)?;
        let told = self.gather(|told| {
            if let Told::Checked(checked) = told { Some(checked.clone()) } else { None }
        })?;
        // What the judge finds is told even where the clients have found something themselves.
        let judged = if self.is_bare { Ok(()) } else { self.let_judge() };
        told.iter().try_for_each(refuse_wrong)?;
        judged?;
        Ok(told.iter().map(|checked| checked.n_clients).sum())
    }

    fn let_judge(&mut self) -> Result<()> {
        let files = (0..self.clients.len()).map(|n| self.folder.join(format!("history-{n}.json")));
        let files: Vec<PathBuf> = files.collect();
        for (client, file) in self.clients.iter_mut().zip(&files) {
            client.order(&Order::HandOver { file: file.clone() })?;
        }
        let unread = self.gather(|told| {
            if let Told::HandedOver { n_unread } = told { Some(*n_unread) } else { None }
        })?;
        let n_unread: usize = unread.into_iter().sum();
        ensure!(n_unread == 0, "{n_unread} watched users could not read what was written");
        judge::judge(&files, self.judged)
    }
}

#[expect(clippy::cast_precision_loss, reason = "few pairs")]
fn share(per_s: f64, n_own: usize, n_all: usize) -> f64 {
    per_s * n_own as f64 / n_all.max(1) as f64
}

/// Refuses a run with anything lost, doubled or disordered.
fn refuse_wrong(checked: &Checked) -> Result<()> {
    let n_wrong = checked.n_differ as u64
        + checked.n_doubled_or_disordered
        + checked.n_foreign
        + checked.n_lost
        + checked.n_lagging
        + checked.n_closed;
    ensure!(
        n_wrong == 0,
        "the clients' check failed: {} lost, {} doubled or disordered, {} foreign, {} clients differ \
         from the server's digest, {} times lagging, {} connections ended; for example: {}",
        checked.n_lost,
        checked.n_doubled_or_disordered,
        checked.n_foreign,
        checked.n_differ,
        checked.n_lagging,
        checked.n_closed,
        checked.example.as_deref().unwrap_or("-")
    );
    Ok(())
}

/// How a load went, all processes together.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Sums.
    pub(crate) sums: Drove,
    /// From (planned) sending to the answer.
    pub(crate) acked: Spread,
    /// From (planned) sending to delivery.
    pub(crate) received: Spread,
}

impl Outcome {
    fn add(&mut self, drove: &Drove) {
        let sums = &mut self.sums;
        sums.n_sent += drove.n_sent;
        sums.n_acked += drove.n_acked;
        sums.n_refused += drove.n_refused;
        sums.n_delivered += drove.n_delivered;
        sums.n_delivered_in_time += drove.n_delivered_in_time;
        sums.began_ns =
            if sums.began_ns == 0 { drove.began_ns } else { sums.began_ns.min(drove.began_ns) };
        sums.stopped_ns = sums.stopped_ns.max(drove.stopped_ns);
        sums.ended_ns = sums.ended_ns.max(drove.ended_ns);
        (0..2).for_each(|way| sums.n_bytes[way] += drove.n_bytes[way]);
        self.acked.add(&drove.acked);
        self.received.add(&drove.received);
    }

    /// Deliveries a second while messages were sent.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn per_s(&self) -> f64 {
        let took_ns = self.sums.stopped_ns.saturating_sub(self.sums.began_ns).max(1);
        self.sums.n_delivered_in_time as f64 * 1e9 / took_ns as f64
    }
}

/// The users of each process: the first of them, and how many.
fn dealt(cast: &Cast<'_>) -> Vec<(usize, usize)> {
    let apart = cast.apart.next_multiple_of(GROUP);
    let apart = if cast.processes > 1 && apart < cast.users { apart } else { 0 };
    let n_others = if apart > 0 { cast.processes - 1 } else { cast.processes };
    let each = (cast.users - apart).div_ceil(n_others).next_multiple_of(GROUP);
    let first = (apart > 0).then_some((0, apart));
    let others = (apart..cast.users).step_by(each).map(|at| (at, each.min(cast.users - at)));
    first.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(users: usize, processes: usize, apart: usize) -> Cast<'static> {
        let folder = Path::new("");
        Cast { users, processes, apart, text_bytes: 1, folder, slow: 0, watched: 0, tls_cert: None }
    }

    #[test]
    fn users_are_dealt_in_whole_groups_and_those_apart_have_the_first_process() {
        assert_eq!(dealt(&cast(250, 2, 0)), [(0, 150), (150, 100)]);
        assert_eq!(dealt(&cast(250, 3, 20)), [(0, 50), (50, 100), (150, 100)]);
        assert_eq!(dealt(&cast(250, 1, 20)), [(0, 250)]);
        assert_eq!(dealt(&cast(100, 3, 100)), [(0, 50), (50, 50)]);
    }

    #[test]
    fn any_thing_that_is_wrong_fails_the_run_in_words() {
        refuse_wrong(&Checked { n_clients: 9, ..Checked::default() }).unwrap();
        let lost = Checked { n_lost: 1, example: Some("user 3".into()), ..Checked::default() };
        let words = refuse_wrong(&lost).unwrap_err().to_string();
        assert!(words.contains("1 lost") && words.contains("user 3"), "{words}");
        for wrong in [
            Checked { n_differ: 1, ..Checked::default() },
            Checked { n_doubled_or_disordered: 1, ..Checked::default() },
            Checked { n_foreign: 1, ..Checked::default() },
            Checked { n_lagging: 1, ..Checked::default() },
            Checked { n_closed: 1, ..Checked::default() },
        ] {
            refuse_wrong(&wrong).unwrap_err();
        }
    }
}
