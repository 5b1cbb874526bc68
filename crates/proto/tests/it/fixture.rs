//! Reads the fixture files and writes frames of every kind back.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use voodoo_proto::reply::{self, encode_ok};
use voodoo_proto::{Request, ServerFrame, decode};

/// Whose frames a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// What a client asks.
    Request,
    /// What `ok` carries, by the request that it answers.
    Reply,
    /// Everything else that the server says.
    Event,
}

impl Side {
    pub(crate) const ALL: [Self; 3] = [Self::Request, Self::Reply, Self::Event];

    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Event => "event",
        }
    }

    /// Every frame that must have a file.
    pub(crate) fn names(self) -> Vec<String> {
        let names = match self {
            Self::Request => Request::NAMES,
            Self::Event => ServerFrame::NAMES,
            Self::Reply => return reply_names(),
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Reads a frame as the type that `name` says and writes it again.
    pub(crate) fn rewrite(self, name: &str, frame: &str) -> Result<String, String> {
        match self {
            Self::Request => decode(frame)
                .map(|incoming| incoming.encode())
                .map_err(|error| format!("{error:?}")),
            Self::Event => serde_json::from_str::<ServerFrame>(frame)
                .and_then(|event| serde_json::to_string(&event))
                .map_err(|error| error.to_string()),
            Self::Reply => rewrite_reply(name, frame),
        }
    }
}

fn reply_names() -> Vec<String> {
    let wire = voodoo_proto::schema::wire();
    let replies = wire.pointer("/properties/replies/properties").expect("the schema has replies");
    replies.as_object().expect("replies by request").keys().cloned().collect()
}

#[derive(Deserialize)]
struct Ok {
    #[serde(rename = "type")]
    name: String,
    id: u64,
}

fn rewrite_reply(name: &str, frame: &str) -> Result<String, String> {
    match name {
        "send" => reply_as::<reply::Sent>(frame),
        "edit" | "delete" | "react" | "pin" => reply_as::<reply::Changed>(frame),
        "receipts" => reply_as::<reply::Receipts>(frame),
        "watch" => reply_as::<reply::Watched>(frame),
        "create" | "join" => reply_as::<reply::InConversation>(frame),
        "get" => reply_as::<reply::Conversations>(frame),
        "list" => reply_as::<reply::Listed>(frame),
        "invite_create" => reply_as::<reply::Invite>(frame),
        "member_add" => reply_as::<reply::Added>(frame),
        "members" => reply_as::<reply::Members>(frame),
        "counts" => reply_as::<reply::Counts>(frame),
        "history" => reply_as::<reply::HistoryPage>(frame),
        "changes" => reply_as::<reply::ChangesPage>(frame),
        "users" => reply_as::<reply::Users>(frame),
        "resync" | "focus" | "status" | "active" | "update" | "destroy" | "leave"
        | "invite_revoke" | "member_remove" | "member_role" | "set" | "accept" | "block" => {
            reply_as::<reply::Done>(frame)
        }
        other => Err(format!("no type is known for the reply to {other}")),
    }
}

fn reply_as<R: DeserializeOwned + serde::Serialize>(frame: &str) -> Result<String, String> {
    let ok: Ok = serde_json::from_str(frame).map_err(|error| error.to_string())?;
    if ok.name != "ok" {
        return Err(format!("a reply of type {}", ok.name));
    }
    let reply: R = serde_json::from_str(frame).map_err(|error| error.to_string())?;
    Ok(encode_ok(ok.id, &reply))
}

pub(crate) fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// The frames of one file, as they stand there.
pub(crate) fn frames(side: Side, name: &str) -> Vec<String> {
    let text = text(side, name);
    let frames: Vec<Box<RawValue>> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{side:?} {name}: {error}"));
    frames.into_iter().map(|frame| frame.get().to_owned()).collect()
}

pub(crate) fn text(side: Side, name: &str) -> String {
    let path = folder("frames").join(side.folder()).join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("every frame has a fixture, but {}: {error}", path.display())
    })
}

/// Every frame of every file with its side and the name of its file.
pub(crate) fn all() -> impl Iterator<Item = (Side, String, String)> {
    Side::ALL.into_iter().flat_map(|side| {
        side.names().into_iter().flat_map(move |name| {
            frames(side, &name).into_iter().map(move |frame| (side, name.clone(), frame))
        })
    })
}
