//! A bus as bad as the port allows: it loses hints and holds others back, but keeps the order of
//! each conversation, and never loses what says who hears of a conversation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use voodoo_core::bus::{Bus, Hint, LocalBus};
use voodoo_core::hub::Hub;
use voodoo_proto::ConversationId;
use voodoo_proto::object::Body;

use super::chance::Chance;
use super::plan::{Breakage, Plan};
use super::truth::text_of;

const LATE_MS: u64 = 3_000;

/// What keeps its order: the hints of one conversation, or all hints where none is ever lost, as
/// within one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    All,
    Conversation(ConversationId),
    /// Nothing: what concerns one user carries a counter of its own.
    Free(u64),
}

pub(super) struct LossyBus {
    hub: LocalBus,
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    plan: Plan,
    is_healed: bool,
    n_free: u64,
    late: BTreeMap<Order, VecDeque<(Instant, Hint)>>,
}

impl LossyBus {
    pub(super) fn new(hub: Arc<Hub>, plan: Plan, chance: Chance) -> Arc<Self> {
        let state = State { chance, plan, is_healed: false, n_free: 0, late: BTreeMap::new() };
        Arc::new(Self { hub: LocalBus::new(hub), state: Mutex::new(state) })
    }

    /// Loses and delays nothing from here on, or does so again.
    pub(super) fn heal(&self, is_healed: bool) {
        self.state.lock().is_healed = is_healed;
        if is_healed {
            self.deliver(None);
        }
    }

    /// Delivers what was held back and is due.
    pub(super) fn deliver_due(&self, now: Instant) {
        self.deliver(Some(now));
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.late.values().filter_map(|queue| queue.front()).map(|(due, _)| *due).min()
    }

    fn deliver(&self, now: Option<Instant>) {
        let mut due = Vec::new();
        self.state.lock().late.retain(|_, queue| {
            while queue.front().is_some_and(|(at, _)| now.is_none_or(|now| *at <= now)) {
                due.extend(queue.pop_front().map(|(_, hint)| hint));
            }
            !queue.is_empty()
        });
        due.into_iter().for_each(|hint| self.hub.publish(hint));
    }
}

impl State {
    /// The hint if it is to be delivered at once.
    fn take(&mut self, hint: Hint) -> Option<Hint> {
        if self.is_swallowed(&hint) {
            return None;
        }
        let may_be_lost = matches!(hint, Hint::Event { .. } | Hint::Tell { .. } | Hint::Whisper(_));
        if may_be_lost && !self.is_healed && self.chance.is(self.plan.lost_hints) {
            return None;
        }
        let order = self.order(&hint);
        let is_late = !self.is_healed && self.chance.is(self.plan.late_hints);
        let behind = self.late.get(&order).and_then(|queue| queue.back()).map(|(at, _)| *at);
        if !is_late && (behind.is_none() || self.plan.breakage == Breakage::Overtaking) {
            return Some(hint);
        }
        let late_by = if is_late { self.chance.ms(1, LATE_MS) } else { Duration::ZERO };
        let at = behind.max(Some(Instant::now() + late_by)).unwrap_or_else(Instant::now);
        self.late.entry(order).or_default().push_back((at, hint));
        None
    }

    fn order(&mut self, hint: &Hint) -> Order {
        if self.plan.lost_hints == 0 {
            return Order::All;
        }
        match hint {
            Hint::Event { delivery, .. } => Order::Conversation(delivery.conversation),
            Hint::Enter { subscription, .. } => Order::Conversation(subscription.conversation),
            Hint::Exit { conversation, .. } | Hint::Destroyed { conversation, .. } => {
                Order::Conversation(*conversation)
            }
            Hint::Tell { .. } | Hint::Revoked { .. } | Hint::Whisper(_) => {
                self.n_free += 1;
                Order::Free(self.n_free)
            }
        }
    }

    fn is_swallowed(&self, hint: &Hint) -> bool {
        match hint {
            Hint::Event { delivery, .. } => {
                self.plan.breakage == Breakage::SwallowedEvents
                    && names_doom(delivery.frame.as_ref())
            }
            Hint::Exit { .. } => self.plan.breakage == Breakage::SwallowedExits,
            Hint::Tell { .. }
            | Hint::Enter { .. }
            | Hint::Destroyed { .. }
            | Hint::Revoked { .. }
            | Hint::Whisper(_) => false,
        }
    }
}

/// What texts of messages hold that a broken world makes disappear.
pub(super) const DOOM: &str = "doomed";

pub(super) fn is_doomed(body: Option<&Body>) -> bool {
    body.and_then(text_of).is_some_and(|text| text.contains(DOOM))
}

fn names_doom(frame: &[u8]) -> bool {
    frame.windows(DOOM.len()).any(|part| part == DOOM.as_bytes())
}

impl Bus for LossyBus {
    fn publish(&self, hint: Hint) {
        let at_once = self.state.lock().take(hint);
        if let Some(hint) = at_once {
            self.hub.publish(hint);
        }
    }
}
