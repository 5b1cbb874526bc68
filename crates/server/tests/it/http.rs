//! What the tests of the HTTP door stand on: a door over the in-memory store, and requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use voodoo_core::apply::{Create, Reply, Write};
use voodoo_core::bus::{Bus, Hint};
use voodoo_core::hub::Hub;
use voodoo_core::store::{Accounts, OneTime, Store};
use voodoo_core::testkit::MemoryStore;
use voodoo_core::{Clock, Core, Ports, Settings, account};
use voodoo_proto::http::LoggedIn;
use voodoo_proto::object::{Kind, SettingsChange};
use voodoo_proto::{CloseCode, ConversationId, DeviceId, UserId};
use voodoo_server::http::{Door, HttpOptions, router};
use voodoo_server::listener::Addresses;
use voodoo_server::password::HashOptions;

use crate::http_contract;

/// The page that asks, and where it asks.
pub(crate) const HOST: &str = "localhost:8080";
pub(crate) const ORIGIN: &str = "http://localhost:8080";
pub(crate) const PASSWORD: &str = "a lamp by the window";

/// Options with which hashing costs nothing.
pub(crate) fn options() -> HttpOptions {
    let hashing = HashOptions { memory_kib: 8, n_passes: 1, n_lanes: 1, ..HashOptions::default() };
    HttpOptions { hashing, ..HttpOptions::default() }
}

/// A clock that tests turn.
pub(crate) struct Hands(AtomicU64);

impl Clock for Hands {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Notes which devices were revoked.
#[derive(Default)]
pub(crate) struct Ears(Mutex<Vec<(UserId, DeviceId, CloseCode)>>);

impl Bus for Ears {
    fn publish(&self, hint: Hint) {
        if let Hint::Revoked { user, device, code } = hint {
            self.0.lock().push((user, device, code));
        }
    }
}

/// A door with a router before it and an in-memory store behind it.
pub(crate) struct Server {
    pub(crate) door: Arc<Door>,
    hands: Arc<Hands>,
    ears: Arc<Ears>,
    router: Router,
    /// Routes that did what they are there for.
    done: Mutex<Vec<(Method, &'static str)>>,
}

impl Server {
    pub(crate) fn start(options: HttpOptions) -> Self {
        let store = MemoryStore::new(Arc::default());
        Self::over(options, Arc::clone(&store) as _, store)
    }

    /// The same over any accounts.
    pub(crate) fn over(
        options: HttpOptions,
        accounts: Arc<dyn Accounts>,
        store: Arc<dyn Store>,
    ) -> Self {
        let hands = Arc::new(Hands(AtomicU64::new(1_767_261_600_000)));
        let ears = Arc::new(Ears::default());
        let clock: Arc<dyn Clock> = Arc::clone(&hands) as _;
        let ports = Ports { store, accounts, clock };
        let settings = Settings::default();
        let hub = Arc::new(Hub::new(settings.outbox, 20));
        let (core, workers) = Core::over(ports, settings, hub, Arc::clone(&ears) as _);
        let (door, _worker) = Door::new(core, options).unwrap();
        for worker in workers {
            tokio::spawn(worker);
        }
        Self { router: router(Arc::clone(&door)), door, hands, ears, done: Mutex::default() }
    }

    /// A server that ada owns, and her token.
    pub(crate) async fn owned(options: HttpOptions) -> (Self, LoggedIn) {
        let server = Self::start(options);
        let token = server.setup_token().await.unwrap();
        let ada = server.ask(Ask::post("/setup").json(&set_up(&token))).await.logged_in();
        (server, ada)
    }

    /// Makes bo's account by an invite.
    pub(crate) async fn sign_up(&self, owner: &LoggedIn, handle: &str) -> LoggedIn {
        let invite = self.ask(Ask::post("/invites").by(owner).json(&json!({"uses": 1}))).await;
        let code = invite.ok()["code"].clone();
        let wanted =
            json!({"invite": code, "handle": handle, "name": handle, "password": PASSWORD});
        self.ask(Ask::post("/sign-up").json(&wanted)).await.logged_in()
    }

    pub(crate) async fn setup_token(&self) -> Option<String> {
        let link = self.door.setup_link("127.0.0.1:8080".parse().unwrap()).await.unwrap()?;
        let (page, token) = link.split_once('#').expect("secrets travel in fragments");
        assert!(page.ends_with("/setup"), "{page}");
        Some(token.to_owned())
    }

    pub(crate) async fn log_in(&self, handle: &str) -> LoggedIn {
        self.ask(Ask::post("/log-in").json(&log_in(handle, PASSWORD))).await.logged_in()
    }

    /// Lets time of day pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.hands.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// The devices whose sockets were closed so far, all of them to log in again.
    pub(crate) fn revoked(&self) -> Vec<DeviceId> {
        let heard = self.ears.0.lock();
        assert!(heard.iter().all(|(_, _, code)| *code == CloseCode::LogInAgain));
        heard.iter().map(|(_, device, _)| *device).collect()
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        let mut request = ask.0;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let addresses = Addresses {
            peer: "127.0.0.1:50000".parse().unwrap(),
            local: "127.0.0.1:8080".parse().unwrap(),
        };
        if request.extensions().get::<Addresses>().is_none() {
            request.extensions_mut().insert(addresses);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer { status: head.status, headers: head.headers, body, text };
        let route = http_contract::check(&method, &path, &answer);
        if let Some(route) = route.filter(|_| answer.status.is_success()) {
            self.done.lock().push(route);
        }
        answer
    }

    /// The routes that did so far what they are there for.
    pub(crate) fn done(&self) -> Vec<(Method, &'static str)> {
        self.done.lock().clone()
    }

    /// A group of one user.
    pub(crate) async fn conversation(&self, creator: UserId) -> ConversationId {
        let create = Create {
            creator,
            client_id: "019b7900-0000-7000-8000-00000000c0de".parse().unwrap(),
            kind: Kind::Group,
            title: Some("Harbour".to_owned()),
            description: None,
            alias: None,
            members: Vec::new(),
            settings: SettingsChange::default(),
            at_ms: self.door.core.clock.now_ms(),
        };
        let Reply::In(conversation) =
            self.door.core.carry_out(Write::Create(create)).await.unwrap()
        else {
            panic!("a group is made");
        };
        conversation
    }

    /// The secret of a link by which a user sets a new password.
    pub(crate) async fn reset_token(&self, user: UserId) -> String {
        let token = "a link that resets a password".to_owned();
        let secret = account::secret_hash(&token);
        let accounts = &self.door.core.accounts;
        accounts.put_one_time(OneTime::Reset, secret, Some(user), u64::MAX >> 11).await.unwrap();
        token
    }
}

pub(crate) fn set_up(token: &str) -> Value {
    json!({"token": token, "handle": "ada", "name": "Ada Lovelace", "password": PASSWORD,
        "server_name": "Harbour"})
}

pub(crate) fn log_in(handle: &str, password: &str) -> Value {
    json!({"handle": handle, "password": password})
}

/// A request in the making.
pub(crate) struct Ask(Request<Body>);

impl Ask {
    /// Any path, from the root.
    pub(crate) fn at(method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        Self(request.body(Body::empty()).unwrap())
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::at(Method::GET, &format!("/api/v1{path}"))
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::at(Method::POST, &format!("/api/v1{path}"))
    }

    pub(crate) fn patch(path: &str) -> Self {
        Self::at(Method::PATCH, &format!("/api/v1{path}"))
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::at(Method::DELETE, &format!("/api/v1{path}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(Body::from(body.to_string()))
    }

    pub(crate) fn body(mut self, body: Body) -> Self {
        *self.0.body_mut() = body;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// As the program that got this token.
    pub(crate) fn by(self, logged_in: &LoggedIn) -> Self {
        let token = logged_in.token.as_deref().expect("a program has a token");
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// As a page of this server sends it.
    pub(crate) fn page(self) -> Self {
        self.header("origin", ORIGIN).header("x-voodoo", "1")
    }

    pub(crate) fn from(mut self, peer: &str) -> Self {
        let peer = format!("{peer}:50000").parse().unwrap();
        let local = "127.0.0.1:8080".parse().unwrap();
        self.0.extensions_mut().insert(Addresses { peer, local });
        self
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        assert!(self.status.is_success(), "{self:?}");
        &self.body
    }

    #[track_caller]
    pub(crate) fn logged_in(&self) -> LoggedIn {
        serde_json::from_value(self.ok().clone()).unwrap()
    }

    /// A problem of this code, and what of it a program reads.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Value {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        &self.body
    }

    /// The same, at a field.
    #[track_caller]
    pub(crate) fn refused_at(&self, field: &str) {
        assert_eq!(self.refused(400, "bad_request")["field"], field);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that was set, as browsers send it back.
    #[track_caller]
    pub(crate) fn cookie(&self) -> &str {
        let (pair, _) = self.header("set-cookie").split_once(';').expect("a cookie was set");
        pair
    }
}
