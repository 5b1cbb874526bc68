//! A client process: thousands of clients in one thread over one epoll.
//!
//! Takes orders from its standard input and tells on its standard output. It ends when its input
//! does.

mod check;
mod conn;
mod connect;
mod drive;
mod hand_over;
mod receive;
mod slow;
mod watch;

use std::io::{BufRead as _, Write as _, stdin};
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mio::{Events, Poll, Token, Waker};

use crate::clock::now_ns;
use crate::control::{Checked, Load, Order, Setup, Told};
use crate::seed::Seed;
use crate::spread::Spread;
use crate::{seed, tls, wire};

use check::Checking;
use conn::{Conn, Sending, Stage};
use connect::Connecting;
use drive::Driving;
use hand_over::HandingOver;
use slow::Waking;
use watch::{Draft, Watch};

const WAKE: Token = Token(usize::MAX);
/// Bytes read at a time, through one buffer for all.
const SCRATCH_BYTES: usize = 64 * 1024;
/// The same where pages are read, which are longer than other frames.
const PAGE_SCRATCH_BYTES: usize = 512 * 1024;
/// Each client pings about this often, as a real one does when idle.
const PING_EVERY_NS: u64 = 40_000_000_000;
const PROGRESS_NS: u64 = 1_000_000_000;

/// One process full of clients.
pub(crate) struct Worker {
    setup: Setup,
    seed: Seed,
    poll: Poll,
    conns: Vec<Conn>,
    /// Connections with something to write.
    dirty: Vec<usize>,
    connecting: Option<Connecting>,
    expecting: Option<Expecting>,
    driving: Option<Driving>,
    checking: Option<Checking>,
    waking: Option<Waking>,
    watch: Watch,
    handing_over: Option<HandingOver>,
    /// The clients' own address, once they have connected.
    source: IpAddr,
    found: Checked,
    n_delivered: u64,
    last_delivery_ns: u64,
    took: Spread,
    n_bytes: [u64; 2],
    hello: Vec<u8>,
    /// What follows the time in each text.
    padding: String,
    client_ids: seed::ClientIds,
    next_ping: usize,
    pinged_ns: u64,
    progress_ns: u64,
}

struct Expecting {
    at: u64,
}

/// Plays the clients that the first line of the standard input describes.
///
/// # Errors
///
/// If the conductor's lines are none, or the machine gives no sockets.
pub(crate) fn run() -> Result<()> {
    let mut lines = stdin().lock().lines();
    let first = lines.next().context("no set-up")??;
    let setup: Setup = serde_json::from_str(&first).context("the set-up")?;
    drop(lines);
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKE)?;
    let (queue, orders) = sync_channel::<Order>(64);
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str(&line) else { break };
            if queue.send(order).is_err() || waker.wake().is_err() {
                break;
            }
        }
        drop(queue);
        // The end of the input is the end of the process.
        waker.wake().ok();
    });
    let mut worker = Worker::new(setup, poll)?;
    tell(&Told::Ready)?;
    worker.run(&orders)
}

/// Says one line to the conductor.
#[expect(clippy::print_stdout, reason = "the conductor reads it")]
fn tell(told: &Told) -> Result<()> {
    println!("{}", serde_json::to_string(told)?);
    Ok(std::io::stdout().flush()?)
}

impl Worker {
    fn new(setup: Setup, poll: Poll) -> Result<Self> {
        let seed = Seed::read(&setup.seed)?;
        let tls = setup.tls_cert.as_deref().map(tls::clients).transpose()?;
        let new = || Conn::new(tls.as_ref().map(tls::one_of));
        let mut hello = Vec::new();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "{{\"type\":\"hello\",\"client\":{{\"name\":\"voodoo-bench\",\"version\":\"{version}\"}}}}"
        );
        wire::put_text(&mut hello, text.as_bytes());
        Ok(Self {
            conns: (0..setup.n_users).map(|_| new()).collect(),
            padding: " x".repeat(setup.text_bytes.saturating_sub(20) / 2),
            client_ids: seed::ClientIds::new(setup.first),
            watch: Watch::new(&setup, &seed),
            setup,
            seed,
            poll,
            dirty: Vec::new(),
            connecting: None,
            expecting: None,
            driving: None,
            checking: None,
            waking: None,
            handing_over: None,
            source: IpAddr::from([127, 0, 0, 1]),
            found: Checked::default(),
            n_delivered: 0,
            last_delivery_ns: 0,
            took: Spread::default(),
            n_bytes: [0; 2],
            hello,
            next_ping: 0,
            pinged_ns: now_ns(),
            progress_ns: now_ns(),
        })
    }

    fn run(&mut self, orders: &Receiver<Order>) -> Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut scratch = vec![0; SCRATCH_BYTES];
        loop {
            if scratch.len() < PAGE_SCRATCH_BYTES && self.reads_pages() {
                scratch.resize(PAGE_SCRATCH_BYTES, 0);
            }
            if let Err(error) = self.poll.poll(&mut events, Some(self.patience()))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            for event in &events {
                if event.token() == WAKE {
                    loop {
                        match orders.try_recv() {
                            Ok(order) => self.take_order(&order)?,
                            Err(TryRecvError::Empty) => break,
                            Err(TryRecvError::Disconnected) => return Ok(()),
                        }
                    }
                } else {
                    self.ready(event.token().0, &mut scratch);
                    self.write_dirty();
                }
            }
            self.tick()?;
            self.wake_some(now_ns(), &mut scratch)?;
            self.write_dirty();
        }
    }

    fn reads_pages(&self) -> bool {
        self.setup.slow_from.is_some() || self.handing_over.is_some()
    }

    /// How long nothing may happen before the clock is looked at.
    fn patience(&self) -> Duration {
        let due = self.driving.as_ref().and_then(Driving::due_ns);
        let wait_ns = due.map_or(20_000_000, |due| due.saturating_sub(now_ns()).min(20_000_000));
        Duration::from_nanos(wait_ns)
    }

    fn take_order(&mut self, order: &Order) -> Result<()> {
        match *order {
            Order::Connect { window, source } => {
                self.source = source;
                self.connecting = Some(Connecting::new(window, source, self.n_bytes));
                self.connect_more()
            }
            Order::Disconnect => {
                self.conns.iter_mut().for_each(Conn::drop_wire);
                tell(&Told::Disconnected)
            }
            Order::Expect { n } => {
                self.took = Spread::default();
                self.expecting = Some(Expecting { at: self.n_delivered + n });
                Ok(())
            }
            Order::Say { user, conversation } => {
                let at_ns = now_ns();
                self.send(user - self.setup.first, conversation, at_ns)?;
                self.write_dirty();
                tell(&Told::Said { at_ns })
            }
            Order::Drive(drive) => {
                self.driving = Some(Driving::new(drive, now_ns(), self.n_bytes));
                self.begin_load(drive.load)
            }
            Order::Stop => {
                if let Some(driving) = &mut self.driving {
                    driving.stop(now_ns());
                }
                Ok(())
            }
            Order::Sleep { conversation } => self.fall_asleep(conversation),
            Order::Wake { half, n_missed } => {
                self.wake(half, n_missed, now_ns());
                Ok(())
            }
            Order::Check => {
                self.checking = Some(Checking::new(now_ns()));
                Ok(())
            }
            Order::HandOver { ref file } => {
                self.begin_to_hand_over(file, now_ns());
                Ok(())
            }
        }
    }

    fn begin_load(&mut self, load: Load) -> Result<()> {
        let now = now_ns();
        match load {
            Load::Turns { group } => {
                self.conns.iter_mut().for_each(|conn| conn.n_turns = 0);
                for index in (0..self.conns.len()).step_by(group.max(1)) {
                    self.conns[index].n_turns = 1;
                    self.send_turn(index, group, now)?;
                }
                Ok(())
            }
            Load::Window { n_pairs, window } => {
                for pair in 0..n_pairs {
                    for _ in 0..window {
                        self.send_pair(pair, now)?;
                    }
                }
                Ok(())
            }
            Load::Pace { .. } => Ok(()),
        }
    }

    /// Queues one message. Of the yardstick every frame means the same.
    fn send(&mut self, index: usize, conversation: i64, planned_ns: u64) -> Result<()> {
        let Some(conn) = self.conns.get_mut(index) else { bail!("there is no user {index}") };
        if conn.stage != Stage::Live {
            return Ok(());
        }
        let sending = conn.sending.get_or_insert_with(Box::<Sending>::default);
        let text = if self.setup.is_bare {
            format!("{{\"type\":\"send\",\"text\":\"@{planned_ns}{}\"}}", self.padding)
        } else {
            let (id, name) = (sending.begin(conversation, planned_ns), self.client_ids.next());
            if self.watch.has(index) {
                let text = format!("@{planned_ns}{}", self.padding);
                let draft = Draft { id, conversation, name, text: &text, now_ns: now_ns() };
                self.watch.note_draft(index, &draft);
            }
            format!(
                "{{\"type\":\"send\",\"id\":{id},\"conversation\":\"{}\",\"client_id\":\"{name}\",\
                 \"body\":{{\"kind\":\"text\",\"text\":\"@{planned_ns}{}\"}}}}",
                seed::conversation_id(conversation),
                self.padding
            )
        };
        wire::put_text(&mut conn.out, text.as_bytes());
        self.mark_dirty(index);
        Ok(())
    }

    fn mark_dirty(&mut self, index: usize) {
        let conn = &mut self.conns[index];
        if !conn.is_dirty {
            conn.is_dirty = true;
            self.dirty.push(index);
        }
    }

    fn write_dirty(&mut self) {
        while let Some(index) = self.dirty.pop() {
            self.conns[index].is_dirty = false;
            self.write(index);
        }
    }

    fn write(&mut self, index: usize) {
        match self.conns[index].write_out() {
            Ok(n) => self.n_bytes[1] += n as u64,
            Err(error) => self.lose(index, &error.to_string()),
        }
    }

    /// What the clock brings.
    fn tick(&mut self) -> Result<()> {
        let now = now_ns();
        self.connect_more()?;
        self.drive(now)?;
        if self.expecting.as_ref().is_some_and(|expecting| self.n_delivered >= expecting.at) {
            self.expecting = None;
            let took = std::mem::take(&mut self.took).counts();
            tell(&Told::Arrived { last_ns: self.last_delivery_ns, took })?;
        }
        self.check_more(now)?;
        self.hand_over(now)?;
        self.ping_some(now);
        if now >= self.progress_ns + PROGRESS_NS {
            self.progress_ns = now;
            let n_live = self.conns.iter().filter(|conn| conn.stage == Stage::Live).count();
            tell(&Told::Progress { n_live, n_delivered: self.n_delivered })?;
        }
        Ok(())
    }

    /// Spreads the clients' pings over time.
    fn ping_some(&mut self, now: u64) {
        let n_conns = self.conns.len() as u64;
        let n_due = now.saturating_sub(self.pinged_ns) * n_conns / PING_EVERY_NS;
        if self.setup.is_bare || n_due == 0 || self.connecting.is_some() || self.checking.is_some()
        {
            return;
        }
        self.pinged_ns = now;
        for _ in 0..n_due {
            let index = self.next_ping % self.conns.len();
            self.next_ping += 1;
            if self.conns[index].stage == Stage::Live {
                wire::put_text(&mut self.conns[index].out, b"{\"type\":\"ping\"}");
                self.mark_dirty(index);
            }
        }
    }
}
