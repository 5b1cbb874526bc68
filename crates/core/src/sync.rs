//! The lock and the atomics that everything here uses: those of `parking_lot` and of the language;
//! or, where every schedule is tried (`crates/schedules`), such as let another thread go first at
//! any moment.

#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic;

#[cfg(not(shuttle))]
pub(crate) use parking_lot::Mutex;
#[cfg(shuttle)]
pub use shuttle::sync::atomic;
#[cfg(shuttle)]
pub use tried::Mutex;

#[cfg(shuttle)]
mod tried {
    use shuttle::sync::{Mutex as Inner, MutexGuard};

    /// A lock whose schedule is decided by a test.
    #[derive(Debug)]
    pub struct Mutex<T>(Inner<T>);

    impl<T> Mutex<T> {
        /// A lock that nobody holds.
        pub fn new(value: T) -> Self {
            Self(Inner::new(value))
        }

        /// Waits until nobody else holds it.
        ///
        /// # Panics
        ///
        /// If whoever held it has panicked.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("whoever panics ends the test")
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }
}
