//! A hundred thousand sessions in one process, without sockets: one broadcast reaches all, slow
//! readers delay no one, everyone comes back at once, and what a session costs is bounded.
//!
//! Runs in a process of its own, whose memory is then its own too: the test calls its own binary.

use std::collections::VecDeque;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use voodoo_core::apply::{Create, MayBroadcast, Rules, Write};
use voodoo_core::outbox::Queued;
use voodoo_core::store::{Accounts as _, Authenticated, NewDevice, NewUser, Store as _};
use voodoo_core::testkit::MemoryStore;
use voodoo_core::{Core, Ports, Session, Settings, SystemClock};
use voodoo_proto::limits::{Limits, Rate};
use voodoo_proto::object::{Kind, ServerRole, SettingsChange, UserKind};
use voodoo_proto::{ClientId, ConversationId, UserId};

/// Sessions, each of another user; all are members of one broadcast, and of a group of 50.
const N_SESSIONS: usize = 100_000;
const GROUP: usize = 50;
/// Sessions that read nothing while the owner posts.
const N_SLOW: usize = 5_000;
/// Posts of the owner: together more than an outbox takes.
const N_POSTS: usize = 40;
const POST_BYTES: usize = 8_000;
/// What an idle session with two subscriptions may cost.
const BUDGET_BYTES: usize = 640;
/// Bytes of an outbox above its limit: the event that crossed it.
const LAST_EVENT_BYTES: usize = POST_BYTES + 1_000;
/// Who gets nothing by then gets nothing at all.
const PATIENCE: Duration = Duration::from_secs(20);
const FAR_MS: u64 = 1 << 50;
const IN_A_PROCESS_OF_ITS_OWN: &str = "VOODOO_CROWD";

#[test]
fn a_hundred_thousand_sessions_hear_a_broadcast_and_all_come_back() {
    if std::env::var_os(IN_A_PROCESS_OF_ITS_OWN).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        return runtime.block_on(run());
    }
    let own = std::env::current_exe().unwrap();
    let name = "crowd::a_hundred_thousand_sessions_hear_a_broadcast_and_all_come_back";
    let mut child = Command::new(own);
    child.args(["--exact", name, "--nocapture"]).env(IN_A_PROCESS_OF_ITS_OWN, "1");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    say(&said);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{failed}");
}

#[expect(clippy::print_stdout, reason = "whoever looks at the test reads it")]
fn say(text: &str) {
    println!("{text}");
}

async fn run() {
    let mut crowd = Crowd::gather().await;
    let before = allocated_bytes();
    let mut seats = crowd.all_come("come").await;
    let each = allocated_bytes().saturating_sub(before) / N_SESSIONS;
    crowd.say(&format!("{each} bytes a session"));
    assert!(each <= BUDGET_BYTES, "{each} bytes a session, {BUDGET_BYTES} are allowed");
    crowd.post_to_all(&mut seats).await;
    crowd.slow_readers_catch_up(&mut seats).await;
    drop(seats);
    assert_eq!(crowd.core.hub.n_sessions(), 0);
    crowd.say("all have gone");
    let mut seats = crowd.all_come("come back").await;
    seats[0].post(crowd.broadcast, N_POSTS);
    let heard = crowd.deliver(&mut seats, |_| true).await;
    assert_eq!((heard.n_frames, heard.revs), (N_SESSIONS - 1, vec![N_POSTS as u64 + 1]));
    crowd.say("a post reached all who came back");
}

struct Crowd {
    core: Arc<Core>,
    everyone: Vec<Authenticated>,
    broadcast: ConversationId,
    since: Instant,
}

/// What was delivered to a number of sessions.
struct Heard {
    n_frames: usize,
    /// The revs that each of them heard, in order.
    revs: Vec<u64>,
}

fn rules() -> Rules {
    let mut limits =
        Limits { members_per_request: u32::MAX, group_members: u32::MAX, ..Limits::default() };
    limits.rates.send = Rate { per_s: 0.0, burst: 0.0 };
    Rules { limits, may_broadcast: MayBroadcast::All, ..Rules::default() }
}

impl Crowd {
    /// A server with as many users as there are to be sessions.
    async fn gather() -> Self {
        let since = Instant::now();
        let store = MemoryStore::new(Arc::new(rules()));
        let mut everyone = Vec::with_capacity(N_SESSIONS);
        for number in 0..N_SESSIONS {
            everyone.push(sign_up(&store, number).await);
        }
        let all = |of: &[Authenticated]| of.iter().map(|who| who.user).collect::<Vec<_>>();
        let mut creates = vec![create(Kind::Broadcast, 0, &all(&everyone))];
        let groups = everyone.chunks(GROUP).zip(1..);
        creates.extend(groups.map(|(of, number)| create(Kind::Group, number, &all(of))));
        for made in store.commit(creates).await.unwrap() {
            made.unwrap();
        }
        // Nobody pings here.
        let silence = Duration::from_secs(3_600);
        let settings = Settings { rules: rules(), silence, ..Settings::default() };
        let clock = Arc::new(SystemClock);
        let ports = Ports { store: store.clone(), accounts: store, clock };
        let (core, workers) = Core::new(ports, settings);
        workers.into_iter().for_each(|worker| drop(tokio::spawn(worker)));
        let broadcast = ConversationId::new(1).unwrap();
        let crowd = Self { core, everyone, broadcast, since };
        crowd.say("the server is filled");
        crowd
    }

    /// Tells how long everything has taken so far.
    fn say(&self, what: &str) {
        say(&format!("{:6.2} s: {what}", self.since.elapsed().as_secs_f64()));
    }

    /// Everyone says `hello` and syncs to the end.
    async fn all_come(&mut self, how: &str) -> Vec<Seat> {
        let mut seats = Vec::with_capacity(N_SESSIONS);
        for who in &self.everyone {
            let mut seat = Seat::new(Session::new(Arc::clone(&self.core), Some(*who)));
            seat.session
                .on_text(r#"{"type":"hello","client":{"name":"crowd","version":"1"}}"#)
                .unwrap();
            let frames = seat.read();
            let [_welcome, page] = &frames[..] else { panic!("{} frames", frames.len()) };
            assert!(contains(page.frame.payload(), r#""done":true"#));
            seats.push(seat);
            if seats.len() % 1_000 == 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(self.core.hub.n_sessions(), N_SESSIONS);
        self.say(&format!("{N_SESSIONS} {how}"));
        seats
    }

    /// The owner posts more than an outbox takes; who reads hears all of it, in order.
    async fn post_to_all(&self, seats: &mut [Seat]) {
        for number in 0..N_POSTS {
            seats[0].post(self.broadcast, number);
            let first_slow = N_SESSIONS - N_SLOW;
            let heard = self.deliver(seats, |place| place < first_slow).await;
            assert_eq!(heard.n_frames, first_slow - 1, "post {number}");
            assert_eq!(heard.revs, [number as u64 + 1], "post {number}");
        }
        let n_all = (N_SESSIONS - N_SLOW) * N_POSTS;
        self.say(&format!("{N_POSTS} posts reached who reads, {n_all} deliveries"));
    }

    /// Waits until the owner's post is handed out, and lets those sessions read that are to.
    async fn deliver(&self, seats: &mut [Seat], reads: impl Fn(usize) -> bool) -> Heard {
        let last = seats.iter().enumerate().rposition(|(place, _)| reads(place)).unwrap();
        let until = Instant::now() + PATIENCE;
        while !seats[0].has_frames() || !seats[last].has_frames() {
            seats[0].poll();
            assert!(Instant::now() < until, "not delivered: {:?}", seats[0].read());
            tokio::task::yield_now().await;
        }
        for own in seats[0].read() {
            let text = String::from_utf8_lossy(own.frame.payload()).into_owned();
            // The answer, and the mark that one's own message moves.
            let is_own = ["ok", "read"].map(|one| format!(r#"{{"type":"{one}""#));
            assert!(is_own.iter().any(|one| text.starts_with(one)), "{text}");
        }
        let (mut n_frames, mut first) = (0, None);
        for (_, seat) in seats.iter_mut().enumerate().skip(1).filter(|(place, _)| reads(*place)) {
            let frames = seat.read();
            assert_eq!(frames.len(), 1);
            n_frames += frames.len();
            // Encoded once: what everyone holds are the same bytes, not equal ones.
            let first: &Queued = first.get_or_insert_with(|| Queued {
                frame: frames[0].frame.clone(),
                load: frames[0].load,
            });
            assert_eq!(frames[0].frame.as_ptr(), first.frame.as_ptr());
        }
        let revs = first.iter().map(|queued| rev_of(queued.frame.payload())).collect();
        Heard { n_frames, revs }
    }

    /// Who read nothing has cost no more than a full outbox, and pulls what was left out.
    async fn slow_readers_catch_up(&self, seats: &mut [Seat]) {
        let full = self.core.hub.limits().full_bytes;
        let last_rev = N_POSTS as u64;
        let mut n_lagging = 0;
        for seat in &mut seats[N_SESSIONS - N_SLOW..] {
            let outbox = seat.session.outbox().unwrap();
            assert!(outbox.is_lagging(), "more was posted than an outbox takes");
            assert!(outbox.n_bytes() <= full + LAST_EVENT_BYTES, "{}", outbox.n_bytes());
            let revs: Vec<u64> =
                seat.read().iter().map(|one| rev_of(one.frame.payload())).collect();
            assert!(revs.iter().copied().eq(1..=revs.len() as u64), "{revs:?}");
            let heads = seat.read();
            let [heads] = &heads[..] else { panic!("one page of heads, not {}", heads.len()) };
            let heads = heads.frame.payload();
            assert!(contains(heads, r#""lagging":true"#));
            assert!(contains(heads, &format!(r#""last_rev":{last_rev}"#)));
            n_lagging += 1;
        }
        tokio::task::yield_now().await;
        self.say(&format!("{n_lagging} slow readers pulled the rest"));
    }
}

async fn sign_up(store: &Arc<MemoryStore>, number: usize) -> Authenticated {
    let user = NewUser {
        handle: format!("crowd{number}"),
        name: format!("Crowd {number}"),
        password: None,
        kind: UserKind::Human,
    };
    let mut token = [0; 32];
    token[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let device = NewDevice { name: "crowd".to_owned(), token, expires_ms: FAR_MS };
    let made = store.sign_up(None, user, Some(device), 1).await.unwrap();
    Authenticated {
        user: made.user,
        device: made.device.unwrap(),
        kind: UserKind::Human,
        role: ServerRole::Member,
        created_ms: 1,
        expires_ms: FAR_MS,
    }
}

fn create(kind: Kind, number: u64, members: &[UserId]) -> Write {
    Write::Create(Create {
        creator: members[0],
        client_id: ClientId::from_bytes(u128::from(number).to_be_bytes()),
        kind,
        title: Some("Harbour swimmers".to_owned()),
        description: None,
        alias: None,
        members: members[1..].to_vec(),
        settings: SettingsChange::default(),
        at_ms: 1,
    })
}

/// A session whose socket takes what it is given when the test reads.
struct Seat {
    session: Session,
}

impl Seat {
    fn new(session: Session) -> Self {
        Self { session }
    }

    fn poll(&mut self) {
        let polled = self.session.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "the server closed a session: {polled:?}");
    }

    fn has_frames(&self) -> bool {
        self.session.outbox().is_some_and(|outbox| outbox.has_frames())
    }

    /// Takes all that waits, as a socket that takes everything does.
    fn read(&mut self) -> Vec<Queued> {
        self.poll();
        let mut taken = VecDeque::new();
        if let Some(outbox) = self.session.outbox() {
            outbox.take(&mut taken, usize::MAX);
            taken.iter().for_each(|queued| outbox.written(queued));
        }
        taken.into()
    }

    fn post(&mut self, conversation: ConversationId, number: usize) {
        let client_id = ClientId::from_bytes(
            ((1 << 80) | (7 << 76) | (2 << 62) | number as u128).to_be_bytes(),
        );
        let (id, text) = (number + 1, "x".repeat(POST_BYTES));
        let send = format!(
            r#"{{"type":"send","id":{id},"conversation":"{conversation}","client_id":"{client_id}","body":{{"kind":"text","text":"{text}"}}}}"#
        );
        self.session.on_text(&send).unwrap();
        self.poll();
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    std::str::from_utf8(text).unwrap().contains(part)
}

/// The place of an event, which has to be a message.
fn rev_of(text: &[u8]) -> u64 {
    let text = std::str::from_utf8(text).unwrap();
    assert!(text.starts_with(r#"{"type":"message""#), "{text}");
    let (_, rest) = text.split_once(r#""rev":"#).unwrap();
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Memory in use in this process, as the allocator counts it.
fn allocated_bytes() -> usize {
    // The sums are those of the last epoch.
    tikv_jemalloc_ctl::epoch::advance().unwrap();
    tikv_jemalloc_ctl::stats::allocated::read().unwrap()
}
