//! Ids: opaque strings on the wire, 63-bit integers inside.
//!
//! An id is a prefix and the number in base 62, canonical: one number has one spelling. Ids may
//! be guessed and are never trusted; rights are looked up on each use.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a string is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadId;

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for BadId {}

fn digit(byte: u8) -> Option<i64> {
    match byte {
        b'0'..=b'9' => Some(i64::from(byte - b'0')),
        b'A'..=b'Z' => Some(i64::from(byte - b'A') + 10),
        b'a'..=b'z' => Some(i64::from(byte - b'a') + 36),
        _ => None,
    }
}

fn from_base62(digits: &str) -> Result<i64, BadId> {
    if digits.is_empty() || digits.len() > 11 || digits.starts_with('0') {
        return Err(BadId);
    }
    digits.bytes().try_fold(0_i64, |number, byte| {
        let digit = digit(byte).ok_or(BadId)?;
        number.checked_mul(62).and_then(|n| n.checked_add(digit)).ok_or(BadId)
    })
}

/// Writes `prefix` and `number` into a buffer on the stack and hands it to `write`.
fn with_text<R>(prefix: [u8; 2], number: i64, write: impl FnOnce(&str) -> R) -> R {
    let mut text = [0_u8; 13];
    let mut at = text.len();
    let mut rest = number;
    while rest > 0 {
        at -= 1;
        text[at] = DIGITS[usize::try_from(rest % 62).expect("a remainder below 62")];
        rest /= 62;
    }
    text[at - 2..at].copy_from_slice(&prefix);
    write(std::str::from_utf8(&text[at - 2..]).expect("ASCII only"))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// What the id begins with on the wire.
            pub const PREFIX: &'static str = $prefix;

            /// Takes a number given out by the store.
            ///
            /// # Errors
            ///
            /// [`BadId`] if the number is not positive.
            pub fn new(number: i64) -> Result<Self, BadId> {
                if number > 0 { Ok(Self(number)) } else { Err(BadId) }
            }

            /// The number inside.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                from_base62(text.strip_prefix($prefix).ok_or(BadId)?).and_then(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let prefix = $prefix.as_bytes();
                with_text([prefix[0], prefix[1]], self.0, |text| f.write_str(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let prefix = $prefix.as_bytes();
                with_text([prefix[0], prefix[1]], self.0, |text| serializer.serialize_str(text))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("an id that begins with ", $prefix))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(|_bad: BadId| E::invalid_value(Unexpected::Other("another text"), &self))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "[1-9A-Za-z][0-9A-Za-z]{0,10}$"),
                    "tsType": concat!("string & { readonly __brand: \"", stringify!($name), "\" }"),
                })
            }
        }
    };
}

id!(
    /// A user: a person or a bot.
    UserId, "u_"
);
id!(
    /// A conversation of any kind.
    ConversationId, "c_"
);
id!(
    /// A device: one log-in, what can be revoked.
    DeviceId, "d_"
);
id!(
    /// A file that was uploaded.
    FileId, "f_"
);
id!(
    /// An invite; its secret code is another thing and is never stored in the clear.
    InviteId, "i_"
);

/// The name that a client gives to what it creates, so that a repeat is recognised.
///
/// A `UUIDv7` keeps the store's index hot; any other UUID is taken as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ClientId(Uuid);

impl ClientId {
    /// Takes a UUID as a name.
    #[must_use]
    pub fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The 16 bytes, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads the 16 bytes back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ClientId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != 36 {
            return Err(BadId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_bad| BadId)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_bad: BadId| D::Error::custom("a UUID in its 36-character form is needed"))
    }
}

impl JsonSchema for ClientId {
    fn schema_name() -> Cow<'static, str> {
        "ClientId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "uuid",
            "tsType": "string & { readonly __brand: \"ClientId\" }",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_spelling() {
        for number in [1, 9, 10, 61, 62, 3843, 3844, i64::MAX] {
            let id = UserId::new(number).unwrap();
            assert_eq!(id.to_string().parse::<UserId>().unwrap(), id);
        }
        assert_eq!(UserId::new(61).unwrap().to_string(), "u_z");
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in ["", "u_", "u_0", "u_01", "c_1", "u_!", "u_zzzzzzzzzzz", "u_111111111111", "1"]
        {
            assert_eq!(text.parse::<UserId>(), Err(BadId), "{text}");
        }
    }

    #[test]
    fn client_ids_have_their_long_form_only() {
        let text = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(text.parse::<ClientId>().unwrap().to_string(), text);
        assert!("01890a5dac96774bbcceb302099a8057".parse::<ClientId>().is_err());
    }
}
