//! What is read for clients, each from one snapshot.

mod people;
mod timeline;
mod whole;

pub(super) use people::{find_users, users};
pub(super) use timeline::{changes, history};
pub(super) use whole::{conversations, digest, heads, snapshot, subscriptions};
