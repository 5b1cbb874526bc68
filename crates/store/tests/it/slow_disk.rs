//! A disk whose syncs take 200 ms: commits take more messages each, only latency grows.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use voodoo_core::apply::{Create, Rules, Write};
use voodoo_core::store::{Accounts as _, Authenticated, NewDevice, NewUser, Store as _};
use voodoo_core::{Core, Ports, Session, Settings, SystemClock};
use voodoo_proto::object::{Kind, ServerRole, SettingsChange, UserKind};
use voodoo_proto::{ClientId, ConversationId};
use voodoo_store::{SqliteOptions, SqliteStore, verify};

use crate::disk::Disk;
use crate::folder::Folder;
use crate::start::reopen;

const SYNC: Duration = Duration::from_millis(200);
/// Acknowledged in each second, at least.
const RATE: f64 = 1_000.0;
const N_PEOPLE: usize = 600;
/// People of a group; each hears what the others say.
const GROUP: usize = 8;
/// What each says: within the burst that everyone has.
const N_MESSAGES: usize = 18;
/// Messages of one that wait for their answer at the same time.
const UNDER_WAY: usize = 3;
const FAR_MS: u64 = 1 << 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_slow_disk_a_commit_takes_more_messages_and_only_latency_grows() {
    let folder = Folder::new();
    folder.open().shutdown().await;
    reopen(&folder).shutdown().await;
    let disk = Disk::under(folder.path());
    // Short, so that the log is written back meanwhile.
    let options = SqliteOptions { checkpoint_bytes: 8 * 1024 * 1024, ..SqliteOptions::default() };
    let rules = Arc::new(Rules::default());
    let store = SqliteStore::open(folder.path(), options, rules, &SystemClock).unwrap();
    let people = gather(&store).await;
    let ports =
        Ports { store: store.clone(), accounts: store.clone(), clock: Arc::new(SystemClock) };
    let (core, workers) = Core::new(ports, Settings::default());
    let workers: tokio::task::JoinSet<()> = workers.into_iter().collect();
    let mut seats = Vec::new();
    for (number, who) in people.into_iter().enumerate() {
        seats.push(Seat::open(&core, number, who).await);
    }

    disk.slow_down(SYNC);
    let begun = Instant::now();
    let talks: Vec<_> = seats.into_iter().map(|seat| tokio::spawn(seat.talk())).collect();
    let (mut acked, mut shortest) = (BTreeMap::new(), Duration::MAX);
    for talk in talks {
        let told = talk.await.unwrap();
        shortest = shortest.min(told.shortest);
        acked.extend(told.acked);
    }
    let took = begun.elapsed();
    let n_messages = N_PEOPLE * N_MESSAGES;
    assert_eq!(acked.len(), n_messages);
    assert!(shortest >= SYNC, "the disk is slow: {shortest:?}");
    #[expect(clippy::cast_precision_loss, reason = "a few thousand messages")]
    let rate = n_messages as f64 / took.as_secs_f64();
    assert!(rate >= RATE, "{rate} messages/s");

    disk.cut();
    let survived = Folder::new();
    disk.survivors(0, survived.path());
    assert_eq!(verify(survived.path()).unwrap().findings, []);
    assert_eq!(stored(&survived), acked);
    drop((core, workers));
    store.shutdown().await;
}

/// The name and the place of each message.
type Places = BTreeMap<ClientId, (i64, u64)>;

fn stored(folder: &Folder) -> Places {
    let database = Connection::open(folder.database()).unwrap();
    let mut statement = database.prepare("SELECT client_id, conv_id, seq FROM message").unwrap();
    let rows = statement
        .query_map([], |row| Ok((ClientId::from_bytes(row.get(0)?), (row.get(1)?, row.get(2)?))));
    rows.unwrap().map(Result::unwrap).collect()
}

/// People in groups: the first group is conversation 1, and so on.
async fn gather(store: &SqliteStore) -> Vec<Authenticated> {
    let mut people = Vec::new();
    for number in 0..N_PEOPLE {
        let user = NewUser {
            handle: format!("slow{number}"),
            name: format!("Slow {number}"),
            password: None,
            kind: UserKind::Human,
        };
        let mut token = [0; 32];
        token[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let device = NewDevice { name: "slow".to_owned(), token, expires_ms: FAR_MS };
        let made = store.sign_up(None, user, Some(device), 1).await.unwrap();
        people.push(Authenticated {
            user: made.user,
            device: made.device.unwrap(),
            kind: UserKind::Human,
            role: ServerRole::Member,
            created_ms: 1,
            expires_ms: FAR_MS,
        });
    }
    let creates = people.chunks(GROUP).enumerate().map(|(number, group)| {
        Write::Create(Create {
            creator: group[0].user,
            client_id: ClientId::from_bytes((number as u128).to_be_bytes()),
            kind: Kind::Group,
            title: Some("Harbour swimmers".to_owned()),
            description: None,
            alias: None,
            members: group[1..].iter().map(|who| who.user).collect(),
            settings: SettingsChange::default(),
            at_ms: 1,
        })
    });
    for made in store.commit(creates.collect()).await.unwrap() {
        made.unwrap();
    }
    people
}

/// A session whose socket takes everything at once.
struct Seat {
    number: usize,
    conversation: ConversationId,
    session: Session,
    waiting: VecDeque<Value>,
}

/// What one was told.
struct Told {
    acked: Places,
    /// Until the soonest answer.
    shortest: Duration,
}

impl Seat {
    async fn open(core: &Arc<Core>, number: usize, who: Authenticated) -> Self {
        let conversation = ConversationId::new(i64::try_from(number / GROUP + 1).unwrap()).unwrap();
        let session = Session::new(Arc::clone(core), Some(who));
        let mut seat = Self { number, conversation, session, waiting: VecDeque::new() };
        let hello = json!({"type": "hello", "client": {"name": "slow", "version": "1"}});
        seat.session.on_text(&hello.to_string()).unwrap();
        while seat.next().await["done"] != true {}
        seat
    }

    /// The next frame. A server that closes fails the test.
    async fn next(&mut self) -> Value {
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(code) = self.session.poll(cx) {
                    panic!("the server closes a session: {code:?}");
                }
                let Some(handle) = self.session.handle() else { return Poll::Pending };
                handle.outbox.register(cx.waker());
                let mut taken = VecDeque::new();
                handle.outbox.take(&mut taken, usize::MAX);
                for queued in taken {
                    handle.outbox.written(&queued);
                    let text = queued.frame.payload();
                    self.waiting.push_back(serde_json::from_slice(text).unwrap());
                }
                match self.waiting.pop_front() {
                    Some(frame) => return Poll::Ready(frame),
                    None if self.session.has_more() => {}
                    None => return Poll::Pending,
                }
            }
        })
        .await
    }

    fn send(&mut self, id: usize) -> ClientId {
        let name = (1_u128 << 80) | (7 << 76) | (2 << 62) | (self.number * 1_000 + id) as u128;
        let client_id = ClientId::from_bytes(name.to_be_bytes());
        let send = json!({"type": "send", "id": id, "conversation": self.conversation,
            "client_id": client_id, "body": {"kind": "text", "text": "on a slow disk"}});
        self.session.on_text(&send.to_string()).unwrap();
        client_id
    }

    /// Says everything, a few messages at a time, and hears what all of the group say, in order.
    async fn talk(mut self) -> Told {
        let mut told = Told { acked: Places::new(), shortest: Duration::MAX };
        let (mut under_way, mut n_sent, mut heard_rev) = (BTreeMap::new(), 0, 0);
        let mut n_heard = 0;
        while told.acked.len() < N_MESSAGES || n_heard < (GROUP - 1) * N_MESSAGES {
            while under_way.len() < UNDER_WAY && n_sent < N_MESSAGES {
                n_sent += 1;
                under_way.insert(n_sent as u64, (Instant::now(), self.send(n_sent)));
            }
            let frame = self.next().await;
            match frame["type"].as_str().unwrap() {
                "ok" => {
                    let (at, client_id) = under_way.remove(&frame["id"].as_u64().unwrap()).unwrap();
                    told.shortest = told.shortest.min(at.elapsed());
                    let seq = frame["seq"].as_u64().unwrap();
                    told.acked.insert(client_id, (self.conversation.get(), seq));
                }
                "message" => {
                    n_heard += 1;
                    let rev = frame["rev"].as_u64().unwrap();
                    assert!(rev > heard_rev, "{rev} after {heard_rev}");
                    heard_rev = rev;
                }
                "error" | "heads" => panic!("{frame}"),
                _ => {}
            }
        }
        told
    }
}
