//! The live sessions of one conversation, and what is on its way to them.
//!
//! An event for few is handed out at once. One for many waits in the queue of its conversation and
//! is handed out in slices, so that whoever shares a lock or a thread with it waits for one slice
//! and not for everyone. While anything waits, everything of that conversation does: its events
//! stay in order.

mod lookup;

use std::collections::VecDeque;
use std::sync::Arc;

use self::lookup::Lookup;
use crate::frame::Frame;
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
        Self { inline_sessions: 1_000, slice_sessions: 32, queue_bytes: 1024 * 1024 }
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
    rare: Option<Box<Rare>>,
}

/// Most conversations have a few sessions, and an entry of the hub's table each.
const _: () = assert!(size_of::<Audience>() <= 32);

/// What few audiences have.
#[derive(Default)]
struct Rare {
    backlog: Option<Backlog>,
    lookup: Option<Lookup>,
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
        skipped: Option<Frame>,
    },
    /// Events were left out.
    Lag,
    /// The conversation is gone.
    Gone(Frame),
}

/// What one slice came to.
#[derive(Default)]
pub(crate) struct Slice {
    /// There is more to hand out.
    pub(crate) has_more: bool,
    /// Sessions for which the conversation is gone, and what they hear of it.
    pub(crate) gone: Option<(Frame, Vec<Arc<Handle>>)>,
}

impl Audience {
    pub(crate) fn add(&mut self, subscriber: Subscriber) {
        // Most conversations have one or two sessions; a vector would make room for four at once.
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.slots.len().max(1));
        }
        self.slots.push(Some(subscriber));
        match lookup(&mut self.rare) {
            Some(lookup) => lookup.insert(&self.slots, self.slots.len() - 1),
            None if self.slots.len() > MANY_SLOTS => self.look_anew(),
            None => {}
        }
    }

    pub(crate) fn remove(&mut self, handle: &Arc<Handle>) {
        let is_it = |slot: &Option<Subscriber>| {
            slot.as_ref().is_some_and(|one| Arc::ptr_eq(&one.handle, handle))
        };
        let at = match lookup(&mut self.rare) {
            Some(lookup) => lookup.take(&self.slots, handle.session),
            None => self.slots.iter().position(is_it),
        };
        let Some(at) = at else { return };
        let Some(backlog) = backlog(&mut self.rare) else {
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
            self.set_lookup(None);
        }
        if let (Some(lookup), Some(Some(moved))) = (lookup(&mut self.rare), self.slots.get(to)) {
            lookup.moved(moved.handle.session, self.slots.len(), to);
        }
    }

    /// Finds out again where everyone is.
    fn look_anew(&mut self) {
        let is_large = self.slots.len() > MANY_SLOTS;
        self.set_lookup(is_large.then(|| Lookup::over(&self.slots)));
    }

    fn set_lookup(&mut self, lookup: Option<Lookup>) {
        match &mut self.rare {
            Some(rare) => rare.lookup = lookup,
            None if lookup.is_some() => self.rare = Some(Box::new(Rare { backlog: None, lookup })),
            None => {}
        }
        self.drop_rare();
    }

    fn drop_rare(&mut self) {
        if self.rare.as_ref().is_some_and(|rare| rare.backlog.is_none() && rare.lookup.is_none()) {
            self.rare = None;
        }
    }

    fn has_backlog(&self) -> bool {
        self.backlog().is_some()
    }

    fn backlog(&self) -> Option<&Backlog> {
        self.rare.as_ref()?.backlog.as_ref()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.n_sessions() == 0
    }

    pub(crate) fn n_sessions(&self) -> usize {
        self.slots.len() - self.backlog().map_or(0, |backlog| backlog.n_vacant)
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Arc<Handle>> {
        self.slots.iter().flatten().map(|one| &one.handle)
    }

    /// Whether what is to be handed out now has to wait for slices.
    pub(crate) fn is_sliced(&self, fan_out: &FanOut) -> bool {
        self.has_backlog() || self.n_sessions() > fan_out.inline_sessions
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
        let backlog = self.rare.get_or_insert_default().backlog.get_or_insert_default();
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
    pub(crate) fn queue_gone(&mut self, frame: Frame) {
        let item = Item { what: What::Gone(frame), n_slots: self.slots.len() };
        let items = VecDeque::from([item]);
        let n_vacant = self.slots.len() - self.n_sessions();
        let backlog = Backlog { items, n_vacant, ..Backlog::default() };
        self.rare.get_or_insert_default().backlog = Some(backlog);
    }

    /// Hands the first of what waits to the next few.
    pub(crate) fn slice(
        &mut self,
        limits: &OutboxLimits,
        fan_out: &FanOut,
        lags: impl Fn(&Handle),
    ) -> Slice {
        let mut slice = Slice::default();
        let Some(Rare { backlog: Some(backlog), lookup }) = self.rare.as_deref_mut() else {
            return slice;
        };
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
                if let Some(lookup) = lookup {
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
        slice.has_more = self.has_backlog();
        slice
    }

    fn finish_item(&mut self) {
        let Some(rare) = &mut self.rare else { return };
        let Some(backlog) = &mut rare.backlog else { return };
        backlog.next = 0;
        if let Some(Item { what: What::Event { delivery, .. }, .. }) = backlog.items.pop_front() {
            backlog.n_bytes -= delivery.frame.len();
        }
        if backlog.items.is_empty() {
            let has_vacant = backlog.n_vacant > 0;
            rare.backlog = None;
            self.drop_rare();
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
        let Some(backlog) = backlog(&mut self.rare) else { return };
        backlog.n_vacant = 0;
        backlog.next = places[backlog.next];
        for item in &mut backlog.items {
            item.n_slots = places[item.n_slots];
        }
    }
}

fn backlog(rare: &mut Option<Box<Rare>>) -> Option<&mut Backlog> {
    rare.as_mut()?.backlog.as_mut()
}

fn lookup(rare: &mut Option<Box<Rare>>) -> Option<&mut Lookup> {
    rare.as_mut()?.lookup.as_mut()
}

fn give(
    subscriber: &Subscriber,
    limits: &OutboxLimits,
    delivery: &Delivery,
    except: Option<SessionId>,
    skipped: &mut Option<Frame>,
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
mod tests;
