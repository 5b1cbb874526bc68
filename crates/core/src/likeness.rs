//! Who could be taken for somebody else: handles that look like taken ones, and names that look
//! like those of the people who run the server.
//!
//! What looks alike is said by Unicode Technical Standard 39, <https://www.unicode.org/reports/tr39/>.

use unicode_security::confusable_detection::skeleton;
use voodoo_proto::RefusalCode;
use voodoo_proto::object::ServerRole;

use crate::error::{Fault, Refusal, StoreError};
use crate::rows::{Rows, UserRow};
use crate::store::NewUser;

/// What of a handle tells it from others at a glance: a handle is ASCII, so these are all of the
/// confusable ones. An engine can say the same in SQL: [`LOOK_SQL`].
#[must_use]
pub fn look(handle: &str) -> String {
    handle.replace('0', "o").replace('1', "l").replace('m', "rn")
}

/// [`look`] of a column `handle`.
pub const LOOK_SQL: &str = "replace(replace(replace(handle, '0', 'o'), '1', 'l'), 'm', 'rn')";

/// Refuses an account that could be taken for another.
///
/// # Errors
///
/// `conflict` with `handle` if one is taken that looks like it, with `name` if it looks like that
/// of an admin and the account is not one itself.
pub fn check_account(
    rows: &mut dyn Rows,
    new: &NewUser,
    role: ServerRole,
) -> Result<(), StoreError> {
    if rows.is_handle_alike(&new.handle)? {
        let words = "the handle is taken, or looks like one that is";
        return Err(refusal("handle", words).into());
    }
    if role == ServerRole::Member {
        check_name(rows, &new.name, None)?;
    }
    Ok(())
}

/// Refuses a name that looks like the name or the handle of another who is an admin.
///
/// # Errors
///
/// `conflict` with `name`.
pub(crate) fn check_name(
    rows: &mut dyn Rows,
    name: &str,
    own: Option<&UserRow>,
) -> Result<(), StoreError> {
    if own.is_some_and(|me| me.role == ServerRole::Admin) {
        return Ok(());
    }
    let looks = looks(name);
    let is_like = |text: &str| are_alike(&looks, &self::looks(text));
    let admins: Result<Vec<UserRow>, Fault> = rows.admins();
    if admins?.iter().any(|admin| is_like(&admin.name) || is_like(&admin.handle)) {
        return Err(refusal("name", "looks like that of an admin").into());
    }
    Ok(())
}

fn refusal(field: &'static str, words: &'static str) -> Refusal {
    Refusal { field: Some(field), ..Refusal::new(RefusalCode::Conflict, words) }
}

fn are_alike(ones: &[String; 2], others: &[String; 2]) -> bool {
    ones.iter().any(|one| !one.is_empty() && others.contains(one))
}

/// What a text looks like, whatever the case: a capital i looks like a small L as it stands, and
/// like an i once it is small.
fn looks(text: &str) -> [String; 2] {
    let is_gap = |c: &char| c.is_whitespace() || c.is_ascii_punctuation();
    let bare: String = text.chars().filter(|c| !is_gap(c)).collect();
    let as_it_stands = skeleton(&bare).collect::<String>().to_lowercase();
    [skeleton(&as_it_stands).collect(), skeleton(&bare.to_lowercase()).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_found_in_any_script_and_case() {
        let alike = [
            "Ada Lovelace",
            "ADA LOVELACE",
            "ada  lovelace",
            "@ada.lovelace",
            "Ada Iovelace",
            "Ada Love1ace",
            // Cyrillic a and e, full-width letters, a bold letter of mathematics.
            "\u{410}d\u{430} Lov\u{435}lace",
            "\u{ff21}\u{ff44}\u{ff41} Lovelace",
            "\u{1d400}da Lovelace",
        ];
        for name in alike {
            assert!(are_alike(&looks(name), &looks("Ada Lovelace")), "{name}");
        }
        for name in ["Ada", "Ada Lovelock", "Bo Diddley", "Eda Lovelace", "\u{5f20}\u{4f1f}"] {
            assert!(!are_alike(&looks(name), &looks("Ada Lovelace")), "{name}");
        }
        assert!(are_alike(&looks("ADMIN"), &looks("admin")));
        assert!(are_alike(&looks("admln"), &looks("ADMIN")));
        assert!(!are_alike(&looks("\u{1f40b}"), &looks("\u{1f980}")), "whales are no crabs");
        assert!(!are_alike(&looks("..."), &looks("-_-")), "nothing looks like nothing");
    }

    #[test]
    fn handles_that_look_alike_have_one_look() {
        for (one, other) in [("bob", "b0b"), ("alice", "a1ice"), ("tom", "torn"), ("m1", "rnl")] {
            assert_eq!(look(one), look(other));
        }
        assert_ne!(look("ada"), look("ada_"));
    }
}
