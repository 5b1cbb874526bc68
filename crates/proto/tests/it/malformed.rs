//! Frames that are not carried out, and what the server does with each; the socket tests send the
//! same ones.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use voodoo_proto::{CloseCode, DecodeError, RefusalCode, decode};

use crate::fixture;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What is wrong with it.
    why: String,
    /// The text frame.
    frame: String,
    /// What the server does.
    outcome: Outcome,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The socket is closed with this number.
    Close(u16),
    /// The request is refused; the session goes on.
    Refused { id: u64, code: RefusalCode, field: Option<String> },
    /// Nothing but a count; the session goes on.
    Dropped,
}

fn cases() -> Vec<Case> {
    ["close", "dropped", "refused"].into_iter().flat_map(read).collect()
}

fn read(outcome: &str) -> Vec<Case> {
    let path = fixture::folder("malformed").join(format!("{outcome}.json"));
    let text = fs::read_to_string(&path).expect("the file is there");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{outcome}: {error}"))
}

#[test]
fn every_malformed_frame_meets_its_outcome() {
    for case in cases() {
        let error = decode(&case.frame).expect_err(&case.why);
        match (&case.outcome, &error) {
            (Outcome::Close(number), DecodeError::Protocol) => {
                assert_eq!(*number, CloseCode::Protocol.number(), "{}", case.why);
            }
            (
                Outcome::Refused { id, code, field },
                DecodeError::Refused { id: i, code: c, field: f, message },
            ) => {
                assert_eq!((id, code, field), (i, c, f), "{}: {}", case.why, case.frame);
                assert!(!message.is_empty() && message.len() <= 640, "{message}");
            }
            (Outcome::Dropped, DecodeError::Dropped) => {}
            _ => panic!("{}: {}\n{error:?}", case.why, case.frame),
        }
    }
}

#[test]
fn every_reason_stands_once_and_every_outcome_is_there() {
    let cases = cases();
    let reasons: BTreeSet<&str> = cases.iter().map(|case| case.why.as_str()).collect();
    assert_eq!(reasons.len(), cases.len());
    let reserved = voodoo_proto::request::RESERVED_FIELDS
        .iter()
        .flat_map(|(name, fields)| fields.iter().map(move |field| (*name, *field)));
    for (name, reserved) in reserved {
        let is_it = |case: &Case| {
            let refused = matches!(&case.outcome, Outcome::Refused { field: Some(field), .. } if field == reserved);
            refused && case.frame.contains(&format!("\"type\":\"{name}\""))
        };
        assert!(cases.iter().any(is_it), "no case for the reserved {name}.{reserved}");
    }
    for reserved in voodoo_proto::request::RESERVED_TYPES {
        let is_it = |case: &Case| case.frame.contains(&format!("\"type\":\"{reserved}\""));
        assert!(cases.iter().any(is_it), "no case for the reserved type {reserved}");
    }
}
