//! Between columns and types: small integers for kinds, JSON for what is read whole.

use rusqlite::types::Type;
use rusqlite::{Row, RowIndex};
use serde::de::DeserializeOwned;
use voodoo_core::Fault;
use voodoo_core::rows::Standing;
use voodoo_core::store::OneTime;
use voodoo_proto::object::{Kind, MemberState, Role, ServerRole, UserKind};
use voodoo_proto::{ClientId, ConversationId, DeviceId, FileId, InviteId, UserId};

/// A type that is stored as a small integer.
pub(super) trait Code: Sized + Copy + 'static {
    /// Every value with its integer.
    const CODES: &'static [(Self, i64)];
}

macro_rules! codes {
    ($type:ty { $($value:expr => $code:literal),* $(,)? }) => {
        impl Code for $type {
            const CODES: &'static [(Self, i64)] = &[$(($value, $code)),*];
        }
    };
}

codes!(Kind { Kind::Direct => 0, Kind::Group => 1, Kind::Broadcast => 2 });
codes!(Role { Role::Member => 0, Role::Admin => 1, Role::Owner => 2 });
codes!(ServerRole { ServerRole::Member => 0, ServerRole::Admin => 1 });
codes!(UserKind { UserKind::Human => 0, UserKind::Bot => 1 });
codes!(OneTime { OneTime::SetUp => 0, OneTime::Reset => 1 });
codes!(Standing {
    Standing::Out => 0,
    Standing::Waiting => 1,
    Standing::In(MemberState::Active) => 2,
    Standing::In(MemberState::Request) => 3,
});

/// What is a member, in SQL: at or above this code of [`Standing`].
pub(super) const IS_IN: &str = "standing >= 2";

/// The integer of a value.
pub(super) fn to_code<T: Code + PartialEq>(value: T) -> i64 {
    let found = T::CODES.iter().find(|(known, _)| *known == value);
    found.map(|(_, code)| *code).expect("every value has its code")
}

fn out_of_range(index: usize, what: &str) -> rusqlite::Error {
    let cause = format!("column {index} is not {what}");
    rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, cause.into())
}

/// Reads a value by its integer.
pub(super) fn code<T: Code>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let code: i64 = row.get(index)?;
    let found = T::CODES.iter().find(|(_, known)| *known == code);
    found.map(|(value, _)| *value).ok_or_else(|| out_of_range(index, "a known code"))
}

macro_rules! id_readers {
    ($($name:ident -> $type:ty),* $(,)?) => {
        $(
            /// Reads an id.
            pub(super) fn $name(row: &Row<'_>, index: usize) -> rusqlite::Result<$type> {
                <$type>::new(row.get(index)?).map_err(|_bad| out_of_range(index, "an id"))
            }
        )*
    };
}

id_readers!(
    user_id -> UserId,
    conversation_id -> ConversationId,
    device_id -> DeviceId,
    invite_id -> InviteId,
);

/// Reads an id that may be absent.
pub(super) fn file_id(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<FileId>> {
    let number: Option<i64> = row.get(index)?;
    number
        .map(|number| FileId::new(number).map_err(|_bad| out_of_range(index, "an id")))
        .transpose()
}

/// Reads a client's name for something.
pub(super) fn client_id(row: &Row<'_>, index: usize) -> rusqlite::Result<ClientId> {
    Ok(ClientId::from_bytes(row.get(index)?))
}

/// Reads JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index.idx(row.as_ref())?)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into()))
}

/// Reads JSON that may be absent.
pub(super) fn opt_json<T: DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(index)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    json(row, index).map(Some)
}

/// Writes JSON.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(Fault::new)
}
