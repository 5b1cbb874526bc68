//! TLS by a certificate and a key in files, at the real socket.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    self, ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion,
};
use voodoo_server::http::{HttpOptions, router, to_tls};
use voodoo_server::listener::{self, ListenerOptions};
use voodoo_server::tls::{Tls, TlsFiles, connect_to_anyone};

use crate::http::{PASSWORD, options};
use crate::socket::{PATIENCE, Server, group, send, settings, within};
use crate::socket_client::{Head, Socket};

static VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A folder with a certificate and its key, which goes with the test.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn paths(&self) -> TlsFiles {
        TlsFiles { cert: self.0.join("cert.pem"), key: self.0.join("key.pem") }
    }

    /// Writes a fresh certificate for localhost, and returns it.
    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.paths().cert, cert.pem()).unwrap();
        fs::write(self.paths().key, signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A server with a second listener, which speaks TLS.
struct Secure {
    server: Server,
    tls: Arc<Tls>,
    address: SocketAddr,
    trusted: CertificateDer<'static>,
    files: Files,
    _stop: watch::Sender<bool>,
}

impl Secure {
    async fn start(name: &str) -> Self {
        Self::with(name, ListenerOptions::default()).await
    }

    async fn with(name: &str, options_of_listener: ListenerOptions) -> Self {
        let server = Server::serving(settings(), HttpOptions { is_tls: true, ..options() }).await;
        let files = Files::new(name);
        let trusted = files.renew();
        let tls = Tls::load(files.paths()).unwrap();
        let options = ListenerOptions { tls: Some(Arc::clone(&tls)), ..options_of_listener };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, is_stopping) = watch::channel(false);
        let router = router(Arc::clone(&server.door));
        tokio::spawn(listener::serve(listener, router, options, is_stopping));
        Self { server, tls, address, trusted, files, _stop: stop }
    }

    async fn tcp(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    async fn connect(
        &self,
        trusted: &CertificateDer<'static>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let config = config_of(trusted, versions);
        let name = ServerName::try_from("localhost").unwrap();
        within(TlsConnector::from(Arc::new(config)).connect(name, self.tcp().await)).await
    }

    /// A client's end in the clear; between it and the server is TLS.
    async fn socket(&self) -> Socket {
        let stream = self.connect(&self.trusted, &VERSIONS).await.unwrap();
        Socket::over(in_the_clear(stream).await)
    }
}

fn config_of(
    trusted: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn in_the_clear(mut secure: TlsStream<TcpStream>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    tokio::spawn(async move { copy_bidirectional(&mut secure, &mut far).await });
    near
}

async fn answer(mut socket: Socket, request: &str) -> (Head, String) {
    socket.write(request.as_bytes()).await;
    let head = socket.head().await;
    (head, socket.rest().await)
}

#[tokio::test]
async fn a_session_by_tls_is_as_any_other() {
    let secure = Secure::start("tls_session").await;
    let (ada, bo) = (secure.server.person("ada").await, secure.server.person("bo").await);
    let mut other = secure.server.live(&bo).await;
    for (number, version) in (1..).zip(VERSIONS) {
        let stream = secure.connect(&secure.trusted, &[version]).await.unwrap();
        let mut own = Socket::upgraded(in_the_clear(stream).await, &ada.token).await;
        own.hello().await;
        let made = own.ok(&group(number, &[&bo])).await;
        let sent = own.ok(&send(&made["conversation"], 100 + number, "low tide")).await;
        assert_eq!(sent["seq"], 1);
        assert_eq!(other.event("message").await["body"]["text"], "low tide");
        own.tell(&json!({"type": "bye"})).await;
        assert_eq!(own.closed().await, Some(1000));
    }
}

#[tokio::test]
async fn what_is_long_comes_whole_in_both_directions() {
    let secure = Secure::start("tls_long").await;
    let ada = secure.server.person("ada").await;
    let mut own = secure.socket().await;
    own.write(crate::socket_client::upgrade_of(&ada.token).as_bytes()).await;
    own.accepted().await;
    own.hello().await;
    let made = own.ok(&group(1, &[])).await;
    let long = "å".repeat(16_000);
    for number in 2..12 {
        own.ok(&send(&made["conversation"], number, &long)).await;
    }
    let history =
        json!({"type": "history", "conversation": made["conversation"], "limit": 10, "after": 0});
    let page = own.ok(&history).await;
    let texts = page["messages"].as_array().unwrap();
    assert!(texts.len() >= 5 && texts.iter().all(|message| message["body"]["text"] == long));
}

/// More than the server would remember, were it to remember them.
#[tokio::test]
async fn whoever_comes_back_by_tls_is_known_by_the_ticket_they_bring() {
    const N: usize = 300;
    let secure = Secure::start("tls_ticket").await;
    for version in VERSIONS {
        let mut config = config_of(&secure.trusted, &[version]);
        let mut kinds = Vec::new();
        let mut devices = Vec::new();
        for at in 0..2 * N {
            // Each device remembers for itself.
            config.resumption = rustls::client::Resumption::in_memory_sessions(8);
            if at < N {
                devices.push(TlsConnector::from(Arc::new(config.clone())));
            }
            let name = ServerName::try_from("localhost").unwrap();
            let connecting = devices[at % N].connect(name, secure.tcp().await);
            let mut stream = within(connecting).await.unwrap();
            // The ticket comes with the first answer.
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            assert!(within(stream.read(&mut [0; 64])).await.unwrap() > 0);
            kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        }
        assert!(kinds[..N].iter().all(|kind| *kind == HandshakeKind::Full));
        assert!(kinds[N..].iter().all(|kind| *kind == HandshakeKind::Resumed), "{version:?}");
    }
}

#[tokio::test]
async fn pages_by_tls_get_a_host_cookie_and_are_told_to_stay_with_tls() {
    let secure = Secure::start("tls_pages").await;
    let door = &secure.server.door;
    let link = door.setup_link(secure.address).await.unwrap().unwrap();
    let own = format!("https://localhost:{}", secure.address.port());
    assert!(link.starts_with(&format!("{own}/setup#")), "{link}");
    let (_, token) = link.split_once('#').unwrap();
    let body = json!({"token": token, "handle": "ada", "name": "Ada", "password": PASSWORD});
    let body = body.to_string();
    let request = format!(
        "POST /api/v1/setup HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: {own}\r\nX-Voodoo: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        secure.address.port(),
        body.len()
    );
    let (head, _) = answer(secure.socket().await, &request).await;
    assert_eq!(head.status, 200, "{head:?}");
    let cookie = head.header("set-cookie")[0];
    assert!(cookie.starts_with("__Host-voodoo="), "{cookie}");
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(head.header("strict-transport-security"), ["max-age=63072000"]);
}

#[tokio::test]
async fn a_certificate_is_read_anew_while_connections_go_on() {
    let secure = Secure::start("tls_reload").await;
    let ada = secure.server.person("ada").await;
    let mut before = secure.socket().await;
    before.write(crate::socket_client::upgrade_of(&ada.token).as_bytes()).await;
    before.accepted().await;
    before.hello().await;
    let renewed = secure.files.renew();
    secure.connect(&secure.trusted, &VERSIONS).await.expect("the old one until it is said");
    secure.tls.reload().unwrap();
    secure.connect(&renewed, &VERSIONS).await.expect("the new one");
    secure.connect(&secure.trusted, &VERSIONS).await.expect_err("the old one is over");
    before.is_served().await;
    fs::write(secure.files.paths().cert, "no certificate").unwrap();
    let error = secure.tls.reload().unwrap_err().to_string();
    assert!(error.contains("cert.pem"), "{error}");
    secure.connect(&renewed, &VERSIONS).await.expect("what is broken changes nothing");
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let (files, others) = (Files::new("tls_files"), Files::new("tls_other_files"));
    let load = |files: TlsFiles| Tls::load(files).map(drop).map_err(|error| error.to_string());
    assert!(load(files.paths()).unwrap_err().contains("cert.pem"));
    files.renew();
    others.renew();
    load(files.paths()).unwrap();
    let mixed = TlsFiles { key: others.paths().key, ..files.paths() };
    assert!(load(mixed).unwrap_err().starts_with("the certificate and its key: "));
    let swapped = TlsFiles { cert: files.paths().key, key: files.paths().cert };
    assert!(load(swapped).unwrap_err().contains("key.pem: there is no certificate in it"));
    let keyless = TlsFiles { key: files.paths().cert, ..files.paths() };
    assert!(load(keyless).unwrap_err().contains("cert.pem"));
}

#[tokio::test]
async fn whoever_does_not_finish_the_handshake_is_let_go() {
    let options = ListenerOptions {
        header_timeout: Duration::from_millis(200),
        ..ListenerOptions::default()
    };
    let secure = Secure::with("tls_stall", options).await;
    let mut silent = Socket::over(secure.tcp().await);
    let mut half = Socket::over(secure.tcp().await);
    half.write(&[22, 3, 1, 2, 0, 1]).await;
    assert_eq!((silent.rest().await.as_str(), half.rest().await.as_str()), ("", ""));
    let mut plain = secure.tcp().await;
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    // It may be cut off.
    drop(within(plain.read_to_end(&mut bytes)).await);
    assert!(!bytes.starts_with(b"HTTP"), "an alert of TLS at most");
    // Whoever asks for health alone does not ask who answers.
    let anyone = connect_to_anyone(secure.tcp().await).await.unwrap();
    drop(anyone);
    let get = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (head, _) = answer(secure.socket().await, get).await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn a_reader_by_tls_that_takes_nothing_is_closed() {
    let mut settings = settings();
    settings.not_writable = Duration::from_millis(300);
    let files = Files::new("tls_slow");
    let trusted = files.renew();
    let server = Server::serving(settings, options()).await;
    let tls = Tls::load(files.paths()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, is_stopping) = watch::channel(false);
    let options = ListenerOptions { tls: Some(Arc::clone(&tls)), ..ListenerOptions::default() };
    let router = router(Arc::clone(&server.door));
    tokio::spawn(listener::serve(listener, router, options, is_stopping));
    let secure = Secure { server, tls, address, trusted, files, _stop: stop };

    let (ada, bo) = (secure.server.person("ada").await, secure.server.person("bo").await);
    let mut own = secure.server.live(&ada).await;
    let made = own.ok(&group(1, &[&bo])).await;
    let mut slow = secure.socket().await;
    slow.write(crate::socket_client::upgrade_of(&bo.token).as_bytes()).await;
    slow.accepted().await;
    slow.hello().await;
    assert_eq!(secure.server.core.hub.n_sessions(), 2);
    let long = "x".repeat(16_000);
    // How much a kernel takes in for a reader that takes nothing is its own affair: it is time
    // that ends this, not a number of messages.
    let begin = Instant::now();
    for number in 2.. {
        if secure.server.core.hub.n_sessions() == 1 {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "it is closed at last");
        own.ok(&send(&made["conversation"], number, &long)).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    own.is_served().await;
}

#[tokio::test]
async fn the_plain_port_sends_everything_on_to_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, is_stopping) = watch::channel(false);
    let options = ListenerOptions::default();
    tokio::spawn(listener::serve(listener, to_tls(None, 443), options, is_stopping));
    for (request, expected) in [
        ("GET /join?a=1", "https://chat.example/join?a=1"),
        ("POST /api/v1/log-in", "https://chat.example/api/v1/log-in"),
        ("GET /ws", "https://chat.example/ws"),
    ] {
        let stream = within(TcpStream::connect(address)).await.unwrap();
        let request =
            format!("{request} HTTP/1.1\r\nHost: chat.example:80\r\nConnection: close\r\n\r\n");
        let (head, body) = answer(Socket::over(stream), &request).await;
        assert_eq!((head.status, body.as_str()), (308, ""));
        assert_eq!(head.header("location"), [expected]);
    }
}
