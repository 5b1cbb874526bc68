//! What a session has still to write to its socket.

use std::collections::{BTreeSet, VecDeque};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use voodoo_proto::{CloseCode, ConversationId};

use crate::frame::Frame;
use crate::sync::Mutex;

/// How much an outbox takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Above this, best-effort frames are dropped, and pages wait.
    pub calm_bytes: usize,
    /// Above this, durable events are no longer queued: the session lags.
    pub full_bytes: usize,
    /// Above this many bytes of replies the server stops reading the socket.
    pub reply_bytes: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { calm_bytes: 64 * 1024, full_bytes: 256 * 1024, reply_bytes: 512 * 1024 }
    }
}

/// What a session has still to write to its socket.
///
/// Bounded in bytes, not in frames, so that one slow reader costs at most
/// [`OutboxLimits::full_bytes`] of events and [`OutboxLimits::reply_bytes`] of replies whatever
/// people post. A full outbox drops best-effort frames first, then stops taking durable ones and
/// is lagging. Nothing is lost: the client pulls from the store.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    /// Wakes the task that writes.
    waker: AtomicWaker,
}

/// Invariant: `queued_bytes` and `reply_bytes` are the sums over `frames` and what was taken and
/// not yet written. They stay within the limits and what a session has in flight, far below 4 GiB.
#[derive(Default)]
struct State {
    frames: VecDeque<Queued>,
    queued_bytes: u32,
    reply_bytes: u32,
    /// What few sessions have.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    lag: Option<Lag>,
    close: Option<CloseCode>,
}

/// A frame on its way.
#[derive(Debug)]
pub struct Queued {
    /// A complete WebSocket frame.
    pub frame: Frame,
    /// What it counts as.
    pub load: Load,
}

/// What a frame counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// An event.
    Event,
    /// An answer to the session's own request.
    Reply,
    /// A pong or close frame of the connection: no outbox counts it.
    Control,
}

impl Queued {
    fn event(frame: &Frame) -> Self {
        Self { frame: frame.clone(), load: Load::Event }
    }

    fn n_bytes(&self) -> u32 {
        u32::try_from(self.frame.len()).expect("a frame is far shorter than 4 GiB")
    }
}

/// What a session missed because it read too slowly.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Conversations of which an event was left out; at most all of the user's.
    pub conversations: BTreeSet<ConversationId>,
    /// The last frames of conversations that ended, each once: no counter of the user and no head
    /// tells it.
    pub ends: Vec<Frame>,
}

impl Outbox {
    /// Queues an answer. Replies are never dropped; the socket is no longer read while too many
    /// wait.
    pub fn push_reply(&self, frame: Frame) {
        self.push(&mut self.state.lock(), Queued { frame, load: Load::Reply });
    }

    /// Queues an answer before everything that waits. Only for what comes first of all, while
    /// nothing has been taken yet.
    pub fn push_first(&self, frame: Frame) {
        let mut state = self.state.lock();
        let n_before = state.frames.len();
        self.push(&mut state, Queued { frame, load: Load::Reply });
        if state.frames.len() > n_before {
            state.frames.rotate_right(1);
        }
    }

    /// Queues a durable event, or notes that the session lags.
    pub fn push_event(&self, limits: &OutboxLimits, conversation: ConversationId, frame: &Frame) {
        let mut state = self.state.lock();
        if state.may_queue(limits) {
            return self.push(&mut state, Queued::event(frame));
        }
        state.lag().conversations.insert(conversation);
    }

    /// Notes that an event was left out before it came here.
    pub fn lag(&self, conversation: ConversationId) {
        let mut state = self.state.lock();
        if state.closing().is_none() {
            state.lag().conversations.insert(conversation);
            self.waker.wake();
        }
    }

    /// Queues a durable frame of the user's own, or notes that the session lags.
    pub fn push_own(&self, limits: &OutboxLimits, frame: &Frame) {
        let mut state = self.state.lock();
        if state.may_queue(limits) {
            return self.push(&mut state, Queued::event(frame));
        }
        state.lag();
    }

    /// Queues the last that is heard of a conversation, or keeps it until the lag is over: after it
    /// there is no head that could say it.
    pub fn push_last(&self, limits: &OutboxLimits, conversation: ConversationId, frame: &Frame) {
        let mut state = self.state.lock();
        if state.may_queue(limits) {
            return self.push(&mut state, Queued::event(frame));
        }
        let lag = state.lag();
        lag.conversations.remove(&conversation);
        lag.ends.push(frame.clone());
    }

    /// Queues a frame that may be lost.
    pub fn push_best_effort(&self, limits: &OutboxLimits, frame: &Frame) {
        let mut state = self.state.lock();
        if !state.is_lagging() && state.n_bytes() <= limits.calm_bytes {
            self.push(&mut state, Queued::event(frame));
        }
    }

    fn push(&self, state: &mut State, queued: Queued) {
        if state.closing().is_some() {
            return;
        }
        state.queued_bytes += queued.n_bytes();
        if queued.load == Load::Reply {
            state.reply_bytes += queued.n_bytes();
        }
        state.frames.push_back(queued);
        self.waker.wake();
    }

    /// Takes frames to write, at most `n_frames`; [`Outbox::written`] says when they are gone.
    pub fn take(&self, into: &mut VecDeque<Queued>, n_frames: usize) {
        let mut state = self.state.lock();
        if into.is_empty() && state.frames.len() <= n_frames {
            // Handed over as it is: an empty outbox keeps no room.
            *into = std::mem::take(&mut state.frames);
            return;
        }
        let n = state.frames.len().min(n_frames);
        into.extend(state.frames.drain(..n));
        if state.frames.is_empty() {
            state.frames = VecDeque::new();
        }
    }

    /// Says that a taken frame has been written whole.
    pub fn written(&self, queued: &Queued) {
        if queued.load == Load::Control {
            return;
        }
        let mut state = self.state.lock();
        state.queued_bytes -= queued.n_bytes();
        if queued.load == Load::Reply {
            state.reply_bytes -= queued.n_bytes();
        }
    }

    /// Whether anything waits to be taken.
    #[must_use]
    pub fn has_frames(&self) -> bool {
        !self.state.lock().frames.is_empty()
    }

    /// Whether events were left out that have still to be made up for.
    #[must_use]
    pub fn is_lagging(&self) -> bool {
        self.state.lock().is_lagging()
    }

    /// Whether the next page may be queued.
    #[must_use]
    pub fn is_calm(&self, limits: &OutboxLimits) -> bool {
        self.state.lock().n_bytes() < limits.calm_bytes
    }

    /// Whether so many replies wait that the socket is not to be read.
    #[must_use]
    pub fn is_full_of_replies(&self, limits: &OutboxLimits) -> bool {
        self.state.lock().reply_bytes as usize > limits.reply_bytes
    }

    /// Ends a lag once the outbox is calm: from here on events are queued again, and the heads of
    /// what was left out have to be read from the store.
    pub fn take_lag(&self, limits: &OutboxLimits) -> Option<Lag> {
        let mut state = self.state.lock();
        if state.n_bytes() >= limits.calm_bytes {
            return None;
        }
        let rare = state.rare.as_mut()?;
        let lag = rare.lag.take();
        if rare.close.is_none() {
            state.rare = None;
        }
        lag
    }

    /// Ends the session once what is queued has been written. The first code stands.
    pub fn close(&self, code: CloseCode) {
        let mut state = self.state.lock();
        state.rare.get_or_insert_default().close.get_or_insert(code);
        self.waker.wake();
    }

    /// Bytes that wait, of all kinds.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.state.lock().n_bytes()
    }

    /// Whether and why the session is to end.
    #[must_use]
    pub fn closing(&self) -> Option<CloseCode> {
        self.state.lock().closing()
    }

    /// Registers whom to wake when there is something to do.
    pub fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

impl State {
    fn may_queue(&self, limits: &OutboxLimits) -> bool {
        !self.is_lagging() && self.n_bytes() <= limits.full_bytes
    }

    fn n_bytes(&self) -> usize {
        self.queued_bytes as usize
    }

    fn lag(&mut self) -> &mut Lag {
        self.rare.get_or_insert_default().lag.get_or_insert_default()
    }

    fn is_lagging(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.lag.is_some())
    }

    fn closing(&self) -> Option<CloseCode> {
        self.rare.as_ref()?.close
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> OutboxLimits {
        OutboxLimits { calm_bytes: 10, full_bytes: 20, reply_bytes: 20 }
    }

    fn conversation(number: i64) -> ConversationId {
        ConversationId::new(number).unwrap()
    }

    fn drain(outbox: &Outbox) -> usize {
        let mut taken = VecDeque::new();
        outbox.take(&mut taken, usize::MAX);
        for queued in &taken {
            outbox.written(queued);
        }
        taken.len()
    }

    #[test]
    fn a_lag_begins_with_the_first_event_not_queued_and_ends_when_calm() {
        let (outbox, frame) = (Outbox::default(), Frame::new(&[0; 15]));
        for number in [1, 2, 3, 2] {
            outbox.push_event(&limits(), conversation(number), &frame);
        }
        assert_eq!(outbox.take_lag(&limits()), None, "not calm yet");
        assert_eq!(drain(&outbox), 2, "the third was not queued");
        let lag = outbox.take_lag(&limits()).unwrap();
        assert_eq!(lag.conversations, BTreeSet::from([conversation(2), conversation(3)]));
        outbox.push_event(&limits(), conversation(4), &frame);
        assert_eq!(drain(&outbox), 1);
    }

    #[test]
    fn while_lagging_nothing_overtakes_what_was_left_out() {
        let (outbox, frame) = (Outbox::default(), Frame::new(&[0; 21]));
        outbox.push_event(&limits(), conversation(1), &frame);
        outbox.push_event(&limits(), conversation(1), &frame);
        drain(&outbox);
        outbox.push_event(&limits(), conversation(1), &frame);
        outbox.push_own(&limits(), &frame);
        outbox.push_best_effort(&limits(), &frame);
        assert_eq!(drain(&outbox), 0);
        assert!(outbox.take_lag(&limits()).is_some());
    }

    #[test]
    fn the_end_of_a_conversation_is_kept_over_a_lag() {
        let (outbox, frame) = (Outbox::default(), Frame::new(&[0; 21]));
        outbox.push_event(&limits(), conversation(1), &frame);
        outbox.push_event(&limits(), conversation(1), &frame);
        outbox.push_last(&limits(), conversation(1), &frame);
        assert_eq!(drain(&outbox), 1);
        let lag = outbox.take_lag(&limits()).unwrap();
        assert_eq!(lag, Lag { conversations: BTreeSet::new(), ends: vec![frame] });
    }

    #[test]
    fn best_effort_goes_first_and_replies_never() {
        let (outbox, frame) = (Outbox::default(), Frame::new(&[0; 15]));
        outbox.push_reply(frame.clone());
        outbox.push_best_effort(&limits(), &frame);
        assert!(!outbox.is_full_of_replies(&limits()));
        outbox.push_reply(frame.clone());
        outbox.push_reply(frame);
        assert!(outbox.is_full_of_replies(&limits()));
        assert_eq!(drain(&outbox), 3);
        assert!(!outbox.is_full_of_replies(&limits()));
    }

    #[test]
    fn what_comes_first_stands_before_what_was_queued() {
        let (outbox, event) = (Outbox::default(), Frame::new(b"event"));
        for number in [1, 2] {
            outbox.push_event(&limits(), conversation(number), &event);
        }
        outbox.push_first(Frame::new(b"welcome"));
        let mut taken = VecDeque::new();
        outbox.take(&mut taken, usize::MAX);
        let frames: Vec<&[u8]> = taken.iter().map(|queued| &queued.frame[..]).collect();
        assert_eq!(frames, [&b"welcome"[..], b"event", b"event"]);
        assert_eq!(outbox.state.lock().reply_bytes, 7);
    }

    #[test]
    fn the_first_reason_to_close_stands() {
        let outbox = Outbox::default();
        outbox.close(CloseCode::LogInAgain);
        outbox.close(CloseCode::Unavailable);
        outbox.push_reply(Frame::new(b"late"));
        assert_eq!(outbox.closing(), Some(CloseCode::LogInAgain));
        assert_eq!(drain(&outbox), 0);
    }
}
