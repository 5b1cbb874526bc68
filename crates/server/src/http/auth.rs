//! Who asks. One verification for HTTP, the socket and everything else.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use voodoo_core::store::Authenticated;
use voodoo_core::{Refusal, account, fault};
use voodoo_proto::RefusalCode;

use super::cookie::Cookie;
use super::door::Door;
use super::origin::OriginKind;
use super::problem::Denied;

/// Finds out who asks: by the cookie if a page asks, by the bearer token if a program does.
///
/// # Errors
///
/// `unauthenticated`; `unavailable` and `internal` where the store does not answer.
pub async fn authenticate(
    door: &Door,
    headers: &HeaderMap,
    kind: OriginKind,
) -> Result<Authenticated, Refusal> {
    let Some(token) = token(door, headers, kind) else { return Err(unauthenticated()) };
    let found = door.core.accounts.authenticate(account::secret_hash(token), door.now_ms()).await;
    let Some(who) = found.map_err(fault::to_refusal)? else { return Err(unauthenticated()) };
    door.touch(&who);
    Ok(who)
}

/// The secret that proves who asks, if one is there.
pub(crate) fn token<'a>(door: &Door, headers: &'a HeaderMap, kind: OriginKind) -> Option<&'a str> {
    if kind.is_page() {
        Cookie::of(headers, &door.options).ok().and_then(|cookie| cookie.read(headers))
    } else {
        bearer(headers)
    }
}

fn unauthenticated() -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, "log in first")
}

/// The token in `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { Some(token.trim()) } else { None }
}

/// Who asks, proven: what a handler needs to act for a user. Only the guard of a route makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(Authenticated);

impl Caller {
    /// Takes the proof of [`authenticate`].
    pub(crate) fn proven(who: Authenticated) -> Self {
        Self(who)
    }

    pub(crate) fn who(&self) -> &Authenticated {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| unauthenticated().into())
    }
}
