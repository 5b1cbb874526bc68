//! What the tests of the socket stand on: a server that listens on loopback over the in-memory
//! store, and a client that speaks bytes by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use voodoo_core::rates::Flood;
use voodoo_core::store::{Accounts, NewDevice, NewUser, Store};
use voodoo_core::testkit::MemoryStore;
use voodoo_core::{Clock, Core, Ports, Settings, SystemClock, account};
use voodoo_proto::limits::{Rate, Rates};
use voodoo_proto::object::UserKind;
use voodoo_proto::{DeviceId, UserId};
use voodoo_server::http::{Door, HttpOptions, router};
use voodoo_server::listener::{self, ListenerOptions};

use crate::http::options;
use crate::socket_client::Socket;

/// Longer than anything here takes, and no longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for what has to come, but not for ever.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it comes in time")
}

/// Waits until something holds, asking again and again.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    within(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Settings without token buckets: what is tested here is not how often one may ask.
pub(crate) fn settings() -> Settings {
    let off = Rate { per_s: 0.0, burst: 0.0 };
    let mut settings = Settings::default();
    settings.rules.limits.rates =
        Rates { send: off, react: off, history: off, search: off, create: off, join: off };
    settings.flood = Flood { refusals: off, unanswered: off, ..Flood::default() };
    settings.read_flush = Duration::from_millis(50);
    settings
}

/// The machine's clock, which tests turn ahead.
#[derive(Default)]
struct Turned(AtomicU64);

impl Clock for Turned {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms() + self.0.load(Ordering::Relaxed)
    }
}

/// A server on loopback, as it is served.
pub(crate) struct Server {
    pub(crate) core: Arc<Core>,
    pub(crate) door: Arc<Door>,
    turned: Arc<Turned>,
    pub(crate) address: SocketAddr,
    /// Ends the accept loop when it goes.
    _stop: watch::Sender<bool>,
}

/// A user on a device.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) token: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Box::pin(Self::serving(settings, options())).await
    }

    pub(crate) async fn serving(settings: Settings, options: HttpOptions) -> Self {
        let store = MemoryStore::new(Arc::new(settings.rules.clone()));
        Self::over(settings, options, store.clone(), store).await
    }

    /// The same over any conversations.
    pub(crate) async fn over(
        settings: Settings,
        options: HttpOptions,
        store: Arc<dyn Store>,
        accounts: Arc<dyn Accounts>,
    ) -> Self {
        let turned = Arc::new(Turned::default());
        let ports = Ports { store, accounts, clock: Arc::clone(&turned) as _ };
        let (core, mut workers) = Core::new(ports, settings);
        let (door, worker) = Door::new(Arc::clone(&core), options).unwrap();
        workers.push(worker);
        workers.into_iter().for_each(|worker| drop(tokio::spawn(worker)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, is_stopping) = watch::channel(false);
        let router = router(Arc::clone(&door));
        tokio::spawn(listener::serve(listener, router, ListenerOptions::default(), is_stopping));
        Self { core, door, turned, address, _stop: stop }
    }

    /// Lets time of day pass.
    pub(crate) fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.turned.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Makes an account with one device.
    pub(crate) async fn person(&self, handle: &str) -> Person {
        let user = NewUser {
            handle: handle.to_owned(),
            name: handle.to_owned(),
            password: None,
            kind: UserKind::Human,
        };
        let token = format!("{handle}-1");
        let device = Some(device(&token));
        let now_ms = self.core.clock.now_ms();
        let made = self.core.accounts.sign_up(None, user, device, now_ms).await.unwrap();
        Person { user: made.user, device: made.device.unwrap(), token }
    }

    /// Logs a person in on a further device.
    pub(crate) async fn further_device(&self, person: &Person, name: &str) -> Person {
        let token = format!("{}-{name}", person.token);
        let now_ms = self.core.clock.now_ms();
        let opened =
            self.core.accounts.open_device(person.user, device(&token), now_ms).await.unwrap();
        Person { user: opened.user, device: opened.device, token }
    }

    /// A socket of a program that has not said `hello`.
    pub(crate) async fn connect(&self, person: &Person) -> Socket {
        Socket::upgraded(self.tcp().await, &person.token).await
    }

    /// A live session, its first sync read to the end.
    pub(crate) async fn live(&self, person: &Person) -> Socket {
        let mut socket = self.connect(person).await;
        socket.hello().await;
        socket
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        let stream = within(TcpStream::connect(self.address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// The same with a window that is full soon: whoever does not read holds up the server.
    pub(crate) async fn narrow(&self) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        within(socket.connect(self.address)).await.unwrap()
    }
}

fn device(token: &str) -> NewDevice {
    let token = account::secret_hash(token);
    NewDevice { name: "test".to_owned(), token, expires_ms: voodoo_proto::MAX_SAFE_INTEGER }
}

/// A name for a message or conversation that nothing else has.
pub(crate) fn client_id(number: u64) -> String {
    format!("019b7900-0000-7000-8000-{number:012x}")
}

/// A `send` without an id.
pub(crate) fn send(conversation: &Value, number: u64, text: &str) -> Value {
    let body = json!({"kind": "text", "text": text});
    json!({"type": "send", "conversation": conversation, "client_id": client_id(number),
        "body": body})
}

/// A `create` of a group without an id.
pub(crate) fn group(number: u64, members: &[&Person]) -> Value {
    let members: Vec<String> = members.iter().map(|person| person.user.to_string()).collect();
    json!({"type": "create", "client_id": client_id(number), "kind": "group",
        "title": format!("Group {number}"), "members": members})
}
