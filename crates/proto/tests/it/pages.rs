//! The pages of the protocol say what the types say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use voodoo_proto::codes::Return;
use voodoo_proto::{CloseCode, Limits, RefusalCode, http, reply};

use crate::fixture::Side;
use crate::shape::Schema;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol")
}

fn page(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.md"))).expect("the page is there")
}

/// The name and text of every page.
fn pages() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).expect("the folder is there");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let pages = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()));
    pages.map(|name| (name.clone(), page(&name))).collect()
}

/// The rows of the tables whose header line is `header`, cell by cell and without backticks.
fn rows(page: &str, header: &str) -> Vec<Vec<String>> {
    let mut lines = page.lines().skip_while(|line| *line != header);
    assert!(lines.next().is_some(), "no table {header}");
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|');
        inner.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// One example on a page: what it is said to be, and its JSON.
struct Example {
    place: String,
    /// `request`, `event`, `reply send`, `http Device`.
    label: String,
    text: String,
}

fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for (name, page) in pages() {
        let mut label = None;
        for (number, line) in page.lines().enumerate() {
            if let Some(info) = line.strip_prefix("```") {
                label = info.strip_prefix("json ").filter(|_| label.is_none()).map(str::to_owned);
            } else if let Some(label) = &label {
                let place = format!("{name}.md:{}", number + 1);
                found.push(Example { place, label: label.clone(), text: line.to_owned() });
            }
        }
    }
    found
}

#[test]
fn every_example_is_read_and_has_no_unknown_key() {
    let schema = Schema::new();
    let examples = examples();
    assert!(examples.len() > 100, "only {} examples", examples.len());
    for Example { place, label, text } in examples {
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{place}: {e}"));
        let (side, name) = match label.split_once(' ') {
            Some(("reply", name)) => (Side::Reply, name.to_owned()),
            Some(("http", name)) => {
                check_http(&schema, &place, name, &value);
                continue;
            }
            _ if label == "request" => (Side::Request, text_of(&value, "type")),
            _ if label == "event" => (Side::Event, text_of(&value, "type")),
            _ => panic!("{place}: what is {label}?"),
        };
        side.rewrite(&name, &text).unwrap_or_else(|error| panic!("{place}: {error}"));
        schema.visit((side, &name), &value, &mut |at, properties| {
            for key in value.pointer(at).expect("visited").as_object().expect("an object").keys() {
                let is_envelope = at.is_empty() && ["type", "id"].contains(&key.as_str());
                assert!(is_envelope || properties.contains_key(key), "{place}: {at}/{key}");
            }
        });
    }
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn check_http(schema: &Schema, place: &str, name: &str, value: &Value) {
    let read = match name {
        "ServerAbout" => same::<http::ServerAbout>(value),
        "SetUp" => same::<http::SetUp>(value),
        "SignUp" => same::<http::SignUp>(value),
        "LogIn" => same::<http::LogIn>(value),
        "Reset" => same::<http::Reset>(value),
        "LoggedIn" => same::<http::LoggedIn>(value),
        "Device" => same::<http::Device>(value),
        "MePatch" => same::<http::MePatch>(value),
        "MeSeen" => same::<http::MeSeen>(value),
        "PasswordChange" => same::<http::PasswordChange>(value),
        "Ticket" => same::<http::Ticket>(value),
        "InviteRequest" => same::<http::InviteRequest>(value),
        "Invite" => same::<reply::Invite>(value),
        "InviteLook" => same::<http::InviteLook>(value),
        "InviteSeen" => same::<http::InviteSeen>(value),
        "NewMessage" => same::<http::NewMessage>(value),
        "Sent" => same::<reply::Sent>(value),
        "BotRequest" => same::<http::BotRequest>(value),
        "BotMade" => same::<http::BotMade>(value),
        "Problem" => same::<http::Problem>(value),
        other => Err(format!("no object {other}")),
    };
    read.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(schema.defines(name), "{place}: {name} is not in the schema");
}

/// Whether the value is read as a `T` and written back the same, so that no key is unknown.
fn same<T: DeserializeOwned + Serialize>(value: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == *value { Ok(()) } else { Err(format!("{value} is written as {written}")) }
}

#[test]
fn every_frame_and_reply_is_shown_in_an_example() {
    let shown: BTreeSet<String> = examples()
        .into_iter()
        .map(|example| match example.label.as_str() {
            label @ ("request" | "event") => {
                let value: Value = serde_json::from_str(&example.text).expect("JSON");
                format!("{label} {}", text_of(&value, "type"))
            }
            label => label.to_owned(),
        })
        .collect();
    for side in Side::ALL {
        for name in side.names() {
            let wanted = format!("{} {name}", side.folder());
            assert!(shown.contains(&wanted), "no page shows {wanted}");
        }
    }
}

#[test]
fn every_field_is_named_on_a_page() {
    let text: String = pages().into_iter().map(|(_, text)| text).collect();
    for (definition, field) in Schema::new().fields() {
        let is_named = text.contains(&format!("`{field}`"))
            || text.contains(&format!("\"{field}\""))
            || text.contains(&format!(".{field}`"))
            || text.contains(&format!("{{{field}"));
        assert!(is_named, "no page names {definition}.{field}");
    }
}

#[test]
fn the_table_of_refusals_is_that_of_the_code() {
    let expected: Vec<Vec<String>> = RefusalCode::ALL
        .into_iter()
        .map(|code| {
            let retry = serde_json::to_value(code.retry()).expect("a word");
            let retry = retry.as_str().expect("a word").to_owned();
            vec![code.name().to_owned(), retry, code.http_status().to_string()]
        })
        .collect();
    let mut found = rows(&page("codes"), "| code | retry | HTTP | when |");
    found.iter_mut().for_each(|row| row.truncate(3));
    assert_eq!(found, expected);
}

#[test]
fn the_table_of_close_codes_is_that_of_the_code() {
    let words = |may_return| match may_return {
        Return::Yes => "yes",
        Return::ByWindow => "yes, within the window",
        Return::AfterThirtySeconds => "after 30 s",
        Return::AfterLogIn => "after logging in",
        Return::OnUserAction => "when the user asks",
        Return::AfterReload => "after a reload, once",
        Return::No => "no",
    };
    let expected: Vec<Vec<String>> = CloseCode::ALL
        .into_iter()
        .map(|code| {
            vec![
                code.number().to_string(),
                code.reason().to_owned(),
                words(code.may_return()).to_owned(),
            ]
        })
        .collect();
    let mut found = rows(&page("codes"), "| number | reason | may return | meaning |");
    found.iter_mut().for_each(|row| row.truncate(3));
    assert_eq!(found, expected);
}

/// The number in a cell: `65,536` or `1/6`.
fn number(cell: &str) -> f64 {
    let whole = |text: &str| text.replace(',', "").parse::<f64>().expect("a number");
    match cell.split_once('/') {
        Some((over, under)) => whole(over) / whole(under),
        None => whole(cell),
    }
}

#[test]
fn the_tables_of_limits_are_the_defaults() {
    let limits = serde_json::to_value(Limits::default()).expect("plain data");
    let page = page("limits");
    let mut found = serde_json::Map::new();
    for row in rows(&page, "| limit | default | what it bounds |") {
        found.insert(row[0].clone(), json!(number(&row[1])));
    }
    let mut rates = serde_json::Map::new();
    for row in rows(&page, "| rate | per second | burst | requests |") {
        rates.insert(row[0].clone(), json!({"per_s": number(&row[1]), "burst": number(&row[2])}));
    }
    let as_float = |(name, value): (String, Value)| {
        let value = value.as_f64().map_or(value, |number| json!(number));
        (name, value)
    };
    let Value::Object(limits) = limits else { panic!("limits are an object") };
    found.insert("rates".to_owned(), Value::Object(rates));
    let expected: serde_json::Map<String, Value> = limits.into_iter().map(as_float).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_reserved_names_stand_in_the_overview() {
    let page = page("README");
    let types = voodoo_proto::request::RESERVED_TYPES.iter().map(|name| format!("`{name}`"));
    let fields = voodoo_proto::request::RESERVED_FIELDS
        .iter()
        .flat_map(|(name, fields)| fields.iter().map(move |field| format!("`{name}.{field}`")));
    for name in types.chain(fields) {
        assert!(page.contains(&name), "the overview does not reserve {name}");
    }
    assert!(page.contains(&format!("`{}`", voodoo_proto::SUBPROTOCOL)));
}
