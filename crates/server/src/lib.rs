//! The socket side of Voodoo.

pub mod ws;
