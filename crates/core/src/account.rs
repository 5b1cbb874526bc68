//! What a handle, a name and a password may look like.

use icu_normalizer::ComposingNormalizerBorrowed;
use sha2::{Digest as _, Sha256};
use voodoo_proto::RefusalCode;
use zxcvbn::{Score, zxcvbn};

use crate::apply::is_unseen;
use crate::error::Refusal;
use crate::store::SecretHash;

/// The rule of handles and aliases in words.
pub const HANDLE_RULE: &str = "2 to 32 of a-z 0-9 . _ -, a letter first";

/// Characters of a password, at least.
const PASSWORD_MIN_CHARS: usize = 8;
/// Bytes of a password, at most: more would only cost hashing time.
const PASSWORD_MAX_BYTES: usize = 1_024;
/// Code points of a name, at most.
const NAME_MAX_CHARS: usize = 64;

/// A secret of 128 random bits that people can hand on, in 32 hexadecimal digits.
#[must_use]
pub fn new_secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The sum by which a secret is stored and looked up.
#[must_use]
pub fn secret_hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a folded text is a handle.
#[must_use]
pub fn is_handle(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// Folds and checks a handle.
///
/// # Errors
///
/// `bad_request` with `handle`.
pub fn handle(text: &str) -> Result<String, Refusal> {
    let folded = text.trim().to_ascii_lowercase();
    if is_handle(&folded) { Ok(folded) } else { Err(Refusal::field("handle", HANDLE_RULE)) }
}

/// Trims a text that people read and brings it into one spelling (NFC), so that what looks the same
/// is the same.
#[must_use]
pub fn tidy(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text.trim()).into_owned()
}

/// Trims and checks the name that people read.
///
/// # Errors
///
/// `bad_request` with `name`.
pub fn name(text: &str) -> Result<String, Refusal> {
    let text = tidy(text);
    if text.is_empty() || text.chars().count() > NAME_MAX_CHARS || text.chars().any(is_unseen) {
        let words = format!("1 to {NAME_MAX_CHARS} characters, no control characters");
        return Err(Refusal::field("name", words));
    }
    Ok(text)
}

/// Checks a new password: long enough, without the handle, and not among the first that are tried.
///
/// # Errors
///
/// `bad_request` with `password`.
pub fn check_password(password: &str, handle: &str) -> Result<(), Refusal> {
    let refuse = |words: &str| Err(Refusal::field("password", words));
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return refuse("at least 8 characters");
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return refuse("at most 1024 bytes");
    }
    let folded = password.to_lowercase();
    if !handle.is_empty() && folded.contains(handle) && handle.len() >= 4 {
        return refuse("must not contain the handle");
    }
    // Leaked passwords, words, names, dates and keys side by side are guessed before a million.
    if folded.contains("voodoo") || zxcvbn(password, &[handle]).score() < Score::Two {
        return refuse("is too easy to guess");
    }
    Ok(())
}

/// Refuses a log-in: the same words whatever was wrong.
#[must_use]
pub fn wrong_log_in() -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, "wrong handle or password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling_and_its_length_is_in_code_points() {
        assert_eq!(name("  Jose\u{301} ").unwrap(), "Jos\u{e9}");
        assert_eq!(name("\u{1100}\u{1161}").unwrap(), "\u{ac00}");
        assert_eq!(name(&"\u{1f40b}".repeat(64)).unwrap().chars().count(), 64);
        // Sixty-four once composed, twice as many as they came.
        assert!(name(&"e\u{301}".repeat(64)).is_ok());
        for good in ["O\u{2019}Brien", "\u{1f469}\u{200d}\u{1f680}", "\u{646}\u{200c}\u{647}"] {
            assert_eq!(name(good).unwrap(), good, "joiners belong to scripts and emoji");
        }
        let long = "\u{e9}".repeat(65);
        let unseen = ["a\u{202e}b", "a\u{200b}b", "a\u{feff}b", "a\u{61c}b", "a\u{2028}b", "a\nb"];
        for bad in ["", " \u{3000} ", long.as_str()].iter().chain(&unseen) {
            let refusal = name(bad).expect_err(bad);
            assert_eq!((refusal.code, refusal.field), (RefusalCode::BadRequest, Some("name")));
        }
    }

    #[test]
    fn no_two_handles_look_alike_by_another_script() {
        assert_eq!(handle(" Ada.B ").unwrap(), "ada.b");
        // Cyrillic a, full-width a, Kelvin sign, dotless i, a with ring, zero width, a look-alike l.
        let alike =
            ["\u{430}da", "\u{ff41}da", "\u{212a}im", "\u{131}da", "\u{e5}da", "ad\u{200b}a"];
        for bad in alike.iter().chain(&["a", "1ada", "-ada", "ada b", "ad/a"]) {
            assert!(handle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn handles_are_folded_and_checked() {
        assert_eq!(handle(" Ann.B-2_x ").unwrap(), "ann.b-2_x");
        for bad in ["", "a", "1a", "-a", "añn", "a b", &"a".repeat(33)] {
            assert!(handle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_hide_nothing() {
        assert_eq!(name("  Ann Ó Briain ").unwrap(), "Ann Ó Briain");
        for bad in ["", "   ", "a\u{202e}b", "a\nb", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_that_everyone_tries_are_refused() {
        check_password("correct horse battery", "ann").unwrap();
        for good in
            ["horse.stable.42", "\u{5f20}\u{4f1f}\u{7684}\u{5bc6}\u{7801}\u{5f88}\u{957f}\u{5440}"]
        {
            check_password(good, "ann").unwrap();
        }
        let long = "a lamp by the window ".repeat(40);
        check_password(&long, "ann").unwrap();
        let leaked = ["password123", "P@ssw0rd", "qwertyuiop", "iloveyou", "dragon123", "19840101"];
        let bad =
            ["short", "aaaaaaaaaa", "i-am-alice-01", "Voodoo2026!", "abcabcabcabc", "ALICE_al"];
        for bad in leaked.iter().chain(&bad) {
            assert!(check_password(bad, "alice").is_err(), "{bad}");
        }
    }
}
