//! The live sessions of one conversation, and what is on its way to them.
//!
//! An event for few is handed out at once. One for many waits in the queue of its conversation and
//! is handed out in slices, so that whoever shares a lock or a thread with it waits for one slice
//! and not for everyone. While anything waits, everything of that conversation does: its events
//! stay in order.

mod lookup;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use self::lookup::Lookup;
use crate::hub::{Delivery, Handle, SessionId};
use crate::outbox::OutboxLimits;

/// Above so many slots a session is not looked for slot by slot.
const MANY_SLOTS: usize = 64;

/// How events for many are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOut {
    /// Up to so many sessions get an event at once.
    pub inline_sessions: usize,
    /// Sessions of one slice.
    pub slice_sessions: usize,
    /// Bytes of the events that wait in one conversation, about at most; of what comes beyond that
    /// its sessions are only told that they lag, and pull.
    pub queue_bytes: usize,
}

impl Default for FanOut {
    fn default() -> Self {
        Self { inline_sessions: 1_000, slice_sessions: 64, queue_bytes: 1024 * 1024 }
    }
}

/// A session that hears of a conversation.
pub(crate) struct Subscriber {
    pub(crate) handle: Arc<Handle>,
    /// The first message that its user may read.
    pub(crate) from_seq: u64,
}

/// The live sessions of one conversation.
///
/// Invariant: without a backlog there are no empty `slots`. Above [`MANY_SLOTS`] there is a
/// `lookup`, and it names the slots that are not empty.
#[derive(Default)]
pub(crate) struct Audience {
    slots: Vec<Option<Subscriber>>,
    backlog: Option<Box<Backlog>>,
    lookup: Option<Box<Lookup>>,
}

/// What waits for its slices. Sessions come at the end of the slots and leave an empty one behind,
/// so that a place in the slots says who has been served.
///
/// Invariant: `n_bytes` is the sum over the frames of `items`, and their `n_slots` never fall;
/// `n_vacant` is the number of empty slots.
#[derive(Default)]
struct Backlog {
    n_vacant: usize,
    items: VecDeque<Item>,
    n_bytes: usize,
    /// The slots below have the first item already.
    next: usize,
    /// The last item says that events after it were left out.
    is_over: bool,
}

struct Item {
    what: What,
    /// Sessions that came later know of it from the store.
    n_slots: usize,
}

enum What {
    Event {
        delivery: Delivery,
        except: Option<SessionId>,
        skipped: Option<Bytes>,
    },
    /// Events were left out.
    Lag,
    /// The conversation is gone.
    Gone(Bytes),
}

/// What one slice came to.
#[derive(Default)]
pub(crate) struct Slice {
    /// There is more to hand out.
    pub(crate) has_more: bool,
    /// Sessions for which the conversation is gone, and what they hear of it.
    pub(crate) gone: Option<(Bytes, Vec<Arc<Handle>>)>,
}

impl Audience {
    pub(crate) fn add(&mut self, subscriber: Subscriber) {
        // Most conversations have one or two sessions; a vector would make room for four at once.
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.slots.len().max(1));
        }
        self.slots.push(Some(subscriber));
        match &mut self.lookup {
            Some(lookup) => lookup.insert(&self.slots, self.slots.len() - 1),
            None if self.slots.len() > MANY_SLOTS => self.look_anew(),
            None => {}
        }
    }

    pub(crate) fn remove(&mut self, handle: &Arc<Handle>) {
        let is_it = |slot: &Option<Subscriber>| {
            slot.as_ref().is_some_and(|one| Arc::ptr_eq(&one.handle, handle))
        };
        let at = match &mut self.lookup {
            Some(lookup) => lookup.take(&self.slots, handle.session),
            None => self.slots.iter().position(is_it),
        };
        let Some(at) = at else { return };
        let Some(backlog) = &mut self.backlog else {
            self.slots.swap_remove(at);
            return self.note_moved(at);
        };
        self.slots[at] = None;
        backlog.n_vacant += 1;
        if backlog.n_vacant > self.slots.len() / 2 {
            self.close_up();
        }
    }

    /// The last slot has gone to where another one was taken out.
    fn note_moved(&mut self, to: usize) {
        if self.slots.len() <= MANY_SLOTS / 2 {
            self.lookup = None;
        }
        if let (Some(lookup), Some(Some(moved))) = (&mut self.lookup, self.slots.get(to)) {
            lookup.moved(moved.handle.session, self.slots.len(), to);
        }
    }

    /// Finds out again where everyone is.
    fn look_anew(&mut self) {
        let is_large = self.slots.len() > MANY_SLOTS;
        self.lookup = is_large.then(|| Box::new(Lookup::over(&self.slots)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.n_sessions() == 0
    }

    pub(crate) fn n_sessions(&self) -> usize {
        self.slots.len() - self.backlog.as_ref().map_or(0, |backlog| backlog.n_vacant)
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Arc<Handle>> {
        self.slots.iter().flatten().map(|one| &one.handle)
    }

    /// Whether what is to be handed out now has to wait for slices.
    pub(crate) fn is_sliced(&self, fan_out: &FanOut) -> bool {
        self.backlog.is_some() || self.n_sessions() > fan_out.inline_sessions
    }

    /// Hands an event to everyone at once.
    pub(crate) fn hand_out(
        &self,
        limits: &OutboxLimits,
        delivery: &Delivery,
        except: Option<SessionId>,
    ) {
        let mut skipped = None;
        for subscriber in self.slots.iter().flatten() {
            give(subscriber, limits, delivery, except, &mut skipped);
        }
    }

    /// Queues an event for slices.
    pub(crate) fn queue(
        &mut self,
        fan_out: &FanOut,
        delivery: Delivery,
        except: Option<SessionId>,
    ) {
        let n_slots = self.slots.len();
        let backlog = self.backlog.get_or_insert_default();
        if backlog.is_over {
            return;
        }
        let n_bytes = delivery.frame.len();
        if !backlog.items.is_empty() && backlog.n_bytes + n_bytes > fan_out.queue_bytes {
            backlog.is_over = true;
            backlog.items.push_back(Item { what: What::Lag, n_slots });
            return;
        }
        backlog.n_bytes += n_bytes;
        let what = What::Event { delivery, except, skipped: None };
        backlog.items.push_back(Item { what, n_slots });
    }

    /// Queues the end; what waited before it is of no use to anybody.
    pub(crate) fn queue_gone(&mut self, frame: Bytes) {
        let item = Item { what: What::Gone(frame), n_slots: self.slots.len() };
        let items = VecDeque::from([item]);
        let n_vacant = self.slots.len() - self.n_sessions();
        self.backlog = Some(Box::new(Backlog { items, n_vacant, ..Backlog::default() }));
    }

    /// Hands the first of what waits to the next few.
    pub(crate) fn slice(
        &mut self,
        limits: &OutboxLimits,
        fan_out: &FanOut,
        lags: impl Fn(&Handle),
    ) -> Slice {
        let mut slice = Slice::default();
        let Some(backlog) = &mut self.backlog else { return slice };
        let Some(item) = backlog.items.front_mut() else { return slice };
        if backlog.next == 0 && matches!(item.what, What::Lag) {
            // Whatever was left out came before this moment; from here on events are queued again.
            backlog.is_over = false;
            item.n_slots = self.slots.len();
        }
        let to = item.n_slots.min(backlog.next + fan_out.slice_sessions.max(1));
        let slots = &self.slots[backlog.next..to];
        match &mut item.what {
            What::Event { delivery, except, skipped } => {
                for subscriber in slots.iter().flatten() {
                    give(subscriber, limits, delivery, *except, skipped);
                }
            }
            What::Lag => slots.iter().flatten().for_each(|one| lags(&one.handle)),
            What::Gone(frame) => {
                let here = slots.iter().flatten().map(|one| Arc::clone(&one.handle));
                let here: Vec<_> = here.collect();
                if let Some(lookup) = &mut self.lookup {
                    for one in &here {
                        lookup.take(&self.slots, one.session);
                    }
                }
                self.slots[backlog.next..to].fill_with(|| None);
                backlog.n_vacant += here.len();
                slice.gone = Some((frame.clone(), here));
            }
        }
        let is_through = to >= item.n_slots;
        backlog.next = to;
        if is_through {
            self.finish_item();
        }
        slice.has_more = self.backlog.is_some();
        slice
    }

    fn finish_item(&mut self) {
        let Some(backlog) = &mut self.backlog else { return };
        backlog.next = 0;
        if let Some(Item { what: What::Event { delivery, .. }, .. }) = backlog.items.pop_front() {
            backlog.n_bytes -= delivery.frame.len();
        }
        if backlog.items.is_empty() {
            let has_vacant = backlog.n_vacant > 0;
            self.backlog = None;
            if has_vacant {
                self.slots.retain(Option::is_some);
                self.look_anew();
            }
        }
    }

    /// Takes the empty slots out; every place is counted anew.
    fn close_up(&mut self) {
        let mut places = Vec::with_capacity(self.slots.len() + 1);
        let mut n_before = 0;
        for slot in &self.slots {
            places.push(n_before);
            n_before += usize::from(slot.is_some());
        }
        places.push(n_before);
        self.slots.retain(Option::is_some);
        self.look_anew();
        let Some(backlog) = &mut self.backlog else { return };
        backlog.n_vacant = 0;
        backlog.next = places[backlog.next];
        for item in &mut backlog.items {
            item.n_slots = places[item.n_slots];
        }
    }
}

fn give(
    subscriber: &Subscriber,
    limits: &OutboxLimits,
    delivery: &Delivery,
    except: Option<SessionId>,
    skipped: &mut Option<Bytes>,
) {
    if Some(subscriber.handle.session) == except {
        return;
    }
    let is_hidden = delivery.about_seq.is_some_and(|seq| seq < subscriber.from_seq);
    let frame = match is_hidden {
        true => skipped.get_or_insert_with(|| delivery.skipped()),
        false => &delivery.frame,
    };
    subscriber.handle.outbox.push_event(limits, delivery.conversation, frame);
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};
    use voodoo_proto::{ConversationId, DeviceId, UserId};

    use super::*;
    use crate::frame;
    use crate::hub::Hub;
    use crate::store::Subscription;

    const HERE: i64 = 1;

    fn hub(fan_out: FanOut) -> Hub {
        Hub::new(OutboxLimits::default(), 9).with_fan_out(fan_out)
    }

    fn slices(slice_sessions: usize) -> FanOut {
        FanOut { inline_sessions: 3, slice_sessions, queue_bytes: 1_000 }
    }

    fn place(number: i64) -> ConversationId {
        ConversationId::new(number).unwrap()
    }

    fn enter(hub: &Hub, user: i64, conversation: i64) -> Arc<Handle> {
        let handle = hub.enter(UserId::new(user).unwrap(), DeviceId::new(user).unwrap());
        let subscription = Subscription { conversation: place(conversation), from_seq: 1 };
        hub.subscribe_all(&handle, &[subscription]);
        hub.settled(&handle);
        handle
    }

    fn event(conversation: i64, rev: u64) -> Delivery {
        let frame = frame::frame_text(&rev.to_string());
        Delivery { conversation: place(conversation), rev, about_seq: None, frame }
    }

    fn taken(handle: &Handle) -> Vec<u64> {
        let mut taken = VecDeque::new();
        handle.outbox.take(&mut taken, usize::MAX);
        for queued in &taken {
            handle.outbox.written(queued);
        }
        let rev = |text: &[u8]| std::str::from_utf8(text).unwrap().parse().unwrap();
        taken.iter().map(|queued| rev(frame::payload(&queued.frame))).collect()
    }

    #[test]
    fn a_private_message_does_not_wait_for_everyone() {
        let hub = hub(slices(10));
        let many: Vec<_> = (1..=95).map(|user| enter(&hub, user, HERE)).collect();
        let (one, other) = (enter(&hub, 200, 2), enter(&hub, 201, 2));
        hub.deliver(event(HERE, 1), None);
        assert!(hub.hand_out_slice());
        hub.deliver(event(2, 1), None);
        assert_eq!((taken(&one), taken(&other)), (vec![1], vec![1]));
        assert_eq!(many.iter().filter(|one| one.outbox.has_frames()).count(), 10);
        let n_slices = std::iter::repeat_with(|| hub.hand_out_slice()).take_while(|more| *more);
        assert_eq!(n_slices.count(), 9);
        assert!(many.iter().all(|handle| taken(handle) == [1]));
    }

    #[test]
    fn large_conversations_take_turns() {
        let hub = hub(slices(10));
        let first: Vec<_> = (1..=40).map(|user| enter(&hub, user, HERE)).collect();
        let second: Vec<_> = (41..=60).map(|user| enter(&hub, user, 2)).collect();
        hub.deliver(event(HERE, 1), None);
        hub.deliver(event(2, 1), None);
        for _ in 0..4 {
            hub.hand_out_slice();
        }
        assert!(second.iter().all(|handle| taken(handle) == [1]));
        assert_eq!(first.iter().filter(|one| one.outbox.has_frames()).count(), 20);
    }

    #[test]
    fn receivers_share_the_bytes_of_an_event() {
        let hub = hub(slices(2));
        let many: Vec<_> = (1..=9).map(|user| enter(&hub, user, HERE)).collect();
        let sent = event(HERE, 1);
        hub.deliver(sent.clone(), None);
        while hub.hand_out_slice() {}
        for handle in many {
            let mut taken = VecDeque::new();
            handle.outbox.take(&mut taken, 1);
            assert_eq!(taken[0].frame.as_ptr(), sent.frame.as_ptr());
        }
    }

    #[test]
    fn a_conversation_that_shrinks_while_events_wait_stays_in_order() {
        let hub = hub(slices(2));
        let many: Vec<_> = (1..=6).map(|user| enter(&hub, user, HERE)).collect();
        hub.deliver(event(HERE, 1), None);
        hub.hand_out_slice();
        many[..4].iter().for_each(|handle| hub.leave(handle));
        hub.deliver(event(HERE, 2), None);
        assert!(!many[5].outbox.has_frames(), "the second waits behind the first");
        while hub.hand_out_slice() {}
        assert_eq!(taken(&many[5]), [1, 2]);
        hub.deliver(event(HERE, 3), None);
        assert_eq!(taken(&many[5]), [3], "few get it at once again");
    }

    #[test]
    fn beyond_the_bound_receivers_lag_and_nothing_is_kept_for_them() {
        let hub = hub(FanOut { queue_bytes: 40, ..slices(4) });
        let many: Vec<_> = (1..=8).map(|user| enter(&hub, user, HERE)).collect();
        for rev in 1..=500 {
            hub.deliver(event(HERE, rev), None);
        }
        let late = enter(&hub, 99, HERE);
        while hub.hand_out_slice() {}
        for handle in &many {
            let got = taken(handle);
            assert_eq!(got, (1..=u64::try_from(got.len()).unwrap()).collect::<Vec<_>>());
            assert!(got.len() < 40, "{} events were kept", got.len());
            let lag = handle.outbox.take_lag(&OutboxLimits::default()).unwrap();
            assert!(lag.conversations.contains(&place(HERE)));
        }
        assert_eq!(taken(&late), [0; 0]);
        late.outbox.take_lag(&OutboxLimits::default());
        hub.deliver(event(HERE, 501), None);
        while hub.hand_out_slice() {}
        assert!(many.iter().chain([&late]).all(|handle| taken(handle) == [501]));
    }

    #[test]
    fn an_end_comes_last_and_leaves_nothing_behind() {
        for n in [8, 200] {
            let hub = hub(slices(3));
            let many: Vec<_> = (1..=n).map(|user| enter(&hub, user, HERE)).collect();
            hub.deliver(event(HERE, 1), None);
            hub.hand_out_slice();
            hub.destroy(place(HERE), &frame::frame_text("999"));
            hub.leave(&many[7]);
            hub.hand_out_slice();
            hub.leave(many.last().unwrap());
            while hub.hand_out_slice() {}
            for handle in many[..many.len() - 1].iter().filter(|one| one.user != many[7].user) {
                assert_eq!(taken(handle).last(), Some(&999));
                assert!(!hub.is_subscribed(handle, place(HERE)));
            }
            hub.deliver(event(HERE, 2), None);
            assert!(!hub.hand_out_slice());
        }
    }

    /// Whoever leaves many is found by a few looks, in whichever order they go, with and without
    /// events that wait.
    #[test]
    fn leaving_many_costs_a_few_looks_however_many_stay() {
        let hub = hub(slices(256));
        let orders: [fn(usize) -> usize; 3] = [|at| at, |at| 14_999 - at, |at| at * 7 % 15_000];
        for (order, is_waiting) in orders.into_iter().zip([false, true, false]) {
            let many: Vec<_> = (1..=15_000).map(|user| enter(&hub, user, 2)).collect();
            let mut audience = Audience::default();
            for handle in &many {
                audience.add(Subscriber { handle: Arc::clone(handle), from_seq: 1 });
            }
            if is_waiting {
                audience.queue(&FanOut::default(), event(HERE, 1), None);
            }
            let lookup = audience.lookup.as_ref().unwrap();
            assert!(lookup.n_bytes() <= 8 * many.len(), "{} bytes", lookup.n_bytes());
            let mut n_looks = 0;
            for at in 0..many.len() {
                let before = audience.lookup.as_ref().map_or(0, |lookup| lookup.n_looks);
                audience.remove(&many[order(at)]);
                assert_eq!(audience.n_sessions(), many.len() - at - 1);
                let after = audience.lookup.as_ref().map_or(0, |lookup| lookup.n_looks);
                n_looks += after.saturating_sub(before);
            }
            assert!(n_looks > many.len() - MANY_SLOTS, "looked up: {n_looks}");
            assert!(n_looks < 8 * many.len(), "{n_looks} looks");
            assert!(audience.sessions().next().is_none() && audience.lookup.is_none());
            many.iter().for_each(|handle| hub.leave(handle));
        }
    }

    /// Sessions come and go at any moment: each gets every event between its coming and its going,
    /// once and in order, and none from before.
    #[test]
    fn whoever_comes_and_goes_amid_slices_misses_nothing_and_gets_nothing_twice() {
        for seed in 0..200 {
            let mut random = StdRng::seed_from_u64(seed);
            let hub = hub(FanOut { queue_bytes: usize::MAX, ..slices(1 + (seed % 5) as usize) });
            let mut live: BTreeMap<i64, (Arc<Handle>, u64)> = BTreeMap::new();
            let (mut user, mut rev) = (0, 0);
            // Some are so many that they are looked up.
            for _ in 0..(seed % 4) * 40 {
                user += 1;
                live.insert(user, (enter(&hub, user, HERE), rev));
            }
            for _ in 0..400 {
                match random.random_range(0..10) {
                    0..=2 => {
                        user += 1;
                        live.insert(user, (enter(&hub, user, HERE), rev));
                    }
                    3..=4 if !live.is_empty() => {
                        let at = random.random_range(0..live.len());
                        let who = *live.keys().nth(at).unwrap();
                        let (handle, since) = live.remove(&who).unwrap();
                        hub.leave(&handle);
                        let got = taken(&handle);
                        let until = since + u64::try_from(got.len()).unwrap();
                        assert_eq!(got, (since + 1..=until).collect::<Vec<_>>(), "seed {seed}");
                    }
                    5..=6 => {
                        rev += 1;
                        hub.deliver(event(HERE, rev), None);
                    }
                    _ => {
                        hub.hand_out_slice();
                    }
                }
            }
            while hub.hand_out_slice() {}
            for (handle, since) in live.into_values() {
                assert_eq!(taken(&handle), (since + 1..=rev).collect::<Vec<_>>(), "seed {seed}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_worker_hands_out_all_and_lets_others_run_between() {
        let hub = Arc::new(hub(slices(1)));
        let many: Vec<_> = (1..=20).map(|user| enter(&hub, user, HERE)).collect();
        let worker = tokio::spawn(crate::hub::keep(Arc::clone(&hub)));
        hub.deliver(event(HERE, 1), None);
        let others = tokio::spawn(async move {
            let mut n_turns = 0;
            while !many.iter().all(|handle| handle.outbox.has_frames()) {
                crate::hub::step_back().await;
                n_turns += 1;
            }
            n_turns
        });
        let n_turns = others.await.unwrap();
        assert_eq!(n_turns, 19, "one between each slice and the next");
        worker.abort();
    }
}
