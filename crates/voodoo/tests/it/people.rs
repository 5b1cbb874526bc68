//! People of a test server: accounts by the doors of the product, and single requests.

use serde_json::{Value, json};
use voodoo_client::{Address, Connection};
use voodoo_proof::run::people;
pub(crate) use voodoo_proof::run::people::{Person, QUICK};

use crate::server::Server;

/// Where a server is.
pub(crate) fn address(server: &Server) -> Address {
    server.address().unwrap()
}

/// Claims the server and signs up so many people by one invite.
pub(crate) async fn sign_up(server: &Server, n_people: u32) -> Vec<Person> {
    people::sign_up(server, n_people).await.unwrap()
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

    /// Says what has no answer; false if the server has gone.
    pub(crate) async fn tell(&mut self, frame: Value) -> bool {
        self.connection.send_json(&frame).await.is_ok()
    }

    /// Opens the direct conversation with someone.
    pub(crate) async fn direct(&mut self, peer: &str) -> String {
        let client_id = uuid::Uuid::now_v7().to_string();
        let create = json!({"type": "create", "kind": "direct", "client_id": client_id,
            "members": [peer]});
        let answer = self.ask(create).await.expect("the server is there");
        answer["conversation"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
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
