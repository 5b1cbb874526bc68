//! What stands before every handler: the origin, the header against forged requests, the log-in.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use voodoo_core::Refusal;
use voodoo_proto::RefusalCode;
use voodoo_proto::object::ServerRole;

use super::auth::{self, Caller};
use super::client::client_ip;
use super::door::Door;
use super::origin::{OriginKind, allowed_origin};
use super::problem::Denied;
use crate::listener::Addresses;

/// Pages send it with every request that changes something: no form can.
const PAGE_MARK: HeaderName = HeaderName::from_static("x-voodoo");
/// From which kind of site a browser says that it asks.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everyone.
    Anyone,
    /// Whoever is logged in.
    User,
    /// An admin of the server.
    Admin,
}

impl Who {
    fn admits(self, role: ServerRole) -> bool {
        match self {
            Self::Anyone | Self::User => true,
            Self::Admin => role == ServerRole::Admin,
        }
    }
}

/// What is known of a request before its handler runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    /// Who sent it.
    pub(crate) kind: OriginKind,
    /// Where from.
    pub(crate) from: IpAddr,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let visit = parts.extensions.get::<Self>().copied();
        visit.ok_or_else(|| Refusal::forbidden("the request passed no guard").into())
    }
}

/// Stands before a route and lets in whom it is for.
pub(crate) async fn guard(
    State((door, who)): State<(Arc<Door>, Who)>,
    mut request: Request,
    next: Next,
) -> Response {
    match judge(&door, who, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => Denied::from(refusal).into_response(),
    }
}

async fn judge(door: &Door, who: Who, request: &mut Request) -> Result<(), Refusal> {
    let addresses = request.extensions().get::<Addresses>().copied();
    let headers = request.headers();
    let kind = allowed_origin(headers, &door.options, addresses.map(|pair| pair.local))?;
    let from = client_ip(addresses.map(|pair| pair.peer.ip()), headers, &door.options);
    let caller = match who {
        Who::Anyone => None,
        Who::User | Who::Admin => {
            let kind = kind_of_caller(kind, request.method(), headers);
            Some(auth::authenticate(door, headers, kind).await?)
        }
    };
    if changes_something(request.method()) {
        check_intent(kind, headers)?;
    }
    if let Some(caller) = caller {
        if !who.admits(caller.role) {
            return Err(Refusal::new(RefusalCode::Forbidden, "for admins of the server only"));
        }
        request.extensions_mut().insert(Caller::proven(caller));
    }
    request.extensions_mut().insert(Visit { kind, from });
    Ok(())
}

/// Browsers name no origin when a page reads from its own server. Its cookie counts then, for it
/// never comes from another site, and reading changes nothing.
fn kind_of_caller(kind: OriginKind, method: &Method, headers: &HeaderMap) -> OriginKind {
    let is_program = changes_something(method) || auth::bearer(headers).is_some();
    match kind {
        OriginKind::Program if !is_program => OriginKind::Own,
        OriginKind::Program | OriginKind::Own | OriginKind::Other => kind,
    }
}

fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A page means what it asks only if it says so in a header that forms and images cannot send.
fn check_intent(kind: OriginKind, headers: &HeaderMap) -> Result<(), Refusal> {
    let said = |name| headers.get(name).map(http::HeaderValue::as_bytes);
    if kind.is_page() {
        if said(PAGE_MARK) != Some(b"1") {
            return Err(Refusal::forbidden("pages must send X-Voodoo: 1"));
        }
    } else if !matches!(said(FETCH_SITE), None | Some(b"none")) {
        return Err(Refusal::forbidden("pages must send their Origin"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admins_are_admitted_where_admins_are_asked_for() {
        for (who, member, admin) in
            [(Who::Anyone, true, true), (Who::User, true, true), (Who::Admin, false, true)]
        {
            assert_eq!(who.admits(ServerRole::Member), member);
            assert_eq!(who.admits(ServerRole::Admin), admin);
        }
    }
}
