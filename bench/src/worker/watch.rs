//! What the judge hears of: everything that the watched clients of this process send, are answered
//! and see.
//!
//! Watched are the first clients of a process, so that one comparison tells them from the others,
//! of whom nothing is read for this. Messages, answers and pages of a watched one are read by the
//! names of their fields, as any client reads them.

mod pages;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use uuid::Uuid;
use voodoo_history::{
    Answer, Attempt, Client, Connected, Line, Place, Reading, Said, Shown, Sight, Spell, Text, Who,
};
use voodoo_proto::{ClientId, ConversationId, UserId};

pub(super) use pages::Turned;

use crate::control::Setup;
use crate::judge::Recording;
use crate::seed::Seed;
use crate::wire;

/// Attempts, answers and sights that a process keeps, at most: some 72 MiB. What is beyond is
/// counted and not judged.
const MAX_RECORDS: usize = 1_000_000;
/// Refusals after which the message may be there all the same.
const OPEN_CODES: [&str; 3] = ["timeout", "unavailable", "internal"];

/// What is recorded of the watched clients.
#[derive(Debug, Default)]
pub(super) struct Watch {
    clients: Vec<Watched>,
    broadcast: Broadcast,
    attempts: Vec<Attempt>,
    answers: Vec<Answer>,
    readings: Vec<Reading>,
    max_records: usize,
    n_records: usize,
    n_beyond: u64,
    /// Conversations of which something is beyond: its first message, as far as it is known.
    cuts: HashMap<Place, u64>,
}

/// One watched client.
#[derive(Debug)]
struct Watched {
    who: Who,
    line: Line,
    client: Client,
    /// Where its conversations stood when it came.
    stands: Vec<Stand>,
    sights: Vec<Sight>,
    /// Messages without an answer, by the id of the request.
    open: Vec<(u64, Uuid)>,
    /// How many of its conversations it has read to their end.
    n_read: usize,
    /// What it has read of the next one.
    read: Vec<Shown>,
}

/// Where a conversation stood.
#[derive(Debug, Clone, Copy)]
struct Stand {
    conversation: i64,
    seq: u64,
    rev: u64,
}

/// A message that is about to be sent.
pub(super) struct Draft<'a> {
    /// The request's number.
    pub(super) id: u64,
    /// Where to.
    pub(super) conversation: i64,
    /// Its name.
    pub(super) name: ClientId,
    /// What it says.
    pub(super) text: &'a str,
    /// The time, before it can be on its way.
    pub(super) now_ns: u64,
}

/// A message, as an event or on a page.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    /// Absent on a page.
    conversation: Option<ConversationId>,
    seq: u64,
    rev: u64,
    from: Option<UserId>,
    client_id: Uuid,
    #[serde(borrow, default)]
    body: Body<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

/// The answer to a message.
#[derive(Debug, Deserialize)]
struct Reply<'a> {
    id: u64,
    seq: Option<u64>,
    rev: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

/// A change that is no message.
#[derive(Debug, Deserialize)]
struct Changed {
    conversation: ConversationId,
    rev: u64,
}

fn place(conversation: i64) -> Place {
    Place(u32::try_from(conversation).unwrap_or(u32::MAX))
}

/// Users have the store's numbers, which are what the wire says.
fn who(user: i64) -> Who {
    Who(u32::try_from(user).unwrap_or(u32::MAX))
}

/// A broadcast of which one user is the only author.
#[derive(Debug, Default, Clone, Copy)]
struct Broadcast {
    conversation: i64,
    author: i64,
}

impl Message<'_> {
    fn shown(&self, conversation: i64, broadcast: Broadcast) -> Shown {
        let is_broadcast = conversation == broadcast.conversation;
        let from = match (is_broadcast, self.from) {
            // The conversation itself speaks, and tells no author.
            (true, None) => who(broadcast.author),
            (false, Some(user)) => who(user.get()),
            (true, Some(_)) | (false, None) => Who(u32::MAX),
        };
        let text = Text::of(&self.body.text);
        Shown { seq: self.seq, rev: self.rev, name: self.client_id, from, text }
    }
}

impl Watch {
    /// Watches as many of the process's first clients as it was told to.
    pub(super) fn new(setup: &Setup, seed: &Seed) -> Self {
        let watched = (setup.first..setup.first + setup.n_watched).map(|user| {
            let number = u32::try_from(user).unwrap_or(u32::MAX);
            Watched {
                who: who(seed.users.get(user).copied().unwrap_or_default()),
                line: Line(number),
                client: Client(number),
                stands: Vec::new(),
                sights: Vec::new(),
                open: Vec::new(),
                n_read: 0,
                read: Vec::new(),
            }
        });
        let author = seed.users.first().copied().unwrap_or_default();
        Self {
            clients: watched.collect(),
            broadcast: Broadcast { conversation: seed.broadcast, author },
            max_records: MAX_RECORDS,
            ..Self::default()
        }
    }

    /// Whether a client is watched.
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.clients.len()
    }

    /// A client connects: what it saw before, if it did, goes, as all it knows does.
    pub(super) fn begin(&mut self, index: usize) {
        if let Some(client) = self.clients.get_mut(index) {
            client.stands.clear();
            client.sights.clear();
        }
    }

    /// Notes a message before it goes; its answer is sure to find room.
    pub(super) fn note_draft(&mut self, index: usize, draft: &Draft<'_>) {
        let place = place(draft.conversation);
        if self.n_records + 2 > self.max_records {
            self.n_beyond += 1;
            self.cuts.entry(place).or_insert(u64::MAX);
            return;
        }
        self.n_records += 2;
        let name = Uuid::from_bytes(*draft.name.as_bytes());
        let client = &mut self.clients[index];
        client.open.push((draft.id, name));
        self.attempts.push(Attempt {
            at_us: draft.now_ns / 1_000,
            line: client.line,
            place,
            name,
            text: Text::of(draft.text),
        });
    }

    /// Takes a frame that came for a client. What cannot be read is as good as not sent.
    pub(super) fn take(&mut self, index: usize, text: &[u8], now_ns: u64) {
        let at_us = now_ns / 1_000;
        let Some(rest) = text.strip_prefix(b"{\"type\":\"") else { return };
        if rest.starts_with(b"message\"") {
            let Ok(message) = serde_json::from_slice::<Message<'_>>(text) else { return };
            let conversation = message.conversation.map_or(0, ConversationId::get);
            let place = place(conversation);
            let shown = message.shown(conversation, self.broadcast);
            self.see(index, place, shown.seq, Sight::Live { at_us, place, shown });
        } else if rest.starts_with(b"ok\"") || rest.starts_with(b"refused\"") {
            let Ok(reply) = serde_json::from_slice(text) else { return };
            self.note_answer(index, &reply, at_us);
        } else if rest.starts_with(b"sync\"") {
            wire::stands(text).for_each(|(conversation, seq, rev)| {
                self.note_stand(index, Stand { conversation, seq, rev });
            });
        } else if let Ok(changed) = serde_json::from_slice::<Changed>(text) {
            let place = place(changed.conversation.get());
            self.see(index, place, u64::MAX, Sight::Change { place, rev: changed.rev });
        }
    }

    fn see(&mut self, index: usize, place: Place, seq: u64, sight: Sight) {
        if self.n_records >= self.max_records {
            self.n_beyond += 1;
            let cut = self.cuts.entry(place).or_insert(u64::MAX);
            *cut = seq.min(*cut);
            return;
        }
        self.n_records += 1;
        self.clients[index].sights.push(sight);
    }

    fn note_stand(&mut self, index: usize, stand: Stand) {
        let Stand { conversation, rev, .. } = stand;
        let client = &mut self.clients[index];
        client.sights.push(Sight::Stand { place: place(conversation), rev });
        if client.stands.iter().all(|known| known.conversation != conversation) {
            client.stands.push(stand);
        }
    }

    fn note_answer(&mut self, index: usize, reply: &Reply<'_>, at_us: u64) {
        let client = &mut self.clients[index];
        let Some(at) = client.open.iter().position(|(id, _)| *id == reply.id) else { return };
        let said = match (reply.code.as_deref(), reply.seq, reply.rev) {
            (None, Some(seq), Some(rev)) => {
                Some(Said::Kept { seq, rev, is_repeat: reply.duplicate })
            }
            (Some(code), ..) => (!OPEN_CODES.contains(&code)).then_some(Said::Refused),
            (None, ..) => return,
        };
        let (_, name) = client.open.swap_remove(at);
        let line = client.line;
        self.answers.extend(said.map(|said| Answer { at_us, line, name, said }));
    }

    /// Gives all that was recorded. From here on nobody is watched.
    pub(super) fn finish(&mut self) -> Recording {
        let mut all = std::mem::take(self);
        let mut recording = Recording {
            n_unanswered: all.clients.iter().map(|client| client.open.len() as u64).sum(),
            n_beyond: all.n_beyond,
            cuts: all.cuts.drain().collect(),
            ..Recording::default()
        };
        let history = &mut recording.history;
        (history.attempts, history.answers) = (all.attempts, all.answers);
        history.readings = all.readings;
        for Watched { who, line, client, sights, stands, .. } in all.clients {
            history.lines.push(Connected { line, who, client, sights });
            // What stood there before the run is not read, and is of no interest.
            history.spells.extend(stands.into_iter().map(|stand| Spell {
                who,
                place: place(stand.conversation),
                from_seq: stand.seq + 1,
                join_rev: 0,
                end_rev: None,
            }));
        }
        recording
    }
}
