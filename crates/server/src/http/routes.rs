//! Every route on one screen, as data.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post};
use http::Method;

use super::door::Door;
use super::guard::{Who, guard};
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
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route(Method::GET,    "/ws",                        Who::Anyone, || get(socket::open)),
    route(Method::GET,    "/livez",                     Who::Anyone, || get(health::livez)),
    route(Method::GET,    "/readyz",                    Who::Anyone, || get(health::readyz)),
    route(Method::GET,    "/healthz",                   Who::Anyone, || get(health::readyz)),
    route(Method::GET,    "/api/v1/server",             Who::Anyone, || get(health::about)),
    route(Method::POST,   "/api/v1/setup",              Who::Anyone, || post(enter::set_up)),
    route(Method::POST,   "/api/v1/sign-up",            Who::Anyone, || post(enter::sign_up)),
    route(Method::POST,   "/api/v1/log-in",             Who::Anyone, || post(enter::log_in)),
    route(Method::POST,   "/api/v1/reset",              Who::Anyone, || post(enter::reset)),
    route(Method::POST,   "/api/v1/log-out",            Who::User,   || post(account::log_out)),
    route(Method::GET,    "/api/v1/devices",            Who::User,   || get(account::devices)),
    route(Method::DELETE, "/api/v1/devices/{device}",   Who::User,   || delete(account::end_device)),
    route(Method::GET,    "/api/v1/me",                 Who::User,   || get(account::me)),
    route(Method::PATCH,  "/api/v1/me",                 Who::User,   || patch(account::change_me)),
    route(Method::POST,   "/api/v1/me/password",        Who::User,   || post(account::change_password)),
    route(Method::POST,   "/api/v1/tickets",            Who::User,   || post(tickets::create)),
    route(Method::POST,   "/api/v1/invites",            Who::User,   || post(invites::create)),
    route(Method::POST,   "/api/v1/invites/look",       Who::Anyone, || post(invites::look)),
    route(Method::DELETE, "/api/v1/invites/{invite}",   Who::User,   || delete(invites::revoke)),
    route(Method::POST,   "/api/v1/conversations/{conversation}/messages", Who::User, || post(messages::send)),
    route(Method::POST,   "/api/v1/bots",               Who::Admin,  || post(bots::create)),
];

const fn route(
    method: Method,
    path: &'static str,
    who: Who,
    handler: fn() -> MethodRouter<Arc<Door>>,
) -> Route {
    Route { method, path, who, handler }
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
