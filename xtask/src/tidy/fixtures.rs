//! Whether every frame of the protocol has golden examples, which stay for ever.

use serde_json::Value;

use super::Finding;
use super::facts::Facts;

/// One folder of fixtures: a file `NAME.json` for each frame, with a list of examples.
struct Folder {
    name: &'static str,
    frames: fn(&Value) -> Vec<String>,
}

const FOLDERS: &[Folder] = &[
    Folder { name: "request", frames: |schema| tags(&schema["$defs"]["Request"]) },
    Folder { name: "event", frames: |schema| tags(&schema["$defs"]["ServerFrame"]) },
    Folder { name: "reply", frames: replies },
];

/// Finds frames of the schema that no fixture shows.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    FOLDERS.iter().flat_map(|folder| missing(facts, folder)).map(Finding::Fail).collect()
}

fn missing(facts: &Facts, folder: &Folder) -> Vec<String> {
    let frames = (folder.frames)(&facts.schema);
    if frames.is_empty() {
        return vec![format!("the schema names no {}", folder.name)];
    }
    let files = frames
        .iter()
        .map(|frame| format!("crates/proto/fixtures/frames/{}/{frame}.json", folder.name));
    files
        .filter(|path| {
            !facts.files.iter().any(|file| file.path == *path && has_example(&file.text))
        })
        .map(|path| format!("{path} shows no example"))
        .collect()
}

/// The values of `type` among which the variants of a frame choose.
fn tags(definition: &Value) -> Vec<String> {
    let variants = definition["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
    let tags = variants.iter().filter_map(|v| v["properties"]["type"]["const"].as_str());
    tags.map(str::to_owned).collect()
}

/// The requests that are answered with `ok`.
fn replies(schema: &Value) -> Vec<String> {
    let replies = schema["properties"]["replies"]["properties"].as_object();
    replies.map_or_else(Vec::new, |replies| replies.keys().cloned().collect())
}

fn has_example(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Array(examples)) if !examples.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tidy::facts::File;

    const SHOWN: &[&str] = &["request/send", "request/read", "event/read", "reply/send"];

    fn found(shown: &[&str], text: &str) -> Vec<Finding> {
        let frame = |name: &str| json!({"properties": {"type": {"const": name}}});
        let schema = json!({
            "$defs": {
                "Request": {"oneOf": [frame("send"), frame("read")]},
                "ServerFrame": {"oneOf": [frame("read")]},
            },
            "properties": {"replies": {"properties": {"send": {}}}},
        });
        let path = |name: &&str| format!("crates/proto/fixtures/frames/{name}.json");
        let file = |name| File { path: path(name), text: text.to_owned() };
        check(&Facts { files: shown.iter().map(file).collect(), schema, ..Facts::default() })
    }

    #[test]
    fn a_frame_without_an_example_is_found() {
        assert_eq!(found(SHOWN, "[{}]"), []);
        let expect = "crates/proto/fixtures/frames/reply/send.json shows no example".to_owned();
        assert_eq!(found(&SHOWN[..3], "[{}]"), [Finding::Fail(expect)]);
        assert_eq!(found(SHOWN, "[]").len(), 4);
    }

    #[test]
    fn a_schema_without_frames_is_found() {
        assert_eq!(check(&Facts::default()).len(), 3);
    }
}
