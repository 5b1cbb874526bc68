//! Texts that no request can be read from: no JSON, no object, no type; and JSON that strains whoever
//! reads it.

use serde_json::{Value, json};

use super::{Maker, Outcome, Shot};

type Make = fn(&mut Maker) -> Shot;

pub(super) const KINDS: &[(&str, Make)] = &[
    ("no JSON", no_json),
    ("JSON that is no object", no_object),
    ("no type", no_type),
    ("escapes and characters that JSON forbids", bad_strings),
    ("deep nesting", deep_nesting),
    ("numbers that no double holds", huge_number),
];

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
