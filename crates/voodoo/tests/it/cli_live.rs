//! Accounts and invites by command, while a server runs.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use voodoo_client::{Connection, Http, HttpError};

use crate::cli::{on, until};
use crate::cli_user::on_with;
use crate::people::{Person, QUICK, address, sign_up};
use crate::server::{Server, data_of};

/// Time for what has to happen at once.
const AT_ONCE: Duration = Duration::from_secs(1);

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

/// The HTTP status of what was answered.
fn status<T>(answer: Result<T, HttpError>) -> u16 {
    match answer.map(drop) {
        Err(HttpError::Answered { status, .. }) => status,
        other => panic!("it should be refused: {other:?}"),
    }
}

async fn live(server: &Server, person: &Person) -> Connection {
    let mut connection = Connection::open(&address(server), &person.token).await.unwrap();
    connection.hello(None).await.unwrap();
    connection
}

/// The number with which a live socket is closed, at once.
async fn close_code(connection: &mut Connection) -> u16 {
    let ended = async {
        loop {
            if let Err(closed) = connection.receive::<Value>().await {
                return closed.number;
            }
        }
    };
    tokio::time::timeout(AT_ONCE, ended).await.expect("it is closed at once")
}

fn token_of(link: &Value, path: &str) -> String {
    let (_, token) = link.as_str().expect("a link").split_once(path).expect("its path");
    token.to_owned()
}

#[test]
fn the_first_admin_owns_the_server_and_the_set_up_link_dies() {
    let server = Server::start("cli-claim", QUICK);
    let data = data_of("cli-claim");
    let words = ["user", "add", "ada", "--name", "Ada", "--admin", "--password-stdin", "--json"];
    let ada = on_with(&data, &words, "a lamp by the window").json();
    assert_eq!((&ada["role"], ada.get("link")), (&json!("admin"), None));
    block_on(async {
        let door = Http::new(address(&server));
        let about: Value = door.get("/server").await.unwrap();
        assert_eq!(about["claimed"], true);
        let eve = json!({"token": server.setup_token, "handle": "eve", "name": "Eve",
            "password": "correct horse battery"});
        assert_eq!(status(door.enter("/setup", &eve).await), 410);
        let who = json!({"handle": "ada", "password": "a lamp by the window"});
        let (ada, _) = door.enter("/log-in", &who).await.expect("she logs in");
        let me: Value = ada.get("/me").await.unwrap();
        assert_eq!(me["user"]["role"], "admin");
    });
}

#[test]
fn an_owner_made_before_the_first_start_is_the_owner() {
    let mut server = Server::start("cli-before", QUICK);
    let data = data_of("cli-before");
    server.kill();
    let words = ["user", "add", "ada", "--name", "Ada", "--admin", "--password-stdin"];
    on_with(&data, &words, "a lamp by the window\r\n").well();
    server.restart();
    block_on(async {
        let door = Http::new(address(&server));
        let who = json!({"handle": "ada", "password": "a lamp by the window"});
        door.enter("/log-in", &who).await.expect("she logs in");
        let eve = json!({"token": server.setup_token, "handle": "eve", "name": "Eve",
            "password": "correct horse battery"});
        assert_eq!(status(door.enter("/setup", &eve).await), 410);
    });
    assert_eq!(server.log().matches("/setup#").count(), 1, "no second link: {}", server.log());
}

#[test]
fn disabling_closes_live_sockets_at_once_and_lets_nobody_in() {
    let server = Server::start("cli-disable", QUICK);
    let data = data_of("cli-disable");
    block_on(async {
        let people = sign_up(&server, 2).await;
        let (mut shut, mut other) =
            (live(&server, &people[0]).await, live(&server, &people[1]).await);
        let said = tokio::task::spawn_blocking({
            let data = data.clone();
            move || on(&data, &["user", "disable", "person0"])
        });
        said.await.unwrap().well();
        assert_eq!(close_code(&mut shut).await, 4403);
        let door = Http::new(address(&server));
        let who = json!({"handle": "person0", "password": "correct horse battery"});
        assert_eq!(status(door.enter("/log-in", &who).await), 401);
        let me = door.with_token(&people[0].token).get::<Value>("/me").await;
        assert_eq!(status(me), 401);
        other.send_json(&json!({"type": "ping"})).await.unwrap();
        other.receive::<Value>().await.expect("others stay");
        on(&data, &["user", "enable", "person0"]).well();
        door.enter("/log-in", &who).await.expect("the password is good again");
    });
}

#[test]
fn a_reset_ends_everything_and_its_link_works_once() {
    let server = Server::start("cli-reset", QUICK);
    let data = data_of("cli-reset");
    block_on(async {
        let people = sign_up(&server, 1).await;
        let mut session = live(&server, &people[0]).await;
        let first = on(&data, &["user", "reset", "person0", "--json"]).json();
        assert_eq!(close_code(&mut session).await, 4401);
        let door = Http::new(address(&server));
        let old = json!({"handle": "person0", "password": "correct horse battery"});
        assert_eq!(status(door.enter("/log-in", &old).await), 401);
        let second = on(&data, &["user", "reset", "person0", "--json"]).json();
        let link = second["link"].as_str().expect("a link");
        assert!(link.starts_with(&format!("{}/reset#", server.url)), "{link}");
        let reset = |link: &Value| {
            let token = token_of(link, "/reset#");
            json!({"token": token, "password": "another lamp by the door"})
        };
        assert_eq!(status(door.enter("/reset", &reset(&first["link"])).await), 410);
        door.enter("/reset", &reset(&second["link"])).await.expect("the newest link is good");
        assert_eq!(status(door.enter("/reset", &reset(&second["link"])).await), 410);
        let new = json!({"handle": "person0", "password": "another lamp by the door"});
        door.enter("/log-in", &new).await.expect("the new password is good");
    });
}

#[test]
fn a_bot_has_a_token_until_it_is_reset() {
    let server = Server::start("cli-bot", QUICK);
    let data = data_of("cli-bot");
    block_on(async {
        let door = Http::new(address(&server));
        let made = on(&data, &["user", "add", "clock", "--name", "Clock", "--bot", "--json"]);
        let old = made.json()["token"].as_str().expect("a token").to_owned();
        let me: Value = door.with_token(&old).get("/me").await.expect("the token is good");
        assert_eq!(me["user"]["kind"], "bot");
        let again = on(&data, &["user", "reset", "clock", "--json"]).json();
        assert!(again.get("link").is_none(), "{again}");
        let new = again["token"].as_str().expect("a token");
        assert_eq!(status(door.with_token(&old).get::<Value>("/me").await), 401);
        door.with_token(new).get::<Value>("/me").await.expect("the new one is good");
    });
}

#[test]
fn an_invite_lets_in_as_often_as_it_says() {
    let server = Server::start("cli-invite", QUICK);
    let data = data_of("cli-invite");
    block_on(async {
        sign_up(&server, 1).await;
        let made = on(&data, &["invite", "create", "--uses", "1", "--ttl-s", "60", "--json"]);
        let made = made.json();
        assert_eq!(made["by"], "owner");
        assert_eq!(token_of(&made["url"], "/join#"), made["code"].as_str().unwrap());
        let door = Http::new(address(&server));
        let sign_up = |handle: &str, code: &Value| {
            json!({"invite": code, "handle": handle, "name": "New",
                "password": "correct horse battery"})
        };
        door.enter("/sign-up", &sign_up("new1", &made["code"])).await.expect("it lets in once");
        let again = door.enter("/sign-up", &sign_up("new2", &made["code"])).await;
        assert_eq!(status(again), 410);
        let url = on(&data, &["invite", "create"]).well();
        let code = json!(token_of(&json!(url.trim_end()), "/join#"));
        door.enter("/sign-up", &sign_up("new3", &code)).await.expect("a line is a link");
        on(&data, &["invite", "create", "--by", "new1"]).failed(65, "new1 may not invite there");
    });
}

#[test]
fn the_socket_is_private_and_goes_with_the_server() {
    let mut server = Server::start("cli-socket", QUICK);
    let data = data_of("cli-socket");
    let socket = data.join("admin.sock");
    let kept = fs::metadata(&socket).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    assert_eq!(kept.uid(), fs::metadata(&data).unwrap().uid());
    server.kill();
    assert!(socket.exists(), "a kill leaves the file");
    on(&data, &["user", "add", "ada", "--name", "Ada"]).well();
    server.restart();
    let told = on(&data, &["user", "list", "--json"]).json();
    assert_eq!(told.as_array().map(Vec::len), Some(1));
    terminate(&server);
    server.wait();
    assert!(!socket.exists(), "a stop takes it along");
    assert!(server.log().contains("stopped"), "{}", server.log());
}

#[test]
fn a_question_that_the_server_does_not_know_is_refused() {
    let server = Server::start("cli-strange", QUICK);
    let socket = data_of("cli-strange").join("admin.sock");
    for line in ["{\"ask\":\"dance\"}\n", "no JSON\n", "\n", "{\"ask\":\"reset\"}\n"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).expect("one line of JSON");
        assert_eq!(
            (&answer["answer"], &answer["code"]),
            (&json!("refused"), &json!("unknown_type"))
        );
    }
    // More at once than are answered at once, and none of them asks: others wait, then are heard.
    let silent: Vec<_> = (0..20).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    drop(silent);
    assert_eq!(on(&data_of("cli-strange"), &["user", "list", "--json"]).json(), json!([]));
    drop(server);
}

#[test]
fn the_use_of_a_device_outlives_a_stop() {
    let settings = [
        QUICK,
        &[("VOODOO_TIMERS__TOUCH_EVERY_MS", "50"), ("VOODOO_TIMERS__TOUCH_FLUSH_MS", "3600000")],
    ]
    .concat();
    let mut server = Server::start("cli-touch", &settings);
    let (first_ms, door) = block_on(async {
        let people = sign_up(&server, 1).await;
        let door = Http::new(address(&server)).with_token(&people[0].token);
        let devices: Value = door.get("/devices").await.unwrap();
        (devices[0]["seen_ms"].as_u64().unwrap(), door)
    });
    let again = std::time::Instant::now() + Duration::from_millis(100);
    until("a later moment", || std::time::Instant::now() > again);
    let seen_ms = |door: &Http| {
        let devices: Value = block_on(door.get("/devices")).unwrap();
        devices[0]["seen_ms"].as_u64().unwrap()
    };
    assert_eq!(seen_ms(&door), first_ms, "it is noted in memory only");
    terminate(&server);
    server.wait();
    server.restart();
    assert!(seen_ms(&door) >= first_ms + 50, "the use is stored at the stop");
}

/// Asks a server to stop.
fn terminate(server: &Server) {
    let pid = server.pid().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}
