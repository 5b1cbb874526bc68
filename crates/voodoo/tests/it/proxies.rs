//! The samples in `deploy/proxy`, by the real proxies on this machine.
//!
//! Only what has to differ here is put into a sample: ports, the name and the certificate.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use voodoo_server::tls::connect_to_anyone;

use crate::cli::until;
use crate::people::QUICK;
use crate::server::{Server, data_of};

/// A proxy before a server of its own; both end with the test.
struct Stand {
    proxy: Child,
    _server: Server,
    setup_token: String,
    folder: PathBuf,
    port: u16,
}

impl Drop for Stand {
    fn drop(&mut self) {
        drop(self.proxy.kill());
        drop(self.proxy.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Where things are in the test.
struct Places {
    folder: PathBuf,
    server: String,
    tls_port: u16,
    plain_port: u16,
}

impl Places {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// A sample with other words in place of some; each of them has to be there.
    fn sample(&self, name: &str, changes: &[(&str, String)]) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/proxy").join(name);
        let mut text = fs::read_to_string(path).expect("the sample is there");
        let server = ("127.0.0.1:8080", self.server.clone());
        for (from, to) in changes.iter().chain([&server]) {
            assert!(text.contains(from), "{name} does not say {from:?}");
            text = text.replace(from, to);
        }
        text
    }
}

/// Ports that are free, below those that the system gives to whoever asks for any: between this
/// and the start of the proxy no other test gets them by chance.
fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    let mut ports = std::iter::repeat_with(|| begin + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000)
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    [(); N].map(|()| ports.next().expect("it goes on without end"))
}

fn stand(name: &'static str, proxy: impl FnOnce(&Places) -> Command) -> Stand {
    let folder = data_of(&format!("proxy-files-{name}"));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (cert.pem(), signing_key.serialize_pem());
    fs::write(folder.join("cert.pem"), &cert).unwrap();
    fs::write(folder.join("key.pem"), &key).unwrap();
    fs::write(folder.join("both.pem"), cert + &key).unwrap();
    let [tls_port, plain_port] = free_ports();
    let public_url: &'static str = format!("https://localhost:{tls_port}").leak();
    let mut settings = QUICK.to_vec();
    settings.extend([
        ("VOODOO_HTTP__PUBLIC_URL", public_url),
        ("VOODOO_HTTP__TRUSTED_PROXIES", "[\"127.0.0.0/29\"]"),
        ("VOODOO_ATTEMPTS__FREE_PER_ADDRESS", "1"),
        ("VOODOO_ATTEMPTS__FIRST_WAIT_MS", "60000"),
    ]);
    let server = Server::start(&format!("proxy-{name}"), &settings);
    let (told, setup_token) = (server.url.clone(), server.setup_token.clone());
    assert_eq!(told, public_url, "links are made with the public address");
    let places = Places { folder, server: local(&server), tls_port, plain_port };
    let log = fs::File::create(places.folder.join("log")).unwrap();
    let mut command = proxy(&places);
    command.current_dir(&places.folder).env("HOME", &places.folder);
    command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null());
    let proxy = command.spawn().unwrap_or_else(|error| {
        panic!("{name}: {error}; `cargo xtask setup` installs what tests need")
    });
    let stand =
        Stand { proxy, _server: server, setup_token, folder: places.folder, port: tls_port };
    let address = SocketAddr::from(([127, 0, 0, 1], tls_port));
    until(name, || std::net::TcpStream::connect(address).is_ok());
    stand
}

/// Where the server itself listens: its log says so in the line about the start.
fn local(server: &Server) -> String {
    let mut found = None;
    until("the server's address", || {
        let log = server.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut listens = lines.filter_map(|line| line["listen"].as_str().map(str::to_owned));
        found = listens.next();
        found.is_some()
    });
    found.expect("it was waited for")
}

/// One request by TLS from an address of this machine; status and the whole answer.
async fn ask(from: &str, port: u16, request: &str) -> (u16, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    let mut stream = Box::pin(connect_to_anyone(stream)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => panic!("{error}"),
        Ok(_) | Err(_) => {}
    }
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status: {answer:?}")), answer)
}

/// What a page sends to log in.
fn post(stand: &Stand, path: &str, origin: &str, body: &Value) -> String {
    let (port, body) = (stand.port, body.to_string());
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {origin}\r\n\
         X-Voodoo: 1\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Logs in as a page does; returns the cookie.
async fn set_up(stand: &Stand) -> String {
    let owner = json!({"token": stand.setup_token, "handle": "owner", "name": "Owner",
        "password": "correct horse battery"});
    let origin = format!("https://localhost:{}", stand.port);
    let (status, _) =
        ask("127.0.0.1", stand.port, &post(stand, "/setup", "https://evil.example", &owner)).await;
    assert_eq!(status, 403, "a page from elsewhere is refused");
    let (status, answer) =
        ask("127.0.0.1", stand.port, &post(stand, "/setup", &origin, &owner)).await;
    assert!((200..300).contains(&status), "{answer}");
    let head = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:"));
    let cookie = head.and_then(|line| line.split([':', ';']).nth(1)).expect("a cookie is set");
    assert!(cookie.contains("__Host-voodoo="), "{cookie}");
    cookie.trim().to_owned()
}

/// A WebSocket, whatever carries it.
trait Socket: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin {}

impl<S> Socket for S where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin
{
}

/// Opens a socket as a page from `origin` does.
async fn open(stand: &Stand, origin: &str, cookie: &str) -> Result<impl Socket, Error> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", stand.port)).await?;
    let stream = Box::pin(connect_to_anyone(stream)).await?;
    let mut request = format!("wss://localhost:{}/ws", stand.port).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("Origin", origin.parse().unwrap());
    headers.insert("Cookie", cookie.parse().unwrap());
    headers.insert("Sec-WebSocket-Protocol", voodoo_proto::SUBPROTOCOL.parse().unwrap());
    Ok(tokio_tungstenite::client_async(request, stream).await?.0)
}

async fn sockets_go_through(stand: &Stand, cookie: &str) {
    let Err(Error::Http(refused)) = open(stand, "https://evil.example", cookie).await.map(drop)
    else {
        panic!("a page from elsewhere opened a socket");
    };
    assert_eq!(refused.status(), 403);
    let origin = format!("https://localhost:{}", stand.port);
    let mut socket = open(stand, &origin, cookie).await.expect("a page of the server opens one");
    let hello = json!({"type": "hello", "client": {"name": "page", "version": "1"}}).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    let welcome = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(welcome.contains("\"welcome\""), "{welcome}");
    socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
    let pong = async {
        loop {
            let frame = socket.next().await.unwrap().unwrap().into_text().unwrap();
            if frame.contains("\"pong\"") {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), pong).await.expect("a pong comes");
}

/// Wrong guesses are counted by the address of who guesses, and not by what it says of itself.
async fn clients_are_told_apart(stand: &Stand) {
    let origin = format!("https://localhost:{}", stand.port);
    let guess = json!({"handle": "nobody", "password": "wrong horse battery"});
    let request = post(stand, "/log-in", &origin, &guess);
    let mut last = 0;
    for _ in 0..3 {
        (last, _) = ask("127.0.0.9", stand.port, &request).await;
    }
    assert_eq!(last, 429, "one who guesses waits");
    let (status, answer) = ask("127.0.0.10", stand.port, &request).await;
    assert_eq!(status, 401, "others do not: {answer}");
}

fn all(stand: &Stand) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cookie = set_up(stand).await;
        sockets_go_through(stand, &cookie).await;
        clients_are_told_apart(stand).await;
    });
}

#[test]
fn nginx_as_in_the_sample_passes_everything_on() {
    let stand = stand("nginx", |places| {
        let changes = [
            ("listen 80;", format!("listen 127.0.0.1:{};", places.plain_port)),
            ("listen 443 ssl;", format!("listen 127.0.0.1:{} ssl;", places.tls_port)),
            ("chat.example.org;", "localhost;".to_owned()),
            ("proxy_set_header Host $host;", "proxy_set_header Host $http_host;".to_owned()),
            ("/etc/ssl/chat.example.org/fullchain.pem", places.path("cert.pem")),
            ("/etc/ssl/chat.example.org/privkey.pem", places.path("key.pem")),
        ];
        let site = places.sample("nginx.conf", &changes);
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", places.path(kind)))
            .concat();
        let log = places.path("error.log");
        let whole = format!(
            "daemon off; master_process off; error_log {log}; pid {};\n\
             events {{}}\nhttp {{ access_log off;\n{temporary}{site}}}\n",
            places.path("pid"),
        );
        fs::write(places.path("nginx.conf"), whole).unwrap();
        let mut command = Command::new(program("nginx"));
        command.args(["-c", &places.path("nginx.conf"), "-e", &log]);
        command
    });
    all(&stand);
}

#[test]
fn haproxy_as_in_the_sample_passes_everything_on() {
    let stand = stand("haproxy", |places| {
        let changes = [
            ("bind :80", format!("bind 127.0.0.1:{}", places.plain_port)),
            ("bind :443", format!("bind 127.0.0.1:{}", places.tls_port)),
            ("/etc/ssl/chat.example.org.pem", places.path("both.pem")),
            ("maxconn 100000", "maxconn 100".to_owned()),
        ];
        fs::write(places.path("haproxy.cfg"), places.sample("haproxy.cfg", &changes)).unwrap();
        let mut command = Command::new(program("haproxy"));
        command.args(["-db", "-f", &places.path("haproxy.cfg")]);
        command
    });
    all(&stand);
}

#[test]
fn caddy_as_in_the_sample_passes_everything_on() {
    let stand = stand("caddy", |places| {
        let (cert, key) = (places.path("cert.pem"), places.path("key.pem"));
        let site = format!(
            "{{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_sni localhost\n}}\n\
             https://localhost:{} {{\n\ttls {cert} {key}",
            places.tls_port
        );
        let changes = [("chat.example.org {", site)];
        fs::write(places.path("Caddyfile"), places.sample("Caddyfile", &changes)).unwrap();
        let mut command = Command::new(program("caddy"));
        command.args(["run", "--config", &places.path("Caddyfile")]);
        command.env("XDG_DATA_HOME", &places.folder).env("XDG_CONFIG_HOME", &places.folder);
        command
    });
    all(&stand);
}

/// Debian puts servers where the search path of people does not lead.
fn program(name: &str) -> PathBuf {
    let usual = PathBuf::from("/usr/sbin").join(name);
    if usual.is_file() { usual } else { PathBuf::from(name) }
}
