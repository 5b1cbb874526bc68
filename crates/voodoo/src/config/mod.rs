//! Settings: built-in defaults, then files, then the environment, then flags; the last one wins.
//!
//! A setting that does not exist is an error with a suggestion, never ignored.

mod defaults;
mod options;
mod sections;
mod show;
mod sources;

pub(crate) use options::AdminListen;
pub(crate) use sections::{Config, Log, LogFormat, Synchronous};
pub(crate) use show::{Setting, settings};
pub(crate) use sources::{Overrides, Sources};
