//! Every route on one screen, as data.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post};
use http::Method;

use super::door::Door;
use super::guard::{Who, guard};
use super::openapi::{self, Words};
use super::{account, bots, enter, health, invites, messages, socket, tickets};

/// One thing that can be asked, and by whom. Who it is for is enforced before its handler runs.
pub struct Route {
    /// With which method; `GET` serves `HEAD` too.
    pub method: Method,
    /// Where.
    pub path: &'static str,
    /// By whom.
    pub who: Who,
    handler: fn() -> MethodRouter<Arc<Door>>,
    /// What the published document says of it.
    pub(super) words: &'static Words,
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route(Method::GET,    "/ws",                        Who::Anyone, || get(socket::open), &openapi::SOCKET),
    route(Method::GET,    "/livez",                     Who::Anyone, || get(health::livez), &openapi::ALIVE),
    route(Method::GET,    "/readyz",                    Who::Anyone, || get(health::readyz), &openapi::READY),
    route(Method::GET,    "/healthz",                   Who::Anyone, || get(health::readyz), &openapi::READY),
    route(Method::GET,    "/api/openapi.json",          Who::Anyone, || get(openapi::serve), &openapi::DOCUMENT),
    route(Method::GET,    "/api/v1/server",             Who::Anyone, || get(health::about), &openapi::ABOUT),
    route(Method::POST,   "/api/v1/setup",              Who::Anyone, || post(enter::set_up), &openapi::SET_UP),
    route(Method::POST,   "/api/v1/sign-up",            Who::Anyone, || post(enter::sign_up), &openapi::SIGN_UP),
    route(Method::POST,   "/api/v1/log-in",             Who::Anyone, || post(enter::log_in), &openapi::LOG_IN),
    route(Method::POST,   "/api/v1/reset",              Who::Anyone, || post(enter::reset), &openapi::RESET),
    route(Method::POST,   "/api/v1/log-out",            Who::User,   || post(account::log_out), &openapi::LOG_OUT),
    route(Method::GET,    "/api/v1/devices",            Who::User,   || get(account::devices), &openapi::DEVICES),
    route(Method::DELETE, "/api/v1/devices/{device}",   Who::User,   || delete(account::end_device), &openapi::END_DEVICE),
    route(Method::GET,    "/api/v1/me",                 Who::User,   || get(account::me), &openapi::ME),
    route(Method::PATCH,  "/api/v1/me",                 Who::User,   || patch(account::change_me), &openapi::CHANGE_ME),
    route(Method::POST,   "/api/v1/me/password",        Who::User,   || post(account::change_password), &openapi::PASSWORD),
    route(Method::POST,   "/api/v1/tickets",            Who::User,   || post(tickets::create), &openapi::TICKET),
    route(Method::POST,   "/api/v1/invites",            Who::User,   || post(invites::create), &openapi::INVITE),
    route(Method::POST,   "/api/v1/invites/look",       Who::Anyone, || post(invites::look), &openapi::LOOK),
    route(Method::DELETE, "/api/v1/invites/{invite}",   Who::User,   || delete(invites::revoke), &openapi::END_INVITE),
    route(Method::POST,   "/api/v1/conversations/{conversation}/messages", Who::User, || post(messages::send), &openapi::SEND),
    route(Method::POST,   "/api/v1/bots",               Who::Admin,  || post(bots::create), &openapi::BOT),
];

const fn route(
    method: Method,
    path: &'static str,
    who: Who,
    handler: fn() -> MethodRouter<Arc<Door>>,
    words: &'static Words,
) -> Route {
    Route { method, path, who, handler, words }
}

/// Every route that is served.
#[must_use]
pub fn routes() -> &'static [Route] {
    ROUTES
}

/// Each route behind its guard.
pub(crate) fn mount(door: &Arc<Door>) -> Router<Arc<Door>> {
    ROUTES.iter().fold(Router::new(), |router, route| {
        let guarded = from_fn_with_state((Arc::clone(door), route.who), guard);
        router.route(route.path, (route.handler)().route_layer(guarded))
    })
}
