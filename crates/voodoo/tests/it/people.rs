//! People of a test server: accounts by the doors of the product, and single requests.

use serde_json::{Value, json};
use voodoo_client::{Address, Connection, Http};

use crate::server::Server;

/// Hashing that costs nothing and rates that do not hinder: neither is what is tested.
pub(crate) const QUICK: &[(&str, &str)] = &[
    ("VOODOO_HASHING__MEMORY_KIB", "8"),
    ("VOODOO_HASHING__PASSES", "1"),
    ("VOODOO_LIMITS__RATES__SEND__PER_S", "0"),
    ("VOODOO_LIMITS__RATES__HISTORY__PER_S", "0"),
    ("VOODOO_LIMITS__RATES__CREATE__PER_S", "0"),
];

/// Someone with an account and a token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) token: String,
}

/// Where a server is.
pub(crate) fn address(server: &Server) -> Address {
    Address::parse(&server.url.replace("localhost", "127.0.0.1")).expect("an address")
}

/// Claims the server and signs up so many people by one invite.
pub(crate) async fn sign_up(server: &Server, n_people: usize) -> Vec<Person> {
    let door = Http::new(address(server));
    let owner = json!({"token": server.setup_token, "handle": "owner", "name": "Owner",
        "password": "correct horse battery"});
    let (owner, _) = door.enter("/setup", &owner).await.expect("the owner is made");
    let invite: Value = owner.post("/invites", &json!({})).await.expect("an invite is made");
    let mut people = Vec::with_capacity(n_people);
    for number in 0..n_people {
        let who = json!({"invite": invite["code"], "handle": format!("person{number}"),
            "name": format!("Person {number}"), "password": "correct horse battery"});
        let (door, entered) = door.enter("/sign-up", &who).await.expect("a person signs up");
        let token = door.token().expect("a token came").to_owned();
        people.push(Person { user: entered.user.to_string(), token });
    }
    people
}

/// A live session of a person, synced.
pub(crate) struct Talk {
    connection: Connection,
    next_id: u64,
}

impl Talk {
    /// Connects and syncs; `None` if the server goes away meanwhile.
    pub(crate) async fn begin(address: &Address, person: &Person) -> Option<Self> {
        let mut connection = Connection::open(address, &person.token).await.ok()?;
        connection.hello(None).await.ok()?;
        loop {
            let frame: Value = connection.receive().await.ok()?;
            if frame["type"] == "sync" && frame["done"] == true {
                return Some(Self { connection, next_id: 1 });
            }
        }
    }

    /// Asks and waits for the answer; `None` if the server goes away meanwhile.
    pub(crate) async fn ask(&mut self, mut request: Value) -> Option<Value> {
        let id = self.next_id;
        self.next_id += 1;
        request["id"] = id.into();
        self.connection.send_json(&request).await.ok()?;
        loop {
            let frame: Value = self.connection.receive().await.ok()?;
            if frame["id"] == id {
                return Some(frame);
            }
        }
    }

    /// Opens the direct conversation with someone.
    pub(crate) async fn direct(&mut self, peer: &Person) -> String {
        let client_id = uuid::Uuid::now_v7().to_string();
        let create = json!({"type": "create", "kind": "direct", "client_id": client_id,
            "members": [peer.user]});
        let answer = self.ask(create).await.expect("the server is there");
        answer["conversation"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Every message of a conversation, by pages.
    pub(crate) async fn read_all(&mut self, conversation: &str) -> Vec<Value> {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let last = messages.last().and_then(|one| one["seq"].as_u64()).unwrap_or(0);
            let page = json!({"type": "history", "conversation": conversation, "after": last,
                "limit": 100});
            let page = self.ask(page).await.expect("the server is there");
            messages.extend(page["messages"].as_array().expect("a page").iter().cloned());
            if page["more"] != true {
                return messages;
            }
        }
    }

    /// Every message of a conversation above a place, by pages.
    pub(crate) async fn read_from(&mut self, conversation: &str, after: u64) -> Vec<Value> {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let last = messages.last().and_then(|one| one["seq"].as_u64()).unwrap_or(after);
            let page = json!({"type": "history", "conversation": conversation, "after": last,
                "limit": 100});
            let page = self.ask(page).await.expect("the server is there");
            messages.extend(page["messages"].as_array().expect("a page").iter().cloned());
            if page["more"] != true {
                return messages;
            }
        }
    }
}
