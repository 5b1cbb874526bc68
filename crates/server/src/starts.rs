//! Admission at the door: so many sessions start at once, some more wait their turn, and everyone
//! else is told when to come back.
//!
//! A start costs the store and the processors more than anything a live session asks for. Those
//! who all come back at once, and keep to no window, would otherwise slow down each other and
//! everyone who is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, TryAcquireError};

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many sessions start at once, and how many wait for that.
#[derive(Debug, Clone, Copy)]
pub struct StartOptions {
    /// Sessions that start at once, at most: from before the answer to the upgrade until the first
    /// sync is written.
    pub max_starting: usize,
    /// Upgrades that wait for that, at most; more are refused at once.
    pub max_waiting: usize,
    /// An upgrade that has waited for this long is refused.
    pub wait: Duration,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self { max_starting: 1_024, max_waiting: 16_384, wait: Duration::from_secs(10) }
    }
}

/// Why a session does not get to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// As many wait as may.
    Full,
    /// It has waited for as long as may be.
    Late,
    /// The server is about to stop.
    Stopping,
    /// The server is short of memory.
    Memory,
}

impl NoPlace {
    pub(crate) const ALL: [Self; 4] = [Self::Full, Self::Late, Self::Stopping, Self::Memory];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Late => "late",
            Self::Stopping => "stopping",
            Self::Memory => "memory",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Full => "too many sessions start at this moment",
            Self::Late => "too many sessions start at this moment, and this one waited in vain",
            Self::Stopping => "the server is about to stop",
            Self::Memory => "the server is short of memory",
        }
    }
}

/// The places of sessions that start, and the queue before them, in the order of arrival.
#[derive(Debug)]
pub(crate) struct Starts {
    options: StartOptions,
    /// A place that becomes free goes to whoever has waited longest.
    places: Semaphore,
    n_waiting: AtomicUsize,
    n_refused: [AtomicU64; NoPlace::ALL.len()],
}

/// The place of one session that starts. Dropped, it goes to the next.
#[derive(Debug)]
pub(crate) struct Start(Arc<Starts>);

impl Starts {
    pub(crate) fn new(options: StartOptions) -> Arc<Self> {
        let places = Semaphore::new(options.max_starting.min(Semaphore::MAX_PERMITS));
        let n_waiting = AtomicUsize::new(0);
        Arc::new(Self { options, places, n_waiting, n_refused: Default::default() })
    }

    /// Takes a place, at once or when it is its turn.
    ///
    /// # Errors
    ///
    /// Why there is none; it is counted.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the turn.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Start, NoPlace> {
        let taken = match self.places.try_acquire() {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Closed) => Err(NoPlace::Stopping),
            Err(TryAcquireError::NoPermits) => self.wait().await,
        };
        match taken {
            Ok(permit) => {
                permit.forget();
                Ok(Start(Arc::clone(self)))
            }
            Err(why) => Err(self.refused(why)),
        }
    }

    async fn wait(&self) -> Result<tokio::sync::SemaphorePermit<'_>, NoPlace> {
        let _turn = self.queue().ok_or(NoPlace::Full)?;
        match tokio::time::timeout(self.options.wait, self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(NoPlace::Stopping),
            Err(_elapsed) => Err(NoPlace::Late),
        }
    }

    fn queue(&self) -> Option<Turn<'_>> {
        let one_more = |n| (n < self.options.max_waiting).then_some(n + 1);
        let queued = self.n_waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        queued.ok().map(|_before| Turn(&self.n_waiting))
    }

    /// Counts one who does not get to start.
    pub(crate) fn refused(&self, why: NoPlace) -> NoPlace {
        self.n_refused[why as usize].fetch_add(1, Ordering::Relaxed);
        why
    }

    /// Nobody starts any more; those who wait are told at once.
    pub(crate) fn close(&self) {
        self.places.close();
    }

    /// Sessions that start at this moment.
    pub(crate) fn n_starting(&self) -> usize {
        self.options.max_starting.saturating_sub(self.places.available_permits())
    }

    /// Upgrades that wait at this moment.
    pub(crate) fn n_waiting(&self) -> usize {
        self.n_waiting.load(Ordering::Relaxed)
    }

    /// How many were refused so far, by reason.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (NoPlace, u64)> {
        let counts = self.n_refused.iter().map(|n| n.load(Ordering::Relaxed));
        NoPlace::ALL.into_iter().zip(counts)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        self.0.places.add_permits(1);
    }
}

/// One of those who wait, counted.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;

    /// Polls once.
    async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
    }

    fn starts(max_starting: usize, max_waiting: usize) -> Arc<Starts> {
        Starts::new(StartOptions { max_starting, max_waiting, wait: Duration::from_secs(10) })
    }

    fn counts(starts: &Starts) -> [u64; 4] {
        let counts: Vec<_> = starts.refusals().map(|(_, n)| n).collect();
        counts.try_into().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn places_go_round_in_the_order_of_arrival() {
        let starts = starts(1, 3);
        let first = starts.take().await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(starts.take())).collect();
        for one in &mut waiting {
            assert!(once(one).await.is_pending());
        }
        assert_eq!((starts.n_starting(), starts.n_waiting()), (1, 3));
        assert_eq!(starts.take().await.unwrap_err(), NoPlace::Full);
        assert_eq!(starts.n_waiting(), 3, "whoever is refused does not count");
        let mut held = first;
        for at in 0..3 {
            drop(held);
            // Whoever comes just then does not overtake.
            assert!(starts.places.try_acquire().is_err());
            for later in waiting.iter_mut().skip(at + 1) {
                assert!(once(later).await.is_pending());
            }
            let Poll::Ready(Ok(next)) = once(&mut waiting[at]).await else {
                panic!("it is its turn")
            };
            assert_eq!((starts.n_starting(), starts.n_waiting()), (1, 2 - at));
            held = next;
        }
        drop(held);
        assert_eq!((starts.n_starting(), starts.n_waiting()), (0, 0));
        assert_eq!(counts(&starts), [1, 0, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waits_too_long_or_meets_the_end_leaves_nothing_behind() {
        let starts = starts(1, 2);
        let held = starts.take().await.unwrap();
        let mut gone = Box::pin(starts.take());
        assert!(once(&mut gone).await.is_pending());
        drop(gone);
        assert_eq!(starts.n_waiting(), 0);
        assert_eq!(starts.take().await.unwrap_err(), NoPlace::Late);
        let mut told = Box::pin(starts.take());
        assert!(once(&mut told).await.is_pending());
        starts.close();
        assert_eq!(told.await.unwrap_err(), NoPlace::Stopping);
        assert_eq!(starts.take().await.unwrap_err(), NoPlace::Stopping);
        assert_eq!((starts.n_starting(), starts.n_waiting()), (1, 0));
        drop(held);
        assert_eq!(counts(&starts), [0, 1, 2, 0]);
    }
}
