//! The outbox: which message is sent when, and when it is done.

use std::collections::BTreeSet;

use voodoo_proto::object::Message;
use voodoo_proto::reply::Refused;
use voodoo_proto::request::{Request, Send};
use voodoo_proto::{ClientId, ConversationId, Retry};

use super::State;
use super::effect::{Draft, Effect, Entry, EntryRefusal, Progress, Timer};

/// The server remembers client ids for longer; older entries go back to their author unsent.
const MAX_AGE_MS: u64 = 14 * 24 * 3_600_000;
const FIRST_PAUSE_MS: u64 = 1_000;
const MAX_PAUSE_MS: u64 = 60_000;

impl State {
    pub(super) fn queue(&mut self, draft: Draft) {
        if self.outbox.iter().all(|entry| entry.draft.client_id != draft.client_id) {
            self.outbox.push(Entry { draft, progress: Progress::Queued, n_tries: 0 });
            self.pump();
        }
    }

    /// Sends what may be sent: per conversation the first in line, if none is unanswered.
    pub(super) fn pump(&mut self) {
        if !self.is_live() {
            return;
        }
        let mut busy = BTreeSet::new();
        let mut outbox = std::mem::take(&mut self.outbox);
        for entry in &mut outbox {
            let is_refused = matches!(entry.progress, Progress::Refused(_));
            if is_refused || busy.contains(&entry.draft.conversation) {
                continue;
            }
            let is_queued = entry.progress == Progress::Queued;
            if is_queued && entry.draft.made_ms.saturating_add(MAX_AGE_MS) < self.now_ms {
                let message = "waited longer than 14 days".to_owned();
                let refusal = EntryRefusal { code: None, message, retry: Retry::Changed };
                entry.progress = Progress::Refused(refusal);
                self.effect(Effect::HandBack { client_id: entry.draft.client_id });
                continue;
            }
            busy.insert(entry.draft.conversation);
            if is_queued {
                entry.progress = Progress::Sending;
                self.request(send_of(&entry.draft));
            }
        }
        self.outbox = outbox;
    }

    /// A message was met: if it is one of the outbox, that one is done.
    pub(super) fn settle(&mut self, message: &Message) {
        if message.from.is_none() || message.from == self.own {
            self.settle_id(message.conversation, message.client_id);
        }
    }

    pub(super) fn settle_id(&mut self, conversation: ConversationId, client_id: ClientId) {
        let n_before = self.outbox.len();
        self.outbox.retain(|entry| {
            entry.draft.client_id != client_id || entry.draft.conversation != conversation
        });
        if self.outbox.len() < n_before {
            self.effect(Effect::Settle { client_id });
            self.pump();
        }
    }

    pub(super) fn send_refused(&mut self, send: &Send, refusal: &Refused) {
        let Some(entry) = self.entry(send.client_id) else { return };
        if refusal.retry != Retry::Same {
            let Refused { code, message, retry, .. } = refusal.clone();
            entry.progress = Progress::Refused(EntryRefusal { code: Some(code), message, retry });
            self.effect(Effect::HandBack { client_id: send.client_id });
            self.pump();
            return;
        }
        let doubled_ms = FIRST_PAUSE_MS << entry.n_tries.min(10);
        let pause_ms = refusal.retry_after_ms.unwrap_or(doubled_ms.min(MAX_PAUSE_MS));
        entry.n_tries += 1;
        entry.progress = Progress::Waiting;
        let timer = Timer::Send { conversation: send.conversation };
        self.wait(timer, pause_ms, pause_ms + pause_ms / 5);
    }

    /// The pause after a refusal is over.
    pub(super) fn send_again(&mut self, conversation: ConversationId) {
        let waiting = self.outbox.iter_mut().find(|entry| {
            entry.draft.conversation == conversation && entry.progress == Progress::Waiting
        });
        if let Some(entry) = waiting {
            entry.progress = Progress::Queued;
        }
        self.pump();
    }

    /// The author wants a refused message sent after all: it goes to the end of the line.
    pub(super) fn retry(&mut self, client_id: ClientId) {
        let at = self.outbox.iter().position(|entry| {
            entry.draft.client_id == client_id && matches!(entry.progress, Progress::Refused(_))
        });
        if let Some(at) = at {
            let mut draft = self.outbox.remove(at).draft;
            // Its age counts from here.
            draft.made_ms = draft.made_ms.max(self.now_ms);
            self.outbox.push(Entry { draft, progress: Progress::Queued, n_tries: 0 });
            self.pump();
        }
    }

    pub(super) fn discard(&mut self, client_id: ClientId) {
        let n_before = self.outbox.len();
        self.outbox.retain(|entry| entry.draft.client_id != client_id);
        if self.outbox.len() < n_before {
            self.effect(Effect::Settle { client_id });
            self.pump();
        }
    }

    /// The socket is gone: nothing is under way any more.
    pub(super) fn interrupt(&mut self) {
        for entry in &mut self.outbox {
            if matches!(entry.progress, Progress::Sending | Progress::Waiting) {
                entry.progress = Progress::Queued;
            }
        }
    }

    fn entry(&mut self, client_id: ClientId) -> Option<&mut Entry> {
        self.outbox.iter_mut().find(|entry| entry.draft.client_id == client_id)
    }
}

fn send_of(draft: &Draft) -> Request {
    Request::Send(Send {
        conversation: draft.conversation,
        client_id: draft.client_id,
        body: draft.body.clone(),
        reply_to: draft.reply_to,
        silent: draft.silent,
        mentions: draft.mentions.clone(),
    })
}
