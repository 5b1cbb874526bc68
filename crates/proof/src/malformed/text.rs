//! Texts that are not the protocol, or not what it asks for.

use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::wire::TEXT;
use super::{Maker, Outcome, Shot};

pub(super) type Object = Map<String, Value>;
type Make = fn(&mut Maker) -> Shot;

pub(super) const KINDS: &[(&str, Make)] = &[
    ("no JSON", no_json),
    ("JSON that is no object", no_object),
    ("no type", no_type),
    ("escapes and characters that JSON forbids", bad_strings),
    ("unknown types", unknown_type),
    ("unknown types without an id", unknown_without_id),
    ("fields of the wrong kind", wrong_kind),
    ("fields that are missing", missing_field),
    ("ids and names that are none", bad_name),
    ("fields twice", field_twice),
    ("fields that are reserved", reserved_field),
    ("integers beyond all counters", huge_integer),
    ("wrong requests without an id", wrong_without_id),
    ("requests whose id is none", unusable_id),
    ("ids twice", id_twice),
    ("texts beyond the limit", long_text),
    ("many fields", many_fields),
    ("deep nesting", deep_nesting),
    ("numbers that no double holds", huge_number),
];

const BAD_REQUEST: &[&str] = &["bad_request"];
pub(super) const UNKNOWN_TYPE: &[&str] = &["unknown_type"];
const TOO_LARGE: &[&str] = &["too_large"];

/// Fields of which every request of their type has one.
const REQUIRED: &[(&str, &[&str])] = &[
    ("accept", &["conversation"]),
    ("active", &["on"]),
    ("block", &["user", "on"]),
    ("changes", &["conversation", "since_rev"]),
    ("counts", &["conversation", "seqs"]),
    ("create", &["client_id", "kind"]),
    ("delete", &["conversation", "seqs"]),
    ("destroy", &["conversation"]),
    ("edit", &["conversation", "seq", "edits", "body"]),
    ("focus", &["conversations"]),
    ("get", &["conversations"]),
    ("history", &["conversation"]),
    ("invite_create", &["conversation"]),
    ("invite_revoke", &["invite"]),
    ("leave", &["conversation"]),
    ("member_add", &["conversation", "users"]),
    ("member_remove", &["conversation", "user"]),
    ("member_role", &["conversation", "user", "role"]),
    ("members", &["conversation"]),
    ("pin", &["conversation", "seq", "on"]),
    ("react", &["conversation", "seq", "emoji", "on"]),
    ("read", &["conversation", "seq"]),
    ("receipts", &["conversation", "seq"]),
    ("received", &["heads"]),
    ("resync", &["user_rev", "since_ms"]),
    ("send", &["conversation", "client_id", "body"]),
    ("set", &["conversation"]),
    ("status", &["state"]),
    ("typing", &["conversation"]),
    ("update", &["conversation"]),
    ("watch", &["users"]),
];

/// Fields whose texts are names out of a fixed set.
const NAMED: &[&str] = &["kind", "history", "post", "join", "role", "state", "all"];

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

    fn fresh_id(&mut self) -> u64 {
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
    fn request_with(&mut self, is_wanted: fn(&str, &Value) -> bool) -> (Value, String) {
        loop {
            let request = self.request();
            if let Some(way) = self.way(&request, is_wanted) {
                return (Value::Object(request), way);
            }
        }
    }
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

fn refuse(maker: &mut Maker, request: Value) -> Shot {
    let Value::Object(request) = request else { unreachable!("requests are objects") };
    maker.refused(request, BAD_REQUEST)
}

fn no_json(maker: &mut Maker) -> Shot {
    let request = Value::Object(maker.request()).to_string();
    let word = maker.word(200);
    let text = match maker.up_to(8) {
        0 => String::new(),
        1 => word,
        2 => request.replace('"', "'"),
        3 => format!("{request}{request}"),
        4 => format!("\u{feff}{request}"),
        5 => request.replacen(':', "=", 1),
        6 => request.replacen('}', ",}", 1),
        7 => "[".repeat(1 + maker.up_to(100)),
        _ => {
            let mut end = 1 + maker.up_to(request.len() - 2);
            while !request.is_char_boundary(end) {
                end -= 1;
            }
            request[..end].to_owned()
        }
    };
    maker.text(&text, Outcome::Closes(4400))
}

fn no_object(maker: &mut Maker) -> Shot {
    let request = Value::Object(maker.request());
    let word = maker.word(20);
    let other = match maker.up_to(5) {
        0 => json!([request]),
        1 => json!(word),
        2 => json!(maker.up_to(1_000_000)),
        3 => Value::Null,
        4 => json!(true),
        _ => json!(["send", 1, "x"]),
    };
    maker.text(&other.to_string(), Outcome::Closes(4400))
}

fn no_type(maker: &mut Maker) -> Shot {
    let mut request = maker.request();
    let name = request.remove("type").unwrap_or_default();
    let text = match maker.up_to(3) {
        0 => Value::Object(request).to_string(),
        1 => {
            let twice = Value::Object(request).to_string();
            twice.replacen('{', &format!("{{\"type\":{name},\"type\":{name},"), 1)
        }
        2 => {
            request.insert("type".to_owned(), Value::Null);
            Value::Object(request).to_string()
        }
        _ => {
            let other = maker.other_kind(&name);
            request.insert("type".to_owned(), other);
            Value::Object(request).to_string()
        }
    };
    maker.text(&text, Outcome::Closes(4400))
}

fn bad_strings(maker: &mut Maker) -> Shot {
    let bad = maker.pick(&[
        "\\ud800",
        "\\udfff",
        "\\x41",
        "\\u12g4",
        "\n",
        "\u{0}",
        "\u{1f}",
        "\\u",
        "\\ud83d\\u0041",
    ]);
    let id = maker.fresh_id();
    let text = format!(r#"{{"type":"list","id":{id},"query":"{bad}"}}"#);
    maker.text(&text, Outcome::Closes(4400))
}

pub(super) fn unknown(maker: &mut Maker) -> Object {
    let mut request = maker.request();
    let made_up = format!("x{}", maker.word(60));
    let name = maker.pick(&[
        made_up.as_str(),
        "",
        "SEND",
        "ok",
        "refused",
        "welcome",
        "message",
        "search",
        "vote",
        "call.offer",
        "send ",
        "__proto__",
        "\u{0}send",
        "🥶",
    ]);
    request.insert("type".to_owned(), name.into());
    request
}

fn unknown_type(maker: &mut Maker) -> Shot {
    let request = unknown(maker);
    maker.refused(request, UNKNOWN_TYPE)
}

fn unknown_without_id(maker: &mut Maker) -> Shot {
    let mut request = unknown(maker);
    spoil_id(maker, &mut request, true);
    maker.text(&Value::Object(request).to_string(), Outcome::Dropped)
}

/// Takes the id away, or makes it none.
fn spoil_id(maker: &mut Maker, request: &mut Object, may_go: bool) {
    request.remove("id");
    let bad = [
        json!(0),
        json!(-1),
        json!("7"),
        json!(7.0),
        json!(1.5),
        json!(9_007_199_254_740_992_u64),
        json!(u64::MAX),
        json!({}),
        json!([7]),
        json!(true),
    ];
    if !may_go || maker.chance(2) {
        let bad = maker.pick(&bad.each_ref()).clone();
        request.insert("id".to_owned(), bad);
    }
}

fn spoil_kind(maker: &mut Maker) -> Value {
    let (mut request, way) = maker.request_with(|_, _| true);
    if let Some(field) = request.pointer_mut(&way) {
        *field = maker.other_kind(field);
    }
    request
}

fn wrong_kind(maker: &mut Maker) -> Shot {
    let request = spoil_kind(maker);
    refuse(maker, request)
}

fn spoil_required(maker: &mut Maker) -> Object {
    loop {
        let mut request = maker.request();
        let name = request["type"].as_str().unwrap_or_default();
        if let Some((_, fields)) = REQUIRED.iter().find(|(one, _)| *one == name) {
            let field = maker.pick(fields);
            if maker.chance(3) {
                request.insert(field.to_owned(), Value::Null);
            } else {
                request.remove(field);
            }
            return request;
        }
    }
}

fn missing_field(maker: &mut Maker) -> Shot {
    let request = spoil_required(maker);
    maker.refused(request, BAD_REQUEST)
}

fn bad_name(maker: &mut Maker) -> Shot {
    let (mut request, way) = maker.request_with(|name, value| {
        let is_id = |text: &str| text.starts_with("c_") || text.starts_with("u_");
        name == "client_id" || NAMED.contains(&name) || value.as_str().is_some_and(is_id)
    });
    let long = "c_".to_owned() + &"z".repeat(12 + maker.up_to(3_000));
    let bad = maker.pick(&[
        "x_1",
        "c_",
        "u_",
        "c_-1",
        "c_00",
        "",
        "c_zzzzzzzzzzzz",
        "u_ 1",
        "\u{0}",
        "🥶",
        "019b78ff-fce8-7001-9007-00009e3779b",
        "019b78fffce87001900700009e3779b1",
        "../../etc/passwd",
        "'; DROP TABLE messages; --",
        long.as_str(),
    ]);
    if let Some(field) = request.pointer_mut(&way) {
        *field = bad.into();
    }
    refuse(maker, request)
}

fn field_twice(maker: &mut Maker) -> Shot {
    let (request, way) = maker.request_with(|_, _| true);
    let name = way.split('/').nth(1).unwrap_or_default();
    let again = format!("{}:{}", json!(name), request[name]);
    let id = request["id"].as_u64().unwrap_or(0);
    let text = request.to_string().replacen('{', &format!("{{{again},"), 1);
    maker.text(&text, Outcome::Refused(id, BAD_REQUEST))
}

/// A message that would be taken.
fn send(maker: &mut Maker) -> Object {
    let text = maker.word(20);
    let mut send = json!({"type": "send", "conversation": maker.conversation, "client_id": "",
        "body": {"kind": "text", "text": text}});
    maker.address(&mut send);
    let Value::Object(mut send) = send else { return Object::new() };
    send.insert("id".to_owned(), maker.fresh_id().into());
    send
}

fn reserved_field(maker: &mut Maker) -> Shot {
    let mut request = send(maker);
    let (name, value) = match maker.up_to(4) {
        0 => ("files", json!([])),
        1 => ("due_ms", json!(1)),
        2 => ("forward", json!({"conversation": maker.conversation, "seq": 1})),
        3 => ("body", json!({"kind": "poll", "question": "who?"})),
        _ => ("body", json!({"kind": "encrypted", "data": "AA=="})),
    };
    request.insert(name.to_owned(), value);
    maker.refused(request, BAD_REQUEST)
}

fn huge_integer(maker: &mut Maker) -> Shot {
    let (request, way) = maker.request_with(|_, value| value.is_u64());
    let digits = match maker.up_to(3) {
        0 => "9007199254740992".to_owned(),
        1 => u64::MAX.to_string(),
        2 => "18446744073709551616".to_owned(),
        _ => format!("1{}", "0".repeat(20 + maker.up_to(200))),
    };
    let mut marked = request.clone();
    if let Some(field) = marked.pointer_mut(&way) {
        *field = "@".into();
    }
    let id = request["id"].as_u64().unwrap_or(0);
    let text = marked.to_string().replacen("\"@\"", &digits, 1);
    maker.text(&text, Outcome::Refused(id, BAD_REQUEST))
}

fn wrong_without_id(maker: &mut Maker) -> Shot {
    let mut request = if maker.chance(2) {
        let Value::Object(request) = spoil_kind(maker) else { return wrong_kind(maker) };
        request
    } else {
        spoil_required(maker)
    };
    spoil_id(maker, &mut request, true);
    maker.text(&Value::Object(request).to_string(), Outcome::Dropped)
}

/// A request with nothing wrong but its id.
fn unusable_id(maker: &mut Maker) -> Shot {
    let mut request = maker.request();
    spoil_id(maker, &mut request, false);
    maker.text(&Value::Object(request).to_string(), Outcome::Dropped)
}

fn id_twice(maker: &mut Maker) -> Shot {
    let id = maker.fresh_id();
    let text = json!({"type": "get", "id": id, "conversations": [maker.conversation]}).to_string();
    let wire =
        [maker.frame(0x80 | TEXT, text.as_bytes()), maker.frame(0x80 | TEXT, text.as_bytes())];
    Shot { wire: wire.concat(), n_frames: 2, is_first: false, outcome: Outcome::GoesOn }
}

fn long_text(maker: &mut Maker) -> Shot {
    let mut request = send(maker);
    let n_characters = 16_385 + maker.up_to(1_000);
    let text = maker.pick(&["x", "é", "€"]).repeat(n_characters);
    request.insert("body".to_owned(), json!({"kind": "text", "text": text}));
    maker.refused(request, TOO_LARGE)
}

fn many_fields(maker: &mut Maker) -> Shot {
    let mut request = unknown(maker);
    for number in 0..1 + maker.up_to(3_000) {
        request.insert(format!("f{number}"), json!(number));
    }
    maker.refused(request, UNKNOWN_TYPE)
}

fn deep_nesting(maker: &mut Maker) -> Shot {
    let deep = 100 + maker.up_to(8_000);
    let (open, close) = *maker.pick(&[&("[", "]"), &("{\"x\":", "}")]);
    let nested = format!("{}1{}", open.repeat(deep), close.repeat(deep));
    let id = maker.fresh_id();
    let text = match maker.up_to(2) {
        0 => format!(r#"{{"type":"get","id":{id},"conversations":{nested}}}"#),
        1 => format!(r#"{{"type":"get","id":{id},"conversations":[],"x":{nested}}}"#),
        _ => nested,
    };
    maker.text(&text, Outcome::Open)
}

fn huge_number(maker: &mut Maker) -> Shot {
    let number = maker.pick(&["1e400", "-1e400", "1e-999999999", "1e999999999", "0.1e+99999"]);
    let (id, conversation) = (maker.fresh_id(), maker.conversation.clone());
    let text = format!(
        r#"{{"type":"pin","id":{id},"conversation":"{conversation}","seq":{number},"on":true}}"#
    );
    maker.text(&text, Outcome::Open)
}
