//! The example of a bot, against the real server: it answers, and comes back by itself.

use std::time::Duration;

use serde_json::{Value, json};
use voodoo_client::{Connection, Http};

use crate::people::{Person, QUICK, Talk, address, sign_up};
use crate::server::Server;

#[expect(dead_code, reason = "what reads the command line is not what is tested")]
#[path = "../../../client/examples/echo_bot.rs"]
mod echo_bot;

/// A live session of Ada, who is no friend of waiting: each echo comes within this time.
const ECHO: Duration = Duration::from_secs(30);

/// Writes `text` and waits until somebody else writes the same.
async fn is_echoed(server: &Server, ada: &Person, bot: &str, text: &str) {
    let mut talk = Talk::begin(&address(server), ada).await.expect("the server is there");
    let conversation = talk.direct(bot).await;
    let client_id = uuid::Uuid::now_v7().to_string();
    let send = json!({"type": "send", "conversation": conversation, "client_id": client_id,
        "body": {"kind": "text", "text": text}});
    let sent = talk.ask(send).await.expect("the server is there");
    let seq = sent["seq"].as_u64().unwrap_or_else(|| panic!("{sent}"));
    let echoed = async {
        loop {
            let messages = talk.read_from(&conversation, seq).await;
            let is_echo = |one: &Value| one["from"] != ada.user && one["body"]["text"] == text;
            if messages.iter().any(is_echo) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(ECHO, echoed).await.unwrap_or_else(|_late| panic!("no echo of {text:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_bot_answers_before_and_after_a_restart_of_the_server() {
    let mut server = Server::start("bot", QUICK);
    let people = sign_up(&server, 1).await;
    let door = Http::new(address(&server));
    let owner = json!({"handle": "owner", "password": "correct horse battery"});
    let (owner, _) = door.enter("/log-in", &owner).await.unwrap();
    let about = json!({"handle": "echo", "name": "Echo"});
    let made: Value = owner.post("/bots", &about).await.expect("a bot is made");
    let text = |field: &str| made[field].as_str().expect("it is told").to_owned();
    let (bot, token) = (text("user"), text("token"));
    // The token is the bot's way in, and the only one.
    Connection::open(&address(&server), &token).await.expect("the token is good");

    let running = tokio::spawn(echo_bot::echo_all(address(&server), token));
    is_echoed(&server, &people[0], &bot, "hello").await;
    server.kill();
    server.restart();
    is_echoed(&server, &people[0], &bot, "hello again").await;
    assert!(!running.is_finished(), "it goes on");
    running.abort();
}
