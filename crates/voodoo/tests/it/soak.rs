//! Whether the server weighs as much after a long day as before it.
//!
//! People log in, come, talk, read, change what they said, and go, some of them without a word.
//! It is weighed where all is quiet: after a warm-up, and again at the end. `SOAK_S=3600` makes the
//! day an hour.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use voodoo_client::{Address, Http};

use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::Server;

/// How long it is, unless `SOAK_S` says otherwise; what is warm after that stays so.
const SOAK: Duration = Duration::from_secs(30);
const WARM_UP: Duration = Duration::from_secs(15);
/// What everyone says in a visit, and what they say before it is weighed: so much is stored then
/// that every cache of the store is full.
const N_WORDS: usize = 5;
const N_WORDS_TO_WARM_UP: usize = 60;
/// People who come and go at once.
const N_PEOPLE: u32 = 12;
/// From one visit of somebody to the next: each leaves three connections behind that the kernel
/// keeps for a minute, and it has no more than 28,000 ports.
const EVERY: Duration = Duration::from_millis(150);
/// What allocators keep this time and not that, and the last of the store's caches to fill: 1 MiB was
/// seen. A session that stays takes 2 KiB, and half a minute has 2,400 of them.
const NOISE_KIB: u64 = 2 * 1024;
/// What may be added in an hour.
const PER_HOUR_KIB: u64 = 1024;
/// Connections of the store and threads that hash are there from their first use on.
const FEW: usize = 4;
/// Until freed memory has gone back to the system, and connections have ended on both sides.
const QUIET: Duration = Duration::from_secs(20);

/// What a process takes of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    resident_kib: u64,
    n_descriptors: usize,
    n_threads: usize,
}

impl Weight {
    fn of(server: &Server) -> Self {
        let process = format!("/proc/{}", server.pid());
        let count = |what: &str| fs::read_dir(format!("{process}/{what}")).unwrap().count();
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let resident_kib = line.trim().trim_end_matches(" kB").parse().unwrap();
        Self { resident_kib, n_descriptors: count("fd"), n_threads: count("task") }
    }

    /// The least that it weighs once all is quiet; looks until it weighs no more than `enough`.
    fn at_rest(server: &Server, enough: impl Fn(&Self) -> bool) -> Self {
        let end = Instant::now() + QUIET;
        let mut least = Self::of(server);
        while Instant::now() < end && !enough(&least) {
            std::thread::park_timeout(Duration::from_millis(100));
            let now = Self::of(server);
            least.resident_kib = least.resident_kib.min(now.resident_kib);
            least.n_descriptors = least.n_descriptors.min(now.n_descriptors);
            least.n_threads = least.n_threads.min(now.n_threads);
        }
        least
    }
}

/// Where somebody talks, and how much in a visit.
#[derive(Clone, Copy)]
struct Talking<'a> {
    group: &'a str,
    peer: &'a str,
    n_words: usize,
}

/// One visit: a log-in, a session, words here and there, and an end.
async fn visit(door: &Http, person: &Person, talking: Talking<'_>, number: u64) {
    let Talking { group, peer, n_words } = talking;
    let handle = format!("person{}", person.who.0);
    let (own, _) = door.log_in(&handle, "correct horse battery").await.unwrap();
    let person = Person { token: own.token().unwrap().to_owned(), ..person.clone() };
    let mut talk = Talk::begin(door.address(), &person).await.expect("the server is there");
    let direct = talk.direct(peer).await;
    for (at, conversation) in [group, &direct].into_iter().cycle().take(n_words).enumerate() {
        let client_id = uuid::Uuid::now_v7().to_string();
        let said = talk
            .ask(json!({"type": "send", "conversation": conversation, "client_id": client_id,
                "body": {"kind": "text", "text": format!("{number} and {at}")}}))
            .await
            .expect("the server is there");
        assert_eq!(said["type"], "ok", "{said}");
        talk.tell(json!({"type": "read", "conversation": conversation, "seq": said["seq"]})).await;
        talk.tell(json!({"type": "typing", "conversation": conversation})).await;
    }
    let page =
        json!({"type": "history", "conversation": group, "before": 1_u64 << 50, "limit": 20});
    assert_eq!(talk.ask(page).await.unwrap()["type"], "ok");
    // Some close, some just go.
    if number.is_multiple_of(2) {
        talk.tell(json!({"type": "bye"})).await;
    }
    drop(talk);
    let _: Value = own.post("/log-out", &json!({})).await.unwrap();
}

/// Everyone comes and goes until the time is over; tells how many visits that were.
async fn live(
    (address, people, group): (&Address, &[Person], &str),
    n_words: usize,
    span: Duration,
) -> u64 {
    let end = Instant::now() + span;
    let others = people.iter().cycle().skip(1);
    let lives = people.iter().zip(others).map(|(person, peer)| async move {
        let door = Http::new(address.clone());
        let mut n_visits = 0;
        let mut pace = tokio::time::interval(EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < end {
            pace.tick().await;
            let talking = Talking { group, peer: &peer.user, n_words };
            visit(&door, person, talking, n_visits).await;
            n_visits += 1;
        }
        n_visits
    });
    futures_util::future::join_all(lives).await.into_iter().sum()
}

fn soak() -> Duration {
    let said = std::env::var("SOAK_S").ok().and_then(|text| text.parse().ok());
    said.map_or(SOAK, Duration::from_secs)
}

#[test]
fn a_server_weighs_as_much_after_a_long_day_as_before_it() {
    let few = [("VOODOO_STORE__CACHE_MIB", "1"), ("VOODOO_HASHING__THREADS", "2")];
    let settings = [QUICK, &few].concat();
    let server = Server::start("soak", &settings);
    let address = address(&server);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let people = runtime.block_on(sign_up(&server, N_PEOPLE));
    let group = runtime.block_on(async {
        let mut talk = Talk::begin(&address, &people[0]).await.unwrap();
        let members: Vec<_> = people[1..].iter().map(|one| &one.user).collect();
        let create = json!({"type": "create", "kind": "group", "title": "All",
            "client_id": uuid::Uuid::now_v7().to_string(), "members": members});
        talk.ask(create).await.unwrap()["conversation"].as_str().unwrap().to_owned()
    });
    let where_they_are = (&address, people.as_slice(), group.as_str());
    runtime.block_on(live(where_they_are, N_WORDS_TO_WARM_UP, WARM_UP));
    let before = Weight::at_rest(&server, |_| false);
    let span = soak();
    let n_visits = runtime.block_on(live(where_they_are, N_WORDS, span));
    let allowed_kib = NOISE_KIB + PER_HOUR_KIB * span.as_secs() / 3_600;
    let is_as_before = |now: &Weight| {
        now.resident_kib <= before.resident_kib + allowed_kib
            && now.n_descriptors <= before.n_descriptors + FEW
            && now.n_threads <= before.n_threads + FEW
    };
    let after = Weight::at_rest(&server, is_as_before);
    println!("{n_visits} visits in {span:?}: {before:?}, then {after:?}");
    assert!(n_visits > u64::from(N_PEOPLE), "nobody came twice");
    assert!(is_as_before(&after), "{before:?} became {after:?} by {n_visits} visits");
}
