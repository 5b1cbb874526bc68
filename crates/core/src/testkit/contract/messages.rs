//! Promises of writing.

use std::sync::Arc;

use voodoo_proto::RefusalCode;
use voodoo_proto::object::{Body, Kind, SettingsChange};

use super::stage::{ALL, Stage, place};
use crate::apply::{Delete, Edit, Effect, React, Send, Set, Write};
use crate::store::{Around, ReadMark, Scope};
use crate::testkit::Engine;

/// `seq` and `rev` begin at the next number and have no gaps.
pub async fn a_message_takes_the_next_place(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let direct = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    let group = stage.group(ann, &[bob]).await;
    for seq in 1..=3 {
        let placed = stage.send(direct, ann, "hello").await;
        assert_eq!((placed.seq, placed.rev), (seq, seq), "a direct conversation begins with it");
        let placed = stage.send(group, bob, "hello").await;
        assert_eq!((placed.seq, placed.rev), (seq, seq + 1), "a group begins with its event");
    }
}

/// Whatever changed meanwhile and whatever the repeat contains.
pub async fn a_repeat_gets_the_first_answer(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let group = stage.group(ann, &[bob]).await;
    let send = stage.message(group, bob, "once");
    let (first, is_duplicate) = stage.sent(send.clone()).await;
    assert!(!is_duplicate);
    stage.send(group, ann, "between").await;
    let body = Body::Text { text: "something else".to_owned() };
    let other = Send { body, at_ms: send.at_ms + 60_000, over_rate_ms: Some(1), ..send.clone() };
    assert_eq!(stage.sent(other).await, (first, true));
    let same_name = Send { sender: ann, ..send };
    assert!(!stage.sent(same_name).await.1, "a name counts for its sender only");
    assert_eq!(stage.send(group, ann, "after").await.seq, 4);
}

/// In one batch and from many callers at once.
pub async fn a_repeat_at_the_same_moment_is_kept_once(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    let write = Write::Send(stage.message(group, ann, "once"));
    let batches = (0..8).map(|_| stage.engine.commit(vec![write.clone(), write.clone()]));
    let mut n_new = 0;
    for results in futures_util::future::join_all(batches).await {
        for result in results.expect("the engine takes it") {
            let (placed, is_duplicate) = place(&result.expect("it is not refused"));
            assert_eq!(placed.seq, 1);
            n_new += u32::from(!is_duplicate);
        }
    }
    assert_eq!(n_new, 1);
}

/// Each write stands for itself.
pub async fn a_refused_write_changes_nothing_and_hinders_none(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, eve) = (stage.user("ann").await, stage.user("eve").await);
    let group = stage.group(ann, &[]).await;
    let before = stage.engine.snapshot(eve, Scope::All).await.expect("a snapshot");
    let writes = [(ann, "one"), (eve, "no"), (ann, " "), (ann, "two")];
    let writes = writes.map(|(who, text)| Write::Send(stage.message(group, who, text)));
    let results = stage.engine.commit(writes.to_vec()).await.expect("the engine takes it");
    let codes: Vec<_> =
        results.iter().map(|result| result.as_ref().err().map(|no| no.code)).collect();
    let refused = [None, Some(RefusalCode::NotFound), Some(RefusalCode::BadRequest), None];
    assert_eq!(codes, refused);
    assert_eq!(before, stage.engine.snapshot(eve, Scope::All).await.expect("a snapshot"));
    let page = stage.engine.history(ann, group, Around::Newest, ALL).await.expect("a page");
    assert_eq!(page.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(page.rev, 3);
}

/// Whoever opens it first; the other side gets it with the first message.
pub async fn a_direct_conversation_is_one_from_both_sides(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let one = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    let digest = stage.engine.digest(bob).await.expect("a digest");
    assert_eq!(digest.conversations, 0, "it comes with its first message");
    assert_eq!(stage.create(bob, Kind::Direct, &[ann], SettingsChange::default()).await, one);
    stage.send(one, ann, "hello").await;
    assert_eq!(stage.engine.digest(bob).await.expect("a digest").conversations, 1);
    let notes = stage.create(ann, Kind::Direct, &[], SettingsChange::default()).await;
    assert_ne!(notes, one);
}

/// Clamped to the newest message; who is no member has no mark.
pub async fn marks_only_go_forward(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob, eve) =
        (stage.user("ann").await, stage.user("bob").await, stage.user("eve").await);
    let conversation = stage.group(ann, &[bob]).await;
    for _ in 0..5 {
        stage.send(conversation, ann, "hello").await;
    }
    let mark = |user, seq| ReadMark { user, conversation, seq };
    let marks = vec![mark(bob, 2), mark(eve, 3), mark(bob, 1), mark(bob, 2), mark(bob, 99)];
    let (stored, effects) = stage.engine.advance_read(marks, stage.now_ms()).await.expect("marks");
    assert_eq!(
        stored.iter().map(|mark| (mark.user, mark.seq)).collect::<Vec<_>>(),
        [(bob, 2), (bob, 5)]
    );
    assert!(effects.is_empty());
    let (heads, _) = stage.engine.heads(bob, &[conversation]).await.expect("heads");
    assert_eq!(heads[0].read_seq, 5);
}

/// `unread_from` is an own setting, so that ending it takes the user's next `user_rev`.
pub async fn a_mark_that_moves_ends_shown_as_unread(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let conversation = stage.group(ann, &[bob]).await;
    stage.send(conversation, ann, "hello").await;
    let set = Set {
        conversation,
        by: bob,
        mute_until_ms: None,
        pinned: None,
        archived: None,
        unread_from: Some(1),
        draft: None,
    };
    stage.write(Write::Set(set)).await.expect("it is set");
    let before = stage.engine.digest(bob).await.expect("a digest").user_rev;
    let marks = vec![ReadMark { user: bob, conversation, seq: 1 }];
    let (_, effects) = stage.engine.advance_read(marks, stage.now_ms()).await.expect("marks");
    assert!(matches!(effects.as_slice(), [Effect::ToUser { user, .. }] if *user == bob));
    assert_eq!(stage.engine.digest(bob).await.expect("a digest").user_rev, before + 1);
    let objects = stage.engine.conversations(bob, &[conversation]).await.expect("objects");
    assert_eq!(objects[0].unread_from, None);
}

/// Never by oneself; what is read is not counted.
pub async fn mentions_count_until_read(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let conversation = stage.group(ann, &[bob]).await;
    for _ in 0..3 {
        stage.call(conversation, ann, bob).await;
    }
    stage.call(conversation, ann, ann).await;
    let mentions = async |user| {
        let (heads, _) = stage.engine.heads(user, &[conversation]).await.expect("heads");
        heads[0].mentions
    };
    assert_eq!((mentions(ann).await, mentions(bob).await), (0, 3));
    let marks = vec![ReadMark { user: bob, conversation, seq: 2 }];
    let (stored, _) = stage.engine.advance_read(marks, stage.now_ms()).await.expect("marks");
    assert_eq!(stored[0].mentions, 1);
    assert_eq!(mentions(bob).await, 1);
}

/// Edits, reactions and deletions show in pages, with the `rev` of the last of them.
pub async fn a_change_touches_a_message_where_it_stands(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let conversation = stage.group(ann, &[bob]).await;
    for text in ["one", "two", "three"] {
        stage.send(conversation, ann, text).await;
    }
    let body = Body::Text { text: "ONE".to_owned() };
    let at_ms = stage.now_ms();
    let edit = Edit { conversation, by: ann, seq: 1, edits: 0, body: body.clone(), at_ms };
    stage.write(Write::Edit(edit)).await.expect("it is edited");
    let emoji = "👍".to_owned();
    let react = React { conversation, by: bob, seq: 2, emoji, on: true, at_ms };
    stage.write(Write::React(react)).await.expect("it is set");
    let delete = Delete { conversation, by: ann, seqs: vec![3], at_ms };
    stage.write(Write::Delete(delete)).await.expect("it is deleted");
    let page = stage.engine.history(bob, conversation, Around::Newest, ALL).await.expect("a page");
    let [one, two, three] = page.messages.as_slice() else { panic!("three messages") };
    assert_eq!((one.body.as_ref(), one.edits, one.mod_rev), (Some(&body), Some(1), Some(5)));
    let reactions = two.reactions.as_deref().expect("a reaction");
    assert_eq!((reactions[0].count, reactions[0].mine, two.mod_rev), (1, Some(true), Some(6)));
    assert_eq!((three.deleted, three.body.as_ref(), three.mod_rev), (Some(true), None, Some(7)));
    let page = stage.engine.history(ann, conversation, Around::Newest, ALL).await.expect("a page");
    assert_eq!(page.messages[1].reactions.as_deref().expect("a reaction")[0].mine, None);
}
