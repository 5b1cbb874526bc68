//! The shards of conversations: one task each takes what is asked of its conversations, has it
//! committed, tells everyone, and then answers.
//!
//! While one batch is committed the next collects, so that batches grow with the load by
//! themselves. A conversation belongs to one shard, hence its events leave in the order of `rev`.
//! In large groups some of it waits for more of its kind; see [`crate::gathers`].

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use voodoo_proto::event::ServerFrame;
use voodoo_proto::{ConversationId, UserId};

use crate::apply::{Applied, Effect, Reply, Write};
use crate::bus::{Bus, Hint};
use crate::clock::Clock;
use crate::error::Refusal;
use crate::fail_point::{self, Step};
use crate::fault;
use crate::frame;
use crate::gathers::{Gathers, Key, Waiting, asker, may_wait};
use crate::hub::{Delivery, SessionId};
use crate::settings::Settings;
use crate::store::{Store, Subscription};
use crate::tally::TALLY;

/// Writes that one commit takes, at most.
const MAX_BATCH: usize = 1_024;

/// What a command comes to.
pub(crate) type Answer = Result<Reply, Refusal>;

struct Job {
    write: Write,
    asker: Option<SessionId>,
    answer: oneshot::Sender<Answer>,
    /// When it was put into the mailbox.
    came: Instant,
}

/// The way into the shards.
pub(crate) struct Conversations {
    shards: Vec<mpsc::Sender<Job>>,
}

/// A shard that has to be run.
pub(crate) struct Shard {
    number: usize,
    mailbox: mpsc::Receiver<Job>,
    /// The ways to all shards; none keeps another alive.
    ways: Arc<[mpsc::WeakSender<Job>]>,
    gathers: Gathers<oneshot::Sender<Answer>>,
    /// What its own askers asked for before it is under way, and has to be through first.
    deferred: Vec<Job>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
}

/// What a shard stands on.
pub(crate) struct Ground<'g> {
    pub(crate) store: &'g Arc<dyn Store>,
    pub(crate) bus: &'g Arc<dyn Bus>,
    pub(crate) clock: &'g Arc<dyn Clock>,
}

impl Conversations {
    /// Makes the shards; each has to be run by a task.
    pub(crate) fn new(settings: &Settings, ground: &Ground<'_>) -> (Self, Vec<Shard>) {
        let mailbox = settings.shard_mailbox.max(1);
        let (shards, mailboxes): (Vec<_>, Vec<_>) =
            (0..settings.n_shards.max(1)).map(|_| mpsc::channel(mailbox)).unzip();
        let ways: Arc<[_]> = shards.iter().map(mpsc::Sender::downgrade).collect();
        let shard = |(number, mailbox)| Shard {
            number,
            mailbox,
            ways: Arc::clone(&ways),
            gathers: Gathers::new(settings.gather, settings.shard_mailbox),
            deferred: Vec::new(),
            store: Arc::clone(ground.store),
            bus: Arc::clone(ground.bus),
            clock: Arc::clone(ground.clock),
        };
        let workers = mailboxes.into_iter().enumerate().map(shard).collect();
        (Self { shards }, workers)
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
        let shard = &self.shards[number_of(write.conversation(), self.shards.len())];
        match shard.try_send(Job { write, asker, answer, came: Instant::now() }) {
            Ok(()) => {
                fail_point::pass(Step::Queued);
                Ok(waits)
            }
            Err(_full_or_closed) => Err(too_many_wait()),
        }
    }
}

fn too_many_wait() -> Refusal {
    fault::unavailable("too many writes wait")
}

/// Creations have no conversation yet and may go anywhere, but all the same way.
fn number_of(conversation: Option<ConversationId>, n_shards: usize) -> usize {
    let number = conversation.map_or(0, |conversation| conversation.get().unsigned_abs());
    usize::try_from(number % n_shards as u64).expect("below the number of shards")
}

/// Who waits for a write of a batch.
enum Waits {
    /// One, for a write of its own; it is kept where it may have to be carried out later.
    One {
        asker: Option<SessionId>,
        answer: oneshot::Sender<Answer>,
        came: Instant,
        again: Option<Write>,
    },
    /// Several, for one write.
    Many(Vec<oneshot::Sender<Answer>>),
}

type Batch = Vec<(Write, Waits)>;

impl Shard {
    /// Runs until every sender is gone.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::new();
        loop {
            jobs.append(&mut self.deferred);
            let is_over = self.receive(&mut jobs).await;
            let batch = self.arrange(jobs.drain(..), is_over);
            if !batch.is_empty() {
                self.carry_out(batch).await;
            }
            if is_over {
                return;
            }
        }
    }

    /// Waits for jobs, or until what waits is due; not at all where there are jobs already. Whether
    /// it is over.
    async fn receive(&mut self, jobs: &mut Vec<Job>) -> bool {
        if !jobs.is_empty() {
            while let Ok(job) = self.mailbox.try_recv() {
                jobs.push(job);
                if jobs.len() >= MAX_BATCH {
                    break;
                }
            }
            return false;
        }
        let due = self.gathers.next_due();
        // Jobs first: what is due is looked at after them in any case.
        tokio::select! {
            biased;
            n = self.mailbox.recv_many(jobs, MAX_BATCH) => n == 0,
            () = wait_until(due) => false,
        }
    }

    /// Puts what is to be carried out now in order; some of it only waits.
    fn arrange(&mut self, jobs: impl Iterator<Item = Job>, is_over: bool) -> Batch {
        let mut batch = Batch::new();
        // Whether these have to wait is known only when they were tried.
        let mut tried = Vec::new();
        for job in jobs {
            let conversation = job.write.conversation();
            let key = conversation.and_then(|id| Key::of(&job.write, id));
            let user = asker(&job.write);
            if !tried.is_empty() && tried.contains(&(conversation, user)) {
                self.deferred.push(job);
                continue;
            }
            if let (Some(key), Some(user)) = (key, user)
                && self.gathers.is_open(&key)
                && (key.is_reaction() || !self.gathers.has(&key, user))
            {
                self.gather(key, user, job.write, job.answer);
                continue;
            }
            if let Some(conversation) = conversation {
                // Whoever waits is not overtaken by themselves, nor a removal by a join.
                let of = user.filter(|_| !matches!(job.write, Write::RemoveMember(_)));
                let before = self.gathers.of(conversation, of);
                self.take(&before, &mut batch);
            }
            let again = may_wait(&job.write).then(|| job.write.clone());
            if again.is_some() {
                tried.push((conversation, user));
            }
            let Job { write, asker, answer, came } = job;
            batch.push((write, Waits::One { asker, answer, came, again }));
        }
        let due = if is_over { self.gathers.all() } else { self.gathers.due(Instant::now()) };
        self.take(&due, &mut batch);
        batch
    }

    fn take(&mut self, keys: &[Key], batch: &mut Batch) {
        for key in keys {
            if let Some((write, who)) = self.gathers.take(key, self.clock.now_ms()) {
                batch.push((write, Waits::Many(who)));
            }
        }
    }

    fn gather(&mut self, key: Key, user: UserId, write: Write, answer: oneshot::Sender<Answer>) {
        let waiting = Waiting { user, write, who: answer };
        if let Some(answer) = self.gathers.add(key, waiting, Instant::now()) {
            drop(answer.send(Err(too_many_wait())));
        }
    }

    async fn carry_out(&mut self, batch: Batch) {
        let (writes, waits): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let begin = Instant::now();
        TALLY.batch_rows.note(writes.len() as u64);
        fail_point::pass(Step::Taken);
        let results = self.store.commit(writes).await;
        TALLY.commit_us.note_time(begin.elapsed());
        match results {
            Ok(results) => {
                debug_assert_eq!(results.len(), waits.len(), "one result for each write");
                for (result, waits) in results.into_iter().zip(waits) {
                    self.settle(result, waits);
                }
            }
            Err(error) => {
                let refusal = fault::to_refusal(error);
                for waits in waits {
                    match waits {
                        Waits::One { answer, .. } => drop(answer.send(Err(refusal.clone()))),
                        Waits::Many(answers) => refuse_all(answers, &refusal),
                    }
                }
            }
        }
    }

    /// Tells everyone, and then answers.
    fn settle(&mut self, result: Result<Applied, Refusal>, waits: Waits) {
        match (result, waits) {
            (
                Ok(Applied { reply: Reply::Later(conversation), .. }),
                Waits::One { asker, answer, came, again: Some(write) },
            ) => self.postpone(conversation, Job { write, asker, answer, came }),
            (Ok(applied), Waits::One { asker, answer, came, .. }) => {
                // Whoever waits no longer gets no `ok` that says it: the event has to.
                let asker = asker.filter(|_| !answer.is_closed());
                fail_point::pass(Step::Settled);
                publish(self.bus.as_ref(), applied.effects, asker);
                fail_point::pass(Step::Told);
                if let Reply::Sent { duplicate: false, .. } = &applied.reply {
                    TALLY.messages.fetch_add(1, Ordering::Relaxed);
                    TALLY.ack_us.note_time(came.elapsed());
                }
                drop(answer.send(Ok(applied.reply)));
            }
            (Ok(applied), Waits::Many(answers)) => {
                publish(self.bus.as_ref(), applied.effects, None);
                let Reply::Each(each) = applied.reply else { return };
                for (answer, reply) in answers.into_iter().zip(each) {
                    drop(answer.send(reply));
                }
            }
            (Err(refusal), Waits::One { answer, .. }) => drop(answer.send(Err(refusal))),
            (Err(refusal), Waits::Many(answers)) => refuse_all(answers, &refusal),
        }
    }

    /// Lets a job wait for others of its kind, in the shard of its conversation: what was asked for
    /// by an alias or a code was not known to belong there.
    fn postpone(&mut self, conversation: ConversationId, job: Job) {
        let home = number_of(Some(conversation), self.ways.len());
        if home != self.number {
            let way = self.ways.get(home).and_then(mpsc::WeakSender::upgrade);
            let sent = match way {
                Some(way) => way.try_send(job).map_err(|error| error.into_inner()),
                None => Err(job),
            };
            if let Err(job) = sent {
                drop(job.answer.send(Err(too_many_wait())));
            }
            return;
        }
        let (Some(key), Some(user)) = (Key::of(&job.write, conversation), asker(&job.write)) else {
            drop(job.answer.send(Err(too_many_wait())));
            return;
        };
        self.gather(key, user, job.write, job.answer);
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn refuse_all(answers: Vec<oneshot::Sender<Answer>>, refusal: &Refusal) {
    for answer in answers {
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
