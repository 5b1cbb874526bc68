//! Ten thousand malformed frames of every kind against the real binary: it answers as the protocol
//! says, keeps its memory and its peace, stores nothing of them, and others talk on undisturbed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use voodoo_client::Connection;
use voodoo_proof::malformed::{Kind, Maker, Outcome, Shot, kinds};

use crate::cli::until;
use crate::metrics::{admin_address, get};
use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::Server;

const N_WARM: usize = 1_000;
const N_FRAMES: usize = 10_000;
const N_ATTACKERS: u32 = 4;
const MAX_GROWTH_KIB: u64 = 32 * 1024;
/// Shots at one session, so that the limit on refusals is not what is tested.
const SHOTS_PER_SESSION: u32 = 40;
/// Far more than an answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection by hand.
struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

enum Said {
    Text(Value),
    Close(Option<u16>),
    End,
}

impl Raw {
    fn open(address: &str, token: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut raw = Self { stream, unread: Vec::new() };
        let upgrade = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: voodoo.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        raw.stream.write_all(upgrade.as_bytes()).unwrap();
        loop {
            if let Some(end) = raw.unread.windows(4).position(|part| part == b"\r\n\r\n") {
                let head = String::from_utf8(raw.unread.drain(..end + 4).collect()).unwrap();
                assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
                return raw;
            }
            assert!(raw.fill(), "the upgrade is answered");
        }
    }

    /// Says `hello`, and reads to the end of the sync; its last page.
    fn hello(&mut self) -> Value {
        self.tell(&json!({"type": "hello", "client": {"name": "test", "version": "1"}}));
        loop {
            if let Said::Text(page) = self.said()
                && page["done"] == true
            {
                return page;
            }
        }
    }

    fn tell(&mut self, frame: &Value) {
        let text = frame.to_string();
        let n_bytes = u8::try_from(text.len()).unwrap();
        assert!(n_bytes <= 125);
        // A mask of zeros changes nothing.
        let mut wire = vec![0x81, 0x80 | n_bytes, 0, 0, 0, 0];
        wire.extend(text.bytes());
        self.stream.write_all(&wire).unwrap();
    }

    fn fill(&mut self) -> bool {
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part) {
            Ok(n_bytes) => {
                self.unread.extend_from_slice(&part[..n_bytes]);
                n_bytes > 0
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                false
            }
        }
    }

    fn said(&mut self) -> Said {
        loop {
            if let Some((opcode, payload)) = self.take_frame() {
                match opcode {
                    1 => return Said::Text(serde_json::from_slice(&payload).unwrap()),
                    8 => {
                        let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                        return Said::Close(code);
                    }
                    10 => continue,
                    other => panic!("a frame of opcode {other}"),
                }
            }
            if !self.fill() {
                return Said::End;
            }
        }
    }

    /// A whole frame off what was read; a server's frames are final and not masked.
    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second] = *self.unread.first_chunk()?;
        assert_eq!(first & 0xf0, 0x80);
        let (n_before, n_bytes) = match second {
            126 => (4, usize::from(u16::from_be_bytes(*self.unread.get(2..)?.first_chunk()?))),
            127 => panic!("a frame over the limit"),
            short => (2, usize::from(short)),
        };
        if self.unread.len() < n_before + n_bytes {
            return None;
        }
        let payload = self.unread.drain(..n_before + n_bytes).skip(n_before).collect();
        Some((first & 0x0f, payload))
    }

    /// Reads to the end; the code of the close frame.
    fn closed(mut self) -> Option<u16> {
        loop {
            match self.said() {
                Said::Text(_) => {}
                Said::Close(code) => return code,
                Said::End => return None,
            }
        }
    }

    /// The next text, which has to be the reply of this id.
    fn reply(&mut self, id: u64) -> Value {
        match self.said() {
            Said::Text(text) if text["id"] == id => text,
            Said::Text(text) => panic!("{text} comes in place of a reply {id}"),
            Said::Close(code) => panic!("closed with {code:?} in place of a reply {id}"),
            Said::End => panic!("ended in place of a reply {id}"),
        }
    }

    /// All that is said before the answer to a ping; `None` and the code if it is closed instead.
    fn answers(&mut self) -> Result<Vec<Value>, Option<u16>> {
        self.tell(&json!({"type": "ping"}));
        let mut answers = Vec::new();
        loop {
            match self.said() {
                Said::Text(text) if text["type"] == "pong" => return Ok(answers),
                Said::Text(text) => answers.push(text),
                Said::Close(code) => return Err(code),
                Said::End => return Err(None),
            }
        }
    }
}

/// Someone who sends what is wrong.
struct Attacker<'t> {
    address: &'t str,
    person: &'t Person,
    /// A session that goes on, and how many shots it still takes.
    session: Option<(Raw, u32)>,
}

impl Attacker<'_> {
    fn greeted(&self) -> Raw {
        let mut raw = Raw::open(self.address, &self.person.token);
        raw.hello();
        raw
    }

    fn shoot(&mut self, kind: Kind, shot: &Shot) {
        let text = || String::from_utf8_lossy(&unmasked(&shot.wire)).into_owned();
        match shot.outcome {
            Outcome::Closes(code) => {
                let mut raw = self.opened(shot.is_first);
                raw.write(&shot.wire);
                assert_eq!(raw.closed(), Some(code), "{kind:?}: {}", text());
            }
            Outcome::BreaksOff => {
                let mut raw = self.opened(shot.is_first);
                raw.write(&shot.wire);
                // One that is closed for the noise in it is over already.
                drop(raw.stream.shutdown(Shutdown::Write));
                raw.closed();
            }
            Outcome::GoesOn | Outcome::Open => {
                let mut raw = self.opened(false);
                raw.write(&shot.wire);
                if let Err(code) = raw.answers() {
                    let may_close = shot.outcome == Outcome::Open && code == Some(4400);
                    assert!(may_close, "{kind:?} closes with {code:?}: {}", text());
                }
            }
            Outcome::Refused(..) | Outcome::Dropped => {
                let (mut raw, n_left) =
                    self.session.take().unwrap_or_else(|| (self.greeted(), SHOTS_PER_SESSION));
                raw.write(&shot.wire);
                if let Outcome::Refused(id, codes) = shot.outcome {
                    let refused = raw.reply(id);
                    let is_right = codes.contains(&refused["code"].as_str().unwrap_or_default());
                    assert!(is_right, "{kind:?}: {refused} to {}", text());
                }
                assert_eq!(raw.answers(), Ok(vec![]), "{kind:?}: {}", text());
                self.session = (n_left > 1).then_some((raw, n_left - 1));
            }
        }
    }

    fn opened(&self, is_first: bool) -> Raw {
        if is_first { Raw::open(self.address, &self.person.token) } else { self.greeted() }
    }
}

impl Raw {
    /// What is closed meanwhile takes no more.
    fn write(&mut self, wire: &[u8]) {
        drop(self.stream.write_all(wire));
    }
}

/// A short masked frame for people to read; anything else as it is.
fn unmasked(wire: &[u8]) -> Vec<u8> {
    let n_before = match wire.get(1).map(|second| second & 0x7f) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    let Some((mask, payload)) = wire.get(n_before..).and_then(<[u8]>::split_first_chunk::<4>)
    else {
        return wire.to_vec();
    };
    payload.iter().zip(mask.iter().cycle()).take(400).map(|(byte, mask)| byte ^ mask).collect()
}

/// Sends frames of every kind in turn, about so many; how many of each.
fn attack(
    maker: &mut Maker,
    (address, person): (&str, &Person),
    n_frames: usize,
) -> BTreeMap<&'static str, u32> {
    let mut attacker = Attacker { address, person, session: None };
    let mut sent: BTreeMap<_, u32> = BTreeMap::new();
    let mut n_sent = 0;
    for kind in kinds().collect::<Vec<_>>().into_iter().cycle() {
        if n_sent >= n_frames {
            break;
        }
        let shot = maker.make(kind);
        attacker.shoot(kind, &shot);
        n_sent += usize::try_from(shot.n_frames).unwrap();
        *sent.entry(kind.name).or_default() += shot.n_frames;
    }
    sent
}

fn requests() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/fixtures/frames/request");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let read = |path| serde_json::from_str::<Vec<Value>>(&fs::read_to_string(path).unwrap());
    files.into_iter().flat_map(|path| read(path).unwrap()).collect()
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Two people who talk all the while: what was acknowledged, and what the other one heard.
struct Talkers {
    speaker: Talk,
    listener: Connection,
    conversation: String,
    said: Vec<(String, u64)>,
}

impl Talkers {
    async fn begin(server: &Server, speaker: &Person, listener: &Person) -> Self {
        let address = address(server);
        let mut hears = Connection::open(&address, &listener.token).await.unwrap();
        hears.hello(None).await.unwrap();
        let mut speaker = Talk::begin(&address, speaker).await.unwrap();
        let conversation = speaker.direct(&listener.user).await;
        Self { speaker, listener: hears, conversation, said: Vec::new() }
    }

    /// One message after the other until it is over.
    async fn talk(&mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let text = format!("message {}", self.said.len());
            let send = json!({"type": "send", "conversation": self.conversation,
                "client_id": uuid::Uuid::now_v7().to_string(),
                "body": {"kind": "text", "text": text}});
            let answer = self.speaker.ask(send).await.expect("the speaker's session goes on");
            let seq = answer["seq"].as_u64().unwrap_or_else(|| panic!("{answer}"));
            self.said.push((text, seq));
            loop {
                let frame: Value = self.listener.receive().await.expect("so does the listener's");
                if frame["type"] == "message" {
                    assert_eq!(heard(&frame), *self.said.last().unwrap());
                    break;
                }
            }
        }
    }
}

fn heard(message: &Value) -> (String, u64) {
    let text = message["body"]["text"].as_str().unwrap_or_default();
    (text.to_owned(), message["seq"].as_u64().unwrap_or_default())
}

#[expect(clippy::print_stdout, reason = "a failure is repeated by its seed")]
fn seed() -> u64 {
    let seed = std::env::var("MALFORMED_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| uuid::Uuid::now_v7().as_u64_pair().1);
    println!("MALFORMED_SEED={seed} repeats these frames");
    seed
}

/// How many malformed frames the server says it met.
fn counted(server: &Server) -> u64 {
    until("the address of the metrics is said", || admin_address(server).is_some());
    let metrics = get(&admin_address(server).unwrap(), "/metrics");
    let mut lines = metrics.lines();
    let number = lines.find_map(|line| line.strip_prefix("voodoo_malformed_frames_total "));
    number.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[test]
fn ten_thousand_malformed_frames_of_every_kind_harm_nobody() {
    let settings: Vec<_> =
        QUICK.iter().copied().chain([("VOODOO_HTTP__ADMIN_LISTEN", "127.0.0.1:0")]).collect();
    let mut server = Server::start("malformed", &settings);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let people = runtime.block_on(sign_up(&server, 3 + N_ATTACKERS));
    let [speaker, listener, bystander, attackers @ ..] = &people[..] else { panic!() };
    let mut talkers = runtime.block_on(Talkers::begin(&server, speaker, listener));
    let places: Vec<_> = attackers
        .iter()
        .map(|person| runtime.block_on(open_direct(&server, person, bystander)))
        .collect();
    let target = server.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let stored = || -> Vec<Value> {
        attackers.iter().map(|one| Raw::open(&target, &one.token).hello()).collect()
    };
    let before = stored();

    let (seed, examples) = (seed(), requests());
    let mut makers: Vec<_> = (0..)
        .zip(&places)
        .map(|(n, place)| Maker::new(seed.wrapping_add(n), &examples, place, &bystander.user))
        .collect();
    let mut fire = |n_frames: usize| -> BTreeMap<&'static str, u32> {
        let mut sent = BTreeMap::new();
        thread::scope(|scope| {
            let shooters: Vec<_> = makers
                .iter_mut()
                .zip(attackers)
                .map(|(maker, person)| {
                    let target = &target;
                    scope.spawn(move || attack(maker, (target, person), n_frames / attackers.len()))
                })
                .collect();
            for shooter in shooters {
                let each = shooter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                each.into_iter().for_each(|(kind, n)| *sent.entry(kind).or_default() += n);
            }
        });
        sent
    };

    let is_over = AtomicBool::new(false);
    let (sent, resident, n_lines, took) = thread::scope(|scope| {
        let _end = EndsTalk(&is_over);
        scope.spawn(|| runtime.block_on(talkers.talk(&is_over)));
        fire(N_WARM);
        let (resident, n_lines) = (resident_kib(server.pid()), server.log().lines().count());
        let began = Instant::now();
        let sent = fire(N_FRAMES);
        (sent, resident, n_lines, began.elapsed())
    });

    let n_sent: u32 = sent.values().sum();
    assert!(usize::try_from(n_sent).unwrap() >= N_FRAMES);
    assert!(kinds().all(|kind| sent[kind.name] >= 10), "of every kind: {sent:?}");
    let growth = resident_kib(server.pid()).saturating_sub(resident);
    assert!(growth <= MAX_GROWTH_KIB, "{growth} KiB more than {resident} KiB");
    let log = server.log();
    let said: Vec<_> = log.lines().skip(n_lines).collect();
    assert!(said.len() as u64 <= took.as_secs(), "{} lines in {took:?}: {said:?}", said.len());

    // What was cut off before it was whole, and what is only too much or too often, is not counted.
    assert!(counted(&server) > u64::from(n_sent) / 2, "{} are counted", counted(&server));

    assert_eq!(stored(), before, "nothing that concerns the attackers changed");
    let read = |person: &Person, conversation: &str| -> Vec<Value> {
        runtime.block_on(async {
            let mut talk = Talk::begin(&address(&server), person).await.unwrap();
            talk.read_from(conversation, 0).await
        })
    };
    for (person, place) in attackers.iter().zip(&places) {
        assert_eq!(read(person, place), [Value::Null; 0]);
    }
    for person in [speaker, listener] {
        let stored: Vec<_> = read(person, &talkers.conversation).iter().map(heard).collect();
        assert_eq!(stored, talkers.said);
    }
    assert!(talkers.said.len() > 10);
    drop(talkers);
    server.kill();
}

/// Lets the talkers end, also where something failed.
struct EndsTalk<'f>(&'f AtomicBool);

impl Drop for EndsTalk<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn open_direct(server: &Server, person: &Person, peer: &Person) -> String {
    let mut talk = Talk::begin(&address(server), person).await.unwrap();
    talk.direct(&peer.user).await
}
