//! What is wrong with the beginning of a session, and what is beyond anybody's patience.

use serde_json::{Value, json};

use super::fields::{UNKNOWN_TYPE, unknown};
use super::wire::FIRST_LIMIT_BYTES;
use super::{Maker, Outcome, Shot};

type Make = fn(&mut Maker) -> Shot;

pub(super) const KINDS: &[(&str, Make)] = &[
    ("a second hello", second_hello),
    ("requests before hello", before_hello),
    ("a hello that is none", bad_hello),
    ("a first frame beyond its limit", long_first),
    ("refusals without end", flood),
];

fn hello() -> Value {
    json!({"type": "hello", "client": {"name": "noise", "version": "1"}})
}

fn second_hello(maker: &mut Maker) -> Shot {
    maker.text(&hello().to_string(), Outcome::Closes(4400))
}

fn before_hello(maker: &mut Maker) -> Shot {
    let request = match maker.up_to(3) {
        0 => json!({"type": "ping"}),
        1 => json!({"type": "bye"}),
        2 => Value::Object(unknown(maker)),
        _ => Value::Object(maker.request()),
    };
    maker.first(&request.to_string(), 4400)
}

fn bad_hello(maker: &mut Maker) -> Shot {
    let word = maker.word(20);
    let mut hello = hello();
    match maker.up_to(6) {
        0 => drop(hello.as_object_mut().map(|fields| fields.remove("client"))),
        1 => hello["client"] = maker.other_kind(&json!({})),
        2 => hello["client"] = json!({"name": 7, "version": "1"}),
        3 => hello["client"] = json!({"name": word}),
        4 => hello["resume"] = maker.other_kind(&json!({})),
        5 => hello["resume"] = json!({"epoch": 7, "user_rev": 0, "since_ms": 0}),
        _ => hello["resume"] = json!({"epoch": word, "user_rev": -1, "since_ms": 0}),
    }
    maker.first(&hello.to_string(), 4400)
}

fn long_first(maker: &mut Maker) -> Shot {
    let mut hello = hello();
    hello["x"] = "x".repeat(FIRST_LIMIT_BYTES + maker.up_to(20_000)).into();
    maker.first(&hello.to_string(), 1009)
}

/// More refusals than anybody's patience.
fn flood(maker: &mut Maker) -> Shot {
    let mut wire = Vec::new();
    for _ in 0..150 {
        let request = unknown(maker);
        wire.extend(maker.refused(request, UNKNOWN_TYPE).wire);
    }
    Shot { wire, n_frames: 1, is_first: false, outcome: Outcome::Closes(4429) }
}
