//! The proof from outside: many clients, a real server, and a history of what was asked, answered
//! and seen, which `voodoo_history` judges.
//!
//! [`run`] makes histories against a server that is killed, stopped and cut off meanwhile.
//! [`malformed`] makes what no well-made client sends.

pub mod malformed;
pub mod report;
pub mod run;
