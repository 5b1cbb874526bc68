//! The contract of the ports: one function for each promise, over any engine.
//!
//! [`store_contract!`](crate::store_contract) makes a test of each. Every function gets an engine
//! of its own that holds nothing yet; a broken promise panics.

mod accounts;
mod counting;
mod messages;
mod reading;
mod retention;
mod scale;
mod stage;

pub use accounts::*;
pub use counting::*;
pub use messages::*;
pub use reading::*;
pub use retention::*;
pub use scale::*;
pub use stage::Stage;

/// Makes a test of every promise. `$open` is a function that returns an empty engine as
/// `Arc<dyn Engine>`, and something that is kept for as long as the engine is used.
#[macro_export]
macro_rules! store_contract {
    ($open:path) => {
        $crate::store_contract!(@each $open:
            a_message_takes_the_next_place
            a_repeat_gets_the_first_answer
            a_repeat_at_the_same_moment_is_kept_once
            a_refused_write_changes_nothing_and_hinders_none
            a_direct_conversation_is_one_from_both_sides
            marks_only_go_forward
            a_mark_that_moves_ends_shown_as_unread
            mentions_count_until_read
            a_change_touches_a_message_where_it_stands
            outsiders_read_nothing
            the_digest_is_the_sum_of_the_snapshot
            a_snapshot_since_a_cursor_holds_what_moved
            whoever_is_removed_is_told_gone
            what_is_committed_while_a_session_begins_is_in_its_snapshot
            history_pages_meet_without_a_gap
            changes_come_once_in_their_current_state
            changes_that_cannot_be_had_are_a_reset
            a_page_ends_by_bytes_after_one_message
            events_count_towards_the_bytes_of_a_page
            what_people_read_has_one_spelling
            people_are_found_by_the_beginning_of_a_word
            members_are_listed_page_by_page
            open_conversations_are_listed
            whoever_has_read_is_counted
            acquaintances_share_a_conversation
            a_floor_hides_what_lies_below_at_once
            what_lies_below_a_floor_goes_in_slices
            the_name_of_a_removed_message_stays_for_its_time
            floors_are_due_by_age
            a_destroyed_conversation_goes_after_its_time
            destroyed_conversations_count_for_no_quota
            a_broadcast_holds_a_hundred_thousand
            a_group_holds_ten_thousand_and_no_more
            a_server_is_claimed_once
            the_first_admin_that_the_operator_makes_is_the_owner
            a_secret_works_once
            a_newer_secret_replaces_the_older
            nobody_looks_like_somebody_else
            an_invite_lets_in_as_often_as_it_says
            an_invite_into_a_conversation_makes_a_member
            only_those_who_lead_invite
            a_token_opens_until_its_device_ends
            a_ticket_opens_once
            a_ticket_ends_with_its_device
            a_new_password_ends_the_other_devices
            a_shut_account_opens_nothing
        );
    };
    (@each $open:path: $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let (engine, _kept) = $open();
                $crate::testkit::contract::$promise(engine).await;
            }
        )*
    };
}
