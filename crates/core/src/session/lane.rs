//! Requests of one session for one conversation run in arrival order.
//!
//! Writes are put into the conversation's mailbox in arrival order and so may be under way
//! together; so may readings. A reading waits for the writes before it, and a write for the
//! readings before it.

use std::collections::{HashMap, VecDeque};

use voodoo_proto::{ConversationId, Incoming, Request};

/// What may be under way together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Write,
    Reading,
}

/// What a request asks for.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is no reading is taken for a write, the stricter class"
)]
pub(super) fn class(request: &Request) -> Class {
    match request {
        Request::History(_)
        | Request::Changes(_)
        | Request::Receipts(_)
        | Request::Members(_)
        | Request::Counts(_) => Class::Reading,
        _ => Class::Write,
    }
}

struct Lane {
    class: Class,
    n_running: usize,
    waiting: VecDeque<Incoming>,
}

/// The lanes of a session; one that is empty does not exist.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "an idle session has none, and its room is for life")]
pub(super) struct Lanes(Option<Box<HashMap<ConversationId, Lane>>>);

impl Lanes {
    /// Returns the request if it may start now; otherwise keeps it.
    pub(super) fn arrive(
        &mut self,
        conversation: ConversationId,
        incoming: Incoming,
    ) -> Option<Incoming> {
        let class = class(&incoming.request);
        let lanes = self.0.get_or_insert_default();
        let lane = lanes.entry(conversation).or_insert_with(|| Lane {
            class,
            n_running: 0,
            waiting: VecDeque::new(),
        });
        if lane.waiting.is_empty() && (lane.n_running == 0 || lane.class == class) {
            lane.class = class;
            lane.n_running += 1;
            return Some(incoming);
        }
        lane.waiting.push_back(incoming);
        None
    }

    /// Notes that a request has ended and returns those that may start now, in order.
    pub(super) fn leave(&mut self, conversation: ConversationId) -> Vec<Incoming> {
        let Some(lanes) = &mut self.0 else { return Vec::new() };
        let Some(lane) = lanes.get_mut(&conversation) else { return Vec::new() };
        lane.n_running -= 1;
        let mut ready = Vec::new();
        while let Some(next) = lane.waiting.front() {
            let class = class(&next.request);
            if lane.n_running > 0 && lane.class != class {
                break;
            }
            lane.class = class;
            lane.n_running += 1;
            ready.extend(lane.waiting.pop_front());
        }
        if lane.n_running == 0 {
            lanes.remove(&conversation);
        }
        if lanes.is_empty() {
            self.0 = None;
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(id: u64, name: &str) -> Incoming {
        let fields = r#""conversation":"c_1","since_rev":0,"seq":1,"edits":0,"body":{"kind":"text","text":"x"}"#;
        let frame = format!("{{\"type\":\"{name}\",\"id\":{id},{fields}}}");
        voodoo_proto::decode(&frame).unwrap()
    }

    #[test]
    fn a_reading_waits_for_the_writes_before_it() {
        let mut lanes = Lanes::default();
        let conversation = ConversationId::new(1).unwrap();
        let started = |ready: Vec<Incoming>| -> Vec<u64> {
            ready.into_iter().filter_map(|incoming| incoming.id).collect()
        };
        assert!(lanes.arrive(conversation, incoming(1, "edit")).is_some());
        assert!(lanes.arrive(conversation, incoming(2, "edit")).is_some(), "writes go together");
        for (id, name) in [(3, "history"), (4, "changes"), (5, "edit")] {
            assert!(lanes.arrive(conversation, incoming(id, name)).is_none());
        }
        assert_eq!(started(lanes.leave(conversation)), [0; 0]);
        assert_eq!(started(lanes.leave(conversation)), [3, 4]);
        assert_eq!(started(lanes.leave(conversation)), [0; 0]);
        assert_eq!(started(lanes.leave(conversation)), [5]);
        assert_eq!(started(lanes.leave(conversation)), [0; 0]);
        assert!(lanes.0.is_none());
    }
}
