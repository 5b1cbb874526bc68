//! Frames that are wrong in every way that a peer can be wrong, made by a seed: on the level of the
//! WebSocket and on that of the protocol. Each says what has to come of it.
//!
//! It shares no code with the server; what it knows of the protocol are the examples of requests
//! that it is given.

mod fields;
mod hello;
mod json;
mod request;
mod wire;

use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value};

/// One way of being wrong.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    make: fn(&mut Maker) -> Shot,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every way there is.
pub fn kinds() -> impl Iterator<Item = Kind> + Clone {
    let all = wire::KINDS.iter().chain(json::KINDS).chain(fields::KINDS).chain(hello::KINDS);
    all.map(|(name, make)| Kind { name, make: *make })
}

/// What one client sends, and what has to come of it.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The bytes, masked as a client's.
    pub wire: Vec<u8>,
    /// How many frames they are.
    pub n_frames: u32,
    /// Whether they come before `hello`.
    pub is_first: bool,
    /// What has to come of them.
    pub outcome: Outcome,
}

/// What has to come of something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The connection is closed with this code.
    Closes(u16),
    /// The request of this id is refused with one of these codes, and the session goes on.
    Refused(u64, &'static [&'static str]),
    /// Nobody answers, and the session goes on.
    Dropped,
    /// The session goes on, whatever the answer is.
    GoesOn,
    /// The session goes on, or is closed with 4400: the protocol leaves it open.
    Open,
    /// What comes next can only be the end of the connection.
    BreaksOff,
}

/// Makes what is wrong. The same seed makes the same.
#[derive(Debug)]
pub struct Maker {
    random: StdRng,
    /// Well-made requests, to be spoilt; none of them is `hello`, `bye` or `ping`.
    requests: Vec<Map<String, Value>>,
    conversation: String,
    user: String,
    next_id: u64,
}

impl Maker {
    /// Spoils these requests, which then speak of a conversation and a user that exist: what would
    /// be stored if it were taken for good is stored where somebody looks.
    #[must_use]
    pub fn new(seed: u64, requests: &[Value], conversation: &str, user: &str) -> Self {
        let is_spoilt = |one: &&Map<String, Value>| {
            !["hello", "bye", "ping"].contains(&one["type"].as_str().unwrap_or_default())
        };
        let requests = requests.iter().filter_map(Value::as_object).filter(is_spoilt);
        Self {
            random: StdRng::seed_from_u64(seed),
            requests: requests.cloned().collect(),
            conversation: conversation.to_owned(),
            user: user.to_owned(),
            next_id: 0,
        }
    }

    /// The next shot of a kind.
    pub fn make(&mut self, kind: Kind) -> Shot {
        (kind.make)(self)
    }

    fn chance(&mut self, of: u32) -> bool {
        self.random.random_range(0..of) == 0
    }

    fn up_to(&mut self, most: usize) -> usize {
        self.random.random_range(0..=most)
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.random.random_range(0..all.len())]
    }

    fn bytes(&mut self, n_bytes: usize) -> Vec<u8> {
        (0..n_bytes).map(|_| self.random.random()).collect()
    }

    fn word(&mut self, most: usize) -> String {
        let n_letters = 1 + self.up_to(most.saturating_sub(1));
        (0..n_letters).map(|_| char::from(self.random.random_range(b'a'..=b'z'))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_seed_decides_everything_and_every_kind_can_be_made() {
        let request = json!({"type": "send", "id": 1, "conversation": "c_1",
            "client_id": "019b78ff-fce8-7001-9007-00009e3779b1",
            "body": {"kind": "text", "text": "x"}, "reply_to": 3});
        let all = |seed| -> Vec<Vec<u8>> {
            let mut maker = Maker::new(seed, std::slice::from_ref(&request), "c_7", "u_9");
            kinds().chain(kinds()).map(|kind| maker.make(kind).wire).collect()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let names: BTreeSet<_> = kinds().map(|kind| kind.name).collect();
        assert_eq!(names.len(), kinds().count(), "each has a name of its own");
    }
}
