//! A simulated device: the reducer, whose effects are really carried out, and its connection.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use voodoo_client::frame::{self, Frame};
use voodoo_client::reducer::{Draft, Effect, Input, Progress, Repair, Reply, State, Timer};
use voodoo_core::store::Authenticated;
use voodoo_proto::event::ServerFrame;
use voodoo_proto::request::{ClientInfo, Hello, Ping, Read, Request, Resume};
use voodoo_proto::{ClientId, Incoming, RefusalCode};

use super::bus::is_doomed;
use super::chance::Chance;
use super::line::Line;
use super::plan::Breakage;
use super::server::Server;
use super::truth::{Checked, Heads, Truth, must};

/// As the client for programs does.
const MAX_IN_FLIGHT: usize = 24;

/// What all devices share.
pub(super) struct Common {
    /// Absent only while it begins again.
    pub(super) server: Option<Server>,
    pub(super) world: Arc<Notify>,
    pub(super) truth: Arc<Mutex<Truth>>,
    /// Where each message was acknowledged to stand.
    pub(super) acked: BTreeMap<ClientId, Acked>,
    /// How often something came up.
    pub(super) met: BTreeMap<String, u64>,
    /// Every frame that was said or heard, when and by whom.
    pub(super) frames: DefaultHasher,
    pub(super) is_traced: bool,
    /// A promise that is broken on purpose.
    pub(super) breakage: Breakage,
    pub(super) begun: Instant,
}

/// An acknowledged message.
#[derive(Debug, Clone)]
pub(super) struct Acked {
    pub(super) draft: Draft,
    pub(super) who: Authenticated,
    pub(super) place: (u64, u64, u64),
}

impl Common {
    pub(super) fn meet(&mut self, what: impl Into<String>) {
        *self.met.entry(what.into()).or_default() += 1;
    }

    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().expect("a server runs while people act")
    }

    /// A sum of everything that went over a line: two runs with the same one were one world.
    pub(super) fn sum(&self) -> u64 {
        self.frames.finish()
    }

    fn note(&mut self, who: &str, way: char, text: &str) {
        (self.begun.elapsed(), who, way, text).hash(&mut self.frames);
        self.trace(who, || format!("{way} {text}"));
    }

    /// `SIM_TRACE=1` tells everything.
    #[expect(clippy::print_stdout, reason = "whoever asks for a trace reads it there")]
    pub(super) fn trace(&self, who: &str, what: impl FnOnce() -> String) {
        if self.is_traced {
            let now_ms = self.begun.elapsed().as_millis();
            println!("{now_ms:>7} {who}: {}", what());
        }
    }
}

pub(super) struct Device {
    pub(super) name: String,
    pub(super) who: Authenticated,
    pub(super) state: State,
    /// As the cursors were saved last.
    saved: State,
    pub(super) line: Option<Line>,
    pub(super) connect_at: Option<Instant>,
    timers: BTreeMap<Timer, Instant>,
    next_id: u64,
    in_flight: BTreeMap<u64, Request>,
    waiting: VecDeque<Request>,
    /// Every message that it ever wrote.
    pub(super) drafts: BTreeMap<ClientId, Draft>,
    /// The heads when the last ping left.
    asked: Option<Heads>,
    /// When a digest agreed last.
    pub(super) proven_at: Option<Instant>,
    /// The highest level of suspicion since it was looked at.
    pub(super) suspicion: u8,
    chance: Chance,
    pub(super) latency_ms: u64,
}

impl Device {
    pub(super) fn new(name: String, who: Authenticated, latency_ms: u64, chance: Chance) -> Self {
        Self {
            name,
            who,
            state: State::default(),
            saved: State::default(),
            line: None,
            connect_at: Some(Instant::now()),
            timers: BTreeMap::new(),
            next_id: 1,
            in_flight: BTreeMap::new(),
            waiting: VecDeque::new(),
            drafts: BTreeMap::new(),
            asked: None,
            proven_at: None,
            suspicion: 0,
            chance,
            latency_ms,
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let line = self.line.as_ref().and_then(Line::next_due);
        let connect_at = self.connect_at.filter(|_| self.line.is_none());
        self.timers.values().copied().chain(line).chain(connect_at).min()
    }

    /// Does everything that is due now.
    pub(super) fn drive(&mut self, common: &mut Common) -> Checked {
        if self.line.is_none() && self.connect_at.is_some_and(|at| at <= Instant::now()) {
            self.connect(common)?;
        }
        let now = Instant::now();
        let due = self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| *timer);
        for timer in due.collect::<Vec<_>>() {
            self.timers.remove(&timer);
            self.apply(common, Input::Timer(timer))?;
        }
        while let Some(line) = &mut self.line {
            if let Err(code) = line.drive() {
                common.meet(format!("closed {code:?}"));
                return self.hang_up(common, 1_000);
            }
            let Some(text) = line.hear() else { break };
            self.hear(common, &text)?;
        }
        Ok(())
    }

    fn connect(&mut self, common: &mut Common) -> Checked {
        let way = (self.latency_ms, self.chance.fork());
        self.line = Some(Line::new(&common.server().core, self.who, &common.world, way));
        self.connect_at = None;
        self.apply(common, Input::Connect { now_ms: common.server().core.clock.now_ms() })
    }

    /// The connection is gone, with what was on its way.
    pub(super) fn hang_up(&mut self, common: &mut Common, within_ms: u64) -> Checked {
        if self.line.take().is_none() {
            return Ok(());
        }
        self.in_flight.clear();
        self.waiting.clear();
        self.asked = None;
        self.connect_at = Some(Instant::now() + self.chance.ms(0, within_ms));
        self.apply(common, Input::Disconnect)
    }

    /// The program ends and begins again from what it saved.
    pub(super) fn reload(&mut self, common: &mut Common, is_anew: bool) -> Checked {
        self.hang_up(common, 500)?;
        self.timers.clear();
        let outbox = std::mem::take(&mut self.state.outbox);
        self.state = if is_anew { State::default() } else { self.saved.clone() };
        self.state.outbox.clear();
        self.apply(common, Input::Disconnect)?;
        for entry in outbox {
            self.apply(common, Input::Queue(Box::new(entry.draft)))?;
        }
        Ok(())
    }

    /// Writes a message.
    pub(super) fn queue(&mut self, common: &mut Common, draft: Draft) -> Checked {
        self.drafts.insert(draft.client_id, draft.clone());
        self.apply(common, Input::Queue(Box::new(draft)))
    }

    pub(super) fn apply(&mut self, common: &mut Common, input: Input) -> Checked {
        if !matches!(input, Input::Frame(_) | Input::Ok { .. } | Input::Refused { .. }) {
            common.trace(&self.name, || format!("· {input:?}"));
        }
        let marks = self.marks();
        let effects = self.state.apply(input);
        for (id, seq) in self.marks() {
            let before = marks.get(&id).copied().unwrap_or_default();
            must!(
                seq >= before,
                "{}: the mark of {id} goes back from {before} to {seq}",
                self.name
            );
        }
        self.suspicion = self.suspicion.max(self.state.check.level);
        for effect in effects {
            self.carry_out(common, effect)?;
        }
        Ok(())
    }

    fn marks(&self) -> BTreeMap<voodoo_proto::ConversationId, u64> {
        let known = self.state.conversations.values();
        known.map(|known| (known.id(), known.head.head.read_seq)).collect()
    }

    fn heads(&self) -> Heads {
        let heads = self.state.conversations.values().map(|known| &known.head.head);
        heads.map(|head| (head.conversation, (head.last_rev, head.read_seq))).collect()
    }

    fn carry_out(&mut self, common: &mut Common, effect: Effect) -> Checked {
        match effect {
            Effect::Hello { resume } => self.greet(common, resume),
            Effect::Request { request } => self.ask(common, *request),
            Effect::Ping => {
                self.asked = Some(self.heads());
                self.say(common, &Request::Ping(Ping { check: Some(true) }), None);
            }
            Effect::Read { conversation, seq } => {
                self.say(common, &Request::Read(Read { conversation, seq }), None);
            }
            Effect::Wait { timer, min_ms, max_ms } => {
                let at = Instant::now() + self.chance.ms(min_ms, max_ms);
                self.timers.insert(timer, at);
            }
            Effect::HandBack { client_id } => {
                common.meet("handed back");
                return self.apply(common, Input::Discard(client_id));
            }
            Effect::Save => self.saved = self.state.clone(),
            Effect::Settle { .. }
            | Effect::Drop { .. }
            | Effect::DropAll
            | Effect::Notify { .. } => {}
        }
        Ok(())
    }

    fn greet(&mut self, common: &mut Common, resume: Option<Resume>) {
        let client = ClientInfo { name: "simulation".to_owned(), version: "1".to_owned() };
        self.say(common, &Request::Hello(Hello { client, ticket: None, resume }), None);
    }

    fn say(&mut self, common: &mut Common, request: &Request, id: Option<u64>) {
        if let Some(line) = &mut self.line {
            let text = Incoming { id, request: request.clone() }.encode();
            common.note(&self.name, '→', &text);
            line.say(text);
        }
    }

    /// Asks, unless there is no connection: then nobody answers.
    pub(super) fn ask(&mut self, common: &mut Common, request: Request) {
        if self.line.is_none() {
            return;
        }
        common.meet(request.name());
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            return self.waiting.push_back(request);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.say(common, &request, Some(id));
        self.in_flight.insert(id, request);
    }

    fn ask_next(&mut self, common: &mut Common) {
        while self.in_flight.len() < MAX_IN_FLIGHT {
            let Some(request) = self.waiting.pop_front() else { break };
            self.ask(common, request);
        }
    }

    fn hear(&mut self, common: &mut Common, text: &str) -> Checked {
        common.note(&self.name, '←', text);
        let read = frame::read(text.to_owned().into()).map_err(|error| format!("{error}: {text}"));
        match read? {
            Frame::Ok(reply) => {
                let request = self.in_flight.remove(&reply.id);
                let request = request.ok_or_else(|| format!("nobody asked for {text}"))?;
                let reply =
                    Reply::read(&request, reply.text()).map_err(|error| error.to_string())?;
                self.answered(common, &request, &reply)?;
                let input = Input::Ok { request: Box::new(request), reply: Box::new(reply) };
                self.apply(common, input)?;
                self.ask_next(common);
                Ok(())
            }
            Frame::Known(known) => self.hear_known(common, *known),
            Frame::Unknown { .. } => Err(format!("{text} is no frame")),
        }
    }

    fn answered(&mut self, common: &mut Common, request: &Request, reply: &Reply) -> Checked {
        match (request, reply) {
            (Request::Send(send), Reply::Sent(sent)) => {
                let place = (sent.seq, sent.rev, sent.at_ms);
                common.meet(if sent.duplicate { "duplicate" } else { "sent" });
                let known = common.acked.get(&send.client_id).map(|acked| acked.place);
                must!(
                    known.is_none_or(|known| known == place),
                    "{}: {} was acknowledged at {known:?} and at {place:?}",
                    self.name,
                    send.client_id
                );
                let draft = self.drafts.get(&send.client_id).cloned();
                let draft = draft.ok_or_else(|| format!("nobody wrote {}", send.client_id))?;
                let acked = Acked { draft, who: self.who, place };
                common.acked.insert(send.client_id, acked);
            }
            (Request::Changes(_), Reply::Changes(page)) => {
                if page.reset == Some(true) {
                    common.meet("reset");
                }
                if page.more {
                    common.meet("more changes");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn hear_known(&mut self, common: &mut Common, known: ServerFrame) -> Checked {
        common.meet(known.name());
        if let Some(line) = &mut self.line {
            let checked = line.check(&common.truth.lock(), &known);
            checked.map_err(|broken| format!("{}: {broken}", self.name))?;
        }
        if let ServerFrame::Refused(refusal) = known {
            common.meet(format!("refused {}", refusal.code.name()));
            must!(refusal.code != RefusalCode::Internal, "{}: {refusal:?}", self.name);
            let request = self.in_flight.remove(&refusal.id);
            let request = request.ok_or_else(|| format!("nobody asked for {refusal:?}"))?;
            self.apply(common, Input::Refused { request: Box::new(request), refusal })?;
            self.ask_next(common);
            return Ok(());
        }
        self.check_proof(common, &known)?;
        self.apply(common, stepped_over(common.breakage, known))
    }

    /// A digest that agrees with the own sums when the ping left stands for the heads then.
    fn check_proof(&mut self, common: &Common, known: &ServerFrame) -> Checked {
        let ServerFrame::Pong(pong) = known else { return Ok(()) };
        let asked = self.asked.take();
        if let (Some(own), Some(told), Some(heads)) = (self.state.check.asked, pong.digest, asked)
            && own == told
        {
            self.proven_at = Some(Instant::now());
            return common.truth.lock().proves(self.who.user, &told, &heads);
        }
        Ok(())
    }

    /// What still goes on, if anything does.
    pub(super) fn unrest(&self) -> Option<String> {
        let is_behind = |known: &&voodoo_client::reducer::Conversation| {
            known.repair != Repair::None
                || !known.held.is_empty()
                || !known.loading.is_empty()
                || known.have != known.head.head.last_rev
        };
        let behind = self.state.conversations.values().find(is_behind);
        let is_under_way = |progress: &Progress| !matches!(progress, Progress::Refused(_));
        let unsent = self.state.outbox.iter().find(|entry| is_under_way(&entry.progress));
        let what = match &self.line {
            None => "is not connected".to_owned(),
            Some(_) if !self.state.is_settled() => format!("is {:?}", self.state.phase),
            Some(line) if !line.is_silent() => "has frames on their way".to_owned(),
            _ if !self.in_flight.is_empty() => format!("waits for {:?}", self.in_flight),
            _ if self.state.check.level > 0 => format!("suspects {:?}", self.state.check),
            _ if self.state.check.asked.is_some() => "waits for a proof".to_owned(),
            _ if let Some(unsent) = unsent => format!("has not sent {unsent:?}"),
            _ => format!("is behind in {:?}", behind?),
        };
        Some(format!("{} {what}", self.name))
    }
}

/// Broken on purpose: some messages are only counted.
fn stepped_over(breakage: Breakage, frame: ServerFrame) -> Input {
    if let ServerFrame::Message(message) = &frame
        && breakage == Breakage::SteppedOver
        && is_doomed(message.body.as_ref())
    {
        let (conversation, rev) = (Some(message.conversation), Some(message.rev));
        return Input::Unknown { conversation, rev };
    }
    Input::Frame(Box::new(frame))
}
