//! Requests that would be taken, to be spoilt, and the tools to spoil them with.

use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::wire::TEXT;
use super::{Maker, Outcome, Shot};

pub(super) type Object = Map<String, Value>;

impl Maker {
    /// A request that would be taken, under an id of its own.
    pub(super) fn request(&mut self) -> Object {
        let at = self.random.random_range(0..self.requests.len());
        let mut request = Value::Object(self.requests[at].clone());
        self.address(&mut request);
        let Value::Object(mut request) = request else { return Object::new() };
        request.insert("id".to_owned(), self.fresh_id().into());
        request
    }

    /// Puts names that exist, and a client id of its own.
    fn address(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text.starts_with("c_") => text.clone_from(&self.conversation),
            Value::String(text) if text.starts_with("u_") => text.clone_from(&self.user),
            Value::Array(items) => items.iter_mut().for_each(|item| self.address(item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    if name == "client_id" {
                        *field = uuid::Builder::from_random_bytes(self.random.random())
                            .into_uuid()
                            .to_string()
                            .into();
                    }
                    self.address(field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn text(&mut self, text: &str, outcome: Outcome) -> Shot {
        let wire = self.frame(0x80 | TEXT, text.as_bytes());
        Shot { wire, n_frames: 1, is_first: false, outcome }
    }

    pub(super) fn first(&mut self, text: &str, code: u16) -> Shot {
        Shot { is_first: true, ..self.text(text, Outcome::Closes(code)) }
    }

    pub(super) fn refused(&mut self, request: Object, codes: &'static [&'static str]) -> Shot {
        let id = id_of(&request);
        self.text(&Value::Object(request).to_string(), Outcome::Refused(id, codes))
    }

    /// A value of another kind than this one, and never null, which counts as absent.
    pub(super) fn other_kind(&mut self, than: &Value) -> Value {
        let word = self.word(20);
        let others = [
            json!(word),
            json!(true),
            json!(-7),
            json!(1.5),
            json!({}),
            json!({"x": [1]}),
            json!([]),
            json!([[]]),
        ];
        let is_other = |other: &&Value| {
            let is_same = match than {
                Value::String(_) => other.is_string(),
                Value::Bool(_) => other.is_boolean(),
                Value::Array(_) => other.is_array(),
                Value::Object(_) => other.is_object(),
                // Where a number is asked for it is a whole one of at least 0.
                Value::Number(_) | Value::Null => false,
            };
            !is_same
        };
        let others: Vec<_> = others.iter().filter(is_other).collect();
        self.pick(&others).clone()
    }

    /// The way to some field that `is_wanted`, `type` and `id` never.
    fn way(&mut self, request: &Object, is_wanted: fn(&str, &Value) -> bool) -> Option<String> {
        let mut ways = Vec::new();
        collect("", request, is_wanted, &mut ways);
        if ways.is_empty() {
            return None;
        }
        Some(ways.swap_remove(self.random.random_range(0..ways.len())))
    }

    /// A request with a field of some sort, and the way to it.
    pub(super) fn request_with(&mut self, is_wanted: fn(&str, &Value) -> bool) -> (Value, String) {
        loop {
            let request = self.request();
            if let Some(way) = self.way(&request, is_wanted) {
                return (Value::Object(request), way);
            }
        }
    }
}

/// A message that would be taken.
pub(super) fn send(maker: &mut Maker) -> Object {
    let text = maker.word(20);
    let mut send = json!({"type": "send", "conversation": maker.conversation, "client_id": "",
        "body": {"kind": "text", "text": text}});
    maker.address(&mut send);
    let Value::Object(mut send) = send else { return Object::new() };
    send.insert("id".to_owned(), maker.fresh_id().into());
    send
}

fn id_of(request: &Object) -> u64 {
    request.get("id").and_then(Value::as_u64).unwrap_or(0)
}

fn collect(
    before: &str,
    object: &Object,
    is_wanted: fn(&str, &Value) -> bool,
    ways: &mut Vec<String>,
) {
    for (name, value) in object {
        let way = format!("{before}/{name}");
        if way != "/type" && way != "/id" && is_wanted(name, value) {
            ways.push(way.clone());
        }
        if let Value::Object(inner) = value {
            collect(&way, inner, is_wanted, ways);
        }
    }
}
