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
pub(super) use whole::{
    conversations, conversations_of, digest, heads, is_open, snapshot, subscriptions, version,
};
