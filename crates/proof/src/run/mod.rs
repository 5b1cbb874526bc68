//! Makes histories: clients that talk over a real server while it is killed, stopped or cut off.

pub mod client;
mod follow;
mod frame;
pub mod people;
pub mod plan;
pub mod proxy;
pub mod server;
mod starts;

pub use plan::{Outcome, Plan, Trouble, carry_out};
