//! The reducer does what the golden files say; the web client reads the same ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use voodoo_client::reducer::{
    Conversation, Draft, Input, KeptContent, Progress, Reply, State, Timer,
};
use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{Body, Message};
use voodoo_proto::reply::Refused;
use voodoo_proto::request::Request;

#[derive(Deserialize)]
struct Scenario {
    given: Option<String>,
    steps: Vec<Step>,
    expect: Value,
}

#[derive(Deserialize)]
struct Step {
    input: Value,
    effects: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/fixtures/reducer")
}

fn load(name: &str) -> Scenario {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn get<T: for<'de> Deserialize<'de>>(input: &Value, field: &str) -> T {
    serde_json::from_value(input[field].clone())
        .unwrap_or_else(|error| panic!("{field}: {error} in {input}"))
}

fn timer(input: &Value) -> Timer {
    match input["timer"].as_str().unwrap() {
        "fill" => Timer::Fill { conversation: get(input, "conversation") },
        "send" => Timer::Send { conversation: get(input, "conversation") },
        "user" => Timer::User,
        "check" => Timer::Check,
        "quiet" => Timer::Quiet,
        other => panic!("no timer {other}"),
    }
}

fn draft(entry: &Value) -> Draft {
    Draft {
        client_id: get(entry, "client_id"),
        conversation: get(entry, "conversation"),
        body: get(entry, "body"),
        reply_to: None,
        silent: None,
        mentions: None,
        made_ms: get(entry, "made_ms"),
    }
}

fn kept(input: &Value) -> KeptContent {
    KeptContent {
        have: get(input, "have"),
        at_start: get(input, "at_start"),
        ranges: get(input, "ranges"),
        messages: get(input, "messages"),
        events: get(input, "events"),
    }
}

fn frame(frame: &Value) -> Input {
    if frame["type"] == "unknown" {
        let of = |field: &str| frame.get(field).cloned();
        return Input::Unknown {
            conversation: of("conversation").map(|id| serde_json::from_value(id).unwrap()),
            rev: of("rev").map(|rev| serde_json::from_value(rev).unwrap()),
        };
    }
    let frame: ServerFrame =
        serde_json::from_value(frame.clone()).unwrap_or_else(|error| panic!("{error} in {frame}"));
    Input::Frame(Box::new(frame))
}

fn input(input: &Value) -> Input {
    let conversation = || get(input, "conversation");
    match input["do"].as_str().unwrap() {
        "connect" => Input::Connect { now_ms: get(input, "now_ms") },
        "disconnect" => Input::Disconnect,
        "frame" => frame(&input["frame"]),
        "ok" => {
            let request: Box<Request> = Box::new(get(input, "request"));
            let reply = Reply::read(&request, &input["reply"].to_string()).unwrap();
            Input::Ok { request, reply: Box::new(reply) }
        }
        "refused" => {
            let mut refusal = input["refusal"].clone();
            refusal["id"] = json!(1);
            let refusal: Refused = serde_json::from_value(refusal).unwrap();
            Input::Refused { request: Box::new(get(input, "request")), refusal }
        }
        "timer" => Input::Timer(timer(input)),
        "wake" => Input::Wake,
        "queue" => Input::Queue(Box::new(draft(&input["entry"]))),
        "retry" => Input::Retry(get(input, "client_id")),
        "discard" => Input::Discard(get(input, "client_id")),
        "open" => Input::Open(conversation()),
        "close" => Input::Close(conversation()),
        "adopt" => Input::Adopt(conversation(), Box::new(kept(input))),
        "forget" => Input::Forget(conversation()),
        "older" => Input::Older(conversation()),
        "newer" => {
            Input::Newer { conversation: conversation(), after_seq: get(input, "after_seq") }
        }
        "around" => Input::Around { conversation: conversation(), seq: get(input, "seq") },
        "read" => Input::Read { conversation: conversation(), seq: get(input, "seq") },
        "name" => Input::Name(get(input, "users")),
        other => panic!("no input {other}"),
    }
}

/// Plays a scenario and what it builds on, and checks the effects of each step.
fn play(name: &str) -> State {
    let scenario = load(name);
    let mut state = scenario.given.as_deref().map(play).unwrap_or_default();
    for (at, step) in scenario.steps.iter().enumerate() {
        let effects = serde_json::to_value(state.apply(input(&step.input))).unwrap();
        assert_eq!(effects, step.effects, "{name}: step {}", at + 1);
    }
    state
}

fn message_view(message: &Message) -> Value {
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| drop(view.insert(name.to_owned(), value));
    if let Some(Body::Text { text }) = &message.body {
        put("text", json!(text));
    }
    if let Some(edits) = message.edits {
        put("edits", json!(edits));
    }
    if message.deleted == Some(true) {
        put("deleted", json!(true));
    }
    if message.pinned == Some(true) {
        put("pinned", json!(true));
    }
    if let Some(reactions) = &message.reactions {
        put("reactions", json!(reactions));
    }
    Value::Object(view)
}

fn conversation_view(known: &Conversation) -> Value {
    let head = &known.head.head;
    let messages = known.content.as_ref().map(|content| {
        let messages = content.messages.iter();
        messages
            .map(|(seq, message)| (seq.to_string(), message_view(message)))
            .collect::<Map<_, _>>()
    });
    let name = known.about.peer.as_ref().map(|peer| &peer.name);
    json!({
        "have": known.have,
        "held": known.held.keys().collect::<Vec<_>>(),
        "last_seq": head.last_seq,
        "last_rev": head.last_rev,
        "info_rev": head.info_rev,
        "floor_seq": head.floor_seq,
        "read_seq": head.read_seq,
        "own_read_seq": known.own_read_seq,
        "unread": known.unread(),
        "mentions": known.mentions(),
        "at_ms": head.at_ms,
        "preview": head.preview,
        "title": name.or(known.about.title.as_ref()),
        "members": known.about.members,
        "pinned": known.about.pinned == Some(true),
        "messages": messages,
        "ranges": known.content.as_ref().map(|content| &content.ranges),
        "events": known.content.as_ref().map(|content| content.events.keys().collect::<Vec<_>>()),
        "has_older": known.has_older(),
    })
}

fn view(state: &State) -> Value {
    let conversations: Map<_, _> = state
        .conversations
        .values()
        .map(|known| (known.id().to_string(), conversation_view(known)))
        .collect();
    let entry = |entry: &voodoo_client::reducer::Entry| {
        let mut view = json!({"client_id": entry.draft.client_id});
        view["state"] = json!(match &entry.progress {
            Progress::Queued => "queued",
            Progress::Sending => "sending",
            Progress::Waiting => "waiting",
            Progress::Refused(refusal) => {
                view["code"] = json!(refusal.code.map_or("expired", |code| code.name()));
                view["retry"] = json!(refusal.retry);
                "refused"
            }
        });
        view
    };
    json!({
        "phase": format!("{:?}", state.phase).to_lowercase(),
        "epoch": state.epoch,
        "user_rev": state.user_rev,
        "since_ms": state.since_ms,
        "level": state.check.level,
        "digest": state.digest(),
        "blocked": state.blocked,
        "users": state.users.keys().collect::<Vec<_>>(),
        "conversations": conversations,
        "outbox": state.outbox.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// Leaves out of `actual` what `expected` does not name; sets of conversations and messages count as a whole.
fn named(expected: &Value, actual: &Value, is_whole: bool) -> Value {
    let (Value::Object(expected), Value::Object(actual)) = (expected, actual) else {
        return actual.clone();
    };
    let keys = if is_whole { actual.keys() } else { expected.keys() };
    keys.map(|key| {
        let is_whole = key == "conversations" || key == "messages";
        let expected = expected.get(key).unwrap_or(&Value::Null);
        (key.clone(), named(expected, actual.get(key).unwrap_or(&Value::Null), is_whole))
    })
    .collect()
}

#[test]
fn the_reducer_does_what_the_golden_files_say() {
    let names = names();
    assert!(names.len() >= 70, "only {} scenarios", names.len());
    for name in names {
        let expected = load(&name).expect;
        let actual = view(&play(&name));
        assert_eq!(named(&expected, &actual, false), expected, "{name}");
    }
}

#[test]
fn a_repeated_event_changes_nothing() {
    for name in names() {
        let scenario = load(&name);
        let mut state = scenario.given.as_deref().map(play).unwrap_or_default();
        for step in &scenario.steps {
            state.apply(input(&step.input));
            let kind = step.input["frame"]["type"].as_str().unwrap_or_default();
            let is_event = !matches!(kind, "" | "welcome" | "sync" | "pong");
            if !is_event || !state.is_settled() {
                continue;
            }
            let before = view(&state);
            let effects = state.apply(input(&step.input));
            assert_eq!(effects, [], "{name}: {}", step.input);
            assert_eq!(view(&state), before, "{name}: {}", step.input);
        }
    }
}
