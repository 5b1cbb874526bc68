//! What must hold whichever thread goes first, for each structure here that several threads change.
//!
//! Each function is one run. `crates/schedules` compiles this crate once more with locks that
//! switch threads at any moment, and makes many runs; the product has none of this.

pub mod presence;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use shuttle::future::block_on;
use shuttle::thread;
use tokio::time::Instant;
use voodoo_proto::limits::{Rate, Rates};
use voodoo_proto::{ConversationId, DeviceId, UserId};

use crate::fan_out::FanOut;
use crate::frame::{self, Frame};
use crate::hub::{Delivery, Handle, Hub};
use crate::marks::Marks;
use crate::outbox::{Outbox, OutboxLimits, Queued};
use crate::pulse::{Lease, Pulse};
use crate::rates::{Bucket, Buckets};
use crate::store::{ReadMark, Subscription};
// What is tried of other crates takes these too.
pub use crate::sync::{Mutex, atomic};

const ROOM: OutboxLimits =
    OutboxLimits { calm_bytes: usize::MAX, full_bytes: usize::MAX, reply_bytes: usize::MAX };

fn conversation(number: i64) -> ConversationId {
    ConversationId::new(number).expect("a number above zero")
}

fn user(number: i64) -> UserId {
    UserId::new(number).expect("a number above zero")
}

/// Writes what comes into an outbox as a connection does, until it was so much.
fn write_out(outbox: &Outbox, n_frames: usize) -> Vec<Frame> {
    let mut written = Vec::new();
    block_on(poll_fn(|cx| {
        outbox.register(cx.waker());
        let mut taken = VecDeque::new();
        outbox.take(&mut taken, 2);
        if taken.is_empty() {
            return if written.len() < n_frames { Poll::Pending } else { Poll::Ready(()) };
        }
        for Queued { frame, load } in taken {
            written.push(frame.clone());
            outbox.written(&Queued { frame, load });
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    written
}

/// Two that push and one that writes: everything is written once, in the order of each, and the
/// one that writes is never left asleep.
///
/// # Panics
///
/// If it is not so.
pub fn an_outbox_hands_everything_over() {
    let outbox = Arc::new(Outbox::default());
    let push = |first: u8, is_reply: bool| {
        let outbox = Arc::clone(&outbox);
        thread::spawn(move || {
            for number in first..first + 3 {
                let frame = Frame::new(&[number]);
                if is_reply {
                    outbox.push_reply(frame);
                } else {
                    outbox.push_event(&ROOM, conversation(1), &frame);
                }
            }
        })
    };
    let pushers = [push(0, true), push(10, false)];
    let writer = {
        let outbox = Arc::clone(&outbox);
        thread::spawn(move || write_out(&outbox, 6))
    };
    for pusher in pushers {
        pusher.join().expect("it ends");
    }
    let written = writer.join().expect("it ends");
    let of = |first: u8| -> Vec<u8> {
        let numbers = written.iter().map(|frame| frame[0]);
        numbers.filter(|number| (first..first + 3).contains(number)).collect()
    };
    assert_eq!((of(0), of(10), written.len()), (vec![0, 1, 2], vec![10, 11, 12], 6));
    assert_eq!(outbox.n_bytes(), 0);
}

/// A full outbox: each event is written or its conversation is named by a lag, and never neither.
///
/// # Panics
///
/// If it is not so.
pub fn an_outbox_forgets_no_event() {
    let limits = OutboxLimits { calm_bytes: 10, full_bytes: 20, reply_bytes: 20 };
    let outbox = Arc::new(Outbox::default());
    let pusher = {
        let outbox = Arc::clone(&outbox);
        thread::spawn(move || {
            for number in 1..=6 {
                outbox.push_event(&limits, conversation(number), &Frame::new(&[7; 15]));
            }
        })
    };
    let mut told = BTreeSet::new();
    let mut n_written = 0;
    let mut look = || {
        let mut taken = VecDeque::new();
        outbox.take(&mut taken, 1);
        for queued in taken {
            outbox.written(&queued);
            n_written += 1;
        }
        if let Some(lag) = outbox.take_lag(&limits) {
            told.extend(lag.conversations);
        }
    };
    for _ in 0..4 {
        look();
    }
    pusher.join().expect("it ends");
    while outbox.has_frames() || outbox.is_lagging() {
        look();
    }
    assert_eq!(n_written + told.len(), 6);
}

fn event(rev: u64) -> Delivery {
    let frame = frame::frame_text(&rev.to_string());
    Delivery { conversation: conversation(1), rev, about_seq: None, frame }
}

fn enter(hub: &Hub, number: i64) -> Arc<Handle> {
    let signs = (Pulse::default(), Lease::default());
    hub.enter(user(number), DeviceId::new(number).expect("above zero"), signs)
}

fn join(hub: &Hub, number: i64) -> Arc<Handle> {
    let handle = enter(hub, number);
    let here = Subscription { conversation: conversation(1), from_seq: 1 };
    hub.subscribe_all(&handle, &[here]);
    handle
}

fn revs(handle: &Handle) -> Vec<u64> {
    let mut taken = VecDeque::new();
    handle.outbox.take(&mut taken, usize::MAX);
    let text = |queued: &Queued| String::from_utf8(queued.frame.payload().to_vec());
    let rev = |queued| text(queued).ok().and_then(|text| text.parse().ok());
    taken.iter().map(|queued| rev(queued).expect("a number")).collect()
}

/// Slices are handed out while events come and sessions come and go: whoever is there all the
/// while gets all in order, whoever comes gets all from some event on.
///
/// # Panics
///
/// If it is not so.
pub fn slices_keep_the_order_of_a_conversation() {
    let slices = FanOut { inline_sessions: 1, slice_sessions: 1, queue_bytes: usize::MAX };
    let hub = Arc::new(Hub::new(ROOM, 20).with_fan_out(slices));
    let (stays, goes) = (join(&hub, 1), join(&hub, 2));
    let spawn = |work: fn(&Hub)| {
        let hub = Arc::clone(&hub);
        thread::spawn(move || work(&hub))
    };
    let publisher = spawn(|hub| (1..=3).for_each(|rev| hub.deliver(event(rev), None)));
    let worker = spawn(|hub| {
        for _ in 0..4 {
            hub.hand_out_slice();
        }
    });
    let comer = {
        let hub = Arc::clone(&hub);
        thread::spawn(move || join(&hub, 3))
    };
    hub.leave(&goes);
    publisher.join().expect("it ends");
    worker.join().expect("it ends");
    let comes = comer.join().expect("it ends");
    while hub.hand_out_slice() {}
    assert_eq!(revs(&stays), [1, 2, 3]);
    let heard = revs(&comes);
    let first = 4 - heard.len() as u64;
    assert_eq!(heard, (first..=3).collect::<Vec<_>>());
    let heard = revs(&goes);
    assert_eq!(heard, (1..=heard.len() as u64).collect::<Vec<_>>());
    assert_eq!(hub.n_sessions(), 2);
}

/// Sessions of one user come at the same moment: no more than the limit stay open.
///
/// # Panics
///
/// If it is not so.
pub fn a_user_keeps_no_more_sessions_than_allowed() {
    let hub = Arc::new(Hub::new(ROOM, 2));
    let comers: Vec<_> = (0..3)
        .map(|_| {
            let hub = Arc::clone(&hub);
            thread::spawn(move || join(&hub, 1))
        })
        .collect();
    let handles: Vec<_> = comers.into_iter().map(|one| one.join().expect("it ends")).collect();
    let n_open = handles.iter().filter(|handle| handle.outbox.closing().is_none()).count();
    assert_eq!((n_open, hub.n_sessions()), (2, 3));
    for handle in &handles {
        hub.leave(handle);
    }
    assert_eq!(hub.n_sessions(), 0);
}

/// A subscription that was read from the store meets the news that the user was removed: whichever
/// is first, the session hears nothing of the conversation afterwards.
///
/// # Panics
///
/// If it is not so.
pub fn whoever_was_removed_while_coming_hears_nothing() {
    let hub = Arc::new(Hub::new(ROOM, 20));
    let handle = enter(&hub, 1);
    let remover = {
        let hub = Arc::clone(&hub);
        thread::spawn(move || {
            hub.part(user(1), conversation(1));
            hub.deliver(event(1), None);
        })
    };
    // What was read before the removal was committed.
    let here = Subscription { conversation: conversation(1), from_seq: 1 };
    hub.subscribe_all(&handle, &[here]);
    remover.join().expect("it ends");
    assert_eq!(revs(&handle), [0_u64; 0]);
}

/// Marks are noted while others are taken: the greatest of each arrives, and whoever waits for
/// them is woken.
///
/// # Panics
///
/// If it is not so.
pub fn marks_are_not_forgotten() {
    let marks = Arc::new(Marks::default());
    let note = |number: i64| {
        let marks = Arc::clone(&marks);
        thread::spawn(move || {
            for seq in [2, 1, 3] {
                let conversation = conversation(number);
                marks.note(ReadMark { user: user(1), conversation, seq }, 10);
            }
        })
    };
    let noters = [note(1), note(2)];
    let mut stored: HashMap<ConversationId, u64> = HashMap::new();
    while stored.len() < 2 || stored.values().any(|seq| *seq < 3) {
        block_on(marks.filled());
        loop {
            let taken = marks.take();
            if taken.is_empty() {
                break;
            }
            for mark in taken {
                let seq = stored.entry(mark.conversation).or_default();
                *seq = mark.seq.max(*seq);
            }
        }
    }
    for noter in noters {
        noter.join().expect("it ends");
    }
}

/// Two sessions of a user ask at the same moment: together they get what a bucket holds.
///
/// # Panics
///
/// If it is not so.
pub fn a_bucket_gives_no_more_than_it_holds() {
    let buckets = Arc::new(Buckets::default());
    let (rate, now) = (Rate { per_s: 0.001, burst: 3.0 }, Instant::now());
    let rates = Rates { send: rate, ..Rates::default() };
    let askers: Vec<_> = (0..2)
        .map(|_| {
            let buckets = Arc::clone(&buckets);
            thread::spawn(move || {
                (0..3).filter(|_| buckets.take(Bucket::Send, &rates, now).is_ok()).count()
            })
        })
        .collect();
    let n_given: usize = askers.into_iter().map(|one| one.join().expect("it ends")).sum();
    assert_eq!(n_given, 3);
}
