//! Coming back: what a resume leaves out, when it is void, and whether the sums agree.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::socket::{Person, Server, group, send};
use crate::socket_client::Socket;

/// What a client knows of its user's state.
#[derive(Default)]
struct Known {
    epoch: Value,
    user_rev: u64,
    since_ms: u64,
    heads: BTreeMap<String, Value>,
}

impl Known {
    /// Says `hello`, resumes if there was a sync before, and takes in what comes.
    async fn sync(&mut self, server: &Server, person: &Person) -> (Socket, Value, Vec<Value>) {
        let mut socket = server.connect(person).await;
        let resume = if self.epoch.is_null() { json!({}) } else { self.resume() };
        let (welcome, pages) = socket.hello_with(&resume).await;
        if welcome["resumed"] == false {
            self.heads.clear();
        }
        self.epoch = welcome["epoch"].clone();
        self.since_ms = welcome["now_ms"].as_u64().unwrap();
        self.take(&pages);
        (socket, welcome, pages)
    }

    fn resume(&self) -> Value {
        json!({"epoch": self.epoch, "user_rev": self.user_rev, "since_ms": self.since_ms})
    }

    /// Takes pages in, after which the sums have to be those of the digest.
    fn take(&mut self, pages: &[Value]) {
        for page in pages {
            let described = array(&page["conversations"]).iter().map(|it| &it["head"]);
            for head in described.chain(array(&page["heads"])) {
                self.heads.insert(text(&head["conversation"]), head.clone());
            }
            for gone in array(&page["gone"]) {
                self.heads.remove(&text(gone));
            }
        }
        let last = pages.last().unwrap();
        self.user_rev = last["digest"]["user_rev"].as_u64().unwrap();
        assert_eq!(last["me"]["user"]["profile"], 1);
        assert_eq!(self.digest(), last["digest"]);
    }

    fn digest(&self) -> Value {
        let sum = |name: &str| -> u64 {
            self.heads.values().filter_map(|head| head[name].as_u64()).sum()
        };
        json!({"user_rev": self.user_rev, "conversations": self.heads.len(),
            "revs": sum("last_rev"), "reads": sum("read_seq")})
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The conversations that pages name, each in the part where it stands.
fn named(pages: &[Value]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let all = |part: &str, key: &dyn Fn(&Value) -> &Value| -> Vec<String> {
        pages.iter().flat_map(|page| array(&page[part])).map(|it| text(key(it))).collect()
    };
    let own = |it: &Value| it["conversation"].clone();
    let of = |part: &str| -> Vec<String> {
        pages.iter().flat_map(|page| array(&page[part])).map(|it| text(&own(it))).collect()
    };
    (of("conversations"), of("heads"), all("gone", &|it| it))
}

async fn checked(socket: &mut Socket) -> Value {
    socket.tell(&json!({"type": "ping", "check": true})).await;
    socket.event("pong").await["digest"].clone()
}

/// Some conversations of ada, all of them older than any margin.
async fn furnished() -> (Server, Person, Socket, Vec<Value>) {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut other = server.live(&bo).await;
    let mut conversations = Vec::new();
    for number in 1..=5 {
        let made = other.ok(&group(number, &[&ada])).await;
        other.ok(&send(&made["conversation"], 100 + number, "hello")).await;
        conversations.push(made["conversation"].clone());
    }
    server.pass(Duration::from_secs(60));
    (server, ada, other, conversations)
}

#[tokio::test]
async fn whoever_comes_back_with_the_same_cursors_is_sent_nothing_that_did_not_change() {
    let (server, ada, _, conversations) = furnished().await;
    let mut known = Known::default();
    let (_, welcome, pages) = known.sync(&server, &ada).await;
    assert_eq!(welcome["resumed"], false);
    assert_eq!(named(&pages).0.len(), conversations.len());
    let (mut socket, welcome, pages) = known.sync(&server, &ada).await;
    assert_eq!(welcome["resumed"], true);
    assert_eq!(named(&pages), (vec![], vec![], vec![]));
    assert_eq!(pages.len(), 1);
    assert_eq!(checked(&mut socket).await, known.digest());
}

#[tokio::test]
async fn a_resume_sends_what_moved_what_is_new_and_what_is_gone() {
    let (server, ada, mut other, conversations) = furnished().await;
    let mut known = Known::default();
    known.sync(&server, &ada).await;
    server.pass(Duration::from_secs(60));
    let about = |name: &str, conversation: &Value, fields: Value| {
        let mut frame = fields;
        frame["type"] = name.into();
        frame["conversation"] = conversation.clone();
        frame
    };
    let [moved, renamed, left, removed, still] = &conversations[..] else { panic!() };
    other.ok(&send(moved, 200, "news")).await;
    other.ok(&about("update", renamed, json!({"title": "Another"}))).await;
    server.live(&ada).await.ok(&about("leave", left, json!({}))).await;
    other.ok(&about("member_remove", removed, json!({"user": ada.user}))).await;
    let new = other.ok(&group(300, &[&ada])).await["conversation"].clone();

    let (mut socket, welcome, pages) = known.sync(&server, &ada).await;
    assert_eq!(welcome["resumed"], true);
    let (described, heads, gone) = named(&pages);
    let contains = |list: &[String], one: &Value| list.contains(&text(one));
    assert!(contains(&described, renamed) && contains(&described, &new), "{described:?}");
    // A description may come where a head would do.
    assert!(contains(&heads, moved) || contains(&described, moved), "{heads:?}");
    let mut expected = vec![text(left), text(removed)];
    expected.sort_unstable();
    let mut gone = gone;
    gone.sort_unstable();
    assert_eq!(gone, expected);
    assert!(!contains(&heads, still) && !contains(&described, still), "it did not change");
    assert_eq!(checked(&mut socket).await, known.digest());
}

#[tokio::test]
async fn void_cursors_are_answered_with_everything() {
    let (server, ada, _, conversations) = furnished().await;
    let mut known = Known::default();
    known.sync(&server, &ada).await;
    let day_ms = 86_400_000;
    let now_ms = known.since_ms;
    let with = |field: &str, value: Value| {
        let mut resume = known.resume();
        resume[field] = value;
        resume
    };
    let cases = [
        ("another epoch", with("epoch", json!("x")), false),
        ("a user_rev above the server's", with("user_rev", json!(known.user_rev + 1)), false),
        ("31 days old", with("since_ms", json!(now_ms - 31 * day_ms)), false),
        ("29 days old", with("since_ms", json!(now_ms - 29 * day_ms)), true),
        ("6 min ahead", with("since_ms", json!(now_ms + 360_000)), false),
        ("4 min ahead", with("since_ms", json!(now_ms + 240_000)), true),
        ("the beginning of time", with("since_ms", json!(0)), false),
        ("the end of time", with("since_ms", json!(9_007_199_254_740_991_u64)), false),
    ];
    for (why, resume, is_resumed) in cases {
        let mut socket = server.connect(&ada).await;
        let (welcome, pages) = socket.hello_with(&resume).await;
        assert_eq!(welcome["resumed"], is_resumed, "{why}");
        let (described, heads, gone) = named(&pages);
        let n_sent = described.len() + heads.len();
        let n_expected = if why == "4 min ahead" { 0 } else { conversations.len() };
        assert_eq!((n_sent, gone.len()), (n_expected, 0), "{why}");
        assert!(is_resumed || heads.is_empty(), "{why}: everything is described");
        assert_eq!(pages.last().unwrap()["digest"], known.digest(), "{why}");
    }
}

#[tokio::test]
async fn a_resync_sends_the_same_pages_on_a_live_session() {
    let (server, ada, mut other, conversations) = furnished().await;
    let mut known = Known::default();
    let (mut socket, ..) = known.sync(&server, &ada).await;
    server.pass(Duration::from_secs(60));
    let resync = |user_rev: u64, since_ms: u64| json!({"type": "resync", "user_rev": user_rev, "since_ms": since_ms});
    other.ok(&send(&conversations[0], 200, "news")).await;
    socket.ok(&resync(known.user_rev, known.since_ms)).await;
    let pages = socket.pages().await;
    let (described, heads, _) = named(&pages);
    assert_eq!([described, heads].concat(), [text(&conversations[0])]);
    known.take(&pages);
    for (user_rev, since_ms) in [(0, 0), (known.user_rev, 0), (known.user_rev + 7, known.since_ms)]
    {
        socket.ok(&resync(user_rev, since_ms)).await;
        let pages = socket.pages().await;
        let (described, heads, _) = named(&pages);
        assert_eq!(described.len() + heads.len(), conversations.len(), "{user_rev} {since_ms}");
        known.take(&pages);
    }
    assert_eq!(checked(&mut socket).await, known.digest());
}

#[tokio::test]
async fn the_digest_of_a_check_counts_everything_that_was_committed_before_it() {
    let (server, ada, mut other, conversations) = furnished().await;
    let mut socket = server.live(&ada).await;
    let before = checked(&mut socket).await;
    assert_eq!(before, json!({"user_rev": 5, "conversations": 5, "revs": 10, "reads": 0}));
    for (number, conversation) in (200..).zip(&conversations) {
        other.ok(&send(conversation, number, "more")).await;
        let mark = json!({"type": "read", "conversation": conversation, "seq": 2});
        socket.tell(&mark).await;
        while socket.event("read").await["conversation"] != *conversation {}
    }
    socket.ok(&send(&conversations[0], 300, "of my own")).await;
    socket.ok(&json!({"type": "set", "conversation": conversations[1], "pinned": true})).await;
    socket.ok(&json!({"type": "leave", "conversation": conversations[4]})).await;
    let after = json!({"user_rev": 7, "conversations": 4, "revs": 13, "reads": 9});
    assert_eq!(checked(&mut socket).await, after);
    socket.tell(&json!({"type": "ping"})).await;
    assert!(socket.event("pong").await.get("digest").is_none(), "only where it was asked for");
}
