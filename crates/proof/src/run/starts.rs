//! How long a server takes from its start to its first acknowledgement, on what a run has stored.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::people::{Directory, Person, Visit};
use super::server::Server;

/// People who write when it is killed.
const N_WRITERS: usize = 20;
/// Messages that each of them has under way then.
const N_UNDER_WAY: usize = 200;

/// Kills the server so many times while messages are under way, starts it again and gives the time
/// from each start to the first message that is acknowledged.
pub(super) async fn starts(
    server: &mut Server,
    directory: &Directory,
    n_times: usize,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..n_times {
        let mut writers = Vec::new();
        for person in directory.people.iter().take(N_WRITERS) {
            let mut visit = Visit::begin(&server.address()?, person).await?;
            for _ in 0..N_UNDER_WAY {
                visit.say(message(directory, person)?).await?;
            }
            writers.push(visit);
        }
        server.kill()?;
        drop(writers);
        let started = Instant::now();
        server.restart()?;
        let person = directory.people.first().context("somebody is there")?;
        let mut visit = Visit::begin(&server.address()?, person).await?;
        visit.ask(message(directory, person)?).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn message(directory: &Directory, person: &Person) -> Result<Value> {
    let place = *directory.places_of(person.who).first().context("everyone belongs somewhere")?;
    Ok(json!({"type": "send", "conversation": directory.id(place), "client_id": Uuid::now_v7(),
        "body": {"kind": "text", "text": "on its way when the server is killed"}}))
}
