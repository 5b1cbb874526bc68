//! The four ways in: set-up, sign-up, log-in and reset. Each opens a device.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use voodoo_core::store::{Claim, NewDevice, NewUser, OneTime, Opened};
use voodoo_core::{Refusal, account};
use voodoo_proto::http::{LogIn, LoggedIn, Reset, SetUp, SignUp, SignUpRule};
use voodoo_proto::object::UserKind;
use voodoo_proto::{CloseCode, RefusalCode};

use super::attempts::Account;
use super::body::Json;
use super::cookie::Cookie;
use super::door::Door;
use super::guard::Visit;
use super::problem::Denied;
use super::touch::plus;
use super::{device_name, secret};

type Answer = Result<Response, Denied>;

/// `POST /setup`
pub(crate) async fn set_up(
    State(door): State<Arc<Door>>,
    visit: Visit,
    headers: HeaderMap,
    Json(wanted): Json<SetUp>,
) -> Answer {
    let key = Key::make(&door, visit, &headers, None)?;
    let (_, is_claimed) = door.core.accounts.about().await?;
    if is_claimed {
        return Err(Refusal::new(RefusalCode::Gone, "the server has an owner already").into());
    }
    let user = checked(&wanted.handle, &wanted.name, &wanted.password)?;
    let server_name = wanted.server_name.as_deref().map(server_name).transpose()?;
    let attempt = door.attempts.from(visit.from)?;
    let user = NewUser { password: Some(door.hasher.hash(wanted.password).await?), ..user };
    let secret = account::secret_hash(&wanted.token);
    let claim = Claim { secret, user, device: key.device.clone(), server_name };
    let opened = door.core.accounts.claim(claim, door.now_ms()).await?;
    attempt.was_right();
    tracing::info!(user = %opened.user, device = %opened.device, "the server has an owner");
    Ok(key.hand_over(opened))
}

/// `POST /sign-up`
pub(crate) async fn sign_up(
    State(door): State<Arc<Door>>,
    visit: Visit,
    headers: HeaderMap,
    Json(wanted): Json<SignUp>,
) -> Answer {
    let invite = invite_for(door.options.sign_up, wanted.invite.as_deref())?;
    let key = Key::make(&door, visit, &headers, None)?;
    let user = checked(&wanted.handle, &wanted.name, &wanted.password)?;
    let attempt = door.attempts.from(visit.from)?;
    let accounts = &door.core.accounts;
    if let Some(invite) = invite {
        accounts.look_invite(invite, door.now_ms()).await?;
    }
    let user = NewUser { password: Some(door.hasher.hash(wanted.password).await?), ..user };
    let device = Some(key.device.clone());
    let signed_up = accounts.sign_up(invite, user, device, door.now_ms()).await?;
    // Where everyone may sign up, accounts of one address are what has to be slowed down.
    if invite.is_some() {
        attempt.was_right();
    }
    door.core.announce(signed_up.effects);
    let Some(device) = signed_up.device else {
        return Err(Refusal::new(RefusalCode::Internal, "no device was opened, log in").into());
    };
    tracing::info!(user = %signed_up.user, %device, "signed up");
    Ok(key.hand_over(Opened { user: signed_up.user, device }))
}

/// `POST /log-in`
pub(crate) async fn log_in(
    State(door): State<Arc<Door>>,
    visit: Visit,
    headers: HeaderMap,
    Json(wanted): Json<LogIn>,
) -> Answer {
    let key = Key::make(&door, visit, &headers, wanted.device_name.as_deref())?;
    let handle = wanted.handle.trim().to_ascii_lowercase();
    let attempt = door.attempts.at(Account::Handle(&handle), visit.from)?;
    let found = match account::handle(&handle) {
        Ok(handle) => door.core.accounts.credential(&handle).await?,
        Err(_no_handle) => None,
    };
    let hashed = found.as_ref().map(|credential| credential.password.clone());
    let is_right = match door.hasher.verify(wanted.password, hashed).await {
        Ok(is_right) => is_right,
        Err(error) => {
            attempt.was_not_judged();
            return Err(error.into());
        }
    };
    let Some(credential) = found.filter(|found| is_right && !found.is_disabled) else {
        tracing::info!(from = %visit.from, "a log-in failed");
        return Err(account::wrong_log_in().into());
    };
    attempt.was_right();
    let accounts = &door.core.accounts;
    let opened = accounts.open_device(credential.user, key.device.clone(), door.now_ms()).await?;
    tracing::info!(user = %opened.user, device = %opened.device, "logged in");
    Ok(key.hand_over(opened))
}

/// `POST /reset`
pub(crate) async fn reset(
    State(door): State<Arc<Door>>,
    visit: Visit,
    headers: HeaderMap,
    Json(wanted): Json<Reset>,
) -> Answer {
    let key = Key::make(&door, visit, &headers, None)?;
    account::check_password(&wanted.password, "")?;
    let attempt = door.attempts.from(visit.from)?;
    let hashed = door.hasher.hash(wanted.password.clone()).await?;
    let accounts = &door.core.accounts;
    let secret = account::secret_hash(&wanted.token);
    let owner = accounts.take_one_time(OneTime::Reset, secret, door.now_ms()).await?;
    let Some(user) = owner else {
        return Err(Refusal::new(RefusalCode::Gone, "the link leads to no account").into());
    };
    attempt.was_right();
    if let Err(refusal) = check_password_of(&door, user, &wanted.password).await {
        // The link is not to be lost over a password that the rules refuse.
        let expires_ms = plus(door.now_ms(), door.options.reset_ttl);
        accounts.put_one_time(OneTime::Reset, secret, Some(user), expires_ms).await?;
        return Err(refusal);
    }
    let ended = accounts.set_password(user, hashed, None, door.now_ms()).await?;
    door.core.revoke(user, &ended, CloseCode::LogInAgain);
    let opened = accounts.open_device(user, key.device.clone(), door.now_ms()).await?;
    tracing::info!(%user, device = %opened.device, "a password was reset");
    Ok(key.hand_over(opened))
}

/// Checks a new password of an account by all rules.
pub(crate) async fn check_password_of(
    door: &Door,
    user: voodoo_proto::UserId,
    password: &str,
) -> Result<(), Denied> {
    let users = door.core.store.users(&[user]).await?;
    let handle = users.first().map_or("", |user| user.handle.as_str());
    Ok(account::check_password(password, handle)?)
}

/// The account that is wanted, without the hash of its password.
fn checked(handle: &str, name: &str, password: &str) -> Result<NewUser, Refusal> {
    let handle = account::handle(handle)?;
    let name = account::name(name)?;
    account::check_password(password, &handle)?;
    Ok(NewUser { handle, name, password: None, kind: UserKind::Human })
}

fn server_name(text: &str) -> Result<String, Refusal> {
    account::name(text).map_err(|refusal| Refusal { field: Some("server_name"), ..refusal })
}

/// Which invite is used, if the rule lets anyone in this way.
fn invite_for(
    rule: SignUpRule,
    invite: Option<&str>,
) -> Result<Option<voodoo_core::store::SecretHash>, Refusal> {
    match (rule, invite) {
        (SignUpRule::Closed, _) => Err(Refusal::forbidden("nobody can sign up here")),
        (SignUpRule::Invite, None) => Err(Refusal::forbidden("signing up needs an invite")),
        (SignUpRule::Invite | SignUpRule::Open, invite) => Ok(invite.map(account::secret_hash)),
    }
}

/// A device to be opened and the way in which its token is handed over.
struct Key {
    token: String,
    device: NewDevice,
    /// For a page; a program finds the token in the body.
    cookie: Option<Cookie>,
}

impl Key {
    fn make(
        door: &Door,
        visit: Visit,
        headers: &HeaderMap,
        name: Option<&str>,
    ) -> Result<Self, Refusal> {
        door.memory.check()?;
        let cookie =
            if visit.kind.is_page() { Some(Cookie::of(headers, &door.options)?) } else { None };
        let name = match name {
            Some(name) => account::name(name)
                .map_err(|refusal| Refusal { field: Some("device_name"), ..refusal })?,
            None => device_name::guess(headers).to_owned(),
        };
        let token = secret::new_token();
        let device =
            NewDevice { name, token: account::secret_hash(&token), expires_ms: door.expires_ms() };
        Ok(Self { token, device, cookie })
    }

    fn hand_over(self, opened: Opened) -> Response {
        let Self { token, device, cookie } = self;
        let in_cookie = cookie.map(|cookie| cookie.set(&token));
        let logged_in = LoggedIn {
            user: opened.user,
            device: opened.device,
            expires_ms: device.expires_ms,
            token: in_cookie.is_none().then_some(token),
        };
        let mut response = Json(logged_in).into_response();
        if let Some(in_cookie) = in_cookie {
            response.headers_mut().insert(header::SET_COOKIE, in_cookie);
        }
        response
    }
}
