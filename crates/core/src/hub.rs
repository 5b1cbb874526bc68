//! Who hears of what: the live sessions of this process, by conversation and by user.
//!
//! Knows no store: a session's subscriptions are given to it. Whoever delivers to a conversation
//! does so in the order of `rev`; the hub keeps that order for each session.

mod subscriptions;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;

use tokio::sync::Notify;
use tokio::time::Instant;
use voodoo_proto::event::{ServerFrame, Skipped};
use voodoo_proto::{CloseCode, ConversationId, DeviceId, UserId};

use self::subscriptions::Subscriptions;
use crate::attention::GazeCell;
use crate::bus::Whisper;
use crate::fan_out::{Audience, FanOut};
use crate::frame::{self, Frame};
use crate::outbox::{Outbox, OutboxLimits};
use crate::pulse::{Lease, Pulse};
use crate::rates::{Buckets, Resting};
use crate::sync::Mutex;

/// Locks that the maps are split over, so that fan-outs of different conversations do not meet.
const N_LOCKS: usize = 64;

/// A live session of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u64);

impl SessionId {
    /// Which session of this process it is, counted from 1.
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s_{:x}", self.0)
    }
}

/// A session as the hub and its connection share it.
pub struct Handle {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// What it has still to write.
    pub outbox: Outbox,
    /// Its signs of life.
    pub pulse: Pulse,
    /// Until when its device is good.
    pub lease: Lease,
    /// Where it looks.
    pub(crate) gaze: GazeCell,
    /// The user's token buckets, shared by all of the user's sessions.
    pub(crate) buckets: Arc<Buckets>,
    subscriptions: Mutex<Subscriptions>,
}

/// With the two counts of an `Arc` it fits into 224 bytes, a size of its own of the allocator.
#[cfg(all(target_pointer_width = "64", not(shuttle)))]
const _: () = assert!(size_of::<Handle>() <= 208);

type ByConversation = Mutex<HashMap<ConversationId, Audience>>;
type ByUser = Mutex<HashMap<UserId, Present>>;

/// The live sessions of one user, oldest first.
struct Present {
    sessions: Vec<Arc<Handle>>,
    buckets: Arc<Buckets>,
}

/// The live sessions of this process.
pub struct Hub {
    conversations: Vec<ByConversation>,
    users: Vec<ByUser>,
    resting: Resting,
    n_sessions: AtomicUsize,
    next_session: AtomicU64,
    limits: OutboxLimits,
    max_sessions: usize,
    fan_out: FanOut,
    /// Conversations with something to hand out in slices, each once.
    ready: Mutex<VecDeque<ConversationId>>,
    /// Wakes the task that hands out.
    is_ready: Notify,
}

impl Hub {
    /// A hub without sessions; a user has at most `max_sessions`.
    #[must_use]
    pub fn new(limits: OutboxLimits, max_sessions: usize) -> Self {
        Self {
            conversations: (0..N_LOCKS).map(|_| Mutex::default()).collect(),
            users: (0..N_LOCKS).map(|_| Mutex::default()).collect(),
            resting: Resting::default(),
            n_sessions: AtomicUsize::new(0),
            next_session: AtomicU64::new(1),
            limits,
            max_sessions: max_sessions.max(1),
            fan_out: FanOut::default(),
            ready: Mutex::default(),
            is_ready: Notify::new(),
        }
    }

    /// The same with other slices.
    #[must_use]
    pub fn with_fan_out(self, fan_out: FanOut) -> Self {
        Self { fan_out, ..self }
    }

    /// How much an outbox takes.
    #[must_use]
    pub fn limits(&self) -> &OutboxLimits {
        &self.limits
    }

    /// Live sessions.
    #[must_use]
    pub fn n_sessions(&self) -> usize {
        self.n_sessions.load(Ordering::Relaxed)
    }

    fn of_conversation(&self, conversation: ConversationId) -> &ByConversation {
        &self.conversations[lock_of(conversation.get())]
    }

    fn of_user(&self, user: UserId) -> &ByUser {
        &self.users[lock_of(user.get())]
    }

    /// Makes a session known under its user: from here on it hears what concerns the user. A user
    /// with too many sessions loses the oldest, so that dead sockets lock nobody out.
    ///
    /// Its signs are complete before anybody finds it: whoever was never heard counts as silent.
    pub(crate) fn enter(
        &self,
        user: UserId,
        device: DeviceId,
        (pulse, lease): (Pulse, Lease),
    ) -> Arc<Handle> {
        let session = SessionId(self.next_session.fetch_add(1, Ordering::Relaxed));
        let mut users = self.of_user(user).lock();
        let present = users.entry(user).or_insert_with(|| Present {
            sessions: Vec::with_capacity(1),
            buckets: self.resting.take(user),
        });
        let handle = Arc::new(Handle {
            session,
            user,
            device,
            outbox: Outbox::default(),
            pulse,
            lease,
            gaze: GazeCell::default(),
            buckets: Arc::clone(&present.buckets),
            subscriptions: Mutex::default(),
        });
        let n_open = present.sessions.iter().filter(|one| one.outbox.closing().is_none()).count();
        if n_open >= self.max_sessions
            && let Some(oldest) = present.sessions.iter().find(|one| one.outbox.closing().is_none())
        {
            oldest.outbox.close(CloseCode::TooManySessions);
        }
        present.sessions.push(Arc::clone(&handle));
        self.n_sessions.fetch_add(1, Ordering::Relaxed);
        handle
    }

    /// Forgets a session.
    pub(crate) fn leave(&self, handle: &Arc<Handle>) {
        self.unsubscribe_all(handle);
        let mut users = self.of_user(handle.user).lock();
        let Some(present) = users.get_mut(&handle.user) else { return };
        let n_before = present.sessions.len();
        present.sessions.retain(|one| one.session != handle.session);
        self.n_sessions.fetch_sub(n_before - present.sessions.len(), Ordering::Relaxed);
        if present.sessions.is_empty() {
            users.remove(&handle.user);
            self.resting.put(handle.user, Arc::clone(&handle.buckets), Instant::now());
        }
    }

    /// The buckets of a user, with or without a session.
    pub(crate) fn buckets(&self, user: UserId) -> Arc<Buckets> {
        match self.of_user(user).lock().get(&user) {
            Some(present) => Arc::clone(&present.buckets),
            None => self.resting.share(user, Instant::now()),
        }
    }

    /// Delivers a durable event to the sessions of a conversation, but to `except`.
    pub(crate) fn deliver(&self, event: Delivery, except: Option<SessionId>) {
        let conversation = event.conversation;
        let mut conversations = self.of_conversation(conversation).lock();
        let Some(audience) = conversations.get_mut(&conversation) else { return };
        if !audience.is_sliced(&self.fan_out) {
            return audience.hand_out(&self.limits, &event, except);
        }
        audience.queue(&self.fan_out, event, except);
        drop(conversations);
        self.make_ready(conversation);
    }

    fn make_ready(&self, conversation: ConversationId) {
        let mut ready = self.ready.lock();
        if !ready.contains(&conversation) {
            ready.push_back(conversation);
        }
        drop(ready);
        self.is_ready.notify_one();
    }

    /// Hands out one slice of what waits; conversations take turns. Whether there was any.
    pub(crate) fn hand_out_slice(&self) -> bool {
        let Some(conversation) = self.ready.lock().pop_front() else { return false };
        let mut conversations = self.of_conversation(conversation).lock();
        let Some(audience) = conversations.get_mut(&conversation) else { return true };
        let lags = |handle: &Handle| handle.outbox.lag(conversation);
        let slice = audience.slice(&self.limits, &self.fan_out, lags);
        if audience.is_empty() {
            conversations.remove(&conversation);
        }
        drop(conversations);
        for handle in slice.gone.iter().flat_map(|(_, handles)| handles) {
            Self::forget(handle, conversation);
        }
        if let Some((frame, handles)) = slice.gone {
            for handle in handles {
                handle.outbox.push_last(&self.limits, conversation, &frame);
            }
        }
        if slice.has_more {
            self.make_ready(conversation);
        }
        true
    }

    /// Tells the sessions of a conversation that it is gone, and forgets it.
    pub(crate) fn destroy(&self, conversation: ConversationId, bytes: &Frame) {
        let mut conversations = self.of_conversation(conversation).lock();
        let Some(audience) = conversations.get_mut(&conversation) else { return };
        if audience.is_sliced(&self.fan_out) {
            audience.queue_gone(bytes.clone());
            drop(conversations);
            return self.make_ready(conversation);
        }
        let audience = conversations.remove(&conversation);
        drop(conversations);
        for handle in audience.iter().flat_map(Audience::sessions) {
            Self::forget(handle, conversation);
            handle.outbox.push_last(&self.limits, conversation, bytes);
        }
    }

    /// Delivers a durable frame to all sessions of a user, about a conversation whose head says
    /// it too or about what the user's counter says.
    pub(crate) fn tell(&self, user: UserId, about: Option<ConversationId>, bytes: &Frame) {
        for handle in self.sessions(user) {
            match about {
                Some(conversation) => {
                    handle.outbox.push_event(&self.limits, conversation, bytes);
                }
                None => handle.outbox.push_own(&self.limits, bytes),
            }
        }
    }

    /// Closes the sessions of a device.
    pub(crate) fn close_device(&self, user: UserId, device: DeviceId, code: CloseCode) {
        for handle in self.sessions(user).iter().filter(|handle| handle.device == device) {
            handle.outbox.close(code);
        }
    }

    /// Lets the sessions of a device live on, for it was used elsewhere.
    pub fn extend(&self, user: UserId, device: DeviceId, expires_ms: u64) {
        for handle in self.sessions(user).iter().filter(|handle| handle.device == device) {
            handle.lease.extend(expires_ms);
        }
    }

    /// Visits every live session.
    pub fn for_each(&self, mut visit: impl FnMut(&Handle)) {
        for users in &self.users {
            for present in users.lock().values() {
                present.sessions.iter().for_each(|handle| visit(handle));
            }
        }
    }

    /// Delivers a frame that may be lost, to all sessions of a conversation or to those that look
    /// at it, but not to those of `from`; to none where they are so many that it is not worth it.
    pub(crate) fn whisper(&self, whisper: &Whisper) {
        let conversations = self.of_conversation(whisper.conversation).lock();
        let Some(audience) = conversations.get(&whisper.conversation) else { return };
        if audience.n_sessions() > self.fan_out.inline_sessions {
            return;
        }
        for handle in audience.sessions() {
            let is_wanted = whisper.to_all || handle.focuses(whisper.conversation);
            if is_wanted && handle.user != whisper.from {
                handle.outbox.push_best_effort(&self.limits, &whisper.frame);
            }
        }
    }

    pub(crate) fn sessions(&self, user: UserId) -> Vec<Arc<Handle>> {
        self.of_user(user).lock().get(&user).map_or_else(Vec::new, |one| one.sessions.clone())
    }
}

/// A durable event on its way to the sessions of a conversation.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where.
    pub conversation: ConversationId,
    /// Its place.
    pub rev: u64,
    /// The message that it is about.
    pub about_seq: Option<u64>,
    /// A complete WebSocket frame.
    pub frame: Frame,
}

impl Delivery {
    /// What those get of it who may not read that far back.
    pub(crate) fn skipped(&self) -> Frame {
        let skipped = Skipped { conversation: self.conversation, rev: self.rev };
        frame::encode(&ServerFrame::Skipped(skipped))
    }
}

/// Hands out what waits for slices, and lets others run after each.
pub(crate) async fn keep(hub: Arc<Hub>) {
    loop {
        match hub.hand_out_slice() {
            true => step_back().await,
            false => hub.is_ready.notified().await,
        }
    }
}

/// Lets those run first who were woken by the last slice.
///
/// Whoever wakes itself comes to the end of its worker's queue, behind them; `yield_now` comes back
/// after a few of them, and one slice would be queued on the other until a whole broadcast stands
/// before everyone else.
pub(crate) async fn step_back() {
    let mut is_back = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn lock_of(number: i64) -> usize {
    usize::try_from(number.unsigned_abs() % N_LOCKS as u64).expect("below N_LOCKS")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Subscription;

    fn hub() -> Hub {
        Hub::new(OutboxLimits::default(), 2)
    }

    fn ids(number: i64) -> (UserId, DeviceId, ConversationId) {
        (
            UserId::new(number).unwrap(),
            DeviceId::new(number).unwrap(),
            ConversationId::new(number).unwrap(),
        )
    }

    fn n_queued(handle: &Handle) -> usize {
        let mut taken = VecDeque::new();
        handle.outbox.take(&mut taken, usize::MAX);
        taken.len()
    }

    fn delivery(conversation: ConversationId, about_seq: Option<u64>) -> Delivery {
        Delivery { conversation, rev: 1, about_seq, frame: Frame::new(b"event") }
    }

    #[test]
    fn an_event_reaches_each_subscriber_once_and_not_the_asker() {
        let hub = hub();
        let (user, device, conversation) = ids(1);
        let (asking, other) = (
            hub.enter(user, device, Default::default()),
            hub.enter(user, device, Default::default()),
        );
        let subscription = Subscription { conversation, from_seq: 1 };
        for handle in [&asking, &other] {
            hub.subscribe_all(handle, &[subscription, subscription]);
        }
        hub.join(user, subscription);
        hub.deliver(delivery(conversation, None), Some(asking.session));
        assert_eq!((n_queued(&asking), n_queued(&other)), (0, 1));
    }

    #[test]
    fn a_membership_lost_while_subscribing_is_not_subscribed() {
        let hub = hub();
        let (user, device, conversation) = ids(1);
        let handle = hub.enter(user, device, Default::default());
        let subscription = Subscription { conversation, from_seq: 1 };
        hub.part(user, conversation);
        hub.subscribe_all(&handle, &[subscription]);
        hub.deliver(delivery(conversation, None), None);
        assert_eq!(n_queued(&handle), 0);
        hub.join(user, subscription);
        hub.deliver(delivery(conversation, None), None);
        assert_eq!(n_queued(&handle), 1);
    }

    #[test]
    fn whoever_may_not_read_that_far_back_gets_the_counter_only() {
        let hub = hub();
        let (user, device, conversation) = ids(1);
        let handle = hub.enter(user, device, Default::default());
        hub.subscribe_all(&handle, &[Subscription { conversation, from_seq: 5 }]);
        hub.deliver(delivery(conversation, Some(4)), None);
        let mut taken = VecDeque::new();
        handle.outbox.take(&mut taken, 9);
        let text = std::str::from_utf8(taken[0].frame.payload()).unwrap();
        assert_eq!(text, r#"{"type":"skipped","conversation":"c_1","rev":1}"#);
    }

    #[test]
    fn the_oldest_of_too_many_sessions_goes_and_nothing_is_left_behind() {
        let hub = hub();
        let (user, device, conversation) = ids(1);
        let handles: Vec<_> = (0..3).map(|_| hub.enter(user, device, Default::default())).collect();
        let closing: Vec<_> = handles.iter().map(|one| one.outbox.closing()).collect();
        assert_eq!(closing, [Some(CloseCode::TooManySessions), None, None]);
        for handle in &handles {
            hub.subscribe_all(handle, &[Subscription { conversation, from_seq: 1 }]);
            hub.leave(handle);
        }
        assert_eq!(hub.n_sessions(), 0);
        assert!(hub.users.iter().all(|users| users.lock().is_empty()));
        assert!(hub.conversations.iter().all(|map| map.lock().is_empty()));
    }

    #[test]
    fn a_session_that_is_over_is_not_subscribed_any_more() {
        let hub = hub();
        let (user, device, conversation) = ids(1);
        let handle = hub.enter(user, device, Default::default());
        hub.leave(&handle);
        hub.subscribe_all(&handle, &[Subscription { conversation, from_seq: 1 }]);
        assert!(hub.conversations.iter().all(|map| map.lock().is_empty()));
    }
}
