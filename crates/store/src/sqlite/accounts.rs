//! The port of accounts, over the writer and the readers.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use voodoo_core::apply::own_view;
use voodoo_core::store::{
    Account, Accounts, Authenticated, Claim, Credential, InviteTarget, NewAccount, NewDevice,
    NewInvite, NewUser, OneTime, Opened, Result, SecretHash, SignedUp,
};
use voodoo_core::{Fault, Refusal};
use voodoo_proto::http::{Device, InvitedTo, Inviter};
use voodoo_proto::{DeviceId, InviteId, RefusalCode, UserId};

use super::codes::{code, device_id, invite_id, to_code, user_id};
use super::{SqliteStore, account_writes as writes, table};

#[async_trait]
impl Accounts for SqliteStore {
    async fn about(&self) -> Result<(String, bool)> {
        Ok(self.about.read().clone())
    }

    async fn put_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        user: Option<UserId>,
        expires_ms: u64,
    ) -> Result<()> {
        self.writer
            .write(1, move |tx| writes::put_one_time(tx.db, kind, secret, user, expires_ms))
            .await
    }

    async fn take_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        now_ms: u64,
    ) -> Result<Option<UserId>> {
        self.writer.write(1, move |tx| writes::take_one_time(tx.db, kind, secret, now_ms)).await
    }

    async fn claim(&self, claim: Claim, now_ms: u64) -> Result<Opened> {
        let opened = self.writer.write(1, move |tx| writes::claim(tx, &claim, now_ms)).await?;
        self.read_about().await?;
        Ok(opened)
    }

    async fn sign_up(
        &self,
        invite: Option<SecretHash>,
        user: NewUser,
        device: Option<NewDevice>,
        now_ms: u64,
    ) -> Result<SignedUp> {
        let request = writes::SignUp { invite, user, device };
        self.writer.write(1, move |tx| writes::sign_up(tx, &request, now_ms)).await
    }

    async fn add_account(&self, new: NewAccount, now_ms: u64) -> Result<SignedUp> {
        let made = self.writer.write(1, move |tx| writes::add_account(tx, &new, now_ms)).await?;
        self.read_about().await?;
        Ok(made)
    }

    async fn credential(&self, handle: &str) -> Result<Option<Credential>> {
        let handle = handle.to_owned();
        self.readers.read(move |db| credential(db, "handle = ?1", params![handle])).await
    }

    async fn credential_of(&self, user: UserId) -> Result<Option<Credential>> {
        self.readers.read(move |db| credential(db, "user_id = ?1", params![user.get()])).await
    }

    async fn open_device(&self, user: UserId, device: NewDevice, now_ms: u64) -> Result<Opened> {
        self.writer.write(1, move |tx| writes::open_device(tx, user, &device, now_ms)).await
    }

    async fn authenticate(&self, token: SecretHash, now_ms: u64) -> Result<Option<Authenticated>> {
        self.readers.read(move |db| authenticate(db, token, now_ms)).await
    }

    async fn put_ticket(
        &self,
        ticket: SecretHash,
        device: DeviceId,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<()> {
        self.writer
            .write(1, move |tx| writes::put_ticket(tx.db, ticket, device, (now_ms, expires_ms)))
            .await
    }

    async fn take_ticket(&self, ticket: SecretHash, now_ms: u64) -> Result<Option<Authenticated>> {
        self.writer.write(1, move |tx| writes::take_ticket(tx.db, ticket, now_ms)).await
    }

    async fn touch_devices(&self, devices: Vec<(DeviceId, u64, u64)>) -> Result<()> {
        self.writer.write(devices.len(), move |tx| writes::touch_devices(tx.db, &devices)).await
    }

    async fn close_device(&self, user: UserId, device: DeviceId, now_ms: u64) -> Result<()> {
        self.writer.write(1, move |tx| writes::close_device(tx.db, user, device, now_ms)).await
    }

    async fn devices(&self, user: UserId, now_ms: u64) -> Result<Vec<Device>> {
        self.readers.read(move |db| devices(db, user, now_ms)).await
    }

    async fn set_password(
        &self,
        user: UserId,
        password: String,
        keep: Option<DeviceId>,
        now_ms: u64,
    ) -> Result<Vec<DeviceId>> {
        self.writer
            .write(1, move |tx| writes::set_password(tx, user, &password, keep, now_ms))
            .await
    }

    async fn set_disabled(
        &self,
        user: UserId,
        is_disabled: bool,
        now_ms: u64,
    ) -> Result<Vec<DeviceId>> {
        self.writer.write(1, move |tx| writes::set_disabled(tx, user, is_disabled, now_ms)).await
    }

    async fn account(&self, handle: &str) -> Result<Option<Account>> {
        let handle = handle.to_owned();
        let found = self.readers.read(move |db| accounts(db, "handle = ?1", &handle, 1)).await?;
        Ok(found.into_iter().next())
    }

    async fn accounts(&self, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        let after = after.unwrap_or_default().to_owned();
        self.readers.read(move |db| accounts(db, "handle > ?1", &after, limit)).await
    }

    async fn create_invite(&self, invite: NewInvite, now_ms: u64) -> Result<InviteId> {
        self.writer.write(1, move |tx| writes::create_invite(tx, &invite, now_ms)).await
    }

    async fn look_invite(&self, code: SecretHash, now_ms: u64) -> Result<InviteTarget> {
        self.readers.read(move |db| look_invite(db, code, now_ms)).await
    }

    async fn revoke_invite(&self, by: UserId, invite: InviteId) -> Result<()> {
        self.writer.write(1, move |tx| writes::revoke_invite(tx, by, invite)).await
    }
}

impl SqliteStore {
    /// Takes over what a change has made of the server's name and owner.
    async fn read_about(&self) -> Result<()> {
        let about = self.readers.read(about).await?;
        *self.about.write() = about;
        Ok(())
    }
}

fn about(db: &Connection) -> Result<(String, bool)> {
    let value = |key: &str| {
        let sql = "SELECT v FROM meta WHERE k = ?1";
        db.query_row(sql, [key], |row| row.get::<_, String>(0)).map_err(Fault::new)
    };
    Ok((value("server_name")?, value("claimed")? == "1"))
}

fn credential(
    db: &Connection,
    condition: &str,
    keys: impl rusqlite::Params,
) -> Result<Option<Credential>> {
    let sql = table::sql_of(&[
        "SELECT user_id, password, is_disabled FROM user_account
          WHERE password IS NOT NULL AND ",
        condition,
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let found = statement.query_row(keys, |row| {
        Ok(Credential { user: user_id(row, 0)?, password: row.get(1)?, is_disabled: row.get(2)? })
    });
    Ok(found.optional().map_err(Fault::new)?)
}

fn authenticate(db: &Connection, token: SecretHash, now_ms: u64) -> Result<Option<Authenticated>> {
    proof(db, "token_hash = ?1", params![token, now_ms])
}

/// Whoever an open device belongs to; the second key is the time.
pub(super) fn proof(
    db: &Connection,
    condition: &str,
    keys: impl rusqlite::Params,
) -> Result<Option<Authenticated>> {
    let sql = table::sql_of(&[
        "SELECT d.user_id, d.device_id, u.kind, u.role, d.created_ms, d.expires_ms
           FROM device d JOIN user_account u USING(user_id)
          WHERE d.expires_ms > ?2 AND u.is_disabled = 0 AND d.",
        condition,
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let found = statement.query_row(keys, |row| {
        Ok(Authenticated {
            user: user_id(row, 0)?,
            device: device_id(row, 1)?,
            kind: code(row, 2)?,
            role: code(row, 3)?,
            created_ms: row.get(4)?,
            expires_ms: row.get(5)?,
        })
    });
    Ok(found.optional().map_err(Fault::new)?)
}

fn devices(db: &Connection, user: UserId, now_ms: u64) -> Result<Vec<Device>> {
    let sql = "SELECT device_id, name, created_ms, seen_ms FROM device
        WHERE user_id = ?1 AND expires_ms > ?2 ORDER BY created_ms DESC, device_id DESC";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let rows = statement.query_map(params![user.get(), now_ms], |row| {
        Ok(Device {
            device: device_id(row, 0)?,
            name: row.get(1)?,
            created_ms: row.get(2)?,
            seen_ms: row.get(3)?,
            current: false,
        })
    });
    Ok(rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
}

fn accounts(db: &Connection, condition: &str, handle: &str, limit: usize) -> Result<Vec<Account>> {
    let sql = table::sql_of(&[
        "SELECT ",
        table::USER,
        ", created_ms FROM user_account WHERE ",
        condition,
        " ORDER BY handle LIMIT ?2",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let rows = statement.query_map(params![handle, limit], |row| {
        let user = table::user_row(row)?;
        let is_disabled = user.is_disabled;
        Ok(Account { user: own_view(&user), is_disabled, created_ms: row.get(10)? })
    });
    Ok(rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
}

/// What an invite says that is unknown, used up or over.
pub(super) fn dead_invite() -> Refusal {
    Refusal::new(RefusalCode::Gone, "the invite is used up, over or was never made")
}

fn look_invite(db: &Connection, code_hash: SecretHash, now_ms: u64) -> Result<InviteTarget> {
    let sql = "SELECT i.invite_id, u.handle, u.name, i.conv_id, c.kind, c.title
        FROM invite i JOIN user_account u ON u.user_id = i.by_id
        LEFT JOIN conversation c ON c.conv_id = i.conv_id
        WHERE i.code_hash = ?1 AND i.expires_ms > ?2 AND (i.uses_left IS NULL OR i.uses_left > 0)
          AND u.is_disabled = 0 AND (i.conv_id IS NULL OR c.destroyed_ms IS NULL)";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let found = statement.query_row(params![code_hash, now_ms], |row| {
        let conversation = match row.get::<_, Option<i64>>(3)? {
            Some(_) => Some(InvitedTo {
                kind: code(row, 4)?,
                title: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            }),
            None => None,
        };
        let inviter = Inviter { handle: row.get(1)?, name: row.get(2)? };
        Ok(InviteTarget { invite: invite_id(row, 0)?, inviter, conversation })
    });
    found.optional().map_err(Fault::new)?.ok_or_else(|| dead_invite().into())
}

/// The integer of a kind of secret.
pub(super) fn one_time_code(kind: OneTime) -> i64 {
    to_code(kind)
}
