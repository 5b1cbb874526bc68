//! Memory that is dear to get, handed from whoever is done with it to whoever waits.

use std::sync::Arc;

use crate::sync::Mutex;

/// What is kept.
///
/// Invariant: no more than wait for it, so that nothing is kept while nobody waits.
#[derive(Debug)]
pub(crate) struct Spares<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    n_waiting: usize,
    kept: Vec<T>,
}

/// One of those who wait. Dropped, it has given up.
pub(crate) struct Turn<T>(Arc<Spares<T>>);

/// What one works in. Dropped, it goes on to the next.
pub(crate) struct Lent<T: Default> {
    memory: T,
    spares: Arc<Spares<T>>,
}

impl<T> Spares<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { n_waiting: 0, kept: Vec::new() })))
    }

    /// Counts one that waits.
    pub(crate) fn wait(self: &Arc<Self>) -> Turn<T> {
        self.0.lock().n_waiting += 1;
        Turn(Arc::clone(self))
    }

    /// How many wait, and how much is kept for them.
    #[cfg(any(test, shuttle))]
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.n_waiting, state.kept.len())
    }
}

impl<T: Default> Turn<T> {
    /// It is its turn: what is kept, or what is new.
    pub(crate) fn begin(self) -> Lent<T> {
        let kept = self.0.0.lock().kept.pop();
        // What is kept for it meanwhile is one too many, and goes when `self` does.
        Lent { memory: kept.unwrap_or_default(), spares: Arc::clone(&self.0) }
    }
}

impl<T> Drop for Turn<T> {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.n_waiting -= 1;
        let is_one_too_many = state.kept.len() > state.n_waiting;
        let gone = if is_one_too_many { state.kept.pop() } else { None };
        drop(state);
        // Goes back to the system beside the lock.
        drop(gone);
    }
}

impl<T: Default> Lent<T> {
    /// The memory, as it was left by whoever had it before.
    pub(crate) fn memory(&mut self) -> &mut T {
        &mut self.memory
    }
}

impl<T: Default> Drop for Lent<T> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut state = self.spares.0.lock();
        if state.n_waiting > state.kept.len() {
            state.kept.push(memory);
        }
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_on_to_whoever_waits_and_away_with_the_last() {
        let spares = Spares::<Vec<u8>>::new();
        let mut first = spares.wait().begin();
        first.memory().push(7);
        let [second, gives_up] = [spares.wait(), spares.wait()];
        drop(first);
        assert_eq!(spares.counts(), (2, 1));
        let mut second = second.begin();
        assert_eq!((second.memory().as_slice(), spares.counts()), (&[7][..], (1, 0)));
        drop(second);
        assert_eq!(spares.counts(), (1, 1));
        drop(gives_up);
        assert_eq!(spares.counts(), (0, 0), "nothing is kept for whoever gave up");
    }
}
