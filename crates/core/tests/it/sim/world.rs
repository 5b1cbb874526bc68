//! A server, people with devices, and a bad network between them; everything by one seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use voodoo_client::reducer::Input;
use voodoo_core::Clock;
use voodoo_core::store::{Authenticated, NewDevice, NewUser};
use voodoo_proto::UserId;
use voodoo_proto::object::{Kind, UserKind};
use voodoo_proto::request::{Create, Request};

use super::act::Actor;
use super::chance::Chance;
use super::device::{Common, Device};
use super::disk::{Disk, Medium, at_once};
use super::plan::Plan;
use super::server::Server;
use super::truth::{Checked, Truth, must};

const BEGIN_MS: u64 = 1_700_000_000_000;
const FAR_MS: u64 = 1 << 50;
/// After the network is well again everything has to be right within this time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The time of day, which may jump.
pub(super) struct SimClock {
    begun: Instant,
    ahead_ms: AtomicU64,
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        let elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        BEGIN_MS + self.ahead_ms.load(Ordering::Relaxed) + elapsed_ms
    }
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) common: Common,
    pub(super) disk: Disk,
    pub(super) devices: Vec<Device>,
    pub(super) users: Vec<UserId>,
    chance: Chance,
    clock: Arc<SimClock>,
    n_made: u64,
}

impl World {
    pub(super) fn begin(medium: Medium, plan: Plan, mut chance: Chance) -> Self {
        let disk = Disk::new(medium, plan.settings.rules.clone());
        let truth = Arc::new(Mutex::new(Truth::default()));
        let clock = Arc::new(SimClock { begun: Instant::now(), ahead_ms: AtomicU64::new(0) });
        let engine = disk.open(clock.as_ref());
        let server = Server::start(&plan, (engine, &truth), clock.clone(), &mut chance);
        let common = Common {
            server: Some(server),
            world: Arc::new(Notify::new()),
            truth,
            acked: Default::default(),
            met: Default::default(),
            breakage: plan.breakage,
            frames: Default::default(),
            is_traced: std::env::var_os("SIM_TRACE").is_some(),
            begun: Instant::now(),
        };
        let mut world = Self {
            plan,
            common,
            disk,
            devices: Vec::new(),
            users: Vec::new(),
            chance,
            clock,
            n_made: 1_000,
        };
        for number in 0..world.plan.n_users {
            world.settle(number);
        }
        world
    }

    /// A person with up to three devices.
    fn settle(&mut self, number: u64) {
        let is_bot = self.plan.has_bot && number + 1 == self.plan.n_users;
        let user = NewUser {
            handle: format!("user{number}"),
            name: format!("User {number}"),
            password: None,
            kind: if is_bot { UserKind::Bot } else { UserKind::Human },
        };
        let engine = Arc::clone(&self.common.server().engine);
        let signed = at_once(engine.sign_up(None, user, None, BEGIN_MS)).unwrap();
        self.users.push(signed.user);
        for at in 0..self.chance.range(1, 3) {
            let mut token = [0; 32];
            token[0] = u8::try_from(number * 3 + at).unwrap();
            let new = NewDevice { name: "device".to_owned(), token, expires_ms: FAR_MS };
            at_once(engine.open_device(signed.user, new, BEGIN_MS)).unwrap();
            let known = at_once(engine.authenticate(token, BEGIN_MS)).unwrap();
            let who: Authenticated = known.unwrap();
            let name = format!("{} at {}", signed.user, who.device);
            let latency_ms = self.plan.latency_ms;
            let device = Device::new(name, who, latency_ms, self.chance.fork());
            self.devices.push(device);
        }
    }

    /// Lets time pass, and everything happen that is due.
    pub(super) async fn run(&mut self, span: Duration) -> Checked {
        let until = Instant::now() + span;
        loop {
            self.common.server().bus.deliver_due(Instant::now());
            for device in &mut self.devices {
                device.drive(&mut self.common)?;
            }
            self.common.truth.lock().verdict()?;
            if Instant::now() >= until {
                return Ok(());
            }
            let due = self.devices.iter().filter_map(Device::next_due);
            let next = due
                .chain(self.common.server().bus.next_due())
                .min()
                .map_or(until, |due| due.min(until));
            tokio::select! {
                biased;
                () = self.common.world.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Everyone in one group and two of them in another conversation, so that there is something
    /// to talk in from the beginning.
    pub(super) async fn open(&mut self) -> Checked {
        self.run(Duration::from_secs(2)).await?;
        for kind in [Kind::Group, Kind::Direct] {
            let is_direct = kind == Kind::Direct;
            let members = if is_direct { &self.users[1..2] } else { &self.users[..] };
            self.n_made += 1;
            let create = Create {
                client_id: voodoo_proto::ClientId::from_bytes(
                    u128::from(self.n_made).to_be_bytes(),
                ),
                kind,
                title: (!is_direct).then(|| "Everyone".to_owned()),
                description: None,
                alias: None,
                members: Some(members.to_vec()),
                settings: None,
            };
            self.devices[0].ask(&mut self.common, Request::Create(create));
        }
        self.run(Duration::from_secs(1)).await
    }

    /// One round of life in a bad world.
    pub(super) async fn live(&mut self) -> Checked {
        for _ in 0..self.plan.n_acts {
            if self.chance.is(self.plan.line_faults) {
                self.fault().await?;
            } else {
                let at = self.chance.index(self.devices.len());
                let mut actor = Actor {
                    device: &mut self.devices[at],
                    common: &mut self.common,
                    chance: &mut self.chance,
                    users: &self.users,
                    n_made: &mut self.n_made,
                };
                actor.act()?;
            }
            let span = match self.chance.below(10) {
                0..=3 => Duration::ZERO,
                4..=7 => self.chance.ms(0, 30),
                8 => self.chance.ms(0, 400),
                _ => self.chance.ms(0, 4_000),
            };
            self.run(span).await?;
        }
        Ok(())
    }

    async fn fault(&mut self) -> Checked {
        let at = self.chance.index(self.devices.len());
        let within_ms = self.chance.pick(&[10, 1_000, 20_000]).unwrap();
        let device = &mut self.devices[at];
        match self.chance.below(12) {
            0 if self.plan.has_restarts => self.restart().await,
            1 if self.plan.has_clock_jumps => {
                self.common.meet("clock jump");
                let ahead_ms = self.chance.below(60_000);
                self.clock.ahead_ms.store(ahead_ms, Ordering::Relaxed);
                Ok(())
            }
            2 => {
                self.common.meet("reload");
                device.reload(&mut self.common, self.chance.is(300))
            }
            3..=6 if self.plan.has_slow_readers => {
                self.common.meet("slow reader");
                if let Some(line) = &mut device.line {
                    line.stall_until(Instant::now() + self.chance.ms(100, 8_000));
                }
                Ok(())
            }
            _ => {
                self.common.meet("dropped line");
                device.hang_up(&mut self.common, within_ms)
            }
        }
    }

    /// The server is ended, wherever it is, and begins again over what was committed: over the
    /// files as they are at that moment, or after its store has closed them.
    async fn restart(&mut self) -> Checked {
        let is_killed = self.chance.is(500);
        self.common.meet(if is_killed { "kill" } else { "restart" });
        for device in &mut self.devices {
            device.hang_up(&mut self.common, 1_000)?;
        }
        let server = self.common.server.take().expect("one was started");
        let engine = server.end().await;
        let epoch = at_once(engine.epoch()).unwrap();
        let left = if is_killed { self.disk.kill() } else { None };
        drop(engine);
        drop(left);
        let engine = self.disk.open(self.clock.as_ref());
        must!(at_once(engine.epoch()).unwrap() == epoch, "a restart is another epoch");
        let (watched, clock) = ((engine, &self.common.truth), Arc::clone(&self.clock) as _);
        self.common.server = Some(Server::start(&self.plan, watched, clock, &mut self.chance));
        Ok(())
    }

    /// The network is well, and nothing is lost from here on; or the other way round.
    pub(super) fn heal(&mut self, is_healed: bool) {
        self.common.server().heal(is_healed);
        for device in &mut self.devices {
            device.latency_ms = if is_healed { 0 } else { self.plan.latency_ms };
            if is_healed {
                device.connect_at = Some(Instant::now());
                if let Some(line) = &mut device.line {
                    line.heal();
                }
            }
        }
    }

    /// Waits until nothing goes on any more; it has to come to rest.
    pub(super) async fn come_to_rest(&mut self) -> Checked {
        let patience_ends = Instant::now() + PATIENCE;
        let mut n_calm = 0;
        while n_calm < 3 {
            self.run(Duration::from_millis(700)).await?;
            self.common.server().check()?;
            let unrest = self.devices.iter().find_map(Device::unrest);
            n_calm = if unrest.is_none() { n_calm + 1 } else { 0 };
            if Instant::now() > patience_ends {
                return Err(unrest.unwrap_or_else(|| "never at rest for long".to_owned()));
            }
        }
        Ok(())
    }

    /// Every client asks for the proof that nothing was missed; where something was, it takes a
    /// repair and another proof.
    pub(super) async fn prove(&mut self) -> Checked {
        let asked_at = Instant::now();
        let is_unproven = |one: &&mut Device| one.proven_at.is_none_or(|at| at < asked_at);
        for _ in 0..3 {
            for device in self.devices.iter_mut().filter(is_unproven) {
                device.apply(&mut self.common, Input::Wake)?;
            }
            self.come_to_rest().await?;
        }
        let unproven = self.devices.iter_mut().find(is_unproven);
        unproven.map_or(Ok(()), |one| Err(format!("{} has no proof", one.name)))
    }

    pub(super) fn fork(&mut self) -> Chance {
        self.chance.fork()
    }

    /// What the store keeps, by itself.
    pub(super) fn digest(&self, user: UserId) -> voodoo_proto::object::Digest {
        at_once(self.common.server().engine.digest(user)).unwrap()
    }
}
