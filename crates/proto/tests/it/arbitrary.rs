//! Whatever arrives: reading never fails otherwise than by saying so.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use voodoo_proto::{ServerFrame, decode};

use crate::fixture::{self, Side};

fn frames(side: Side) -> Vec<String> {
    side.names().iter().flat_map(|name| fixture::frames(side, name)).collect()
}

fn json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        select(vec!["type", "id", "conversation", "seq", "client_id", "body", "kind", "text"])
            .prop_map(str::to_owned),
        "[a-z_]{0,6}",
    ];
    leaf().prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(Side::Request.names()).prop_map(Value::from),
        "[ucdfi]_[0-9A-Za-z]{0,12}".prop_map(Value::from),
    ]
}

/// Every place in a value, by JSON pointer.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, it)| places(it, &format!("{at}/{key}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, it)| places(it, &format!("{at}/{n}"), into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What decodes is written so that it decodes equal, and written again is the same text.
fn keeps(frame: &str) -> Result<(), TestCaseError> {
    let Ok(incoming) = decode(frame) else { return Ok(()) };
    let written = incoming.encode();
    let again = decode(&written);
    prop_assert_eq!(again.as_ref(), Ok(&incoming), "{} became {}", frame, written);
    prop_assert_eq!(incoming.encode(), written);
    Ok(())
}

fn cut(frame: &str, at: &Index) -> usize {
    (0..=at.index(frame.len() + 1)).rev().find(|n| frame.is_char_boundary(*n)).unwrap_or(0)
}

/// The same frames each time, so that a failure is one for everybody.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(9457),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read_or_refused(frame in any::<String>()) {
        keeps(&frame)?;
    }

    #[test]
    fn any_json_is_read_or_refused(value in json(), name in select(Side::Request.names())) {
        keeps(&value.to_string())?;
        let mut frame = value;
        if let Value::Object(fields) = &mut frame {
            fields.insert("type".to_owned(), json!(name));
        }
        keeps(&frame.to_string())?;
    }

    #[test]
    fn a_frame_with_one_value_replaced_is_read_or_refused(
        frame in select(frames(Side::Request)), place in any::<Index>(), value in json(),
    ) {
        let mut frame: Value = serde_json::from_str(&frame).unwrap();
        let mut all = Vec::new();
        places(&frame, "", &mut all);
        *frame.pointer_mut(place.get::<String>(&all)).unwrap() = value;
        keeps(&frame.to_string())?;
    }

    #[test]
    fn a_frame_cut_and_mended_is_read_or_refused(
        frame in select(frames(Side::Request)), from in any::<Index>(), to in any::<Index>(), patch in "[\\PC\"{}\\[\\],:0-9]{0,8}",
    ) {
        let (a, b) = (cut(&frame, &from), cut(&frame, &to));
        keeps(&format!("{}{patch}{}", &frame[..a.min(b)], &frame[a.max(b)..]))?;
    }

    #[test]
    fn any_frame_of_a_server_is_read_or_refused(
        frame in select(frames(Side::Event)), place in any::<Index>(), value in json(),
    ) {
        let mut frame: Value = serde_json::from_str(&frame).unwrap();
        let mut all = Vec::new();
        places(&frame, "", &mut all);
        *frame.pointer_mut(place.get::<String>(&all)).unwrap() = value;
        if let Ok(event) = serde_json::from_value::<ServerFrame>(frame) {
            let written = serde_json::to_string(&event).unwrap();
            let again: ServerFrame = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(again, event);
        }
    }
}
