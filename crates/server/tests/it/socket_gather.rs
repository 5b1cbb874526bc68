//! In large groups small changes of a moment are one change, with one event that everyone gets.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use voodoo_core::Settings;

use crate::socket::{Person, Server, client_id, send, settings};
use crate::socket_client::{Socket, text_frame};

/// A group of four is large, and a moment is long enough for a busy machine.
fn early() -> Settings {
    let mut settings = settings();
    settings.rules.limits.small_conversation = 3;
    settings.gather = Duration::from_millis(400);
    settings
}

struct Scene {
    server: Server,
    people: Vec<Person>,
    sockets: Vec<Socket>,
    group: Value,
}

/// An open group of four, found as `swim` too, with one message.
async fn scene(settings: Settings) -> Scene {
    let server = Server::with(settings).await;
    let (mut people, mut sockets) = (Vec::new(), Vec::new());
    for handle in ["ada", "bo", "cleo", "dan"] {
        people.push(server.person(handle).await);
        sockets.push(server.live(&people[people.len() - 1]).await);
    }
    let members: Vec<_> = people[1..].iter().map(|person| person.user).collect();
    let create = json!({"type": "create", "client_id": client_id(1), "kind": "group",
        "title": "Swimmers", "members": members, "alias": "swim", "settings": {"join": "open"}});
    let group = sockets[0].ok(&create).await["conversation"].clone();
    sockets[0].ok(&send(&group, 2, "hello")).await;
    for socket in &mut sockets[1..] {
        socket.event("message").await;
    }
    Scene { server, people, sockets, group }
}

fn react(group: &Value, emoji: &str, on: bool) -> Value {
    json!({"type": "react", "conversation": group, "seq": 1, "emoji": emoji, "on": on})
}

#[tokio::test]
async fn reactions_of_a_moment_are_one_event_that_the_askers_get_too() {
    let Scene { mut sockets, group, .. } = scene(early()).await;
    let mut asked = Vec::new();
    for (socket, emoji) in sockets.iter_mut().zip(["🎉", "🎉", "👍"]) {
        asked.push(socket.request(&react(&group, emoji, true)).await);
    }
    for socket in &mut sockets {
        let event = socket.event("reacted").await;
        assert_eq!((&event["rev"], event.get("by")), (&json!(3), None), "{event}");
        let mut counts = event["counts"].as_array().unwrap().clone();
        counts.sort_by_key(|one| one["count"].as_u64());
        assert_eq!(
            counts,
            [json!({"emoji": "👍", "count": 1}), json!({"emoji": "🎉", "count": 2})]
        );
    }
    for (socket, id) in sockets.iter_mut().zip(asked) {
        let ok = socket.reply(id).await;
        assert_eq!((&ok["type"], ok.get("rev")), (&json!("ok"), None), "{ok}");
    }
    assert_eq!(sockets[3].ok(&send(&group, 3, "the next change")).await["rev"], 4);
}

#[tokio::test]
async fn of_several_each_is_judged_and_answered_by_itself() {
    let Scene { mut sockets, group, .. } = scene(early()).await;
    // At once what changes nothing or is refused; the rest together.
    sockets[0].refused(&react(&group, "x", true), "bad_request").await;
    assert_eq!(sockets[0].ok(&react(&group, "🎉", false)).await.get("rev"), None);
    // All in one segment, in order, and a message behind them.
    let asked = [(1, "🎉", true), (2, "👍", true), (3, "🎉", false), (4, "🎉", true)];
    let frames = asked.map(|(id, emoji, on)| {
        let mut frame = react(&group, emoji, on);
        frame["id"] = id.into();
        text_frame(&frame.to_string())
    });
    let mut message = send(&group, 7, "and then");
    message["id"] = 5.into();
    sockets[0].write(&[frames.concat(), text_frame(&message.to_string())].concat()).await;
    let event = sockets[2].event("reacted").await;
    let emoji = |n: usize| event["counts"][n]["emoji"].clone();
    assert_eq!([emoji(0), emoji(1), emoji(2)], [json!("👍"), json!("🎉"), json!(null)], "{event}");
    assert_eq!(sockets[0].reply(5).await["rev"], 4, "nobody is overtaken by themselves");
    for (id, ..) in asked {
        assert_eq!(sockets[0].reply(id).await["type"], "ok");
    }
}

#[tokio::test]
async fn whoever_comes_and_goes_in_a_moment_is_told_by_one_event() {
    let Scene { server, people, mut sockets, group } = scene(early()).await;
    let eve = server.person("eve").await;
    let fay = server.person("fay").await;
    let (mut of_eve, mut of_fay) = (server.live(&eve).await, server.live(&fay).await);
    let by_id = of_eve.request(&json!({"type": "join", "conversation": group})).await;
    let by_alias = of_fay.request(&json!({"type": "join", "alias": "swim"})).await;
    let leave = json!({"type": "leave", "conversation": group});
    let leaving = sockets[3].request(&leave).await;
    let event = sockets[0].event("membership").await;
    assert_eq!((&event["rev"], event.get("by")), (&json!(3), None), "{event}");
    let mut changes: Vec<_> = event["changes"].as_array().unwrap().iter().collect();
    changes.sort_by_key(|change| change["user"].as_str());
    let told: Vec<_> = changes.iter().map(|one| (&one["user"], &one["change"])).collect();
    let (left, joined) = (json!("left"), json!("joined"));
    let users = [&people[3], &eve, &fay].map(|person| json!(person.user));
    assert_eq!(told, [(&users[0], &left), (&users[1], &joined), (&users[2], &joined)]);
    for (socket, id) in [(&mut of_eve, by_id), (&mut of_fay, by_alias)] {
        assert_eq!(socket.reply(id).await["conversation"], group);
        let object = socket.event("conversation").await;
        assert_eq!((&object["join_rev"], &object["members"]), (&json!(3), &json!(5)), "{object}");
    }
    assert_eq!(sockets[3].reply(leaving).await["type"], "ok");
    assert_eq!(sockets[3].event("conversation_gone").await["why"], "left");
    sockets[3].is_served().await;
    assert!(sockets[3].kept().iter().all(|one| one["type"] != "membership"));
    of_eve.ok(&send(&group, 9, "hello all")).await;
    assert_eq!(sockets[0].event("message").await["rev"], 4);
}

#[tokio::test]
async fn a_removal_waits_for_nobody() {
    let gather = Duration::from_secs(5);
    let Scene { people, mut sockets, group, .. } = scene(Settings { gather, ..early() }).await;
    let waiting = sockets[1].request(&react(&group, "🎉", true)).await;
    sockets[1].is_served().await;
    let begin = Instant::now();
    let remove = json!({"type": "member_remove", "conversation": group, "user": people[1].user});
    sockets[0].ok(&remove).await;
    assert_eq!(sockets[1].event("conversation_gone").await["why"], "removed");
    let told = sockets[2].event("membership").await;
    assert_eq!(told["changes"][0]["change"], "removed", "{told}");
    assert!(begin.elapsed() < gather, "{:?}", begin.elapsed());
    assert!(sockets[1].reply(waiting).await["type"].is_string(), "it is answered all the same");
}
