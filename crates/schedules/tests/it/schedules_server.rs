//! What of the server several threads change in steps: its own files, over the core's locks and
//! atomics that switch threads.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::thread;

use crate::attempts::{Account, AttemptOptions, Attempts};
use crate::places::{Places, network};
use crate::schedules::check;
use crate::spare::Spares;
use crate::starts::{NoPlace, StartOptions, Starts};
use crate::sync::atomic::{AtomicUsize, Ordering};

fn home() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

#[test]
fn connections_of_an_address_are_counted_however_they_come_and_go() {
    check(|| {
        let places = Arc::new(Places::default());
        let visitors: Vec<_> = (0..2)
            .map(|_| {
                let places = Arc::clone(&places);
                thread::spawn(move || {
                    // One that goes, one that is handed on and goes, and one that stays.
                    drop(places.take(Some(network(home()))));
                    let place = places.take(Some(network(home())));
                    place.origin().place()
                })
            })
            .collect();
        let stay: Vec<_> = visitors.into_iter().map(|one| one.join().expect("it ends")).collect();
        for place in &stay {
            assert_eq!((place.n_of_address(), places.n_all()), (Some(2), 2));
        }
        drop(stay);
        let alone = places.take(Some(network(home())));
        assert_eq!((alone.n_of_address(), places.n_all()), (Some(1), 1));
    });
}

fn starts() -> Arc<Starts> {
    Starts::new(StartOptions { max_starting: 1, max_waiting: 1, wait: Duration::from_secs(60) })
}

/// Waiting has an end by time, which asks for a clock; it does not come here.
fn with_clock(test: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a clock");
    let _here = runtime.enter();
    test();
}

#[test]
fn no_more_start_or_wait_at_once_than_may_and_nobody_is_forgotten() {
    with_clock(|| {
        check(|| {
            let (starts, n_inside) = (starts(), Arc::new(AtomicUsize::new(0)));
            let comers: Vec<_> = (0..3)
                .map(|_| {
                    let (starts, n_inside) = (Arc::clone(&starts), Arc::clone(&n_inside));
                    thread::spawn(move || {
                        let taken = block_on(starts.take());
                        assert!(starts.n_waiting() <= 1, "one may wait");
                        let Ok(start) = taken else { return taken.err() };
                        assert_eq!(n_inside.fetch_add(1, Ordering::Relaxed), 0, "one may start");
                        n_inside.fetch_sub(1, Ordering::Relaxed);
                        drop(start);
                        None
                    })
                })
                .collect();
            let ends = comers.into_iter().map(|one| one.join().expect("it ends"));
            let n_refused = ends.flatten().inspect(|why| assert_eq!(*why, NoPlace::Full)).count();
            let told: u64 = starts.refusals().map(|(_, n)| n).sum();
            let left = (starts.n_starting(), starts.n_waiting());
            assert_eq!((n_refused as u64, left), (told, (0, 0)));
            assert!(n_refused <= 1, "one starts, one waits");
        });
    });
}

#[test]
fn whoever_gives_up_its_turn_to_start_takes_nobodys_place() {
    with_clock(|| {
        check(|| {
            let starts = starts();
            let held = block_on(starts.take()).expect("nobody else is here");
            let gives_up = {
                let starts = Arc::clone(&starts);
                thread::spawn(move || {
                    let mut turn = Box::pin(starts.take());
                    drop(turn.as_mut().poll(&mut Context::from_waker(Waker::noop())));
                    thread::yield_now();
                })
            };
            thread::yield_now();
            drop(held);
            gives_up.join().expect("it ends");
            assert_eq!((starts.n_starting(), starts.n_waiting()), (0, 0));
            block_on(starts.take()).expect("the place came back");
        });
    });
}

#[test]
fn whoever_waits_to_start_at_a_stop_is_told_at_once() {
    with_clock(|| {
        check(|| {
            let starts = starts();
            let held = block_on(starts.take()).expect("nobody else is here");
            let waits = {
                let starts = Arc::clone(&starts);
                thread::spawn(move || block_on(starts.take()).expect_err("nobody starts any more"))
            };
            thread::yield_now();
            starts.close();
            assert_eq!(waits.join().expect("it ends"), NoPlace::Stopping);
            drop(held);
            assert_eq!((starts.n_starting(), starts.n_waiting()), (0, 0));
        });
    });
}

#[test]
fn memory_is_kept_for_those_who_wait_alone() {
    check(|| {
        let spares = Spares::<Vec<u8>>::new();
        let spawn = |works: bool| {
            let spares = Arc::clone(&spares);
            thread::spawn(move || {
                let turn = spares.wait();
                thread::yield_now();
                if works {
                    turn.begin().memory().push(7);
                }
            })
        };
        let threads = [spawn(true), spawn(true), spawn(false)];
        for _ in 0..3 {
            let (n_waiting, n_kept) = spares.counts();
            assert!(n_kept <= n_waiting, "{n_kept} kept for {n_waiting}");
            thread::yield_now();
        }
        for thread in threads {
            thread.join().expect("it ends");
        }
        assert_eq!(spares.counts(), (0, 0));
    });
}

/// From one address somebody guesses at an account that has to wait while somebody else guesses at
/// others: the first guess is not made, and does not count.
#[test]
fn a_guess_that_is_refused_is_not_counted_for_its_address() {
    check(|| {
        let options = AttemptOptions {
            free_per_account: 1,
            free_per_address: 2,
            ..AttemptOptions::default()
        };
        let attempts = Arc::new(Attempts::new(options));
        let guess = |attempts: &Attempts, handle: &str, from: IpAddr| {
            attempts.at(Account::Handle(handle), from).is_ok()
        };
        for elsewhere in [1, 2] {
            let from = IpAddr::from([198, 51, 100, elsewhere]);
            assert!(guess(&attempts, "busy", from), "one is free, one begins the wait");
        }
        let refused = {
            let attempts = Arc::clone(&attempts);
            thread::spawn(move || guess(&attempts, "busy", home()))
        };
        assert!(guess(&attempts, "ann", home()));
        assert!(!refused.join().expect("it ends"), "that account has to wait");
        assert!(guess(&attempts, "bo", home()), "the second of two that are free");
        assert!(guess(&attempts, "cy", home()), "the one that begins the wait");
        assert!(!guess(&attempts, "dan", home()), "the wait");
    });
}
