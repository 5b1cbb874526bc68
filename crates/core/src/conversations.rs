//! The shards of conversations: one task each takes what is asked of its conversations, has it
//! committed, tells everyone, and then answers.
//!
//! While one batch is committed the next collects, so that batches grow with the load by
//! themselves. A conversation belongs to one shard, hence its events leave in the order of `rev`.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use voodoo_proto::ConversationId;
use voodoo_proto::event::ServerFrame;

use crate::apply::{Effect, Reply, Write};
use crate::bus::{Bus, Hint};
use crate::error::{Refusal, StoreError};
use crate::fault;
use crate::frame;
use crate::hub::{Delivery, SessionId};
use crate::store::{Store, Subscription};

/// Writes that one commit takes, at most.
const MAX_BATCH: usize = 1_024;

/// What a command comes to.
pub(crate) type Answer = Result<Reply, Refusal>;

struct Job {
    write: Write,
    asker: Option<SessionId>,
    answer: oneshot::Sender<Answer>,
}

/// The way into the shards.
pub(crate) struct Conversations {
    shards: Vec<mpsc::Sender<Job>>,
}

/// A shard that has to be run.
pub(crate) struct Shard {
    mailbox: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
}

impl Conversations {
    /// Makes the shards; each has to be run by a task.
    pub(crate) fn new(
        n_shards: usize,
        mailbox: usize,
        store: &Arc<dyn Store>,
        bus: &Arc<dyn Bus>,
    ) -> (Self, Vec<Shard>) {
        let (senders, shards) = (0..n_shards.max(1))
            .map(|_| {
                let (sender, mailbox) = mpsc::channel(mailbox.max(1));
                (sender, Shard { mailbox, store: Arc::clone(store), bus: Arc::clone(bus) })
            })
            .unzip();
        (Self { shards: senders }, shards)
    }

    /// Puts a write into its shard's mailbox now, and returns what to wait for.
    ///
    /// Writes of one conversation are carried out in the order of these calls.
    ///
    /// # Errors
    ///
    /// `unavailable` if the mailbox is full or the server stops.
    pub(crate) fn submit(
        &self,
        write: Write,
        asker: Option<SessionId>,
    ) -> Result<oneshot::Receiver<Answer>, Refusal> {
        let (answer, waits) = oneshot::channel();
        let shard = self.shard(write.conversation());
        match shard.try_send(Job { write, asker, answer }) {
            Ok(()) => Ok(waits),
            Err(_full_or_closed) => Err(fault::unavailable("too many writes wait")),
        }
    }

    /// Creations have no conversation yet and may go anywhere, but all the same way.
    fn shard(&self, conversation: Option<ConversationId>) -> &mpsc::Sender<Job> {
        let number = conversation.map_or(0, |conversation| conversation.get().unsigned_abs());
        let n_shards = self.shards.len() as u64;
        &self.shards[usize::try_from(number % n_shards).expect("below the number of shards")]
    }
}

impl Shard {
    /// Runs until every sender is gone.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::new();
        while self.mailbox.recv_many(&mut jobs, MAX_BATCH).await > 0 {
            let (writes, askers): (Vec<_>, Vec<_>) =
                jobs.drain(..).map(|job| (job.write, (job.asker, job.answer))).unzip();
            match self.store.commit(writes).await {
                Ok(results) => {
                    debug_assert_eq!(results.len(), askers.len(), "one result for each write");
                    for (result, (asker, answer)) in results.into_iter().zip(askers) {
                        // Whoever waits no longer gets no `ok` that says it: the event has to.
                        let asker = asker.filter(|_| !answer.is_closed());
                        let reply = result.map(|applied| {
                            publish(self.bus.as_ref(), applied.effects, asker);
                            applied.reply
                        });
                        drop(answer.send(reply));
                    }
                }
                Err(error) => refuse_all(askers, error),
            }
        }
    }
}

fn refuse_all(askers: Vec<(Option<SessionId>, oneshot::Sender<Answer>)>, error: StoreError) {
    let refusal = fault::to_refusal(error);
    for (_, answer) in askers {
        drop(answer.send(Err(refusal.clone())));
    }
}

/// Encodes each effect once and hands it to the bus, in order.
pub(crate) fn publish(bus: &dyn Bus, effects: Vec<Effect>, asker: Option<SessionId>) {
    for effect in effects {
        bus.publish(match effect {
            Effect::Event { conversation, rev, about_seq, frame, to_asker } => Hint::Event {
                delivery: Delivery { conversation, rev, about_seq, frame: frame::encode(&frame) },
                except: asker.filter(|_| !to_asker),
            },
            Effect::ToUser { user, frame } => {
                let conversation = if let ServerFrame::Read(read) = &frame {
                    Some(read.conversation)
                } else {
                    None
                };
                Hint::Tell { user, conversation, frame: frame::encode(&frame) }
            }
            Effect::Enter { user, conversation, from_seq } => {
                Hint::Enter { user, subscription: Subscription { conversation, from_seq } }
            }
            Effect::Exit { user, conversation } => Hint::Exit { user, conversation },
            Effect::Destroyed { conversation, frame } => {
                Hint::Destroyed { conversation, frame: frame::encode(&frame) }
            }
        });
    }
}
