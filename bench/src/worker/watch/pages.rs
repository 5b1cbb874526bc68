//! The last reading: each watched client reads all that was written in its conversations since it
//! came.

use serde::Deserialize;
use voodoo_history::{Reading, Shown};

use super::{Message, Watch, place};
use crate::seed;

/// Messages of one page that is asked for.
const PAGE: usize = 100;
/// The number of a question for a page, of which each client has one under way: messages have
/// smaller ones.
const PAGE_ID: u64 = 1 << 32;

/// The answer to a question for a page.
#[derive(Debug, Deserialize)]
struct Page<'a> {
    id: u64,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
    rev: u64,
    more: bool,
}

/// The refusal of a question for a page.
#[derive(Debug, Deserialize)]
struct Refusal {
    id: u64,
}

/// What came of a frame while a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::worker) enum Turned {
    /// A page: the next may be asked for.
    Page,
    /// There was no time for it: it has to be asked for again.
    Refused,
    /// It was something else.
    Other,
}

impl Watch {
    /// Clients that have not read everything.
    pub(in crate::worker) fn reading(&self) -> impl Iterator<Item = usize> + '_ {
        let clients = self.clients.iter().enumerate();
        clients.filter(|(_, client)| client.n_read < client.stands.len()).map(|(index, _)| index)
    }

    /// The question for the next page of a client; none once everything is read.
    pub(in crate::worker) fn ask(&self, index: usize) -> Option<String> {
        let client = self.clients.get(index)?;
        let stand = client.stands.get(client.n_read)?;
        let after = client.read.last().map_or(stand.seq, |shown| shown.seq);
        let conversation = seed::conversation_id(stand.conversation);
        Some(format!(
            "{{\"type\":\"history\",\"id\":{PAGE_ID},\"conversation\":\"{conversation}\",\
             \"after\":{after},\"limit\":{PAGE}}}"
        ))
    }

    /// Takes a frame that may be a page which the client has asked for.
    pub(in crate::worker) fn turn(&mut self, index: usize, text: &[u8]) -> Turned {
        if text.starts_with(b"{\"type\":\"refused\"") {
            let refusal = serde_json::from_slice::<Refusal>(text);
            return match refusal.is_ok_and(|one| one.id == PAGE_ID) {
                true => Turned::Refused,
                false => Turned::Other,
            };
        }
        let page = serde_json::from_slice::<Page<'_>>(text);
        let Some(page) = page.ok().filter(|page| page.id == PAGE_ID) else { return Turned::Other };
        let client = &mut self.clients[index];
        let Some(stand) = client.stands.get(client.n_read).copied() else { return Turned::Other };
        let place = place(stand.conversation);
        let shown = |one: &Message<'_>| one.shown(stand.conversation, self.broadcast);
        client.read.extend(page.messages.iter().map(shown));
        let is_beyond = |shown: &Shown| self.cuts.get(&place).is_some_and(|cut| shown.seq >= *cut);
        let is_over = !page.more || page.messages.is_empty();
        if is_over || client.read.last().is_some_and(is_beyond) {
            self.readings.push(Reading {
                who: client.who,
                place,
                // Nothing but messages is written in a run, so that both numbers go in step.
                last_seq: stand.seq + page.rev.saturating_sub(stand.rev),
                read_seq: 0,
                messages: std::mem::take(&mut client.read),
            });
            client.n_read += 1;
        }
        Turned::Page
    }
}
