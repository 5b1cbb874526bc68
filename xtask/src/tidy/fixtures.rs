//! Whether every frame of the protocol has a golden fixture, which stays for ever.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use super::facts::Facts;

const FIXTURES: &str = "crates/proto/fixtures/";

/// Finds frames of the schema that no fixture shows.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut named = BTreeSet::new();
    collect_named(&facts.schema, &mut named);
    let mut shown = BTreeSet::new();
    for file in facts.files.iter().filter(|file| file.path.starts_with(FIXTURES)) {
        for value in values_in(&file.text) {
            collect_shown(&value, &mut shown);
        }
    }
    if named.is_empty() {
        return vec![Finding::Fail("the schema names no frame".to_owned())];
    }
    let told = |frame: &String| format!("no file below {FIXTURES} shows the frame `{frame}`");
    named.difference(&shown).map(|frame| Finding::Fail(told(frame))).collect()
}

/// A frame is an object of the schema whose property `type` has one value.
fn collect_named(schema: &Value, named: &mut BTreeSet<String>) {
    if let Some(name) = schema["properties"]["type"]["const"].as_str() {
        named.insert(name.to_owned());
    }
    for inner in children(schema) {
        collect_named(inner, named);
    }
}

fn collect_shown(value: &Value, shown: &mut BTreeSet<String>) {
    if let Some(name) = value["type"].as_str() {
        shown.insert(name.to_owned());
    }
    for inner in children(value) {
        collect_shown(inner, shown);
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// A fixture is one value over several lines, or one value a line.
fn values_in(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map_while(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tidy::facts::File;

    fn facts(text: &str) -> Facts {
        let frame = |name: &str| json!({"properties": {"type": {"const": name}}});
        let schema = json!({"$defs": {"ServerFrame": {"oneOf": [frame("pong"), frame("ok")]}}});
        let files = vec![File { path: format!("{FIXTURES}x.json"), text: text.to_owned() }];
        Facts { files, schema, ..Facts::default() }
    }

    #[test]
    fn a_frame_without_a_fixture_is_found() {
        assert_eq!(check(&facts("{\"type\":\"ok\"}\n{\"type\":\"pong\"}")), []);
        assert_eq!(check(&facts("[{\"frame\":{\"type\":\"ok\"}}]")).len(), 1);
        assert_eq!(check(&facts("")).len(), 2);
    }

    #[test]
    fn a_schema_without_frames_is_found() {
        assert_eq!(check(&Facts::default()).len(), 1);
    }
}
