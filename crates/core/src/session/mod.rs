//! A session: one live connection, from `hello` to its end, without its socket.
//!
//! The connection hands in texts and polls; what there is to write stands in the outbox. A
//! session keeps no timer and, while idle, nothing but its place in the hub.

mod attention;
mod census;
mod lane;
mod pages;
mod requests;
mod start;
mod writes;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};
use tokio::time::Instant;
use voodoo_proto::event::{Pong, ServerFrame};
use voodoo_proto::request::{Hello, Ping};
use voodoo_proto::{
    CloseCode, ConversationId, DecodeError, Incoming, RefusalCode, Request, decode,
};

use crate::account;
use crate::core::Core;
use crate::error::Refusal;
use crate::fail_point::{self, Step};
use crate::frame::{self, Frame};
use crate::hub::Handle;
use crate::outbox::Outbox;
use crate::pulse::{Lease, Pulse};
use crate::rates::{OwnBucket, Place};
use crate::store::Authenticated;
use crate::tally::{Rule, TALLY};

use lane::Lanes;
use pages::Pages;
use start::Started;

type Task = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What a task of a session ends with.
enum Done {
    /// A ticket was looked up for a session that waits to begin.
    Admitted(Result<Authenticated, Refusal>, Hello),
    /// The session has begun.
    Started(Result<Started, Refusal>),
    /// A request has its answer; `lane` is free again.
    Answered { lane: Option<ConversationId>, frame: Option<Frame>, is_over_rate: bool },
    /// A request for pages has its answer, and the pages unless it was refused.
    Paged { frame: Option<Frame>, pages: Option<Pages> },
    /// The heads that close a lag.
    Caught(Pages),
}

/// Whether the client has said `hello`, and whether `welcome` was queued.
enum Phase {
    /// Nothing said yet. Boxed, for the room stays with the session for its life.
    Silent(Option<Box<Authenticated>>),
    /// `hello` was said; what comes meanwhile waits.
    Starting(Vec<Early>),
    /// `welcome` was queued.
    Live,
}

/// What came before `welcome`.
enum Early {
    /// A request that waits for it.
    Asked(Incoming),
    /// The refusal of a request, which waits for it too.
    Refused(Frame),
}

/// One live connection. Dropping it ends the session.
pub struct Session {
    core: Arc<Core>,
    handle: Option<Arc<Handle>>,
    phase: Phase,
    /// Exists only while something is under way: an idle session carries none.
    tasks: Option<Box<FuturesUnordered<Task>>>,
    n_in_flight: u32,
    lanes: Lanes,
    /// Pages on their way to the client.
    pages: Option<Pages>,
    /// Pages are being read from the store. No others may be meanwhile: they would take each
    /// other's place.
    is_reading_pages: bool,
    /// Where the buckets of its address are.
    place: Option<Place>,
    /// Refusals that it may still bring upon itself.
    patience: OwnBucket,
    /// Frames without a reply that it may still send.
    unanswered: OwnBucket,
}

impl Session {
    /// A session for whoever was authenticated before the upgrade; without that, `hello` has to
    /// bring a ticket.
    #[must_use]
    pub fn new(core: Arc<Core>, who: Option<Authenticated>) -> Self {
        Self {
            core,
            handle: None,
            phase: Phase::Silent(who.map(Box::new)),
            tasks: None,
            n_in_flight: 0,
            lanes: Lanes::default(),
            pages: None,
            is_reading_pages: false,
            place: None,
            patience: OwnBucket::default(),
            unanswered: OwnBucket::default(),
        }
    }

    /// Says where it comes from: all users of one address share buckets.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.place = Some(self.core.addresses.place(address));
        self
    }

    /// The session as the hub knows it, from the moment that it is subscribed.
    #[must_use]
    pub fn handle(&self) -> Option<&Arc<Handle>> {
        self.handle.as_ref()
    }

    /// What has to be written, from `welcome` on: that comes first, whatever was queued before.
    #[must_use]
    pub fn outbox(&self) -> Option<&Outbox> {
        let handle = self.handle.as_ref().filter(|_| matches!(self.phase, Phase::Live));
        handle.map(|handle| &handle.outbox)
    }

    /// The core that it belongs to.
    #[must_use]
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Whether `hello` was said.
    #[must_use]
    pub fn is_greeted(&self) -> bool {
        !matches!(self.phase, Phase::Silent(_))
    }

    /// Whether there is more to send as soon as the outbox has room: polling again is worth it.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let is_lagging = || self.outbox().is_some_and(Outbox::is_lagging);
        self.pages.is_some() || (!self.is_reading_pages && is_lagging())
    }

    /// How many bytes the next frame of the client may have.
    #[must_use]
    pub fn frame_in_bytes(&self) -> u32 {
        let limits = &self.core.settings.rules.limits;
        if self.is_greeted() { limits.frame_in_bytes } else { limits.frame_in_before_hello_bytes }
    }

    /// Takes one text frame of the client.
    ///
    /// # Errors
    ///
    /// The code with which the connection has to be closed.
    pub fn on_text(&mut self, text: &str) -> Result<(), CloseCode> {
        let decoded = decode(text);
        if decoded.is_err() {
            TALLY.malformed();
        }
        let incoming = match decoded {
            Ok(incoming) => incoming,
            Err(DecodeError::Protocol) => return Err(CloseCode::Protocol),
            Err(_) if !self.is_greeted() => return Err(CloseCode::Protocol),
            Err(DecodeError::Refused { id, code, message, field }) => {
                let refusal = Refusal::new(code, message).to_frame(id);
                let refused = voodoo_proto::Refused { field, ..refusal };
                return self.refuse_now(frame::encode(&ServerFrame::Refused(refused)));
            }
            Err(DecodeError::Dropped) => {
                tracing::debug!("dropped a malformed frame without an id");
                return self.go_on();
            }
        };
        fail_point::pass(Step::Decoded);
        match (incoming, &mut self.phase) {
            (Incoming { request: Request::Hello(hello), .. }, Phase::Silent(who)) => {
                let who = who.take().map(|who| *who);
                self.greet(hello, who)
            }
            (Incoming { request: Request::Hello(_), .. }, _) => Err(CloseCode::Protocol),
            (_, Phase::Silent(_)) => Err(CloseCode::Protocol),
            (Incoming { request: Request::Bye(_), .. }, _) => Err(CloseCode::Normal),
            (incoming, Phase::Starting(early)) => {
                let limit = self.core.settings.rules.limits.in_flight;
                if early.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
                    early.push(Early::Asked(incoming));
                    return Ok(());
                }
                let Some(id) = incoming.id else { return Ok(()) };
                let refused = too_many_in_flight(limit).to_frame(id);
                self.refuse_now(frame::encode(&ServerFrame::Refused(refused)))
            }
            (incoming, Phase::Live) => self.accept(incoming),
        }
    }

    fn greet(&mut self, hello: Hello, who: Option<Authenticated>) -> Result<(), CloseCode> {
        self.phase = Phase::Starting(Vec::new());
        match (who, &hello.ticket) {
            (Some(who), _) => self.enter(who, hello),
            (None, Some(ticket)) => {
                let ticket = account::secret_hash(ticket);
                self.run(start::admit(Arc::clone(&self.core), ticket, hello));
            }
            (None, None) => return Err(CloseCode::LogInAgain),
        }
        Ok(())
    }

    /// From here on the session is known, and hears what concerns its user.
    fn enter(&mut self, who: Authenticated, hello: Hello) {
        let pulse = Pulse::begin(self.core.uptime.now_ms());
        let lease = Lease::begin(who.created_ms, who.expires_ms);
        let handle = self.core.hub.enter(who.user, who.device, (pulse, lease));
        self.core.attention.touch(who.user, true);
        self.handle = Some(Arc::clone(&handle));
        self.run(start::start(Arc::clone(&self.core), handle, hello));
    }

    /// Takes a request of a live session.
    fn accept(&mut self, incoming: Incoming) -> Result<(), CloseCode> {
        let flood = self.core.settings.flood;
        if is_unanswered(&incoming.request)
            && !self.unanswered.take(flood.unanswered, Instant::now())
        {
            return self.go_on();
        }
        if let Request::Ping(Ping { check: None | Some(false) }) = &incoming.request {
            let pong = Pong { now_ms: self.core.clock.now_ms(), digest: None };
            self.push_reply(frame::encode(&ServerFrame::Pong(pong)));
            return Ok(());
        }
        if let Request::Read(read) = &incoming.request {
            self.note_read(read.conversation, read.seq);
            return Ok(());
        }
        if let Request::Received(received) = &incoming.request {
            self.note_received(&received.heads);
            return Ok(());
        }
        let limit = self.core.settings.rules.limits.in_flight;
        if self.n_in_flight >= limit {
            self.refuse(incoming.id, &too_many_in_flight(limit));
            return self.go_on();
        }
        self.n_in_flight += 1;
        let start_now = match requests::conversation(&incoming.request) {
            Some(conversation) => self.lanes.arrive(conversation, incoming),
            None => Some(incoming),
        };
        if let Some(incoming) = start_now {
            self.begin(incoming);
        }
        Ok(())
    }

    /// Counts something that was refused for being too often or malformed. Whoever goes on beyond
    /// all patience is closed.
    fn go_on(&mut self) -> Result<(), CloseCode> {
        let rate = self.core.settings.flood.refusals;
        if self.patience.take(rate, Instant::now()) { Ok(()) } else { Err(CloseCode::Flooding) }
    }

    /// Drives what is under way. `Ready` when the connection has to be closed.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseCode> {
        loop {
            let mut is_moving = false;
            while let Some(done) = self.next_done(cx) {
                is_moving = true;
                if let Some(code) = self.finish(done) {
                    return Poll::Ready(code);
                }
            }
            is_moving |= self.turn_page();
            is_moving |= self.catch_up();
            if !is_moving {
                return Poll::Pending;
            }
        }
    }

    fn next_done(&mut self, cx: &mut Context<'_>) -> Option<Done> {
        let tasks = self.tasks.as_mut()?;
        match Pin::new(tasks.as_mut()).poll_next(cx) {
            Poll::Ready(Some(done)) => Some(done),
            Poll::Ready(None) => {
                self.tasks = None;
                None
            }
            Poll::Pending => None,
        }
    }

    fn finish(&mut self, done: Done) -> Option<CloseCode> {
        match done {
            Done::Admitted(Ok(who), hello) => self.enter(who, hello),
            Done::Admitted(Err(refusal), _) => return Some(start::close_code(&refusal)),
            Done::Started(Ok(started)) => return self.go_live(started).err(),
            Done::Started(Err(refusal)) => return Some(start::close_code(&refusal)),
            Done::Answered { lane, frame, is_over_rate } => {
                self.answered(lane, frame);
                return if is_over_rate { self.go_on().err() } else { None };
            }
            Done::Paged { frame, pages } => {
                self.answered(None, frame);
                self.is_reading_pages = false;
                self.pages = pages;
            }
            Done::Caught(pages) => {
                self.is_reading_pages = false;
                self.pages = Some(pages);
            }
        }
        None
    }

    /// Puts `welcome` before the events that came meanwhile, and takes what waited for it.
    fn go_live(&mut self, started: Started) -> Result<(), CloseCode> {
        if let Some(handle) = &self.handle {
            handle.outbox.push_first(started.welcome);
        }
        self.pages = Some(started.pages);
        let phase = std::mem::replace(&mut self.phase, Phase::Live);
        let Phase::Starting(early) = phase else { return Ok(()) };
        for one in early {
            match one {
                Early::Asked(incoming) => self.accept(incoming)?,
                Early::Refused(frame) => self.push_reply(frame),
            }
        }
        Ok(())
    }

    fn answered(&mut self, lane: Option<ConversationId>, frame: Option<Frame>) {
        self.n_in_flight -= 1;
        if let Some(frame) = frame {
            self.push_reply(frame);
            fail_point::pass(Step::Answered);
        }
        let ready = lane.map_or_else(Vec::new, |conversation| self.lanes.leave(conversation));
        ready.into_iter().for_each(|incoming| self.begin(incoming));
    }

    /// Queues the next page if there is one and the outbox is calm.
    fn turn_page(&mut self) -> bool {
        let (Some(pages), Some(handle)) = (&mut self.pages, &self.handle) else { return false };
        if !handle.outbox.is_calm(self.core.hub.limits()) {
            return false;
        }
        match pages.next() {
            Some(page) => handle.outbox.push_reply(page),
            None => self.pages = None,
        }
        true
    }

    /// Ends a lag once the outbox is calm and no pages are under way.
    fn catch_up(&mut self) -> bool {
        let Some(handle) = &self.handle else { return false };
        if self.is_paging() || !matches!(self.phase, Phase::Live) {
            return false;
        }
        let Some(lag) = handle.outbox.take_lag(self.core.hub.limits()) else { return false };
        self.is_reading_pages = true;
        let task = start::catch_up(Arc::clone(&self.core), Arc::clone(handle), lag);
        self.run(task);
        true
    }

    /// Whether pages are being read or on their way.
    fn is_paging(&self) -> bool {
        self.is_reading_pages || self.pages.is_some()
    }

    fn run(&mut self, task: impl Future<Output = Done> + Send + 'static) {
        self.tasks.get_or_insert_default().push(Box::pin(task));
    }

    fn push_reply(&self, frame: Frame) {
        if let Some(handle) = &self.handle {
            handle.outbox.push_reply(frame);
        }
    }

    fn refuse(&self, id: Option<u64>, refusal: &Refusal) {
        if let Some(id) = id {
            self.push_reply(frame::encode(&ServerFrame::Refused(refusal.to_frame(id))));
        }
    }

    /// Refuses what was not understood. Before `welcome` the refusal waits for it; whoever goes on
    /// with what is refused is closed.
    fn refuse_now(&mut self, frame: Frame) -> Result<(), CloseCode> {
        let limit = usize::try_from(self.core.settings.rules.limits.in_flight);
        let Phase::Starting(early) = &mut self.phase else {
            self.push_reply(frame);
            return self.go_on();
        };
        if early.len() >= limit.unwrap_or(usize::MAX).saturating_mul(2) {
            return Err(CloseCode::Flooding);
        }
        early.push(Early::Refused(frame));
        Ok(())
    }
}

/// What has no reply, or one that costs nothing: no bucket of the user counts it.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other request has a reply")]
fn is_unanswered(request: &Request) -> bool {
    match request {
        Request::Ping(ping) => ping.check != Some(true),
        Request::Read(_) | Request::Received(_) | Request::Typing(_) => true,
        _ => false,
    }
}

fn too_many_in_flight(limit: u32) -> Refusal {
    TALLY.rate_limited(Rule::InFlight);
    let words = format!("more than {limit} requests in flight");
    Refusal::new(RefusalCode::RateLimited, words).after_ms(100)
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            self.core.hub.leave(handle);
            self.core.attention.leave(&self.core.hub, handle);
        }
    }
}
