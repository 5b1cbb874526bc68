//! A bot that says again what it hears.
//!
//! ```text
//! VOODOO_PASSWORD=… cargo run -p voodoo-client --example echo_bot -- http://localhost:8080 echo
//! ```
//!
//! The second argument is the bot's handle; with `VOODOO_TOKEN` in place of the password it is not needed.

use std::env;
use std::error::Error;

use tokio::sync::broadcast::error::RecvError;
use voodoo_client::reducer::State;
use voodoo_client::{Address, Client, Http, Options};
use voodoo_proto::ConversationId;
use voodoo_proto::object::Body;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "http://localhost:8080".to_owned());
    let http = Http::new(Address::parse(&address)?);
    let token = match env::var("VOODOO_TOKEN") {
        Ok(token) => token,
        Err(_absent) => {
            let handle = arguments.next().ok_or("the bot's handle is missing")?;
            let (door, _) = http.log_in(&handle, &env::var("VOODOO_PASSWORD")?).await?;
            door.token().unwrap_or_default().to_owned()
        }
    };
    let client = Client::start(Options::new(http.address().clone(), token));
    listen(&client).await;
    Ok(())
}

/// Answers until the client ends.
async fn listen(client: &Client) {
    let mut events = client.subscribe();
    loop {
        match events.recv().await {
            // What a slow bot did not hear is in the state, where it looks anyway.
            Ok(_) | Err(RecvError::Lagged(_)) => {
                open_all(client).await;
                for heard in client.state(unread) {
                    echo(client, heard).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Messages are held only where a conversation is open.
async fn open_all(client: &Client) {
    let unopened = |state: &State| {
        let all = state.conversations.keys().copied();
        all.filter(|id| !state.opened.contains(id)).collect::<Vec<_>>()
    };
    for conversation in client.state(unopened) {
        client.open(conversation).await;
    }
}

struct Heard {
    conversation: ConversationId,
    seq: u64,
    text: String,
}

/// What others wrote above the bot's read mark: the mark is its memory, also over a restart.
fn unread(state: &State) -> Vec<Heard> {
    let mut unread = Vec::new();
    for (id, known) in &state.conversations {
        let read_seq = known.head.shown_read(known.own_read_seq);
        let content =
            known.content.iter().flat_map(|content| content.messages.range(read_seq + 1..));
        for (seq, message) in content.filter(|(_, message)| message.from != state.own) {
            if let Some(Body::Text { text }) = &message.body {
                unread.push(Heard { conversation: *id, seq: *seq, text: text.clone() });
            }
        }
    }
    unread
}

async fn echo(client: &Client, Heard { conversation, seq, text }: Heard) {
    client.mark_read(conversation, seq).await;
    // A refusal (a conversation in which only admins write) is no reason to end.
    drop(client.send(conversation, text).await);
}
