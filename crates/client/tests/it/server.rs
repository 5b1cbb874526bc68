//! A small server of one direct conversation, in memory: what is promised of messages, for tests of the client.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use voodoo_client::Address;
use voodoo_proto::Limits;

#[derive(Default)]
struct Stored {
    messages: Vec<Value>,
    read_seq: u64,
    n_lost_answers: usize,
    n_sessions: usize,
}

/// What happens to live sockets.
#[derive(Clone)]
enum Push {
    Frame(String),
    Close(u16),
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: Address,
    stored: Arc<Mutex<Stored>>,
    pushes: broadcast::Sender<Push>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self {
            address: Address::parse(&address).unwrap(),
            stored: Arc::default(),
            pushes: broadcast::Sender::new(64),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        server
    }

    /// The other side writes.
    pub(crate) fn say(&self, text: &str) {
        let id = uuid();
        let message = self.store("u_2", &id, text);
        let mut frame = message;
        frame["type"] = json!("message");
        // Without a session nobody hears it.
        drop(self.pushes.send(Push::Frame(frame.to_string())));
    }

    /// Every socket is closed with `number`.
    pub(crate) fn cut(&self, number: u16) {
        drop(self.pushes.send(Push::Close(number)));
    }

    /// The next so many sends are stored, and their socket ends before the answer.
    pub(crate) fn lose_answers(&self, n: usize) {
        self.stored.lock().n_lost_answers = n;
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |message: &Value| message["body"]["text"].as_str().unwrap().to_owned();
        self.stored.lock().messages.iter().map(text).collect()
    }

    pub(crate) fn n_sessions(&self) -> usize {
        self.stored.lock().n_sessions
    }

    async fn serve(self, socket: TcpStream) {
        #[expect(clippy::result_large_err, reason = "the shape that tungstenite asks for")]
        let agree = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            let protocol = voodoo_proto::SUBPROTOCOL.parse().unwrap();
            response.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
            Ok(response)
        };
        let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, agree).await else {
            return;
        };
        let mut pushes = self.pushes.subscribe();
        loop {
            tokio::select! {
                push = pushes.recv() => match push.unwrap() {
                    Push::Frame(frame) => write(&mut socket, frame).await,
                    Push::Close(code) => {
                        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
                        return drop(socket.close(Some(frame)).await);
                    }
                },
                received = socket.next() => match received {
                    Some(Ok(Message::Text(text))) => {
                        let request: Value = serde_json::from_str(&text).unwrap();
                        let Some(frames) = self.answer(&request) else { return };
                        for frame in frames {
                            write(&mut socket, frame.to_string()).await;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    /// The frames that answer; nothing where the answer is lost with the socket.
    fn answer(&self, request: &Value) -> Option<Vec<Value>> {
        let mut reply = match request["type"].as_str().unwrap() {
            "hello" => {
                self.stored.lock().n_sessions += 1;
                return Some(vec![welcome(), self.sync()]);
            }
            "resync" => {
                let ok = json!({"type": "ok", "id": request["id"]});
                return Some(vec![ok, self.sync()]);
            }
            "ping" => {
                let mut pong = json!({"type": "pong", "now_ms": 2_000});
                if request["check"] == json!(true) {
                    pong["digest"] = self.digest();
                }
                return Some(vec![pong]);
            }
            "read" => {
                let seq = request["seq"].as_u64().unwrap();
                self.stored.lock().read_seq = seq;
                let read =
                    json!({"type": "read", "conversation": "c_1", "seq": seq, "mentions": 0});
                return Some(vec![read]);
            }
            "send" => self.send(request)?,
            "history" => self.page(0),
            "changes" => self.page(request["since_rev"].as_u64().unwrap()),
            "get" => json!({"conversations": [self.conversation()]}),
            "create" => json!({"conversation": "c_1"}),
            _ => {
                let refused = json!({
                    "type": "refused", "id": request["id"], "code": "unknown_type",
                    "message": "no such request", "retry": "never",
                });
                return Some(vec![refused]);
            }
        };
        reply["type"] = json!("ok");
        reply["id"] = request["id"].clone();
        Some(vec![reply])
    }

    fn send(&self, request: &Value) -> Option<Value> {
        let client_id = request["client_id"].as_str().unwrap();
        let is_same = |message: &&Value| message["client_id"] == json!(client_id);
        let known = self.stored.lock().messages.iter().find(is_same).cloned();
        let duplicate = known.is_some();
        let text = request["body"]["text"].as_str().unwrap();
        let message = known.unwrap_or_else(|| self.store("u_1", client_id, text));
        let mut stored = self.stored.lock();
        if stored.n_lost_answers > 0 {
            stored.n_lost_answers -= 1;
            return None;
        }
        let (seq, rev, at_ms) = (&message["seq"], &message["rev"], &message["at_ms"]);
        Some(json!({"seq": seq, "rev": rev, "at_ms": at_ms, "duplicate": duplicate}))
    }

    fn store(&self, from: &str, client_id: &str, text: &str) -> Value {
        let mut stored = self.stored.lock();
        let seq = stored.messages.len() + 1;
        let message = json!({
            "conversation": "c_1", "seq": seq, "rev": seq, "from": from, "client_id": client_id,
            "at_ms": 1_000 + seq, "body": {"kind": "text", "text": text},
        });
        stored.messages.push(message.clone());
        if from == "u_1" {
            stored.read_seq = seq as u64;
        }
        message
    }

    fn page(&self, since_rev: u64) -> Value {
        let messages = self.stored.lock().messages.clone();
        let rev = messages.len();
        let newer = |message: &Value| message["rev"].as_u64().unwrap() > since_rev;
        let messages: Vec<Value> = messages.into_iter().filter(newer).collect();
        json!({
            "messages": messages, "events": [], "users": [], "rev": rev, "floor_seq": 0,
            "more": false,
        })
    }

    fn sync(&self) -> Value {
        json!({
            "type": "sync", "conversations": [self.conversation()], "gone": [], "heads": [],
            "done": true, "me": {"user": user("u_1"), "blocked": []}, "digest": self.digest(),
        })
    }

    fn conversation(&self) -> Value {
        let stored = self.stored.lock();
        let last = stored.messages.len();
        json!({
            "conversation": "c_1", "kind": "direct", "peer": user("u_2"), "role": "member",
            "state": "active", "members": 2, "from_seq": 1, "join_rev": 0,
            "settings": {"history": "all", "post": "all", "join": "closed"},
            "head": {
                "conversation": "c_1", "last_seq": last, "last_rev": last, "info_rev": 0,
                "floor_seq": 0, "read_seq": stored.read_seq, "mentions": 0,
                "all_mention_seq": 0, "at_ms": 1_000 + last,
            },
        })
    }

    fn digest(&self) -> Value {
        let stored = self.stored.lock();
        let revs = stored.messages.len();
        json!({"user_rev": 1, "conversations": 1, "revs": revs, "reads": stored.read_seq})
    }
}

async fn write(socket: &mut WebSocketStream<TcpStream>, frame: String) {
    // A client that is gone hears nothing more.
    drop(socket.send(Message::text(frame)).await);
}

fn user(id: &str) -> Value {
    json!({"user": id, "handle": "someone", "name": id, "kind": "human", "profile": 1})
}

fn uuid() -> String {
    voodoo_client::client::client_id().to_string()
}

fn welcome() -> Value {
    json!({
        "type": "welcome", "epoch": "E", "session": "s", "device": "d_1", "user": "u_1",
        "now_ms": 1_000, "resumed": false, "heartbeat_ms": 40_000, "retry_window_ms": 50,
        "limits": Limits::default(), "server": {"name": "Test", "version": "0.1.0"},
    })
}
