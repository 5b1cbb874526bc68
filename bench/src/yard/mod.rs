//! The yardsticks: what this machine does without a product.

pub(crate) mod epoll;
pub(crate) mod sqlite;
