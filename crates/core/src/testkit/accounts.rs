//! The engine in memory: the port of accounts.

use async_trait::async_trait;
use voodoo_proto::http::{Device, InvitedTo, Inviter};
use voodoo_proto::object::{Kind, Role, ServerRole};
use voodoo_proto::{ConversationId, DeviceId, InviteId, RefusalCode, UserId};

use super::memory::MemoryStore;
use super::tables::{Account as AccountOf, DeviceOf, Invite, Secret, Tables, Ticket};
use crate::apply::{join_by_invite, own_view};
use crate::error::{Fault, Refusal, StoreError};
use crate::likeness::{check_account, look};
use crate::rows::{InviteRow, Rows as _, UserRow};
use crate::store::{
    Account, Accounts, Authenticated, Claim, Credential, InviteTarget, NewAccount, NewDevice,
    NewInvite, NewUser, OneTime, Opened, Result, SecretHash, SignedUp,
};

fn gone() -> StoreError {
    Refusal::new(RefusalCode::Gone, "unknown, used up or over").into()
}

impl Tables {
    fn take_secret(&mut self, kind: OneTime, secret: SecretHash, now_ms: u64) -> Result<Secret> {
        let is_good = |found: &Secret| found.kind == kind && found.expires_ms > now_ms;
        let found = self.secrets.get(&secret).filter(|found| is_good(found)).cloned();
        self.secrets.remove(&secret).filter(|_| found.is_some()).ok_or_else(gone)
    }

    fn insert_user(&mut self, new: NewUser, role: ServerRole, now_ms: u64) -> Result<UserId> {
        check_account(self, &new, role)?;
        let user = UserId::new(self.new_id("user")).map_err(Fault::new)?;
        let row = UserRow {
            user,
            handle: new.handle,
            name: new.name,
            avatar: None,
            kind: new.kind,
            role,
            is_disabled: false,
            user_rev: 0,
            profile: 1,
            n_conversations: 0,
        };
        self.handles.insert(row.handle.clone(), user);
        self.looks.insert(look(&row.handle));
        if role == ServerRole::Admin {
            self.admins.insert(user);
        }
        self.users.insert(user, row);
        self.accounts.insert(user, AccountOf { password: new.password, created_ms: now_ms });
        Ok(user)
    }

    fn insert_device(&mut self, user: UserId, new: NewDevice, now_ms: u64) -> Result<DeviceId> {
        let device = DeviceId::new(self.new_id("device")).map_err(Fault::new)?;
        self.devices.insert(device, DeviceOf { user, new, created_ms: now_ms, seen_ms: now_ms });
        Ok(device)
    }

    fn end_devices(&mut self, user: UserId, keep: Option<DeviceId>) -> Vec<DeviceId> {
        let ended = self.devices.iter().filter(|(id, of)| of.user == user && Some(**id) != keep);
        let ended: Vec<DeviceId> = ended.map(|(id, _)| *id).collect();
        self.devices.retain(|id, _| !ended.contains(id));
        ended
    }

    fn may_invite(&self, by: UserId, target: Option<(ConversationId, Role)>) -> Result<()> {
        let me = self.users.get(&by).ok_or_else(Refusal::not_found)?;
        let Some((conversation, role)) = target else {
            let refusal = Refusal::forbidden("only admins of the server invite to it");
            return if me.role == ServerRole::Admin { Ok(()) } else { Err(refusal.into()) };
        };
        let pair = super::reading::pair(self, by, conversation);
        let (row, member) = pair.ok_or_else(Refusal::not_found)?;
        if row.kind == Kind::Direct || member.role < Role::Admin || role > member.role {
            return Err(Refusal::forbidden("only its admins invite, up to their rank").into());
        }
        Ok(())
    }

    fn proof(&self, device: DeviceId, now_ms: u64) -> Option<Authenticated> {
        let of = self.devices.get(&device).filter(|of| of.new.expires_ms > now_ms)?;
        let user = self.users.get(&of.user).filter(|row| !row.is_disabled)?;
        Some(Authenticated {
            user: user.user,
            device,
            kind: user.kind,
            role: user.role,
            created_ms: of.created_ms,
            expires_ms: of.new.expires_ms,
        })
    }

    fn account(&self, row: &UserRow) -> Account {
        let created_ms = self.accounts.get(&row.user).map_or(0, |account| account.created_ms);
        Account { user: own_view(row), is_disabled: row.is_disabled, created_ms }
    }

    fn credential(&self, row: &UserRow) -> Option<Credential> {
        let password = self.accounts.get(&row.user)?.password.clone()?;
        Some(Credential { user: row.user, password, is_disabled: row.is_disabled })
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn about(&self) -> Result<(String, bool)> {
        let tables = self.tables.lock();
        Ok((tables.name.clone(), tables.is_claimed))
    }

    async fn put_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        user: Option<UserId>,
        expires_ms: u64,
    ) -> Result<()> {
        self.change(|tables| {
            if kind == OneTime::SetUp && tables.is_claimed {
                return Err(gone());
            }
            let is_replaced = |found: &Secret| (found.kind, found.user) == (kind, user);
            tables.secrets.retain(|_, found| !is_replaced(found));
            tables.secrets.insert(secret, Secret { kind, user, expires_ms });
            Ok(())
        })
    }

    async fn take_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        now_ms: u64,
    ) -> Result<Option<UserId>> {
        self.change(|tables| Ok(tables.take_secret(kind, secret, now_ms)?.user))
    }

    async fn claim(&self, claim: Claim, now_ms: u64) -> Result<Opened> {
        self.change(|tables| {
            if tables.is_claimed {
                return Err(gone());
            }
            tables.take_secret(OneTime::SetUp, claim.secret, now_ms)?;
            let user = tables.insert_user(claim.user, ServerRole::Admin, now_ms)?;
            let device = tables.insert_device(user, claim.device, now_ms)?;
            tables.is_claimed = true;
            tables.name = claim.server_name.unwrap_or(std::mem::take(&mut tables.name));
            Ok(Opened { user, device })
        })
    }

    async fn sign_up(
        &self,
        invite: Option<SecretHash>,
        user: NewUser,
        device: Option<NewDevice>,
        now_ms: u64,
    ) -> Result<SignedUp> {
        if invite.is_none() {
            // Refuses before it changes anything: no copy is needed to undo it.
            let mut tables = self.tables.lock();
            let user = tables.insert_user(user, ServerRole::Member, now_ms)?;
            let device = device.map(|device| tables.insert_device(user, device, now_ms));
            return Ok(SignedUp { user, device: device.transpose()?, effects: Vec::new() });
        }
        self.change(|tables| {
            let invite = match invite {
                Some(code) => Some(tables.invite(code, now_ms)?.ok_or_else(gone)?),
                None => None,
            };
            let user = tables.insert_user(user, ServerRole::Member, now_ms)?;
            let device = match device {
                Some(device) => Some(tables.insert_device(user, device, now_ms)?),
                None => None,
            };
            let mut effects = Vec::new();
            if let Some(mut invite) = invite {
                if invite.conversation.is_some() {
                    effects = join_by_invite(tables, &self.rules, user, invite, now_ms)?.effects;
                } else {
                    invite.uses_left = invite.uses_left.map(|uses| uses.saturating_sub(1));
                    tables.put_invite(invite)?;
                }
            }
            Ok(SignedUp { user, device, effects })
        })
    }

    async fn add_account(&self, new: NewAccount, now_ms: u64) -> Result<SignedUp> {
        self.change(|tables| {
            let NewAccount { user, role, device } = new;
            let user = tables.insert_user(user, role, now_ms)?;
            let device = match device {
                Some(device) => Some(tables.insert_device(user, device, now_ms)?),
                None => None,
            };
            if role == ServerRole::Admin {
                tables.is_claimed = true;
                tables.secrets.retain(|_, found| found.kind != OneTime::SetUp);
            }
            Ok(SignedUp { user, device, effects: Vec::new() })
        })
    }

    async fn credential(&self, handle: &str) -> Result<Option<Credential>> {
        let tables = self.tables.lock();
        let row = tables.users.values().find(|row| row.handle == handle);
        Ok(row.and_then(|row| tables.credential(row)))
    }

    async fn credential_of(&self, user: UserId) -> Result<Option<Credential>> {
        let tables = self.tables.lock();
        Ok(tables.users.get(&user).and_then(|row| tables.credential(row)))
    }

    async fn open_device(&self, user: UserId, device: NewDevice, now_ms: u64) -> Result<Opened> {
        self.change(|tables| {
            if tables.users.get(&user).is_none_or(|row| row.is_disabled) {
                let words = "the account is shut";
                return Err(Refusal::new(RefusalCode::Unauthenticated, words).into());
            }
            Ok(Opened { user, device: tables.insert_device(user, device, now_ms)? })
        })
    }

    async fn authenticate(&self, token: SecretHash, now_ms: u64) -> Result<Option<Authenticated>> {
        let tables = self.tables.lock();
        let found = tables.devices.iter().find(|(_, of)| of.new.token == token);
        Ok(found.and_then(|(device, _)| tables.proof(*device, now_ms)))
    }

    async fn put_ticket(
        &self,
        ticket: SecretHash,
        device: DeviceId,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<()> {
        self.change(|tables| {
            if tables.proof(device, now_ms).is_none() {
                let words = "the device has ended";
                return Err(Refusal::new(RefusalCode::Unauthenticated, words).into());
            }
            tables.tickets.retain(|_, kept| kept.expires_ms > now_ms);
            tables.tickets.insert(ticket, Ticket { device, expires_ms });
            Ok(())
        })
    }

    async fn take_ticket(&self, ticket: SecretHash, now_ms: u64) -> Result<Option<Authenticated>> {
        self.change(|tables| {
            let taken = tables.tickets.remove(&ticket).filter(|kept| kept.expires_ms > now_ms);
            Ok(taken.and_then(|kept| tables.proof(kept.device, now_ms)))
        })
    }

    async fn touch_devices(&self, devices: Vec<(DeviceId, u64, u64)>) -> Result<()> {
        let mut tables = self.tables.lock();
        for (device, seen_ms, expires_ms) in devices {
            if let Some(of) = tables.devices.get_mut(&device) {
                of.seen_ms = seen_ms;
                of.new.expires_ms = expires_ms;
            }
        }
        Ok(())
    }

    async fn close_device(&self, user: UserId, device: DeviceId, now_ms: u64) -> Result<()> {
        self.change(|tables| {
            let of = tables.devices.remove(&device);
            let is_own = of.is_some_and(|of| of.user == user && of.new.expires_ms > now_ms);
            if is_own { Ok(()) } else { Err(Refusal::not_found().into()) }
        })
    }

    async fn devices(&self, user: UserId, now_ms: u64) -> Result<Vec<Device>> {
        let tables = self.tables.lock();
        let open = tables.devices.iter();
        let open = open.filter(|(_, of)| of.user == user && of.new.expires_ms > now_ms);
        let mut devices: Vec<Device> = open
            .map(|(device, of)| Device {
                device: *device,
                name: of.new.name.clone(),
                created_ms: of.created_ms,
                seen_ms: of.seen_ms,
                current: false,
            })
            .collect();
        devices.sort_by_key(|device| std::cmp::Reverse((device.created_ms, device.device)));
        Ok(devices)
    }

    async fn set_password(
        &self,
        user: UserId,
        password: String,
        keep: Option<DeviceId>,
        _now_ms: u64,
    ) -> Result<Vec<DeviceId>> {
        self.change(|tables| {
            let account = tables.accounts.get_mut(&user).ok_or_else(Refusal::not_found)?;
            account.password = Some(password);
            let is_reset =
                |found: &Secret| found.kind == OneTime::Reset && found.user == Some(user);
            tables.secrets.retain(|_, found| !is_reset(found));
            Ok(tables.end_devices(user, keep))
        })
    }

    async fn set_disabled(
        &self,
        user: UserId,
        is_disabled: bool,
        _now_ms: u64,
    ) -> Result<Vec<DeviceId>> {
        self.change(|tables| {
            let row = tables.users.get_mut(&user).ok_or_else(Refusal::not_found)?;
            row.is_disabled = is_disabled;
            Ok(if is_disabled { tables.end_devices(user, None) } else { Vec::new() })
        })
    }

    async fn account(&self, handle: &str) -> Result<Option<Account>> {
        let tables = self.tables.lock();
        let row = tables.users.values().find(|row| row.handle == handle);
        Ok(row.map(|row| tables.account(row)))
    }

    async fn accounts(&self, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        let tables = self.tables.lock();
        let mut rows: Vec<&UserRow> = tables
            .users
            .values()
            .filter(|row| after.is_none_or(|after| *row.handle > *after))
            .collect();
        rows.sort_by(|one, other| one.handle.cmp(&other.handle));
        Ok(rows.into_iter().take(limit).map(|row| tables.account(row)).collect())
    }

    async fn create_invite(&self, new: NewInvite, _now_ms: u64) -> Result<InviteId> {
        self.change(|tables| {
            tables.may_invite(new.by, new.conversation)?;
            let invite = InviteId::new(tables.new_id("invite")).map_err(Fault::new)?;
            let NewInvite { code, by, conversation, uses, expires_ms } = new;
            let row = InviteRow { invite, by, conversation, uses_left: uses };
            tables.invites.insert(invite, Invite { code, row, expires_ms });
            Ok(invite)
        })
    }

    async fn look_invite(&self, code: SecretHash, now_ms: u64) -> Result<InviteTarget> {
        let mut tables = self.tables.lock();
        let row = tables.invite(code, now_ms)?.ok_or_else(gone)?;
        let inviter = tables.users.get(&row.by).filter(|user| !user.is_disabled);
        let inviter = inviter.ok_or_else(gone)?;
        let inviter = Inviter { handle: inviter.handle.clone(), name: inviter.name.clone() };
        let conversation = match row.conversation {
            Some((conversation, _)) => {
                let found = tables.conversations.get(&conversation);
                let found = found.filter(|found| found.destroyed_ms.is_none()).ok_or_else(gone)?;
                let title = found.title.clone().unwrap_or_default();
                Some(InvitedTo { kind: found.kind, title })
            }
            None => None,
        };
        Ok(InviteTarget { invite: row.invite, inviter, conversation })
    }

    async fn revoke_invite(&self, by: UserId, invite: InviteId) -> Result<()> {
        self.change(|tables| {
            let found = tables.invites.remove(&invite).ok_or_else(Refusal::not_found)?;
            let target = found.row.conversation.map(|(at, _)| (at, Role::Member));
            if found.row.by != by && tables.may_invite(by, target).is_err() {
                return Err(Refusal::not_found().into());
            }
            Ok(())
        })
    }
}
