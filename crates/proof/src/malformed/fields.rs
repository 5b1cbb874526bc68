//! Requests that can be read and ask for nothing: of an unknown type, or with a field that is wrong.

use serde_json::{Value, json};

use super::request::{Object, send};
use super::wire::TEXT;
use super::{Maker, Outcome, Shot};

type Make = fn(&mut Maker) -> Shot;

pub(super) const KINDS: &[(&str, Make)] = &[
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

fn refuse(maker: &mut Maker, request: Value) -> Shot {
    let Value::Object(request) = request else { unreachable!("requests are objects") };
    maker.refused(request, BAD_REQUEST)
}
