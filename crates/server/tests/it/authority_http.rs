//! Who gets which answer on every route. A route without a row fails the test.

use serde_json::{Value, json};
use voodoo_server::http::{Route, routes};

use crate::authority::{Asker, Things, World};
use crate::http::PASSWORD;
use crate::http_live::say_at;

/// A route, and the status for each asker: nobody, revoked, expired, disabled, stranger, member,
/// admin, owner, server admin.
type Row = (&'static str, &'static str, [u16; 9]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET",    "/ws",                       [401, 401, 401, 401, 426, 426, 426, 426, 426]),
    ("GET",    "/livez",                    [200; 9]),
    ("GET",    "/readyz",                   [200; 9]),
    ("GET",    "/healthz",                  [200; 9]),
    ("GET",    "/api/openapi.json",         [200; 9]),
    ("GET",    "/api/v1/server",            [200; 9]),
    ("POST",   "/api/v1/setup",             [410; 9]),
    ("POST",   "/api/v1/sign-up",           [403; 9]),
    ("POST",   "/api/v1/log-in",            [401; 9]),
    ("POST",   "/api/v1/reset",             [410; 9]),
    ("POST",   "/api/v1/log-out",           [401, 401, 401, 401, 204, 204, 204, 204, 204]),
    ("GET",    "/api/v1/devices",           [401, 401, 401, 401, 200, 200, 200, 200, 200]),
    // The owner's device: nobody else's business.
    ("DELETE", "/api/v1/devices/{device}",  [401, 401, 401, 401, 404, 404, 404, 204, 404]),
    ("GET",    "/api/v1/me",                [401, 401, 401, 401, 200, 200, 200, 200, 200]),
    ("PATCH",  "/api/v1/me",                [401, 401, 401, 401, 200, 200, 200, 200, 200]),
    ("POST",   "/api/v1/me/password",       [401, 401, 401, 401, 204, 204, 204, 204, 204]),
    ("POST",   "/api/v1/tickets",           [401, 401, 401, 401, 200, 200, 200, 200, 200]),
    // Into the conversation; without one it is for admins of the server only.
    ("POST",   "/api/v1/invites",           [401, 401, 401, 401, 404, 403, 200, 200, 404]),
    ("POST",   "/api/v1/invites/look",      [410; 9]),
    ("DELETE", "/api/v1/invites/{invite}",  [401, 401, 401, 401, 404, 404, 204, 204, 404]),
    ("POST",   "/api/v1/conversations/{conversation}/messages",
                                            [401, 401, 401, 401, 404, 200, 200, 200, 404]),
    ("POST",   "/api/v1/bots",              [401, 401, 401, 401, 403, 403, 403, 403, 200]),
];

fn body(route: &Route, things: &Things) -> Option<Value> {
    Some(match (route.method.as_str(), route.path) {
        ("POST", "/api/v1/setup") => crate::http::set_up("a wrong token"),
        ("POST", "/api/v1/sign-up") => {
            json!({"handle": "eve", "name": "Eve", "password": PASSWORD})
        }
        ("POST", "/api/v1/log-in") => crate::http::log_in("olga", "a wrong password"),
        ("POST", "/api/v1/reset") => json!({"token": "wrong", "password": PASSWORD}),
        ("PATCH", "/api/v1/me") => json!({"name": "New"}),
        ("POST", "/api/v1/me/password") => {
            json!({"old": PASSWORD, "new": "another lamp by the window"})
        }
        ("POST", "/api/v1/invites") => json!({"conversation": things.conversation}),
        ("POST", "/api/v1/invites/look") => json!({"code": "wrong"}),
        ("POST", "/api/v1/bots") => json!({"handle": "bell", "name": "Bell"}),
        ("POST", path) if path.ends_with("/messages") => {
            json!({"body": {"kind": "text", "text": "high tide"}})
        }
        _ => return None,
    })
}

async fn answer(world: &World, asker: Asker, route: &Route, things: &Things) -> (u16, Value) {
    let path = route.path.replace("{device}", &things.device);
    let path = path.replace("{invite}", &things.invite);
    let path = path.replace("{conversation}", &things.conversation);
    let headers: &[(&str, &str)] = if route.path.ends_with("/messages") {
        &[("Idempotency-Key", "019b7900-0000-7000-8000-000000000077")]
    } else {
        &[]
    };
    let body = body(route, things);
    let what = (route.method.clone(), path.as_str());
    say_at(&world.server, world.person(asker), what, headers, body.as_ref()).await
}

/// Gives everyone a password who is let in.
async fn give_passwords(world: &World) {
    let hashed = world.server.door.hasher.hash(PASSWORD.to_owned()).await.unwrap();
    for asker in Asker::PROVEN {
        let (person, now_ms) = (world.person(asker), world.server.core.clock.now_ms());
        let accounts = &world.server.core.accounts;
        let kept = Some(person.device);
        accounts.set_password(person.user, hashed.clone(), kept, now_ms).await.unwrap();
    }
}

#[tokio::test]
async fn every_route_has_its_row() {
    let mut served: Vec<_> =
        routes().iter().map(|route| (route.method.as_str(), route.path)).collect();
    let mut rows: Vec<_> = ROWS.iter().map(|(method, path, _)| (*method, *path)).collect();
    served.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, served);
}

#[tokio::test]
async fn on_every_route_each_asker_gets_the_answer_that_is_theirs() {
    let mut wrong = Vec::new();
    for route in routes() {
        let row = ROWS
            .iter()
            .find(|(method, path, _)| (*method, *path) == (route.method.as_str(), route.path));
        let (_, _, expected) = row.expect("a row for every route");
        let mut world = World::make().await;
        for (asker, expected) in Asker::ALL.into_iter().zip(*expected) {
            // What one who is let in changes is not to change the answer to the next.
            if Asker::PROVEN.contains(&asker) {
                world = World::make().await;
            }
            if route.path.ends_with("/password") {
                give_passwords(&world).await;
            }
            let (status, said) = answer(&world, asker, route, &world.things).await;
            if status != expected {
                wrong.push(format!("{} {} {asker:?}: {status}", route.method, route.path));
            }
            if status == 404 {
                let absent = answer(&world, asker, route, &Things::absent()).await;
                assert_eq!(absent, (status, said), "{} tells {asker:?}", route.path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
