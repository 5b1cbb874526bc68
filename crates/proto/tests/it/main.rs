//! The golden frames: what every program that speaks `voodoo.v1` can rely on.
//!
//! Fixtures are added to and never changed: a frame that was once right stays right.

mod arbitrary;
mod fixture;
mod fuzz_body;
mod fuzz_corpus;
mod golden;
mod lenient;
mod malformed;
mod pages;
mod shape;
