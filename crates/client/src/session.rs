//! The client's task: one socket after the other, the reducer, its timers and the requests in flight.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::Message;
use voodoo_proto::reply::{Refused, Sent};
use voodoo_proto::request::{Ping, Read, Request};
use voodoo_proto::{ClientId, Incoming, RefusalCode, Retry};

use crate::backoff::{Backoff, Ended, Next};
use crate::client::{Acked, Event, Options, RequestError, SendError, Shared, Status};
use crate::connection::{BROKEN, Closed, Connection, hello};
use crate::frame::{self, Frame, Reply};
use crate::reducer::{self, Draft, Effect, Input, Progress, Timer};

/// Below the server's limit of requests in flight.
const MAX_IN_FLIGHT: usize = 24;
/// Requests that wait for one of those; more are refused here.
const MAX_WAITING: usize = 4_096;
/// Messages that wait for their acknowledgement; more are refused here.
const MAX_OUTBOX: usize = 10_000;
const OPENING: Duration = Duration::from_secs(15);
/// A frame that the socket does not take for so long will not arrive.
const WRITING: Duration = Duration::from_secs(30);
const FIRST_HEARTBEAT: Duration = Duration::from_secs(40);
/// After a ping something has to come within this time.
const SILENCE: Duration = Duration::from_secs(20);

type Answer = oneshot::Sender<Result<Reply, RequestError>>;
type Ack = oneshot::Sender<Result<Acked, SendError>>;

/// What a handle asks of the task.
pub(crate) enum Command {
    Send { draft: Box<Draft>, acked: Ack },
    Request { request: Box<Request>, answer: Answer },
    Act(Box<Input>),
    Close(oneshot::Sender<()>),
}

struct Asked {
    request: Box<Request>,
    answer: Option<Answer>,
}

struct Task {
    options: Options,
    shared: Arc<Shared>,
    connection: Option<Connection>,
    backoff: Backoff,
    /// When to connect; absent while connected or stopped.
    connect_at: Option<Instant>,
    /// When the server wants this session to leave.
    leave_at: Option<Instant>,
    heartbeat: Duration,
    beat_at: Instant,
    /// When silence after a ping means that the socket is dead.
    silent_at: Option<Instant>,
    timers: BTreeMap<Timer, Instant>,
    next_id: u64,
    in_flight: HashMap<u64, Asked>,
    waiting: VecDeque<Asked>,
    acks: HashMap<ClientId, Vec<Ack>>,
    /// Frames of the reducer's effects, written in order.
    outgoing: VecDeque<String>,
}

/// Runs until the client is closed or its last handle is gone.
pub(crate) async fn run(
    options: Options,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut task = Task {
        options,
        shared,
        connection: None,
        backoff: Backoff::default(),
        connect_at: Some(Instant::now()),
        leave_at: None,
        heartbeat: FIRST_HEARTBEAT,
        beat_at: Instant::now(),
        silent_at: None,
        timers: BTreeMap::new(),
        next_id: 1,
        in_flight: HashMap::new(),
        waiting: VecDeque::new(),
        acks: HashMap::new(),
        outgoing: VecDeque::new(),
    };
    loop {
        let wake_at = task.next_wake();
        tokio::select! {
            received = receive(&mut task.connection) => task.received(received),
            command = commands.recv() => match command {
                Some(Command::Close(done)) => {
                    task.close().await;
                    // Dropping it also tells whoever waits.
                    return drop(done);
                }
                Some(command) => task.command(command),
                None => return task.close().await,
            },
            () = sleep_until(wake_at) => task.wake().await,
        }
        task.flush().await;
    }
}

/// Waits for a frame, for ever without a socket.
async fn receive(connection: &mut Option<Connection>) -> Result<Utf8Bytes, Closed> {
    match connection {
        Some(connection) => connection.receive_text().await,
        None => std::future::pending().await,
    }
}

impl Task {
    fn next_wake(&self) -> Instant {
        let timers = self.timers.values().min().copied();
        let beat_at = self.connection.is_some().then_some(self.beat_at);
        [self.connect_at, self.leave_at, self.silent_at, beat_at, timers]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| Instant::now() + FIRST_HEARTBEAT)
    }

    async fn wake(&mut self) {
        let now = Instant::now();
        if self.connect_at.is_some_and(|at| at <= now) {
            self.connect().await;
        }
        if self.silent_at.is_some_and(|at| at <= now) {
            self.ended(Ended::Closed(BROKEN));
        }
        if self.leave_at.is_some_and(|at| at <= now) {
            if let Some(connection) = self.connection.take() {
                close(connection).await;
            }
            self.ended(Ended::Left);
        }
        if self.connection.is_some() && self.beat_at <= now {
            self.ping(&Ping::default());
        }
        let is_due = |at: &Instant| *at <= now;
        let due: Vec<Timer> =
            self.timers.iter().filter(|(_, at)| is_due(at)).map(|(timer, _)| *timer).collect();
        for timer in due {
            self.timers.remove(&timer);
            self.apply(Input::Timer(timer));
        }
    }

    async fn connect(&mut self) {
        self.connect_at = None;
        let opening = Connection::open(&self.options.address, &self.options.token);
        match timeout(OPENING, opening).await {
            Ok(Ok(connection)) => {
                self.connection = Some(connection);
                self.set_status(Status::Syncing);
                self.apply(Input::Connect { now_ms: now_ms() });
            }
            Ok(Err(error)) => self.ended(error.ended()),
            Err(_late) => self.ended(Ended::Refused { status: None, retry_after: None }),
        }
    }

    /// The socket is gone: what was open is answered, and the back-off says when to come back.
    fn ended(&mut self, ended: Ended) {
        self.connection = None;
        self.silent_at = None;
        self.leave_at = None;
        self.outgoing.clear();
        match self.backoff.next(ended, rand::random()) {
            Next::Wait(wait) => {
                self.connect_at = Some(Instant::now() + wait);
                self.set_status(Status::Connecting);
            }
            Next::Stop(number) => self.set_status(Status::Stopped(number)),
        }
        self.apply(Input::Disconnect);
        let open = self.in_flight.drain().map(|(_, asked)| asked).chain(self.waiting.drain(..));
        for answer in open.filter_map(|asked| asked.answer) {
            // Whoever asked may have gone.
            drop(answer.send(Err(RequestError::Broken)));
        }
    }

    fn received(&mut self, received: Result<Utf8Bytes, Closed>) {
        let text = match received {
            Ok(text) => text,
            Err(closed) => return self.ended(Ended::Closed(closed.number)),
        };
        self.silent_at = None;
        match frame::read(text) {
            Ok(Frame::Ok(reply)) => self.answered(reply),
            Ok(Frame::Known(known)) => self.known(*known),
            Ok(Frame::Unknown { conversation, rev }) => {
                self.apply(Input::Unknown { conversation, rev });
            }
            // A server that breaks the protocol is left; the next session may be better.
            Err(_unreadable) => self.ended(Ended::Closed(BROKEN)),
        }
    }

    fn known(&mut self, known: ServerFrame) {
        if let ServerFrame::Refused(refused) = known {
            return self.refused(refused);
        }
        if let ServerFrame::Welcome(welcome) = &known {
            self.backoff.set_window(Duration::from_millis(welcome.retry_window_ms));
            self.heartbeat = Duration::from_millis(welcome.heartbeat_ms.max(50));
        }
        if let ServerFrame::Goaway(goaway) = &known {
            self.leave_at = Some(Instant::now() + Duration::from_millis(goaway.within_ms));
        }
        if let ServerFrame::Message(message) = &known {
            self.met(message);
        }
        if let ServerFrame::Changed(range) = &known {
            range.messages.iter().for_each(|message| self.met(message));
        }
        let has_listeners = self.shared.events.receiver_count() > 0;
        let event = has_listeners.then(|| Event::Frame(Arc::new(known.clone())));
        self.apply(Input::Frame(Box::new(known)));
        if let Some(event) = event {
            self.tell(event);
        }
    }

    fn answered(&mut self, reply: Reply) {
        let Some(asked) = self.in_flight.remove(&reply.id) else { return };
        let answer = match reducer::Reply::read(&asked.request, reply.text()) {
            Ok(typed) => {
                self.meet_all(&asked.request, &typed);
                self.apply(Input::Ok { request: asked.request, reply: Box::new(typed) });
                Ok(reply)
            }
            Err(error) => Err(RequestError::Unusable(error.to_string())),
        };
        if let Some(asker) = asked.answer {
            // Whoever asked may have gone.
            drop(asker.send(answer));
        }
        self.ask_next();
    }

    fn refused(&mut self, refused: Refused) {
        let Some(asked) = self.in_flight.remove(&refused.id) else { return };
        self.apply(Input::Refused { request: asked.request, refusal: refused.clone() });
        if let Some(asker) = asked.answer {
            // Whoever asked may have gone.
            drop(asker.send(Err(RequestError::Refused(refused))));
        }
        self.ask_next();
    }

    /// An own message may be met in any of these before its acknowledgement.
    fn meet_all(&mut self, request: &Request, reply: &reducer::Reply) {
        match (request, reply) {
            (Request::Send(send), reducer::Reply::Sent(sent)) => self.acked(send.client_id, sent),
            (_, reducer::Reply::History(page)) => {
                page.messages.iter().for_each(|message| self.met(message));
            }
            (_, reducer::Reply::Changes(page)) => {
                page.messages.iter().for_each(|message| self.met(message));
            }
            _ => {}
        }
    }

    fn met(&mut self, message: &Message) {
        if self.acks.contains_key(&message.client_id) {
            let is_own = message.from.is_none() || message.from == self.shared.state.lock().own;
            let Message { seq, rev, at_ms, .. } = *message;
            if is_own {
                self.acked(message.client_id, &Sent { seq, rev, at_ms, duplicate: false });
            }
        }
    }

    fn acked(&mut self, client_id: ClientId, sent: &Sent) {
        let acked = Acked { client_id, seq: sent.seq, rev: sent.rev, at_ms: sent.at_ms };
        for ack in self.acks.remove(&client_id).unwrap_or_default() {
            // Whoever sent it may have gone.
            drop(ack.send(Ok(acked)));
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Send { draft, acked } => self.send(draft, acked),
            Command::Request { request, answer } => {
                self.ask(Asked { request, answer: Some(answer) });
            }
            Command::Act(input) => self.apply(*input),
            Command::Close(_) => {}
        }
    }

    fn send(&mut self, draft: Box<Draft>, acked: Ack) {
        if !self.acks.contains_key(&draft.client_id) && self.acks.len() >= MAX_OUTBOX {
            // Whoever sent it may have gone.
            drop(acked.send(Err(SendError::Full)));
            return;
        }
        self.acks.entry(draft.client_id).or_default().push(acked);
        self.apply(Input::Queue(draft));
    }

    fn ask(&mut self, asked: Asked) {
        let refuse = |asked: Asked, error: RequestError| {
            if let Some(asker) = asked.answer {
                // Whoever asked may have gone.
                drop(asker.send(Err(error)));
            }
        };
        if self.connection.is_none() {
            refuse(asked, RequestError::Broken);
        } else if self.in_flight.len() < MAX_IN_FLIGHT {
            let id = self.next_id;
            self.next_id += 1;
            let frame = Incoming { id: Some(id), request: (*asked.request).clone() };
            self.in_flight.insert(id, asked);
            self.outgoing.push_back(frame.encode());
        } else if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(asked);
        } else {
            refuse(asked, RequestError::Refused(too_many()));
        }
    }

    fn ask_next(&mut self) {
        while self.in_flight.len() < MAX_IN_FLIGHT
            && let Some(asked) = self.waiting.pop_front()
        {
            self.ask(asked);
        }
    }

    fn apply(&mut self, input: Input) {
        let (effects, was_settled, is_settled) = {
            let mut state = self.shared.state.lock();
            let was_settled = state.is_settled();
            let effects = state.apply(input);
            (effects, was_settled, state.is_settled())
        };
        for effect in effects {
            self.carry_out(effect);
        }
        if !was_settled && is_settled {
            self.backoff.reset();
            self.set_status(Status::Live);
            self.tell(Event::Live);
        }
        self.shared.changes.send_modify(|count| *count += 1);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Hello { resume } => self.say(hello(resume)),
            Effect::Request { request } => self.ask(Asked { request, answer: None }),
            Effect::Ping => self.ping(&Ping { check: Some(true) }),
            Effect::Read { conversation, seq } => {
                self.say(Request::Read(Read { conversation, seq }));
            }
            Effect::Wait { timer, min_ms, max_ms } => {
                let wait = Duration::from_millis(rand::random_range(min_ms..=max_ms));
                self.timers.insert(timer, Instant::now() + wait);
            }
            Effect::HandBack { client_id } => self.hand_back(client_id),
            Effect::Notify { conversation, seq } => self.tell(Event::Notify { conversation, seq }),
            // The outbox and the state live in memory only. A settled message was met before.
            Effect::Settle { .. } | Effect::Save | Effect::Drop { .. } | Effect::DropAll => {}
        }
    }

    fn hand_back(&mut self, client_id: ClientId) {
        let refusal = {
            let state = self.shared.state.lock();
            let entry = state.outbox.iter().find(|entry| entry.draft.client_id == client_id);
            entry.and_then(|entry| match &entry.progress {
                Progress::Refused(refusal) => Some(refusal.clone()),
                Progress::Queued | Progress::Sending | Progress::Waiting => None,
            })
        };
        let acks = self.acks.remove(&client_id).unwrap_or_default();
        for ack in acks {
            let error = refusal.clone().map_or(SendError::Ended, SendError::Refused);
            // Whoever sent it may have gone.
            drop(ack.send(Err(error)));
        }
        self.apply(Input::Discard(client_id));
    }

    fn tell(&self, event: Event) {
        // Without a subscriber nobody needs to hear it.
        drop(self.shared.events.send(event));
    }

    fn set_status(&self, status: Status) {
        self.shared.status.send_if_modified(|known| std::mem::replace(known, status) != status);
    }

    fn ping(&mut self, ping: &Ping) {
        self.silent_at.get_or_insert(Instant::now() + SILENCE);
        self.say(Request::Ping(ping.clone()));
    }

    /// Sends a frame that has no reply, or one of its own.
    fn say(&mut self, request: Request) {
        self.outgoing.push_back(Incoming { id: None, request }.encode());
    }

    /// Writes what is to be said. The time of rest begins anew with each frame: 40 s ± 20 %.
    async fn flush(&mut self) {
        while let Some(text) = self.outgoing.pop_front() {
            let Some(connection) = &mut self.connection else {
                self.outgoing.clear();
                return;
            };
            let rest = self.heartbeat.mul_f64(rand::random_range(0.8..1.2));
            self.beat_at = Instant::now() + rest;
            let written = timeout(WRITING, connection.send_text(text)).await;
            if !matches!(written, Ok(Ok(()))) {
                self.broken().await;
            }
        }
    }

    /// The socket takes nothing more: a close frame that came before says why.
    async fn broken(&mut self) {
        let number = loop {
            match timeout(Duration::from_secs(1), receive(&mut self.connection)).await {
                Ok(Ok(_frame)) => {}
                Ok(Err(closed)) => break closed.number,
                Err(_late) => break BROKEN,
            }
        };
        self.ended(Ended::Closed(number));
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            close(connection).await;
        }
        self.apply(Input::Disconnect);
        self.set_status(Status::Stopped(1000));
    }
}

/// Closes in good order; a peer that does not answer is left.
async fn close(connection: Connection) {
    drop(timeout(Duration::from_secs(1), connection.close()).await);
}

fn too_many() -> Refused {
    Refused {
        id: 0,
        code: RefusalCode::LimitExceeded,
        message: "too many requests wait at this client".to_owned(),
        retry: Retry::Same,
        retry_after_ms: None,
        field: None,
    }
}

/// This machine's time, in Unix milliseconds: for the age of unsent messages only.
#[expect(clippy::disallowed_methods, reason = "the one place where a client reads the clock")]
pub(crate) fn now_ms() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
