//! Promises of retention.

use std::sync::Arc;
use std::time::Duration;

use voodoo_proto::event::{HistoryEvent, ServerFrame};
use voodoo_proto::object::{Kind, SettingsChange};
use voodoo_proto::{ConversationId, RefusalCode, UserId};

use super::reading::code;
use super::stage::{ALL, NOW_MS, Stage};
use crate::apply::{AddMembers, Create, Destroy, Edit, Effect, MoveFloor, React, Send, Write};
use crate::retention::{Due, Terms};
use crate::store::{Around, ReadMark, Scope};
use crate::testkit::Engine;

/// A day of ten seconds, as the stage counts them: ten writes.
fn terms() -> Terms {
    let day = Duration::from_secs(10);
    Terms { day, name: day * 3, destroyed: day * 4, slice_rows: 3, ..Terms::default() }
}

async fn lower(stage: &Stage, conversation: ConversationId, floor_seq: u64) -> Vec<Effect> {
    let at_ms = stage.now_ms();
    let floor = MoveFloor { conversation, floor_seq, at_ms };
    stage.write(Write::MoveFloor(floor)).await.expect("it is never refused").effects
}

/// Removes all that is to go; how many slices it took.
async fn prune(stage: &Stage, conversation: ConversationId, now_ms: u64) -> usize {
    let mut n_slices = 1;
    while stage.engine.prune(conversation, terms(), now_ms).await.expect("a slice") {
        n_slices += 1;
    }
    n_slices
}

async fn all_due(stage: &Stage, terms: Terms, now_ms: u64) -> Due {
    let due = stage.engine.due(None, terms, now_ms).await.expect("a search");
    assert_eq!(due.next, None, "these are few");
    due
}

struct Talk {
    stage: Stage,
    ann: UserId,
    bob: UserId,
    group: ConversationId,
}

/// Ann and Bob, seven messages: the first three call Bob, the second is edited, pinned by
/// reactions, the third touched last of all.
async fn talk(engine: Arc<dyn Engine>) -> Talk {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let group = stage.group(ann, &[bob]).await;
    for _ in 0..3 {
        stage.call(group, ann, bob).await;
    }
    for text in ["four", "five", "six", "seven"] {
        stage.send(group, bob, text).await;
    }
    for seq in [2, 3] {
        let (emoji, at_ms) = ("👍".to_owned(), stage.now_ms());
        let react = React { conversation: group, by: ann, seq, emoji, on: true, at_ms };
        stage.write(Write::React(react)).await.expect("it stands");
    }
    Talk { stage, ann, bob, group }
}

async fn nothing_below_three_is_to_be_had(talk: &Talk) {
    let Talk { stage, ann, bob, group } = talk;
    let (engine, conversation) = (&stage.engine, *group);
    for around in [Around::Newest, Around::Both(2), Around::After(0)] {
        let page = engine.history(*bob, conversation, around, ALL).await.expect("a page");
        assert_eq!(page.messages.iter().map(|one| one.seq).collect::<Vec<_>>(), [4, 5, 6, 7]);
        assert_eq!((page.floor_seq, page.rev), (3, 11));
        let floored = matches!(page.events.as_slice(), [HistoryEvent::Floored(_)]);
        assert!(floored, "what stood between removed messages is hidden: {:?}", page.events);
    }
    let below = engine.history(*bob, conversation, Around::Before(3), ALL).await.expect("a page");
    assert!(below.messages.is_empty() && !below.more);
    let (heads, _) = engine.heads(*bob, &[conversation]).await.expect("heads");
    assert_eq!((heads[0].floor_seq, heads[0].last_seq, heads[0].last_rev), (3, 7, 11));
    assert_eq!((heads[0].mentions, heads[0].all_mention_seq), (0, 0));
    assert_eq!(code(engine.receipts(*bob, conversation, 3).await), Some(RefusalCode::NotFound));
    let counts = engine.counts(*bob, conversation, &[2, 3, 4]).await.expect("counts");
    assert_eq!(counts.posts.iter().map(|post| post.seq).collect::<Vec<_>>(), [4]);
    let page = engine.changes(*bob, conversation, 9, ALL).await.expect("a page");
    assert_eq!(page.reset, Some(true), "a change of a removed message cannot be told");
    let page = engine.changes(*bob, conversation, 10, ALL).await.expect("a page");
    assert_eq!((page.reset, page.messages.len(), page.events.len()), (None, 0, 1));
    let (emoji, at_ms) = ("🎉".to_owned(), stage.now_ms());
    let react = React { conversation, by: *bob, seq: 2, emoji, on: true, at_ms };
    let body = stage.message(conversation, *ann, "anew").body;
    let edit = Edit { conversation, by: *ann, seq: 1, edits: 0, body, at_ms };
    let answer = Send { reply_to: Some(3), ..stage.message(conversation, *bob, "to what?") };
    for write in [Write::React(react), Write::Edit(edit), Write::Send(answer)] {
        let refused = stage.write(write.clone()).await.map(drop);
        assert_eq!(refused.map_err(|no| no.code), Err(RefusalCode::NotFound), "{write:?}");
    }
}

/// By one event, and before any row is removed; removing them changes nothing for anybody.
pub async fn a_floor_hides_what_lies_below_at_once(engine: Arc<dyn Engine>) {
    let talk = talk(engine).await;
    let (stage, group) = (&talk.stage, talk.group);
    let effects = lower(stage, group, 3).await;
    let [Effect::Event { rev: 11, frame: ServerFrame::Floored(event), to_asker: true, .. }] =
        effects.as_slice()
    else {
        panic!("not one event: {effects:?}")
    };
    assert_eq!((event.rev, event.floor_seq), (11, 3));
    assert!(lower(stage, group, 3).await.is_empty(), "it stands there already");
    assert!(lower(stage, group, 2).await.is_empty(), "it never goes back");
    nothing_below_three_is_to_be_had(&talk).await;
    let before = stage.engine.snapshot(talk.bob, Scope::All).await.expect("a snapshot");
    prune(stage, group, stage.now_ms()).await;
    nothing_below_three_is_to_be_had(&talk).await;
    let after = stage.engine.snapshot(talk.bob, Scope::All).await.expect("a snapshot");
    assert_eq!(before, after);
    let cy = stage.user("cy").await;
    let (users, at_ms) = (vec![cy], stage.now_ms());
    let add = AddMembers { conversation: group, by: talk.ann, users, at_ms };
    stage.write(Write::AddMembers(add)).await.expect("cy is added");
    let page = stage.engine.history(cy, group, Around::Newest, ALL).await.expect("a page");
    assert_eq!(page.messages.len(), 4, "whoever comes later reads what is left");
    assert_eq!(stage.send(group, cy, "eight").await.seq, 8, "numbers go on");
    let marks = vec![ReadMark { user: talk.bob, conversation: group, seq: 8 }];
    let (stored, _) = stage.engine.advance_read(marks, stage.now_ms()).await.expect("marks");
    assert_eq!((stored[0].seq, stored[0].mentions), (8, 0));
}

/// Each slice is a transaction of its own, and a floor over everything leaves an empty
/// conversation that goes on.
pub async fn what_lies_below_a_floor_goes_in_slices(engine: Arc<dyn Engine>) {
    let Talk { stage, ann, group, .. } = talk(engine).await;
    assert!(all_due(&stage, terms(), stage.now_ms()).await.rows.is_empty());
    lower(&stage, group, 99).await;
    assert_eq!(all_due(&stage, terms(), stage.now_ms()).await.rows, [group]);
    prune(&stage, group, stage.now_ms()).await;
    assert!(all_due(&stage, terms(), stage.now_ms()).await.rows.is_empty(), "all went");
    let page = stage.engine.history(ann, group, Around::Newest, ALL).await.expect("a page");
    assert_eq!((page.messages.len(), page.events.len(), page.floor_seq), (0, 1, 7));
    let (heads, _) = stage.engine.heads(ann, &[group]).await.expect("heads");
    assert_eq!((heads[0].last_seq, heads[0].preview.as_ref()), (7, None));
    assert_eq!(stage.send(group, ann, "on we go").await.seq, 8);
    let page = stage.engine.changes(ann, group, 11, ALL).await.expect("a page");
    assert_eq!((page.reset, page.messages.len()), (None, 1));
}

/// A repeat of a removed message is the removed message, until its name is forgotten.
pub async fn the_name_of_a_removed_message_stays_for_its_time(engine: Arc<dyn Engine>) {
    let Talk { stage, bob, group, .. } = talk(engine).await;
    let send = stage.message(group, bob, "once");
    let (placed, _) = stage.sent(send.clone()).await;
    lower(&stage, group, placed.seq).await;
    let removed_ms = stage.now_ms();
    prune(&stage, group, removed_ms).await;
    assert_eq!(stage.sent(send.clone()).await, (placed, true));
    let forget = async |now_ms| {
        while stage.engine.forget_names(terms(), now_ms).await.expect("a slice") {}
    };
    forget(removed_ms + 29_999).await;
    assert_eq!(stage.sent(send.clone()).await, (placed, true));
    forget(removed_ms + 30_000).await;
    let (again, is_duplicate) = stage.sent(send).await;
    assert_eq!((again.seq, is_duplicate), (placed.seq + 1, false));
}

/// By the conversation's own days, or by the server's where it has none.
pub async fn floors_are_due_by_age(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let keeps = |days| SettingsChange { retention_days: Some(days), ..SettingsChange::default() };
    let short = stage.create(ann, Kind::Group, &[bob], keeps(1)).await;
    let long = stage.create(ann, Kind::Group, &[bob], keeps(100)).await;
    let direct = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    let ended = stage.create(ann, Kind::Group, &[], keeps(1)).await;
    let mut at_ms = 0;
    for n in 0..4 {
        for place in [short, long, direct, ended] {
            let sent = stage.send(place, ann, "hello").await;
            at_ms = if n == 1 { sent.at_ms } else { at_ms };
        }
    }
    let destroy = Destroy { conversation: ended, by: ann, at_ms: stage.now_ms() };
    stage.write(Write::Destroy(destroy)).await.expect("it is destroyed");
    let due = all_due(&stage, terms(), at_ms + 10_000).await;
    assert_eq!(due.floors, [(short, 2)]);
    let due = all_due(&stage, Terms { default_days: 1, ..terms() }, at_ms + 10_000).await;
    assert_eq!(due.floors, [(short, 2), (direct, 2)]);
    lower(&stage, short, 2).await;
    assert!(all_due(&stage, terms(), at_ms + 10_000).await.floors.is_empty());
    let due = all_due(&stage, terms(), at_ms + 1_000_000).await;
    assert_eq!(due.floors, [(short, 4), (long, 2)], "at the limit of a hundred days");
}

/// Until then a resume says `gone`; afterwards nothing of it is left.
pub async fn a_destroyed_conversation_goes_after_its_time(engine: Arc<dyn Engine>) {
    let Talk { stage, ann, bob, group } = talk(engine).await;
    let other = stage.group(ann, &[bob]).await;
    stage.send(other, ann, "still here").await;
    let at_ms = stage.now_ms();
    let destroy = Destroy { conversation: group, by: ann, at_ms };
    stage.write(Write::Destroy(destroy)).await.expect("it is destroyed");
    let gone = async || {
        let scope = Scope::Since { user_rev: 99, since_ms: NOW_MS };
        stage.engine.snapshot(bob, scope).await.expect("a snapshot").gone
    };
    assert!(all_due(&stage, terms(), at_ms + 39_999).await.rows.is_empty());
    prune(&stage, group, at_ms + 39_999).await;
    assert_eq!(gone().await, [group]);
    assert_eq!(all_due(&stage, terms(), at_ms + 40_000).await.rows, [group]);
    prune(&stage, group, at_ms + 40_000).await;
    assert_eq!(gone().await, []);
    assert!(all_due(&stage, terms(), at_ms + 40_000).await.rows.is_empty());
    let message = Write::Send(stage.message(group, ann, "hello?"));
    let refused = stage.write(message).await.expect_err("it is gone");
    assert_eq!(refused.code, RefusalCode::NotFound);
    let page = stage.engine.history(bob, other, Around::Newest, ALL).await.expect("a page");
    assert_eq!(page.messages.len(), 1);
}

/// Whoever destroys one may make another.
pub async fn destroyed_conversations_count_for_no_quota(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let create = || {
        Write::Create(Create {
            creator: ann,
            client_id: stage.client_id(),
            kind: Kind::Group,
            title: Some("Title".to_owned()),
            description: None,
            alias: None,
            members: Vec::new(),
            settings: SettingsChange::default(),
            at_ms: stage.now_ms(),
        })
    };
    let first = stage.group(ann, &[]).await;
    let many = std::iter::repeat_with(create).take(1_999).collect();
    let made = stage.engine.commit(many).await.expect("the engine takes it");
    assert!(made.iter().all(Result::is_ok), "two thousand are allowed");
    let refused = stage.write(create()).await.expect_err("one more is not");
    assert_eq!(refused.code, RefusalCode::LimitExceeded);
    let destroy = Destroy { conversation: first, by: ann, at_ms: stage.now_ms() };
    stage.write(Write::Destroy(destroy)).await.expect("it is destroyed");
    stage.write(create()).await.expect("its place is free");
    let refused = stage.write(create()).await.expect_err("but no more");
    assert_eq!(refused.code, RefusalCode::LimitExceeded);
}
