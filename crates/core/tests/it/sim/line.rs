//! One connection without a socket: a session driven by hand, and frames on their way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::Notify;
use tokio::time::Instant;
use voodoo_core::store::Authenticated;
use voodoo_core::{Core, Session};
use voodoo_proto::event::ServerFrame;
use voodoo_proto::{CloseCode, ConversationId};

use super::chance::Chance;
use super::truth::{Checked, Truth, must};

/// Bytes on their way down, at most: a socket's buffer.
const WINDOW_BYTES: usize = 2_000;

/// Notes that a session has something to do, and wakes the world.
pub(super) struct Woken {
    is_woken: AtomicBool,
    world: Arc<Notify>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
        self.world.notify_one();
    }
}

pub(super) struct Line {
    session: Session,
    woken: Arc<Woken>,
    waker: Waker,
    chance: Chance,
    latency_ms: u64,
    up: VecDeque<(Instant, String)>,
    down: VecDeque<(Instant, String)>,
    down_bytes: usize,
    /// The other side reads nothing before.
    reads_from: Instant,
    /// The newest change of each conversation that came.
    heard: BTreeMap<ConversationId, u64>,
}

impl Line {
    pub(super) fn new(
        core: &Arc<Core>,
        who: Authenticated,
        world: &Arc<Notify>,
        (latency_ms, chance): (u64, Chance),
    ) -> Self {
        let is_woken = AtomicBool::new(true);
        let woken = Arc::new(Woken { is_woken, world: Arc::clone(world) });
        Self {
            session: Session::new(Arc::clone(core), Some(who)),
            waker: Waker::from(Arc::clone(&woken)),
            woken,
            chance,
            latency_ms,
            up: VecDeque::new(),
            down: VecDeque::new(),
            down_bytes: 0,
            reads_from: Instant::now(),
            heard: BTreeMap::new(),
        }
    }

    /// Frames keep their order on the way.
    fn arrival(&mut self, behind: Option<Instant>) -> Instant {
        let at = Instant::now() + self.chance.ms(0, self.latency_ms);
        behind.map_or(at, |behind| at.max(behind))
    }

    pub(super) fn say(&mut self, text: String) {
        let at = self.arrival(self.up.back().map(|(at, _)| *at));
        self.up.push_back((at, text));
    }

    /// Nothing is read for a while.
    pub(super) fn stall_until(&mut self, at: Instant) {
        self.reads_from = at;
    }

    /// Frames arrive at once, and are read at once.
    pub(super) fn heal(&mut self) {
        self.latency_ms = 0;
        self.reads_from = Instant::now();
    }

    pub(super) fn is_silent(&self) -> bool {
        let has_frames = self.session.handle().is_some_and(|handle| handle.outbox.has_frames());
        self.up.is_empty() && self.down.is_empty() && !has_frames
    }

    /// When something happens by itself.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let up = self.up.front().filter(|_| !self.is_full()).map(|(at, _)| *at);
        let down = self.down.front().map(|(at, _)| *at.max(&self.reads_from));
        up.into_iter().chain(down).min()
    }

    fn is_full(&self) -> bool {
        let limits = self.session.core().hub.limits();
        self.session.handle().is_some_and(|handle| handle.outbox.is_full_of_replies(limits))
    }

    /// Does everything that is due. `Err` when the server closed.
    pub(super) fn drive(&mut self) -> Result<(), CloseCode> {
        loop {
            let mut is_moving = self.hand_up()?;
            let has_room = self.down_bytes < WINDOW_BYTES;
            let is_woken = self.woken.is_woken.swap(false, Ordering::Relaxed);
            if is_woken || is_moving || (has_room && self.session.has_more()) {
                self.poll()?;
            }
            is_moving |= self.take_down();
            if is_moving {
                continue;
            }
            let decided = self.session.handle().and_then(|handle| handle.outbox.closing());
            return decided.map_or(Ok(()), Err);
        }
    }

    fn hand_up(&mut self) -> Result<bool, CloseCode> {
        let mut is_moving = false;
        while !self.is_full() && self.up.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            if let Some((_, text)) = self.up.pop_front() {
                is_moving = true;
                self.session.on_text(&text)?;
            }
        }
        Ok(is_moving)
    }

    fn poll(&mut self) -> Result<(), CloseCode> {
        if let Some(handle) = self.session.handle() {
            handle.outbox.register(&self.waker);
        }
        match self.session.poll(&mut Context::from_waker(&self.waker)) {
            Poll::Ready(code) => Err(code),
            Poll::Pending => Ok(()),
        }
    }

    /// Takes what the socket has room for.
    fn take_down(&mut self) -> bool {
        let mut is_moving = false;
        let mut taken = VecDeque::new();
        while self.down_bytes < WINDOW_BYTES {
            let Some(handle) = self.session.handle() else { break };
            handle.outbox.take(&mut taken, 1);
            let Some(queued) = taken.pop_front() else { break };
            handle.outbox.written(&queued);
            is_moving = true;
            let text = String::from_utf8(queued.frame.payload().to_vec()).unwrap();
            self.down_bytes += text.len();
            let at = self.arrival(self.down.back().map(|(at, _)| *at));
            self.down.push_back((at, text));
        }
        is_moving
    }

    /// The next frame that has arrived.
    pub(super) fn hear(&mut self) -> Option<String> {
        let now = Instant::now();
        if now < self.reads_from || self.down.front().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, text) = self.down.pop_front()?;
        self.down_bytes -= text.len();
        Some(text)
    }

    /// What a session hears of a conversation comes in the order of `rev`, and only what its user
    /// may hear.
    pub(super) fn check(&mut self, truth: &Truth, frame: &ServerFrame) -> Checked {
        let Some((conversation, rev, about_seq)) = event_of(frame) else { return Ok(()) };
        let heard = self.heard.entry(conversation).or_default();
        must!(rev > *heard, "{conversation}: {rev} comes after {heard}");
        *heard = rev;
        let user = self.session.handle().map(|handle| handle.user);
        user.map_or(Ok(()), |user| truth.may_hear(user, (conversation, rev), about_seq))
    }
}

/// The change that an event stands for, and the message that it is about.
fn event_of(frame: &ServerFrame) -> Option<(ConversationId, u64, Option<u64>)> {
    match frame {
        ServerFrame::Message(event) => Some((event.conversation, event.rev, Some(event.seq))),
        ServerFrame::Edited(event) => Some((event.conversation, event.rev, Some(event.seq))),
        ServerFrame::Deleted(event) => Some((event.conversation, event.rev, Some(event.seq))),
        ServerFrame::Reacted(event) => Some((event.conversation, event.rev, Some(event.seq))),
        ServerFrame::Pinned(event) => Some((event.conversation, event.rev, Some(event.seq))),
        ServerFrame::Membership(event) => Some((event.conversation, event.rev, None)),
        ServerFrame::Updated(event) => Some((event.conversation, event.rev, None)),
        ServerFrame::Floored(event) => Some((event.conversation, event.rev, None)),
        ServerFrame::Skipped(event) => Some((event.conversation, event.rev, None)),
        ServerFrame::Changed(event) => Some((event.conversation, event.rev, None)),
        ServerFrame::Welcome(_)
        | ServerFrame::Sync(_)
        | ServerFrame::Pong(_)
        | ServerFrame::Goaway(_)
        | ServerFrame::Notice(_)
        | ServerFrame::Refused(_)
        | ServerFrame::Read(_)
        | ServerFrame::Reads(_)
        | ServerFrame::Typing(_)
        | ServerFrame::Presence(_)
        | ServerFrame::Conversation(_)
        | ServerFrame::ConversationGone(_)
        | ServerFrame::Me(_)
        | ServerFrame::Heads(_) => None,
    }
}
