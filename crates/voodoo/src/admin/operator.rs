//! Carries out what the operator asks, over the ports of accounts and the live sessions.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use voodoo_core::store::{Account, NewAccount, NewDevice, NewInvite, NewUser, OneTime};
use voodoo_core::{Core, Refusal, StoreError, account, fault};
use voodoo_proto::object::{Role, ServerRole, UserKind};
use voodoo_proto::{CloseCode, MAX_SAFE_INTEGER, RefusalCode};
use voodoo_server::http::{Door, secret};

use super::{AccountSeen, Accounts, Add, Answer, Ask, Invite, Invited, Refused};

/// Accounts of one page.
const PAGE: usize = 500;

type Result<T> = std::result::Result<T, StoreError>;

/// Carries out what the operator asks.
pub(crate) struct Operator {
    door: Arc<Door>,
    /// Where people find the server, without a slash at the end.
    url: String,
}

impl Operator {
    /// Works behind a door that listens, or would listen, at `local`.
    pub(crate) fn new(door: Arc<Door>, local: SocketAddr) -> Self {
        let url = door.url_at(local);
        Self { door, url }
    }

    /// Carries out what is asked, or says why not.
    pub(crate) async fn carry_out(&self, ask: Ask) -> Answer {
        let answer = match ask {
            Ask::Add(wanted) => self.add(wanted).await,
            Ask::List(page) => self.list(page.after.as_deref()).await,
            Ask::Reset(whose) => self.reset(&whose.handle).await,
            Ask::Disable(whose) => self.set_disabled(&whose.handle, true).await,
            Ask::Enable(whose) => self.set_disabled(&whose.handle, false).await,
            Ask::Invite(wanted) => self.invite(wanted).await,
        };
        answer.unwrap_or_else(|error| Answer::Refused(Refused::from(fault::to_refusal(error))))
    }

    async fn add(&self, wanted: Add) -> Result<Answer> {
        let Add { handle, name, kind, role, password } = wanted;
        let (handle, name) = (account::handle(&handle)?, account::name(&name)?);
        let (password, token) = match (kind, password) {
            (UserKind::Human, Some(password)) => {
                account::check_password(&password, &handle)?;
                (Some(self.door.hasher.hash(password).await?), None)
            }
            (UserKind::Human, None) => (None, None),
            (UserKind::Bot, None) => (None, Some(secret::new_token())),
            (UserKind::Bot, Some(_)) => {
                return Err(Refusal::field("password", "a program has a token instead").into());
            }
        };
        let may_log_in = password.is_some() || token.is_some();
        let device = token.as_deref().map(token_device);
        let user = NewUser { handle: handle.clone(), name, password, kind };
        let new = NewAccount { user, role, device };
        let user = self.core().accounts.add_account(new, self.now_ms()).await?.user;
        tracing::info!(%user, ?kind, ?role, "the operator made an account");
        let made = self.find(&handle).await?;
        let made = if may_log_in { seen(made) } else { self.with_link(made).await? };
        Ok(Answer::Account(AccountSeen { token, ..made }))
    }

    async fn list(&self, after: Option<&str>) -> Result<Answer> {
        let mut page = self.core().accounts.accounts(after, PAGE + 1).await?;
        let more = page.len() > PAGE;
        page.truncate(PAGE);
        Ok(Answer::Accounts(Accounts { accounts: page.into_iter().map(seen).collect(), more }))
    }

    /// Whoever knew the password, or has a device or a token, is out from here on.
    async fn reset(&self, handle: &str) -> Result<Answer> {
        let found = self.find(handle).await?;
        let user = found.user.user;
        if found.is_disabled {
            let words = format!("{} is disabled: enable it first", found.user.handle);
            return Err(Refusal::new(RefusalCode::Conflict, words).into());
        }
        // Of a program too: nothing is left of it that could be guessed.
        let unknown = self.door.hasher.hash(secret::new_token()).await?;
        let accounts = &self.core().accounts;
        let ended = accounts.set_password(user, unknown, None, self.now_ms()).await?;
        self.core().revoke(user, &ended, CloseCode::LogInAgain);
        tracing::info!(%user, n_ended = ended.len(), "the operator reset an account");
        match found.user.kind {
            UserKind::Human => Ok(Answer::Account(self.with_link(found).await?)),
            UserKind::Bot => {
                let token = secret::new_token();
                accounts.open_device(user, token_device(&token), self.now_ms()).await?;
                Ok(Answer::Account(AccountSeen { token: Some(token), ..seen(found) }))
            }
        }
    }

    async fn set_disabled(&self, handle: &str, is_disabled: bool) -> Result<Answer> {
        let found = self.find(handle).await?;
        let user = found.user.user;
        let ended = self.core().accounts.set_disabled(user, is_disabled, self.now_ms()).await?;
        self.core().revoke(user, &ended, CloseCode::NotAllowed);
        tracing::info!(%user, is_disabled, "the operator shut or opened an account");
        Ok(Answer::Account(seen(Account { is_disabled, ..found })))
    }

    async fn invite(&self, wanted: Invite) -> Result<Answer> {
        let options = &self.door.options;
        let longest_s = options.max_invite_ttl.as_secs();
        let ttl = match wanted.ttl_s {
            None => options.invite_ttl,
            Some(ttl_s) if (1..=longest_s).contains(&ttl_s) => Duration::from_secs(ttl_s),
            Some(_) => return Err(Refusal::field("ttl_s", format!("1 to {longest_s}")).into()),
        };
        if wanted.uses == Some(0) {
            return Err(Refusal::field("uses", "at least 1").into());
        }
        let by = match &wanted.by {
            Some(handle) => self.find(handle).await?,
            None => self.first_admin().await?,
        };
        let (code, now_ms) = (secret::new_code(), self.now_ms());
        let new = NewInvite {
            code: account::secret_hash(&code),
            by: by.user.user,
            conversation: wanted.conversation.map(|conversation| (conversation, Role::Member)),
            uses: wanted.uses,
            expires_ms: after(now_ms, ttl),
        };
        let expires_ms = new.expires_ms;
        let by = by.user.handle;
        let made = self.core().accounts.create_invite(new, now_ms).await;
        let invite = made.map_err(|error| may_not_invite(error, &by))?;
        tracing::info!(by, %invite, "the operator made an invite");
        let url = format!("{}/join#{code}", self.url);
        Ok(Answer::Invited(Invited { invite, by, code, url, expires_ms }))
    }

    /// The link by which a person sets a password; an earlier one no longer works.
    async fn with_link(&self, account: Account) -> Result<AccountSeen> {
        let token = secret::new_token();
        let expires_ms = after(self.now_ms(), self.door.options.reset_ttl);
        let (secret, user) = (account::secret_hash(&token), Some(account.user.user));
        self.core().accounts.put_one_time(OneTime::Reset, secret, user, expires_ms).await?;
        let link = Some(format!("{}/reset#{token}", self.url));
        Ok(AccountSeen { link, link_expires_ms: Some(expires_ms), ..seen(account) })
    }

    async fn find(&self, handle: &str) -> Result<Account> {
        let handle = handle.trim().to_ascii_lowercase();
        let found = self.core().accounts.account(&handle).await?;
        let unknown =
            || Refusal::new(RefusalCode::NotFound, format!("there is no account {handle:?}"));
        found.ok_or_else(|| unknown().into())
    }

    /// The admin who has been there for longest.
    async fn first_admin(&self) -> Result<Account> {
        let (mut first, mut after) = (None::<Account>, None::<String>);
        loop {
            let page = self.core().accounts.accounts(after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|account| account.user.handle.clone());
            let admins = page
                .into_iter()
                .filter(|one| one.user.role == Some(ServerRole::Admin) && !one.is_disabled);
            first = first.into_iter().chain(admins).min_by_key(|one| one.user.user.get());
            if is_last {
                break;
            }
        }
        let words = "the server has no admin who could invite: make one";
        first.ok_or_else(|| Refusal::new(RefusalCode::Conflict, words).into())
    }

    fn core(&self) -> &Core {
        &self.door.core
    }

    fn now_ms(&self) -> u64 {
        self.door.core.clock.now_ms()
    }
}

/// The token of a program stands until it is reset.
fn token_device(token: &str) -> NewDevice {
    let name = "Token".to_owned();
    NewDevice { name, token: account::secret_hash(token), expires_ms: MAX_SAFE_INTEGER }
}

fn seen(account: Account) -> AccountSeen {
    let Account { user, is_disabled, created_ms } = account;
    AccountSeen {
        user: user.user,
        handle: user.handle,
        name: user.name,
        kind: user.kind,
        role: user.role.unwrap_or(ServerRole::Member),
        disabled: is_disabled,
        created_ms,
        link: None,
        link_expires_ms: None,
        token: None,
    }
}

/// Says whose right is missing: the operator cannot see it from the conversation's answer.
fn may_not_invite(error: StoreError, by: &str) -> StoreError {
    match error {
        StoreError::Refused(refusal) => {
            let message = format!("{by} may not invite there: {}", refusal.message);
            StoreError::Refused(Refusal { message, ..refusal })
        }
        StoreError::Unavailable(_) | StoreError::Fault(_) => error,
    }
}

fn after(at_ms: u64, later: Duration) -> u64 {
    let later_ms = u64::try_from(later.as_millis()).unwrap_or(u64::MAX);
    at_ms.saturating_add(later_ms).min(MAX_SAFE_INTEGER)
}
