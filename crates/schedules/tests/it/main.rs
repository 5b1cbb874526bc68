//! The core's structures under many schedules.

mod schedules;
