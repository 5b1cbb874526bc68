//! The same for sessions that come and go, what is known of their users, and room on the disk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use shuttle::thread;
use tokio::time::Instant;
use voodoo_proto::DeviceId;
use voodoo_proto::limits::{Rate, Rates};
use voodoo_proto::object::{Presence, PresenceState};

use super::{ROOM, enter, user};
use crate::attention::Attention;
use crate::hub::{Handle, Hub};
use crate::outbox::Queued;
use crate::pulse::{Lease, Pulse, sweep_once};
use crate::rates::{Bucket, Buckets};
use crate::room::{Marks, Room, Space, Stage};
use crate::settings::Settings;

/// A user's only session ends while the user asks beside the socket and comes back: together they
/// get what a bucket holds.
///
/// # Panics
///
/// If it is not so.
pub fn whoever_comes_back_finds_the_bucket_as_it_was() {
    let hub = Arc::new(Hub::new(ROOM, 20));
    let rate = Rate { per_s: 0.001, burst: 2.0 };
    let rates = Rates { send: rate, ..Rates::default() };
    let now = Instant::now();
    let n_given = move |buckets: &Buckets| {
        (0..2).filter(|_| buckets.take(Bucket::Send, &rates, now).is_ok()).count()
    };
    let goes = enter(&hub, 1);
    let beside = {
        let hub = Arc::clone(&hub);
        thread::spawn(move || n_given(&hub.buckets(user(1))))
    };
    let comes_back = {
        let hub = Arc::clone(&hub);
        thread::spawn(move || n_given(&enter(&hub, 1).buckets))
    };
    hub.leave(&goes);
    drop(goes);
    let n_given = [beside, comes_back].map(|one| one.join().expect("it ends"));
    assert_eq!(n_given.iter().sum::<usize>(), 2);
}

/// A session comes while the sweep looks for silent ones.
///
/// # Panics
///
/// If it is closed.
pub fn whoever_comes_is_not_taken_for_silent() {
    const NOW_MS: u64 = 1_000_000_000;
    let hub = Arc::new(Hub::new(ROOM, 20));
    let sweeper = {
        let hub = Arc::clone(&hub);
        thread::spawn(move || sweep_once(&hub, &Settings::default(), NOW_MS, NOW_MS))
    };
    let signs = (Pulse::begin(NOW_MS), Lease::default());
    let handle = hub.enter(user(1), DeviceId::new(1).expect("above zero"), signs);
    sweeper.join().expect("it ends");
    assert_eq!(handle.outbox.closing(), None);
}

/// What a session was told last of somebody, from what it found at first.
fn knows(handle: &Handle, found: &Presence) -> PresenceState {
    let mut taken = VecDeque::new();
    handle.outbox.take(&mut taken, usize::MAX);
    let text = |queued: &Queued| String::from_utf8_lossy(queued.frame.payload()).into_owned();
    let last = taken.back().map(text);
    let states = [PresenceState::Online, PresenceState::Away, PresenceState::Offline];
    let name = |state: &PresenceState| serde_json::to_string(state).expect("it has a name");
    let told = last.map(|text| states.into_iter().find(|state| text.contains(&name(state))));
    told.map_or(found.state, |state| state.expect("one of these"))
}

/// Somebody comes, rests and leaves while others begin to watch and are told: in the end each of
/// them knows how it is.
///
/// # Panics
///
/// If it is not so.
pub fn what_is_told_last_of_presence_is_how_it_is() {
    let at_once = Duration::ZERO;
    let settings =
        Settings { offline_delay: at_once, presence_silence: at_once, ..Settings::default() };
    let (hub, settings) = (Arc::new(Hub::new(ROOM, 20)), Arc::new(settings));
    let attention = Arc::new(Attention::new());
    let look = |hub: &Hub, attention: &Attention, settings: &Settings| {
        attention.presence(hub, settings, user(9), 1)
    };
    let leaves = enter(&hub, 9);
    let watch = |number: i64| {
        let watcher = enter(&hub, number);
        let (hub, attention) = (Arc::clone(&hub), Arc::clone(&attention));
        let settings = Arc::clone(&settings);
        thread::spawn(move || {
            let found = look(&hub, &attention, &settings);
            attention.watch(&watcher, std::slice::from_ref(&found));
            (watcher, found)
        })
    };
    let watchers = [watch(1), watch(2)];
    let comes = {
        let (hub, attention) = (Arc::clone(&hub), Arc::clone(&attention));
        thread::spawn(move || {
            let handle = enter(&hub, 9);
            attention.touch(user(9), true);
            attention.set_active(&handle, false);
        })
    };
    // One alone tells, as in the product.
    let teller = {
        let (hub, attention) = (Arc::clone(&hub), Arc::clone(&attention));
        let settings = Arc::clone(&settings);
        thread::spawn(move || (0..3).for_each(|_| attention.tell(&hub, &settings, 1)))
    };
    hub.leave(&leaves);
    attention.leave(&hub, &leaves);
    comes.join().expect("it ends");
    teller.join().expect("it ends");
    let watchers = watchers.map(|one| one.join().expect("it ends"));
    attention.tell(&hub, &settings, 1);
    for (watcher, found) in watchers {
        assert_eq!(knows(&watcher, &found), look(&hub, &attention, &settings).state);
    }
}

/// The disk turns out to be full while it is measured: whichever is first, a stage that the
/// measuring ends is told by it.
///
/// # Panics
///
/// If it is not so.
pub fn room_that_changes_is_told() {
    let (room, marks) = (Arc::new(Room::default()), Marks::default());
    let space = Space { free_bytes: 1 << 40, total_bytes: 1 << 40 };
    assert_eq!(room.note(space, &marks), None);
    let writer = {
        let room = Arc::clone(&room);
        thread::spawn(move || room.note_full())
    };
    let told = room.note(space, &marks);
    writer.join().expect("it ends");
    let was_full_first = Some((Stage::Short, Stage::Enough));
    let expected = if told.is_some() { Stage::Enough } else { Stage::Short };
    assert_eq!(room.stage(), expected);
    assert!(told.is_none() || told == was_full_first, "{told:?}");
}
