//! The promises of the binary.

mod foreign;
