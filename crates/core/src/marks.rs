//! Read marks on their way to the store: collected, stored together, told once stored.
//!
//! A mark that is lost here was told to nobody; the client repeats what the server does not have.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use voodoo_proto::event::{Read, Reads, ServerFrame};
use voodoo_proto::object::UserMark;
use voodoo_proto::{ConversationId, UserId};

use crate::bus::{Bus, Hint, Whisper};
use crate::clock::Clock;
use crate::conversations::publish;
use crate::error::StoreError;
use crate::frame;
use crate::settings::Settings;
use crate::store::{ReadMark, Store, StoredMark};
use crate::sync::Mutex;

/// Marks stored in one transaction, at most.
const MAX_BATCH: usize = 4_096;

/// The marks that wait.
#[derive(Default)]
pub(crate) struct Marks {
    pending: Mutex<HashMap<(UserId, ConversationId), u64>>,
    filled: Notify,
}

/// What stores the marks; has to be run.
pub(crate) struct MarkKeeper {
    pub(crate) marks: Arc<Marks>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<Settings>,
}

impl Marks {
    /// Notes a mark. At most `n_pending` wait; beyond that the mark is dropped.
    pub(crate) fn note(&self, mark: ReadMark, n_pending: usize) {
        let mut pending = self.pending.lock();
        let n_before = pending.len();
        if n_before >= n_pending && !pending.contains_key(&(mark.user, mark.conversation)) {
            return;
        }
        let seq = pending.entry((mark.user, mark.conversation)).or_default();
        *seq = mark.seq.max(*seq);
        drop(pending);
        if n_before == 0 {
            self.filled.notify_one();
        }
    }

    /// Waits until there are some.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes those that wait, or as many as one transaction stores.
    pub(crate) fn take(&self) -> Vec<ReadMark> {
        let mut pending = self.pending.lock();
        let keys: Vec<_> = pending.keys().copied().take(MAX_BATCH).collect();
        keys.into_iter()
            .filter_map(|(user, conversation)| {
                let seq = pending.remove(&(user, conversation))?;
                Some(ReadMark { user, conversation, seq })
            })
            .collect()
    }
}

impl MarkKeeper {
    /// Runs for as long as the process.
    pub(crate) async fn run(self) {
        loop {
            self.marks.filled().await;
            loop {
                tokio::time::sleep(self.settings.read_flush).await;
                let marks = self.marks.take();
                if marks.is_empty() {
                    break;
                }
                self.store_and_tell(marks).await;
            }
        }
    }

    async fn store_and_tell(&self, marks: Vec<ReadMark>) {
        match self.store.advance_read(marks.clone(), self.clock.now_ms()).await {
            Ok((stored, effects)) => {
                let small = u64::from(self.settings.rules.limits.small_conversation);
                for mark in stored {
                    self.bus.publish(tell(mark));
                    if mark.n_members <= small {
                        self.bus.publish(show(mark));
                    }
                }
                publish(self.bus.as_ref(), effects, None);
            }
            Err(StoreError::Refused(refusal)) => {
                tracing::error!(%refusal, "the store refused read marks");
            }
            Err(error) => {
                tracing::warn!(%error, "read marks wait for the store");
                for mark in marks {
                    self.marks.note(mark, self.settings.n_pending_marks);
                }
            }
        }
    }
}

fn tell(mark: StoredMark) -> Hint {
    let StoredMark { user, conversation, seq, mentions, .. } = mark;
    let read = ServerFrame::Read(Read { conversation, seq, mentions });
    Hint::Tell { user, conversation: Some(conversation), frame: frame::encode(&read) }
}

/// Shows it to those who look at the conversation.
fn show(mark: StoredMark) -> Hint {
    let StoredMark { user, conversation, seq, .. } = mark;
    let read = vec![UserMark { user, seq }];
    let reads = ServerFrame::Reads(Reads { conversation, read, received: Vec::new() });
    let frame = frame::encode(&reads);
    Hint::Whisper(Whisper { conversation, from: user, to_all: false, frame })
}
