//! A client of voodoo for programs: bots, tests and load.
//!
//! [`Connection`] is one socket with raw frames. [`reducer`] is the state that a client keeps, pure and by the same
//! rules and golden files as the web client's. [`Client`] joins both: it connects, comes back by itself, keeps an
//! outbox in memory and answers requests.

pub mod backoff;
pub mod client;
pub mod connection;
pub mod frame;
pub mod http;
pub mod reducer;
mod session;

pub use client::{Acked, Client, Event, Options, RequestError, SendError, Status, TimedOut};
pub use connection::{Closed, ConnectError, Connection};
pub use frame::Frame;
pub use http::{Address, Http, HttpError};
