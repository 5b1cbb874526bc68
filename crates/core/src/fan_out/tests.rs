use std::collections::{BTreeMap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use voodoo_proto::{ConversationId, DeviceId, UserId};

use super::*;
use crate::frame;
use crate::hub::Hub;
use crate::store::Subscription;

const HERE: i64 = 1;

fn hub(fan_out: FanOut) -> Hub {
    Hub::new(OutboxLimits::default(), 9).with_fan_out(fan_out)
}

fn slices(slice_sessions: usize) -> FanOut {
    FanOut { inline_sessions: 3, slice_sessions, queue_bytes: 1_000 }
}

fn place(number: i64) -> ConversationId {
    ConversationId::new(number).unwrap()
}

fn enter(hub: &Hub, user: i64, conversation: i64) -> Arc<Handle> {
    let handle =
        hub.enter(UserId::new(user).unwrap(), DeviceId::new(user).unwrap(), Default::default());
    let subscription = Subscription { conversation: place(conversation), from_seq: 1 };
    hub.subscribe_all(&handle, &[subscription]);
    hub.settled(&handle);
    handle
}

fn event(conversation: i64, rev: u64) -> Delivery {
    let frame = frame::frame_text(&rev.to_string());
    Delivery { conversation: place(conversation), rev, about_seq: None, frame }
}

fn taken(handle: &Handle) -> Vec<u64> {
    let mut taken = VecDeque::new();
    handle.outbox.take(&mut taken, usize::MAX);
    for queued in &taken {
        handle.outbox.written(queued);
    }
    let rev = |text: &[u8]| std::str::from_utf8(text).unwrap().parse().unwrap();
    taken.iter().map(|queued| rev(queued.frame.payload())).collect()
}

#[test]
fn a_private_message_does_not_wait_for_everyone() {
    let hub = hub(slices(10));
    let many: Vec<_> = (1..=95).map(|user| enter(&hub, user, HERE)).collect();
    let (one, other) = (enter(&hub, 200, 2), enter(&hub, 201, 2));
    hub.deliver(event(HERE, 1), None);
    assert!(hub.hand_out_slice());
    hub.deliver(event(2, 1), None);
    assert_eq!((taken(&one), taken(&other)), (vec![1], vec![1]));
    assert_eq!(many.iter().filter(|one| one.outbox.has_frames()).count(), 10);
    let n_slices = std::iter::repeat_with(|| hub.hand_out_slice()).take_while(|more| *more);
    assert_eq!(n_slices.count(), 9);
    assert!(many.iter().all(|handle| taken(handle) == [1]));
}

#[test]
fn large_conversations_take_turns() {
    let hub = hub(slices(10));
    let first: Vec<_> = (1..=40).map(|user| enter(&hub, user, HERE)).collect();
    let second: Vec<_> = (41..=60).map(|user| enter(&hub, user, 2)).collect();
    hub.deliver(event(HERE, 1), None);
    hub.deliver(event(2, 1), None);
    for _ in 0..4 {
        hub.hand_out_slice();
    }
    assert!(second.iter().all(|handle| taken(handle) == [1]));
    assert_eq!(first.iter().filter(|one| one.outbox.has_frames()).count(), 20);
}

#[test]
fn receivers_share_the_bytes_of_an_event() {
    let hub = hub(slices(2));
    let many: Vec<_> = (1..=9).map(|user| enter(&hub, user, HERE)).collect();
    let sent = event(HERE, 1);
    hub.deliver(sent.clone(), None);
    while hub.hand_out_slice() {}
    for handle in many {
        let mut taken = VecDeque::new();
        handle.outbox.take(&mut taken, 1);
        assert_eq!(taken[0].frame.as_ptr(), sent.frame.as_ptr());
    }
}

#[test]
fn a_conversation_that_shrinks_while_events_wait_stays_in_order() {
    let hub = hub(slices(2));
    let many: Vec<_> = (1..=6).map(|user| enter(&hub, user, HERE)).collect();
    hub.deliver(event(HERE, 1), None);
    hub.hand_out_slice();
    many[..4].iter().for_each(|handle| hub.leave(handle));
    hub.deliver(event(HERE, 2), None);
    assert!(!many[5].outbox.has_frames(), "the second waits behind the first");
    while hub.hand_out_slice() {}
    assert_eq!(taken(&many[5]), [1, 2]);
    hub.deliver(event(HERE, 3), None);
    assert_eq!(taken(&many[5]), [3], "few get it at once again");
}

#[test]
fn beyond_the_bound_receivers_lag_and_nothing_is_kept_for_them() {
    let hub = hub(FanOut { queue_bytes: 40, ..slices(4) });
    let many: Vec<_> = (1..=8).map(|user| enter(&hub, user, HERE)).collect();
    for rev in 1..=500 {
        hub.deliver(event(HERE, rev), None);
    }
    let late = enter(&hub, 99, HERE);
    while hub.hand_out_slice() {}
    for handle in &many {
        let got = taken(handle);
        assert_eq!(got, (1..=u64::try_from(got.len()).unwrap()).collect::<Vec<_>>());
        assert!(got.len() < 40, "{} events were kept", got.len());
        let lag = handle.outbox.take_lag(&OutboxLimits::default()).unwrap();
        assert!(lag.conversations.contains(&place(HERE)));
    }
    assert_eq!(taken(&late), [0; 0]);
    late.outbox.take_lag(&OutboxLimits::default());
    hub.deliver(event(HERE, 501), None);
    while hub.hand_out_slice() {}
    assert!(many.iter().chain([&late]).all(|handle| taken(handle) == [501]));
}

#[test]
fn an_end_comes_last_and_leaves_nothing_behind() {
    for n in [8, 200] {
        let hub = hub(slices(3));
        let many: Vec<_> = (1..=n).map(|user| enter(&hub, user, HERE)).collect();
        hub.deliver(event(HERE, 1), None);
        hub.hand_out_slice();
        hub.destroy(place(HERE), &frame::frame_text("999"));
        hub.leave(&many[7]);
        hub.hand_out_slice();
        hub.leave(many.last().unwrap());
        while hub.hand_out_slice() {}
        for handle in many[..many.len() - 1].iter().filter(|one| one.user != many[7].user) {
            assert_eq!(taken(handle).last(), Some(&999));
            assert!(!hub.is_subscribed(handle, place(HERE)));
        }
        hub.deliver(event(HERE, 2), None);
        assert!(!hub.hand_out_slice());
    }
}

/// Whoever leaves many is found by a few looks, in whichever order they go, with and without
/// events that wait.
#[test]
fn leaving_many_costs_a_few_looks_however_many_stay() {
    let hub = hub(slices(256));
    let orders: [fn(usize) -> usize; 3] = [|at| at, |at| 14_999 - at, |at| at * 7 % 15_000];
    for (order, is_waiting) in orders.into_iter().zip([false, true, false]) {
        let many: Vec<_> = (1..=15_000).map(|user| enter(&hub, user, 2)).collect();
        let mut audience = Audience::default();
        for handle in &many {
            audience.add(Subscriber { handle: Arc::clone(handle), from_seq: 1 });
        }
        if is_waiting {
            audience.queue(&FanOut::default(), event(HERE, 1), None);
        }
        let looked_up = lookup(&mut audience.rare).unwrap().n_bytes();
        assert!(looked_up <= 8 * many.len(), "{looked_up} bytes");
        let mut n_looks = 0;
        for at in 0..many.len() {
            let before = lookup(&mut audience.rare).map_or(0, |lookup| lookup.n_looks);
            audience.remove(&many[order(at)]);
            assert_eq!(audience.n_sessions(), many.len() - at - 1);
            let after = lookup(&mut audience.rare).map_or(0, |lookup| lookup.n_looks);
            n_looks += after.saturating_sub(before);
        }
        assert!(n_looks > many.len() - MANY_SLOTS, "looked up: {n_looks}");
        assert!(n_looks < 8 * many.len(), "{n_looks} looks");
        assert!(audience.sessions().next().is_none() && lookup(&mut audience.rare).is_none());
        many.iter().for_each(|handle| hub.leave(handle));
    }
}

/// Sessions come and go at any moment: each gets every event between its coming and its going,
/// once and in order, and none from before.
#[test]
fn whoever_comes_and_goes_amid_slices_misses_nothing_and_gets_nothing_twice() {
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let hub = hub(FanOut { queue_bytes: usize::MAX, ..slices(1 + (seed % 5) as usize) });
        let mut live: BTreeMap<i64, (Arc<Handle>, u64)> = BTreeMap::new();
        let (mut user, mut rev) = (0, 0);
        // Some are so many that they are looked up.
        for _ in 0..(seed % 4) * 40 {
            user += 1;
            live.insert(user, (enter(&hub, user, HERE), rev));
        }
        for _ in 0..400 {
            match random.random_range(0..10) {
                0..=2 => {
                    user += 1;
                    live.insert(user, (enter(&hub, user, HERE), rev));
                }
                3..=4 if !live.is_empty() => {
                    let at = random.random_range(0..live.len());
                    let who = *live.keys().nth(at).unwrap();
                    let (handle, since) = live.remove(&who).unwrap();
                    hub.leave(&handle);
                    let got = taken(&handle);
                    let until = since + u64::try_from(got.len()).unwrap();
                    assert_eq!(got, (since + 1..=until).collect::<Vec<_>>(), "seed {seed}");
                }
                5..=6 => {
                    rev += 1;
                    hub.deliver(event(HERE, rev), None);
                }
                _ => {
                    hub.hand_out_slice();
                }
            }
        }
        while hub.hand_out_slice() {}
        for (handle, since) in live.into_values() {
            assert_eq!(taken(&handle), (since + 1..=rev).collect::<Vec<_>>(), "seed {seed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_worker_hands_out_all_and_lets_others_run_between() {
    let hub = Arc::new(hub(slices(1)));
    let many: Vec<_> = (1..=20).map(|user| enter(&hub, user, HERE)).collect();
    let worker = tokio::spawn(crate::hub::keep(Arc::clone(&hub)));
    hub.deliver(event(HERE, 1), None);
    let others = tokio::spawn(async move {
        let mut n_turns = 0;
        while !many.iter().all(|handle| handle.outbox.has_frames()) {
            crate::hub::step_back().await;
            n_turns += 1;
        }
        n_turns
    });
    let n_turns = others.await.unwrap();
    assert_eq!(n_turns, 19, "one between each slice and the next");
    worker.abort();
}
