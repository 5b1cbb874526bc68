//! Finding users.

use rusqlite::{Connection, params};
use voodoo_core::Fault;
use voodoo_core::apply::{Directory, user_view};
use voodoo_core::store::Result;
use voodoo_proto::UserId;
use voodoo_proto::object::User;

use super::super::table;

/// Users whose handle, or a word of whose name, begins with the query.
pub(in super::super) fn find_users(
    db: &Connection,
    asker: UserId,
    query: &str,
    limit: usize,
    directory: Directory,
) -> Result<Vec<User>> {
    let begin = escape(&query.to_lowercase());
    let sql = table::sql_of(&[
        "SELECT ",
        table::USER,
        " FROM user_account WHERE is_disabled = 0
            AND (handle LIKE ?1 ESCAPE '\\' OR name_key LIKE ?1 ESCAPE '\\' OR name_key LIKE ?2 ESCAPE '\\')
          ORDER BY handle",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let patterns = params![format!("{begin}%"), format!("% {begin}%")];
    let mut rows = statement.query(patterns).map_err(Fault::new)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(Fault::new)? {
        let user = table::user_row(row).map_err(Fault::new)?;
        let is_findable = directory == Directory::All
            || user.user == asker
            || table::share_conversation(db, asker, user.user)?;
        if is_findable {
            found.push(user_view(&user));
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Takes the meaning from what LIKE takes for a pattern.
pub(super) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The users of those ids; unknown ones are left out.
pub(in super::super) fn users(db: &Connection, ids: &[UserId]) -> Result<Vec<User>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(table::find_user(db, *id)?.as_ref().map(user_view));
    }
    Ok(found)
}
