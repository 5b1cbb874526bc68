//! What is read for clients, each from one snapshot.

mod counting;
mod people;
mod timeline;
mod whole;

pub(super) use counting::{
    Marks, acquaintances, counts, marks, members, open_conversations, receipts,
};
pub(super) use people::{find_users, users};
pub(super) use timeline::{changes, history};
pub(super) use whole::{conversations, digest, heads, snapshot, subscriptions};
