use std::collections::BTreeMap;

use serde_json::{Value, json};
use voodoo_proto::{MAX_SAFE_INTEGER, ServerFrame, decode};

use crate::fixture::{self, Side};
use crate::shape::Schema;

#[test]
fn every_key_of_every_fixture_is_in_the_schema() {
    let schema = Schema::new();
    for (side, name, frame) in fixture::all() {
        let frame: Value = serde_json::from_str(&frame).unwrap();
        schema.visit((side, &name), &frame, &mut |at, properties| {
            let envelope: &[&str] =
                if side == Side::Reply && at.is_empty() { &["type", "id"] } else { &[] };
            for key in frame.pointer(at).unwrap().as_object().unwrap().keys() {
                let is_known = properties.contains_key(key) || envelope.contains(&key.as_str());
                assert!(is_known, "{side:?} {name}: {at}/{key} is not in the schema");
            }
        });
    }
}

/// Fields that one side of a shared object never has: those of pages, those of events.
const ELSEWHERE: &[(&str, &str)] = &[
    ("conversation", "user_rev"),
    ("message", "mod_rev"),
    ("message", "body"),
    ("message", "edits"),
    ("message", "deleted"),
    ("message", "pinned"),
    ("message", "reactions"),
];

#[test]
fn every_optional_field_is_present_in_one_example_and_absent_in_another() {
    let schema = Schema::new();
    let mut seen = BTreeMap::<(Side, String, String), [bool; 2]>::new();
    for (side, name, frame) in fixture::all() {
        let frame: Value = serde_json::from_str(&frame).unwrap();
        schema.visit((side, &name), &frame, &mut |at, properties| {
            let optional = properties.iter().filter(|(_, it)| at.is_empty() && it.is_optional);
            for (key, _) in optional.filter(|(key, _)| *key != "id") {
                let is_present = usize::from(frame.get(key).is_some());
                seen.entry((side, name.clone(), key.clone())).or_default()[is_present] = true;
            }
        });
    }
    for ((side, name, key), seen) in seen {
        let is_elsewhere = ELSEWHERE.contains(&(name.as_str(), key.as_str()));
        assert!(is_elsewhere || seen == [true, true], "{side:?} {name}: {key}");
    }
}

/// Checks that a change of the frame's text does not change what is read.
fn reads_the_same(side: Side, name: &str, frame: &Value, changed: &Value) {
    let expected = side.rewrite(name, &frame.to_string()).expect("a fixture is read");
    let read = side.rewrite(name, &changed.to_string());
    assert_eq!(read.as_ref(), Ok(&expected), "{side:?} {name}: {changed}");
}

#[test]
fn null_counts_as_absent() {
    let schema = Schema::new();
    let mut n_nulls = 0_usize;
    for (side, name, frame) in fixture::all() {
        let frame: Value = serde_json::from_str(&frame).unwrap();
        let mut changed = frame.clone();
        schema.visit((side, &name), &frame, &mut |at, properties| {
            let fields = changed.pointer_mut(at).unwrap().as_object_mut().unwrap();
            for (key, _) in properties.iter().filter(|(_, property)| property.is_optional) {
                if !fields.contains_key(key) {
                    fields.insert(key.clone(), Value::Null);
                    n_nulls += 1;
                }
            }
        });
        reads_the_same(side, &name, &frame, &changed);
    }
    assert!(n_nulls > 200, "only {n_nulls} optional fields were left out");
}

#[test]
fn unknown_fields_are_ignored_in_every_object() {
    let schema = Schema::new();
    for (side, name, frame) in fixture::all() {
        let frame: Value = serde_json::from_str(&frame).unwrap();
        let mut changed = frame.clone();
        schema.visit((side, &name), &frame, &mut |at, _| {
            let fields = changed.pointer_mut(at).unwrap().as_object_mut().unwrap();
            fields.insert("x_later".to_owned(), json!({"deep": [1, {"a": null}], "n": u64::MAX}));
            fields.insert("a_later".to_owned(), json!(true));
        });
        reads_the_same(side, &name, &frame, &changed);
    }
}

#[test]
fn a_missing_required_field_is_noticed() {
    let schema = Schema::new();
    for (side, name, frame) in fixture::all() {
        let frame: Value = serde_json::from_str(&frame).unwrap();
        schema.visit((side, &name), &frame, &mut |at, properties| {
            let is_required = |key: &&String| {
                properties
                    .get(*key)
                    .is_some_and(|it| !it.is_optional && it.schema["default"].is_null())
            };
            let fields = frame.pointer(at).unwrap().as_object().unwrap();
            for key in fields.keys().filter(is_required) {
                let mut changed = frame.clone();
                changed.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(key);
                let read = side.rewrite(&name, &changed.to_string());
                assert!(read.is_err(), "{side:?} {name} without {at}/{key}: {read:?}");
            }
        });
    }
}

#[test]
fn a_body_of_a_kind_to_come_does_not_hide_its_message() {
    let frame = fixture::frames(Side::Event, "message").remove(0);
    let mut frame: Value = serde_json::from_str(&frame).unwrap();
    frame["body"] = json!({"kind": "poll", "question": "who swims?", "options": ["I", "not I"]});
    let read: ServerFrame = serde_json::from_value(frame).unwrap();
    let ServerFrame::Message(message) = read else { panic!("{read:?}") };
    assert_eq!(message.body, Some(voodoo_proto::object::Body::Unknown));
}

#[test]
fn counters_are_read_up_to_the_greatest_that_a_double_holds() {
    let frame = |seq: &str| {
        format!(r#"{{"type":"pin","id":7,"conversation":"c_1","seq":{seq},"on":true}}"#)
    };
    assert!(decode(&frame(&MAX_SAFE_INTEGER.to_string())).is_ok());
    for seq in [
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1.0",
        "1e3",
        "\"1\"",
    ] {
        let error = decode(&frame(seq)).expect_err(seq);
        let text = format!("{error:?}");
        assert!(
            text.contains("BadRequest") && text.contains(r#"field: Some("seq")"#),
            "{seq}: {text}"
        );
    }
}

#[test]
fn a_number_that_nobody_reads_may_be_of_any_size() {
    let frame = r#"{"type":"bye","id":1,"n":123456789012345678901234567890,"m":1e999999}"#;
    assert!(decode(frame).is_ok());
    let frame = r#"{"type":"send","id":1,"conversation":"c_1","client_id":"01890a5d-ac96-774b-bcce-b302099a8057","body":{"kind":"text","text":"99999999999999999999"}}"#;
    assert!(decode(frame).is_ok());
}
