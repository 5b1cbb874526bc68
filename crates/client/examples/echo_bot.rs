//! A bot that says again what it hears.
//!
//! ```text
//! VOODOO_TOKEN=… cargo run -p voodoo-client --example echo_bot -- http://localhost:8080
//! ```
//!
//! `voodoo user add echo --name Echo --bot` prints the token. A person's account serves as well: with
//! `VOODOO_PASSWORD` in place of the token, and its handle as the second argument.

use std::env;
use std::error::Error;
use std::time::Duration;

use voodoo_client::reducer::State;
use voodoo_client::{Address, Client, Http, Options, Status};
use voodoo_proto::ConversationId;
use voodoo_proto::object::Body;

/// How long nothing may happen before the bot looks around.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let why = echo_all(http.address().clone(), token).await;
    Err(format!("the server does not want the bot back: close code {why}").into())
}

/// Answers until the server does not want the bot back, and returns the code it closed with.
///
/// The client connects by itself, also after the server was away.
pub(crate) async fn echo_all(address: Address, token: String) -> u16 {
    let client = Client::start(Options::new(address, token));
    loop {
        if let Status::Stopped(code) = client.status() {
            return code;
        }
        listen(&client).await;
    }
}

/// Waits for work and does it; comes back after a while without.
async fn listen(client: &Client) {
    let has_work = |state: &State| unopened(state).is_some() || unanswered(state).is_some();
    if client.wait_until(PATIENCE, has_work).await.is_err() {
        return;
    }
    // Messages are held only where a conversation is open.
    if let Some(conversation) = client.state(unopened) {
        client.open(conversation).await;
    }
    if let Some(heard) = client.state(unanswered) {
        echo(client, heard).await;
    }
}

fn unopened(state: &State) -> Option<ConversationId> {
    state.conversations.keys().copied().find(|id| !state.opened.contains(id))
}

struct Heard {
    conversation: ConversationId,
    seq: u64,
    text: String,
}

/// What somebody else wrote above the bot's read mark: the mark is its memory, also over a restart.
fn unanswered(state: &State) -> Option<Heard> {
    state.conversations.iter().find_map(|(id, known)| {
        let read_seq = known.head.shown_read(known.own_read_seq);
        let mut unread = known.content.as_ref()?.messages.range(read_seq + 1..);
        let (seq, message) = unread.find(|(_, message)| message.from != state.own)?;
        let text = match &message.body {
            Some(Body::Text { text }) => text.clone(),
            Some(Body::Unknown) | None => String::new(),
        };
        Some(Heard { conversation: *id, seq: *seq, text })
    })
}

async fn echo(client: &Client, Heard { conversation, seq, text }: Heard) {
    client.mark_read(conversation, seq).await;
    if !text.is_empty() {
        // A refusal (a conversation in which only admins write) is no reason to end.
        drop(client.send(conversation, text).await);
    }
}
