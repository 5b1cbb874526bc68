//! A client that speaks bytes by hand, and keeps what it was not asked for.

use std::collections::VecDeque;

use bytes::{Buf as _, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use voodoo_server::ws::Opcode;

use crate::socket::within;
use crate::ws_codec::client_frame;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What RFC 6455 §1.3 answers to that key.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An upgrade request with further header lines.
pub(crate) fn upgrade(headers: &[(&str, &str)]) -> String {
    let mut request = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
    );
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request + "\r\n"
}

/// The upgrade request of a program.
pub(crate) fn upgrade_of(token: &str) -> String {
    let bearer = format!("Bearer {token}");
    upgrade(&[("Sec-WebSocket-Protocol", "voodoo.v1"), ("Authorization", &bearer)])
}

/// A text in one masked frame.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    client_frame(true, Opcode::Text, text.as_bytes())
}

/// The head of an answer of HTTP.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    lines: String,
}

impl Head {
    /// The values of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let fields = self.lines.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, it)| it).collect()
    }
}

/// What the server said, frame by frame.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Text(Value),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    /// The connection is over.
    End,
}

impl Said {
    fn text(self) -> Result<Value, Self> {
        if let Self::Text(text) = self { Ok(text) } else { Err(self) }
    }
}

/// One end of a connection.
pub(crate) struct Socket {
    stream: TcpStream,
    unread: BytesMut,
    /// Frames that came while others were looked for.
    kept: VecDeque<Value>,
    last_id: u64,
}

impl Socket {
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self { stream, unread: BytesMut::new(), kept: VecDeque::new(), last_id: 0 }
    }

    /// Asks for the upgrade as a program, and gets it.
    pub(crate) async fn upgraded(stream: TcpStream, token: &str) -> Self {
        let mut socket = Self::over(stream);
        socket.write(upgrade_of(token).as_bytes()).await;
        socket.accepted().await;
        socket
    }

    /// Reads the answer that makes the connection a WebSocket.
    pub(crate) async fn accepted(&mut self) {
        let head = self.head().await;
        assert_eq!(head.status, 101, "{head:?}");
        assert_eq!(head.header("sec-websocket-accept"), [ACCEPT]);
        assert_eq!(head.header("sec-websocket-protocol"), ["voodoo.v1"]);
        assert_eq!(head.header("sec-websocket-extensions"), [""; 0]);
    }

    /// Reads the head of an answer of HTTP.
    pub(crate) async fn head(&mut self) -> Head {
        loop {
            if let Some(end) = self.unread.windows(4).position(|part| part == b"\r\n\r\n") {
                let lines = String::from_utf8(self.unread.split_to(end + 4).to_vec()).unwrap();
                let status = lines.split(' ').nth(1).unwrap().parse().unwrap();
                return Head { status, lines };
            }
            assert!(self.fill().await, "an answer comes");
        }
    }

    /// Reads so many bytes.
    pub(crate) async fn bytes(&mut self, n: usize) -> Vec<u8> {
        while self.unread.len() < n {
            assert!(self.fill().await, "the rest comes");
        }
        self.unread.split_to(n).to_vec()
    }

    /// Whether nothing stands there to be read.
    pub(crate) fn has_heard_nothing(&mut self) -> bool {
        let read = self.stream.try_read_buf(&mut self.unread);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Reads to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        while self.fill().await {}
        String::from_utf8(self.unread.split().to_vec()).unwrap()
    }

    /// Reads all that is left; the code of the close frame, if one came before the end.
    pub(crate) async fn ending(&mut self) -> Option<u16> {
        while self.fill().await {}
        while let Some((opcode, payload)) = self.take_frame() {
            if let (8, Said::Close(code, _)) = (opcode, close(&payload)) {
                return code;
            }
        }
        None
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Says nothing more, and listens on.
    pub(crate) async fn shut(&mut self) {
        within(self.stream.shutdown()).await.unwrap();
    }

    pub(crate) async fn tell(&mut self, frame: &Value) {
        self.write(&text_frame(&frame.to_string())).await;
    }

    async fn fill(&mut self) -> bool {
        // A connection that was cut is over too.
        within(self.stream.read_buf(&mut self.unread)).await.is_ok_and(|n| n > 0)
    }

    /// The next frame, whatever it is.
    pub(crate) async fn said(&mut self) -> Said {
        loop {
            if let Some((opcode, payload)) = self.take_frame() {
                return match opcode {
                    1 => Said::Text(serde_json::from_slice(&payload).unwrap()),
                    8 => close(&payload),
                    10 => Said::Pong(payload),
                    other => panic!("a frame of opcode {other}"),
                };
            }
            if !self.fill().await {
                assert!(self.unread.is_empty(), "ends within a frame");
                return Said::End;
            }
        }
    }

    /// Takes a whole, final and unmasked frame off what was read.
    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.unread.first()?, *self.unread.get(1)?);
        assert_eq!(first & 0xf0, 0x80, "final, without reserved bits");
        assert!(second < 0x80, "a server does not mask");
        let (header_bytes, payload_bytes) = match second {
            126 => (4, u64::from((&self.unread[2..]).try_get_u16().ok()?)),
            127 => (10, (&self.unread[2..]).try_get_u64().ok()?),
            short => (2, u64::from(short)),
        };
        let payload_bytes = usize::try_from(payload_bytes).unwrap();
        if self.unread.len() < header_bytes + payload_bytes {
            return None;
        }
        self.unread.advance(header_bytes);
        Some((first & 0x0f, self.unread.split_to(payload_bytes).to_vec()))
    }

    /// The next text, in the order of the wire.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            if let Some(kept) = self.kept.pop_front() {
                return kept;
            }
            let text = self.said().await.text();
            text.unwrap_or_else(|other| panic!("{other:?} at {caller}"))
        }
    }

    /// The first text that is wanted; those before it are kept for later.
    #[track_caller]
    pub(crate) fn find(
        &mut self,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            if let Some(at) = self.kept.iter().position(&is_wanted) {
                return self.kept.remove(at).unwrap();
            }
            loop {
                match self.said().await.text() {
                    Ok(text) if is_wanted(&text) => return text,
                    Ok(text) => self.kept.push_back(text),
                    Err(other) => panic!("{other:?} at {caller}, kept {:?}", self.kept),
                }
            }
        }
    }

    /// The first text of a type.
    #[track_caller]
    pub(crate) fn event(&mut self, name: &str) -> impl Future<Output = Value> {
        self.find(move |text| text["type"] == name)
    }

    /// Sends a request under a fresh id, which it returns.
    pub(crate) async fn request(&mut self, frame: &Value) -> u64 {
        self.last_id += 1;
        let mut frame = frame.clone();
        frame["id"] = self.last_id.into();
        self.tell(&frame).await;
        self.last_id
    }

    pub(crate) async fn reply(&mut self, id: u64) -> Value {
        self.find(move |text| text["id"] == id).await
    }

    pub(crate) async fn ask(&mut self, frame: &Value) -> Value {
        let id = self.request(frame).await;
        self.reply(id).await
    }

    pub(crate) async fn ok(&mut self, frame: &Value) -> Value {
        let reply = self.ask(frame).await;
        assert_eq!(reply["type"], "ok", "{reply} to {frame}");
        reply
    }

    /// What is not `ok`, and why.
    pub(crate) async fn refused(&mut self, frame: &Value, code: &str) -> Value {
        let reply = self.ask(frame).await;
        assert_eq!((&reply["type"], &reply["code"]), (&json!("refused"), &json!(code)), "{reply}");
        reply
    }

    /// Says `hello` and reads `welcome` and every page of the sync.
    pub(crate) async fn hello(&mut self) -> (Value, Vec<Value>) {
        self.hello_with(&json!({})).await
    }

    pub(crate) async fn hello_with(&mut self, resume: &Value) -> (Value, Vec<Value>) {
        self.tell(&hello(resume)).await;
        let welcome = self.next().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (welcome, self.pages().await)
    }

    /// The pages of a sync, to the last.
    pub(crate) async fn pages(&mut self) -> Vec<Value> {
        let mut pages = vec![self.event("sync").await];
        while pages.last().is_some_and(|page| page["done"] == false) {
            pages.push(self.event("sync").await);
        }
        pages
    }

    /// Proves that the session goes on, and that nothing was said before but what is kept.
    pub(crate) async fn is_served(&mut self) {
        self.tell(&json!({"type": "ping"})).await;
        self.event("pong").await;
    }

    /// What was kept and not looked at.
    pub(crate) fn kept(&mut self) -> Vec<Value> {
        self.kept.drain(..).collect()
    }

    /// Reads the rest, says good-bye as RFC 6455 wants it, and returns the server's code.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> impl Future<Output = Option<u16>> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                match self.said().await {
                    Said::Text(text) => self.kept.push_back(text),
                    Said::Pong(_) => {}
                    Said::Close(code, _) => break self.let_go(code).await,
                    Said::End => panic!("no close frame at {caller}, kept {:?}", self.kept),
                }
            }
        }
    }

    /// Echoes a close frame, after which the server says nothing and goes.
    async fn let_go(&mut self, code: Option<u16>) -> Option<u16> {
        let payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
        self.write(&client_frame(true, Opcode::Close, &payload)).await;
        assert_eq!(self.said().await, Said::End);
        code
    }
}

/// A `hello`, with what it resumes.
pub(crate) fn hello(resume: &Value) -> Value {
    let mut hello = json!({"type": "hello", "client": {"name": "test", "version": "1"}});
    if resume.as_object().is_some_and(|fields| !fields.is_empty()) {
        hello["resume"] = resume.clone();
    }
    hello
}

fn close(payload: &[u8]) -> Said {
    let Some((code, reason)) = payload.split_first_chunk() else {
        assert!(payload.is_empty(), "half a code");
        return Said::Close(None, String::new());
    };
    Said::Close(Some(u16::from_be_bytes(*code)), String::from_utf8(reason.to_vec()).unwrap())
}
