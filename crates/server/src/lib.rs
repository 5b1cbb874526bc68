//! The socket side of Voodoo: everything that touches a socket, and no rule of conversations.

mod connection;
pub mod echo;
pub mod http;
pub mod listener;
pub mod memory;
pub mod metrics;
pub mod password;
mod places;
mod process;
mod spare;
mod starts;
mod sync;
pub mod tls;
mod upgrade;
pub mod web_files;
pub mod ws;
