//! Changes of accounts: each checks and acts in one transaction.

use rusqlite::{Connection, OptionalExtension as _, params};
use voodoo_core::apply::join_by_invite;
use voodoo_core::likeness::check_account;
use voodoo_core::rows::{Rows as _, UserRow};
use voodoo_core::store::{
    Authenticated, Claim, NewAccount, NewDevice, NewInvite, NewUser, OneTime, Opened, Result,
    SecretHash, SignedUp,
};
use voodoo_core::{Fault, Refusal, StoreError};
use voodoo_proto::object::{Kind, Role, ServerRole};
use voodoo_proto::{ConversationId, DeviceId, InviteId, RefusalCode, UserId};

use super::accounts::{dead_invite, one_time_code, proof};
use super::codes::{conversation_id, to_code, user_id};
use super::rows::Tx;

fn execute(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    Ok(statement.execute(values).map_err(Fault::new)?)
}

fn gone(words: &str) -> StoreError {
    Refusal::new(RefusalCode::Gone, words).into()
}

fn is_claimed(db: &Connection) -> Result<bool> {
    let sql = "SELECT v = '1' FROM meta WHERE k = 'claimed'";
    Ok(db.query_row(sql, [], |row| row.get(0)).map_err(Fault::new)?)
}

pub(super) fn put_one_time(
    db: &Connection,
    kind: OneTime,
    secret: SecretHash,
    user: Option<UserId>,
    expires_ms: u64,
) -> Result<()> {
    if kind == OneTime::SetUp && is_claimed(db)? {
        return Err(gone("the server has an owner"));
    }
    let (code, user) = (one_time_code(kind), user.map(|user| user.get()));
    execute(db, "DELETE FROM one_time WHERE kind = ?1 AND user_id IS ?2", params![code, user])?;
    let sql = "INSERT INTO one_time(secret_hash, kind, user_id, expires_ms) VALUES(?1, ?2, ?3, ?4)";
    execute(db, sql, params![secret, code, user, expires_ms]).map(drop)
}

pub(super) fn take_one_time(
    db: &Connection,
    kind: OneTime,
    secret: SecretHash,
    now_ms: u64,
) -> Result<Option<UserId>> {
    let sql = "DELETE FROM one_time WHERE secret_hash = ?1 AND kind = ?2 AND expires_ms > ?3
        RETURNING user_id";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let taken = statement.query_row(params![secret, one_time_code(kind), now_ms], |row| {
        match row.get::<_, Option<i64>>(0)? {
            Some(_) => user_id(row, 0).map(Some),
            None => Ok(None),
        }
    });
    let taken = taken.optional().map_err(Fault::new)?;
    taken.ok_or_else(|| gone("the link is used up, over or was never made"))
}

pub(super) fn claim(tx: &mut Tx<'_>, claim: &Claim, now_ms: u64) -> Result<Opened> {
    tx.all_or_nothing(|tx| {
        if is_claimed(tx.db)? {
            return Err(gone("the server has an owner"));
        }
        take_one_time(tx.db, OneTime::SetUp, claim.secret, now_ms)?;
        let user = insert_user(tx, &claim.user, ServerRole::Admin, now_ms)?;
        let device = insert_device(tx.db, user, &claim.device, now_ms)?;
        set_claimed(tx.db)?;
        if let Some(name) = &claim.server_name {
            execute(tx.db, "UPDATE meta SET v = ?1 WHERE k = 'server_name'", [name])?;
        }
        Ok(Opened { user, device })
    })
}

/// There is an owner, and the link that makes one is dead.
fn set_claimed(db: &Connection) -> Result<()> {
    execute(db, "UPDATE meta SET v = '1' WHERE k = 'claimed'", [])?;
    execute(db, "DELETE FROM one_time WHERE kind = ?1", [one_time_code(OneTime::SetUp)]).map(drop)
}

pub(super) fn add_account(tx: &mut Tx<'_>, new: &NewAccount, now_ms: u64) -> Result<SignedUp> {
    tx.all_or_nothing(|tx| {
        let user = insert_user(tx, &new.user, new.role, now_ms)?;
        let device = match &new.device {
            Some(device) => Some(insert_device(tx.db, user, device, now_ms)?),
            None => None,
        };
        if new.role == ServerRole::Admin {
            set_claimed(tx.db)?;
        }
        Ok(SignedUp { user, device, effects: Vec::new() })
    })
}

/// An account that is asked for.
pub(super) struct SignUp {
    pub(super) invite: Option<SecretHash>,
    pub(super) user: NewUser,
    pub(super) device: Option<NewDevice>,
}

pub(super) fn sign_up(tx: &mut Tx<'_>, request: &SignUp, now_ms: u64) -> Result<SignedUp> {
    tx.all_or_nothing(|tx| {
        let invite = match request.invite {
            Some(code) => Some(tx.invite(code, now_ms)?.ok_or_else(dead_invite)?),
            None => None,
        };
        let user = insert_user(tx, &request.user, ServerRole::Member, now_ms)?;
        let device = match &request.device {
            Some(device) => Some(insert_device(tx.db, user, device, now_ms)?),
            None => None,
        };
        let mut effects = Vec::new();
        match invite {
            Some(invite) if invite.conversation.is_some() => {
                let rules = tx.rules;
                effects = join_by_invite(tx, rules, user, invite, now_ms)?.effects;
            }
            Some(mut invite) => {
                if let Some(uses_left) = &mut invite.uses_left {
                    *uses_left = uses_left.saturating_sub(1);
                    tx.put_invite(invite)?;
                }
            }
            None => {}
        }
        Ok(SignedUp { user, device, effects })
    })
}

fn insert_user(tx: &mut Tx<'_>, user: &NewUser, role: ServerRole, now_ms: u64) -> Result<UserId> {
    check_account(tx, user, role)?;
    let db = tx.db;
    let sql = "INSERT INTO user_account(handle, name, name_key, kind, role, password, created_ms)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    execute(
        db,
        sql,
        params![
            user.handle,
            user.name,
            user.name.to_lowercase(),
            to_code(user.kind),
            to_code(role),
            user.password,
            now_ms
        ],
    )?;
    Ok(UserId::new(db.last_insert_rowid()).map_err(Fault::new)?)
}

fn insert_device(
    db: &Connection,
    user: UserId,
    device: &NewDevice,
    now_ms: u64,
) -> Result<DeviceId> {
    let sql = "INSERT INTO device(user_id, token_hash, name, created_ms, seen_ms, expires_ms)
        VALUES(?1, ?2, ?3, ?4, ?4, ?5)";
    execute(db, sql, params![user.get(), device.token, device.name, now_ms, device.expires_ms])?;
    Ok(DeviceId::new(db.last_insert_rowid()).map_err(Fault::new)?)
}

pub(super) fn open_device(
    tx: &mut Tx<'_>,
    user: UserId,
    device: &NewDevice,
    now_ms: u64,
) -> Result<Opened> {
    if tx.user(user)?.is_none_or(|row| row.is_disabled) {
        let words = "the account is shut";
        return Err(Refusal::new(RefusalCode::Unauthenticated, words).into());
    }
    let sql = "DELETE FROM device WHERE user_id = ?1 AND expires_ms <= ?2";
    execute(tx.db, sql, params![user.get(), now_ms])?;
    Ok(Opened { user, device: insert_device(tx.db, user, device, now_ms)? })
}

/// Keeps a ticket; `times` are now and its end.
pub(super) fn put_ticket(
    db: &Connection,
    ticket: SecretHash,
    device: DeviceId,
    times: (u64, u64),
) -> Result<()> {
    let (now_ms, expires_ms) = times;
    if proof(db, "device_id = ?1", params![device.get(), now_ms])?.is_none() {
        let words = "the device has ended";
        return Err(Refusal::new(RefusalCode::Unauthenticated, words).into());
    }
    execute(db, "DELETE FROM ticket WHERE expires_ms <= ?1", [now_ms])?;
    let sql = "INSERT INTO ticket(secret_hash, device_id, expires_ms) VALUES(?1, ?2, ?3)";
    execute(db, sql, params![ticket, device.get(), expires_ms]).map(drop)
}

pub(super) fn take_ticket(
    db: &Connection,
    ticket: SecretHash,
    now_ms: u64,
) -> Result<Option<Authenticated>> {
    let sql = "DELETE FROM ticket WHERE secret_hash = ?1 RETURNING device_id, expires_ms";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let taken = statement.query_row(params![ticket], |row| {
        Ok((super::codes::device_id(row, 0)?, row.get::<_, u64>(1)?))
    });
    match taken.optional().map_err(Fault::new)? {
        Some((device, expires_ms)) if expires_ms > now_ms => {
            proof(db, "device_id = ?1", params![device.get(), now_ms])
        }
        Some(_) | None => Ok(None),
    }
}

pub(super) fn touch_devices(db: &Connection, devices: &[(DeviceId, u64, u64)]) -> Result<()> {
    let sql = "UPDATE device SET seen_ms = ?2, expires_ms = ?3 WHERE device_id = ?1";
    for (device, seen_ms, expires_ms) in devices {
        execute(db, sql, params![device.get(), seen_ms, expires_ms])?;
    }
    Ok(())
}

pub(super) fn close_device(
    db: &Connection,
    user: UserId,
    device: DeviceId,
    now_ms: u64,
) -> Result<()> {
    let sql = "DELETE FROM device WHERE user_id = ?1 AND device_id = ?2 AND expires_ms > ?3";
    match execute(db, sql, params![user.get(), device.get(), now_ms])? {
        0 => Err(Refusal::not_found().into()),
        _ => Ok(()),
    }
}

fn close_devices(db: &Connection, user: UserId, keep: Option<DeviceId>) -> Result<Vec<DeviceId>> {
    let sql = "DELETE FROM device WHERE user_id = ?1 AND device_id IS NOT ?2 RETURNING device_id";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let keys = params![user.get(), keep.map(|device| device.get())];
    let rows = statement.query_map(keys, |row| super::codes::device_id(row, 0));
    Ok(rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
}

fn must_exist(tx: &mut Tx<'_>, user: UserId) -> Result<UserRow> {
    tx.user(user)?.ok_or_else(|| Refusal::not_found().into())
}

pub(super) fn set_password(
    tx: &mut Tx<'_>,
    user: UserId,
    password: &str,
    keep: Option<DeviceId>,
    _now_ms: u64,
) -> Result<Vec<DeviceId>> {
    must_exist(tx, user)?;
    let sql = "UPDATE user_account SET password = ?2 WHERE user_id = ?1";
    execute(tx.db, sql, params![user.get(), password])?;
    let sql = "DELETE FROM one_time WHERE kind = ?1 AND user_id = ?2";
    execute(tx.db, sql, params![one_time_code(OneTime::Reset), user.get()])?;
    close_devices(tx.db, user, keep)
}

pub(super) fn set_disabled(
    tx: &mut Tx<'_>,
    user: UserId,
    is_disabled: bool,
    _now_ms: u64,
) -> Result<Vec<DeviceId>> {
    must_exist(tx, user)?;
    tx.flush()?;
    let sql = "UPDATE user_account SET is_disabled = ?2 WHERE user_id = ?1";
    execute(tx.db, sql, params![user.get(), is_disabled])?;
    tx.forget_user(user);
    if is_disabled { close_devices(tx.db, user, None) } else { Ok(Vec::new()) }
}

pub(super) fn create_invite(tx: &mut Tx<'_>, invite: &NewInvite, now_ms: u64) -> Result<InviteId> {
    may_invite(tx, invite.by, invite.conversation)?;
    // What is over is of no use to anybody.
    execute(tx.db, "DELETE FROM invite WHERE expires_ms <= ?1", [now_ms])?;
    let sql = "INSERT INTO invite(code_hash, by_id, conv_id, role, uses_left, expires_ms)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
    execute(
        tx.db,
        sql,
        params![
            invite.code,
            invite.by.get(),
            invite.conversation.map(|(conversation, _)| conversation.get()),
            invite.conversation.map(|(_, role)| to_code(role)),
            invite.uses,
            invite.expires_ms
        ],
    )?;
    Ok(InviteId::new(tx.db.last_insert_rowid()).map_err(Fault::new)?)
}

/// Into a conversation its admins invite, as something not above themselves; to the server its
/// admins.
fn may_invite(
    tx: &mut Tx<'_>,
    by: UserId,
    conversation: Option<(ConversationId, Role)>,
) -> Result<()> {
    let Some((conversation, role)) = conversation else {
        return match must_exist(tx, by)?.role {
            ServerRole::Admin => Ok(()),
            ServerRole::Member => {
                Err(Refusal::forbidden("only admins of the server invite to it").into())
            }
        };
    };
    let member = tx.member(conversation, by)?.filter(|row| row.state().is_some());
    let row = tx.conversation(conversation)?.filter(|row| row.destroyed_ms.is_none());
    let (Some(member), Some(row)) = (member, row) else {
        return Err(Refusal::not_found().into());
    };
    if row.kind == Kind::Direct {
        return Err(Refusal::forbidden("nobody can be invited into a direct conversation").into());
    }
    if member.role < Role::Admin || role > member.role {
        return Err(Refusal::forbidden("only admins invite, up to their own rank").into());
    }
    Ok(())
}

pub(super) fn revoke_invite(tx: &mut Tx<'_>, by: UserId, invite: InviteId) -> Result<()> {
    let sql = "SELECT by_id, conv_id FROM invite WHERE invite_id = ?1";
    let found = tx.db.query_row(sql, [invite.get()], |row| {
        let conversation = match row.get::<_, Option<i64>>(1)? {
            Some(_) => Some((conversation_id(row, 1)?, Role::Member)),
            None => None,
        };
        Ok((user_id(row, 0)?, conversation))
    });
    let found = found.optional().map_err(Fault::new)?;
    let Some((maker, conversation)) = found else { return Err(Refusal::not_found().into()) };
    if maker != by && may_invite(tx, by, conversation).is_err() {
        return Err(Refusal::not_found().into());
    }
    execute(tx.db, "DELETE FROM invite WHERE invite_id = ?1", [invite.get()]).map(drop)
}
