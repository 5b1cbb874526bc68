//! Threads that the store cannot do without: who panics in one is told of.
//!
//! A job that panics is caught and is the fault of that job; what is seen here is a panic of the
//! thread itself, whose state is unknown. It does not start the thread anew.

use std::sync::Arc;

use tokio::sync::watch;

/// The thread that was lost, if one was.
pub(super) struct Lost(watch::Sender<Option<&'static str>>);

impl Default for Lost {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Lost {
    pub(super) async fn wait(&self) -> &'static str {
        let mut seen = self.0.subscribe();
        let name = seen.wait_for(Option::is_some).await.map(|name| *name);
        name.ok().flatten().expect("the sender lives as long as `self`, and it is some")
    }
}

/// Held by such a thread for as long as it runs.
pub(super) struct Essential {
    name: &'static str,
    lost: Arc<Lost>,
}

impl Essential {
    pub(super) fn new(name: &'static str, lost: &Arc<Lost>) -> Self {
        Self { name, lost: Arc::clone(lost) }
    }
}

impl Drop for Essential {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lost.0.send_replace(Some(self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_is_told_of_and_one_that_ends_is_not() {
        let lost = Arc::new(Lost::default());
        let (ends, panics) = (Essential::new("ends", &lost), Essential::new("panics", &lost));
        std::thread::spawn(move || drop(ends)).join().unwrap();
        assert_eq!(*lost.0.borrow(), None);
        let panicked = std::thread::spawn(move || {
            let _panics = panics;
            panic!("as the test wants");
        });
        assert!(panicked.join().is_err());
        assert_eq!(lost.wait().await, "panics");
    }
}
