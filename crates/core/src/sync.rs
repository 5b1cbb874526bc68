//! The lock that everything here uses: that of `parking_lot`; or, where every schedule is tried
//! (`crates/schedules`), one that lets another thread go first at any moment.

#[cfg(not(shuttle))]
pub(crate) use parking_lot::Mutex;
#[cfg(shuttle)]
pub(crate) use tried::Mutex;

#[cfg(shuttle)]
mod tried {
    use shuttle::sync::{Mutex as Inner, MutexGuard};

    /// A lock whose schedule is decided by a test.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(Inner<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Inner::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("whoever panics ends the test")
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }
}
