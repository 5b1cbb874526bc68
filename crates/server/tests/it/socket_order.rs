//! In which order requests are carried out and events come, and who hears what.

use serde_json::{Value, json};

use crate::socket::{Server, client_id, group, send};
use crate::socket_client::{Socket, text_frame};

/// Sends with the ids and names `numbers`, in one segment.
async fn pipeline(socket: &mut Socket, conversation: &Value, numbers: std::ops::Range<u64>) {
    let frames = numbers.flat_map(|number| {
        let mut frame = send(conversation, number, &format!("number {number}"));
        frame["id"] = number.into();
        text_frame(&frame.to_string())
    });
    socket.write(&frames.collect::<Vec<u8>>()).await;
}

fn seqs(page: &Value) -> Vec<u64> {
    let messages = page["messages"].as_array().unwrap();
    messages.iter().filter_map(|message| message["seq"].as_u64()).collect()
}

#[tokio::test]
async fn requests_of_one_session_for_one_conversation_run_as_they_arrive() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let conversation = socket.ok(&group(1, &[])).await["conversation"].clone();
    let mut frames = Vec::new();
    let mut ask = |id: u64, mut frame: Value| {
        frame["id"] = id.into();
        frames.extend(text_frame(&frame.to_string()));
    };
    let history = json!({"type": "history", "conversation": conversation, "limit": 100});
    for id in 101..=110 {
        ask(id, send(&conversation, id, "before"));
    }
    ask(111, history.clone());
    ask(112, json!({"type": "delete", "conversation": conversation, "seqs": [1]}));
    for id in 113..=120 {
        ask(id, send(&conversation, id, "after"));
    }
    ask(121, history);
    ask(122, json!({"type": "changes", "conversation": conversation, "since_rev": 1}));
    socket.write(&frames).await;
    for id in 101..=110 {
        assert_eq!(socket.reply(id).await["seq"], id - 100);
    }
    let page = socket.reply(111).await;
    assert_eq!(seqs(&page), (1..=10).collect::<Vec<u64>>());
    assert!(page["messages"][0].get("deleted").is_none(), "deleted only after that");
    assert_eq!(socket.reply(112).await["rev"], 12);
    for id in 113..=120 {
        assert_eq!(socket.reply(id).await["seq"], id - 102);
    }
    let page = socket.reply(121).await;
    assert_eq!(seqs(&page), (1..=18).collect::<Vec<u64>>());
    assert_eq!(page["messages"][0]["deleted"], true);
    assert_eq!(socket.reply(122).await["messages"].as_array().unwrap().len(), 18);
}

#[tokio::test]
async fn whoever_sends_has_ok_in_place_of_the_event_and_all_others_have_the_event() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut sending = server.live(&ada).await;
    let mut further = server.live(&ada).await;
    let mut other = server.live(&bo).await;
    let conversation = sending.ok(&group(1, &[&bo])).await["conversation"].clone();
    let about = |name: &str, fields: Value| {
        let mut frame = fields;
        frame["type"] = name.into();
        frame["conversation"] = conversation.clone();
        frame
    };
    let body = json!({"kind": "text", "text": "again"});
    let asked = [
        (send(&conversation, 2, "hello"), "message"),
        (about("edit", json!({"seq": 1, "edits": 0, "body": body})), "edited"),
        (about("react", json!({"seq": 1, "emoji": "🥶", "on": true})), "reacted"),
        (about("pin", json!({"seq": 1, "on": true})), "pinned"),
        (about("delete", json!({"seqs": [1]})), "deleted"),
    ];
    for (rev, (frame, event)) in (2_u64..).zip(asked) {
        let ok = sending.ok(&frame).await;
        assert_eq!(ok["rev"], rev, "{event}");
        for hears in [&mut further, &mut other] {
            let heard = hears.event(event).await;
            assert_eq!((&heard["rev"], &heard["at_ms"]), (&ok["rev"], &ok["at_ms"]), "{heard}");
        }
    }
    // What the asker does not know whole has no rev, and its event comes here too.
    let ok = sending.ok(&about("update", json!({"title": "Another"}))).await;
    assert!(ok.get("rev").is_none(), "{ok}");
    for hears in [&mut sending, &mut further, &mut other] {
        assert_eq!(hears.event("updated").await["rev"], 7);
    }
    // A repeat changes nothing and is told to nobody.
    let again = sending.ok(&send(&conversation, 2, "hello")).await;
    assert_eq!((&again["rev"], &again["duplicate"]), (&json!(2), &json!(true)));
    for hears in [&mut sending, &mut further, &mut other] {
        hears.is_served().await;
        let heard = hears.kept();
        assert!(heard.iter().all(|one| one["type"] == "conversation"), "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_a_conversation_come_by_rev_whoever_sends_at_once() {
    let server = Server::start().await;
    let people =
        [server.person("ada").await, server.person("bo").await, server.person("cleo").await];
    let mut listener = server.live(&people[0]).await;
    let mut senders = Vec::new();
    for person in &people {
        senders.push(server.live(person).await);
    }
    let conversation =
        listener.ok(&group(1, &[&people[1], &people[2]])).await["conversation"].clone();
    for sender in &mut senders {
        sender.event("conversation").await;
    }
    listener.event("conversation").await;
    for (number, sender) in (1_u64..).zip(&mut senders) {
        pipeline(sender, &conversation, number * 1_000..number * 1_000 + 30).await;
    }
    for rev in 2..=91 {
        let event = listener.next().await;
        assert_eq!((&event["rev"], &event["seq"]), (&json!(rev), &json!(rev - 1)), "{event}");
    }
    for sender in &mut senders {
        let (mut own, mut heard) = (Vec::new(), Vec::new());
        while own.len() + heard.len() < 90 {
            let said = sender.next().await;
            let rev = said["rev"].as_u64().unwrap();
            if said["type"] == "ok" { own.push(rev) } else { heard.push(rev) }
        }
        assert!(own.is_sorted() && heard.is_sorted(), "{own:?} {heard:?}");
        let mut all = [own, heard].concat();
        all.sort_unstable();
        assert_eq!(all, (2..=91).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn the_other_side_meets_a_direct_conversation_before_its_first_message() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut from = server.live(&ada).await;
    let mut to = server.live(&bo).await;
    let create = json!({"type": "create", "client_id": client_id(1), "kind": "direct",
        "members": [bo.user]});
    let conversation = from.ok(&create).await["conversation"].clone();
    to.is_served().await;
    assert_eq!(to.kept(), [json!(null); 0], "nothing was said yet");
    from.ok(&send(&conversation, 2, "hello")).await;
    let first = to.next().await;
    assert_eq!((&first["type"], &first["user_rev"]), (&json!("conversation"), &json!(1)));
    assert_eq!(first["peer"]["handle"], "ada");
    let second = to.next().await;
    assert_eq!((&second["type"], &second["seq"]), (&json!("message"), &json!(1)));
}

#[tokio::test]
async fn a_read_mark_is_told_to_every_session_of_its_user_once_it_is_stored() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut writer = server.live(&bo).await;
    let mut reader = server.live(&ada).await;
    let mut further = server.live(&ada).await;
    let conversation = writer.ok(&group(1, &[&ada])).await["conversation"].clone();
    for number in 2..=4 {
        writer.ok(&send(&conversation, number, "unread")).await;
    }
    for seq in [2, 1, 3] {
        reader.tell(&json!({"type": "read", "conversation": conversation, "seq": seq})).await;
    }
    // They may be told as one; the greatest wins.
    for socket in [&mut reader, &mut further] {
        while socket.event("read").await["seq"] != 3 {}
        socket.tell(&json!({"type": "ping", "check": true})).await;
        assert_eq!(socket.event("pong").await["digest"]["reads"], 3);
    }
    writer.is_served().await;
    assert!(writer.kept().iter().all(|one| one["type"] != "read"), "it concerns nobody else");
}
