//! Log-ins by password: how many a second, and what those hear who are too many.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use socket2::{Domain, Protocol, Socket, Type};
use voodoo_core::SystemClock;
use voodoo_core::store::Accounts as _;
use voodoo_proto::UserId;
use voodoo_server::password::{HashOptions, Hasher};
use voodoo_store::{SqliteOptions, SqliteStore};

use super::house::House;
use super::{Found, at_least, figure};
use crate::child::{Subject, source};
use crate::conductor::is_stopped;
use crate::scenario::Scenario;
use crate::seed::{Seed, handle};
use crate::spread::Spread;

const PASSWORD: &str = "correct horse battery staple";
/// Who is answered by then, is.
const PATIENCE: Duration = Duration::from_secs(30);
/// At one moment: more than may wait, and few enough of each account to be no guessing.
const AT_ONCE: usize = 200;
const OK: u16 = 200;
const UNAVAILABLE: u16 = 503;

pub(super) fn run(scenario: &Scenario, house: &mut House<'_>) -> Result<Found> {
    let seeded = house.seeded(scenario.users)?;
    let folder = house.copy(&seeded)?;
    give_passwords(&folder)?;
    let subject = Subject::server(&folder, None, None)?;
    house.progress.now(&format!("{}: server, {} users", scenario.name, scenario.users));
    let (per_s, took) = steady(scenario, subject.address)?;
    house.progress.now(&format!("{}: {AT_ONCE} at once", scenario.name));
    let (n_in, n_refused) = burst(scenario.users, subject.address)?;
    Ok(Found {
        figures: vec![figure(at_least("log-ins by password/s", 60.0, 60.0), per_s)],
        details: json!({
            "per_s": per_s,
            "took": took.percentiles(),
            "at_once_logged_in": n_in,
            "at_once_unavailable": n_refused,
        }),
    })
}

/// All get one password, hashed once: only checking it is measured.
fn give_passwords(folder: &Path) -> Result<()> {
    let seed = Seed::read(&Seed::path(folder))?;
    let options = SqliteOptions { is_full_sync: false, ..SqliteOptions::default() };
    let store = SqliteStore::open(folder, options, Arc::default(), &SystemClock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let hashed = Hasher::new(&HashOptions::default())?.hash(PASSWORD.to_owned()).await?;
        for user in &seed.users {
            let user = UserId::new(*user)?;
            store.set_password(user, hashed.clone(), None, 1).await?;
        }
        store.shutdown().await;
        Ok(())
    })
}

/// So many at a time, over and over; the log-ins of a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn steady(scenario: &Scenario, server: SocketAddr) -> Result<(f64, Spread)> {
    let (began, lasts) = (Instant::now(), Duration::from_secs_f64(scenario.seconds));
    let next = AtomicUsize::new(0);
    let one = || {
        let (mut visitor, mut took) = (Visitor::connect(server)?, Spread::default());
        while began.elapsed() < lasts && !is_stopped() {
            let user = next.fetch_add(1, Ordering::Relaxed) % scenario.users;
            let asked = Instant::now();
            let status = visitor.log_in(user)?;
            ensure!(status == OK, "a log-in was answered by {status}");
            took.note(u64::try_from(asked.elapsed().as_nanos())?);
        }
        Ok(took)
    };
    let all = together(scenario.window, |_| one())?;
    let lasted_s = began.elapsed().as_secs_f64();
    let mut took = Spread::default();
    all.iter().for_each(|one| took.add(&one.counts()));
    Ok((took.percentiles().n as f64 / lasted_s, took))
}

/// Everyone at one moment: each is let in or told to come back, and nobody hears anything else.
fn burst(n_users: usize, server: SocketAddr) -> Result<(usize, usize)> {
    let start = Barrier::new(AT_ONCE);
    let statuses = together(AT_ONCE, |number| {
        let visitor = Visitor::connect(server);
        start.wait();
        visitor?.log_in(number % n_users)
    })?;
    let n_of = |status| statuses.iter().filter(|one| **one == status).count();
    let (n_in, n_refused) = (n_of(OK), n_of(UNAVAILABLE));
    ensure!(n_in + n_refused == AT_ONCE, "some of {AT_ONCE} at once heard: {statuses:?}");
    ensure!(n_in > 0 && n_refused > 0, "{n_in} of {AT_ONCE} at once were let in");
    Ok((n_in, n_refused))
}

/// Does the same in so many threads.
fn together<T: Send>(n_threads: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let work = &work;
        let all: Vec<_> = (0..n_threads).map(|number| scope.spawn(move || work(number))).collect();
        all.into_iter().map(|one| one.join().expect("it does not panic")).collect()
    })
}

/// One connection to the door, from an address of its own: guesses are counted by address.
struct Visitor {
    stream: BufReader<TcpStream>,
    server: SocketAddr,
}

impl Visitor {
    fn connect(server: SocketAddr) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?;
        let own: IpAddr = source();
        socket.bind(&SocketAddr::new(own, 0).into()).context("binding the source address")?;
        socket.connect(&server.into()).context("connecting")?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), server })
    }

    /// Logs in, and says with which status that was answered.
    fn log_in(&mut self, user: usize) -> Result<u16> {
        let body = json!({"handle": handle(user), "password": PASSWORD}).to_string();
        let request = format!(
            "POST /api/v1/log-in HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.server,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.with_context(|| format!("no answer: {line:?}"))?;
        let mut n_bytes = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                n_bytes = value.parse().context("the length of an answer")?;
            }
        }
        self.stream.read_exact(&mut vec![0; n_bytes])?;
        Ok(status)
    }
}
