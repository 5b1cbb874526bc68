//! Every structure of the core that several threads change, under schedules by chance and under
//! those that switch threads seldom but at the worst moments (PCT).
//!
//! A failure prints its schedule; `shuttle::replay` runs it again.

use voodoo_schedules::schedules::{self, presence};

/// Runs of each kind. Each is some dozen switches long.
const N_RUNS: usize = 2_000;
/// Switches that are placed with intent.
const N_CHANGES: usize = 3;

pub(crate) fn check(run: fn()) {
    shuttle::check_random(run, N_RUNS);
    shuttle::check_pct(run, N_RUNS, N_CHANGES);
}

#[test]
fn an_outbox_hands_everything_over() {
    check(schedules::an_outbox_hands_everything_over);
}

#[test]
fn an_outbox_forgets_no_event() {
    check(schedules::an_outbox_forgets_no_event);
}

#[test]
fn slices_keep_the_order_of_a_conversation() {
    check(schedules::slices_keep_the_order_of_a_conversation);
}

#[test]
fn a_user_keeps_no_more_sessions_than_allowed() {
    check(schedules::a_user_keeps_no_more_sessions_than_allowed);
}

#[test]
fn whoever_was_removed_while_coming_hears_nothing() {
    check(schedules::whoever_was_removed_while_coming_hears_nothing);
}

#[test]
fn marks_are_not_forgotten() {
    check(schedules::marks_are_not_forgotten);
}

#[test]
fn a_bucket_gives_no_more_than_it_holds() {
    check(schedules::a_bucket_gives_no_more_than_it_holds);
}

#[test]
fn whoever_comes_back_finds_the_bucket_as_it_was() {
    check(presence::whoever_comes_back_finds_the_bucket_as_it_was);
}

#[test]
fn whoever_comes_is_not_taken_for_silent() {
    check(presence::whoever_comes_is_not_taken_for_silent);
}

#[test]
fn what_is_told_last_of_presence_is_how_it_is() {
    check(presence::what_is_told_last_of_presence_is_how_it_is);
}

#[test]
fn room_that_changes_is_told() {
    check(presence::room_that_changes_is_told);
}
