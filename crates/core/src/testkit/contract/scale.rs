//! Promises at the size that the product is made for.

use std::sync::Arc;

use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{JoinRule, Kind, SettingsChange};
use voodoo_proto::{ConversationId, RefusalCode, UserId};

use super::stage::{ALL, Stage};
use crate::apply::{
    AddMembers, Effect, Join, JoinBy, Leave, Move, React, Reply, Together, Wishes, Write,
};
use crate::census::MemberPage;
use crate::store::{Around, PageSize, ReadMark, Scope};
use crate::testkit::Engine;

/// Users named in one request, as the protocol allows.
const PER_REQUEST: usize = 200;
/// Requests of one transaction: what they come to is held until it is looked at.
const PER_COMMIT: usize = 10;

fn open() -> SettingsChange {
    SettingsChange { join: Some(JoinRule::Open), ..SettingsChange::default() }
}

async fn fill(stage: &Stage, conversation: ConversationId, by: UserId, users: &[UserId]) {
    let add = |users: &[UserId]| {
        let at_ms = stage.now_ms();
        Write::AddMembers(AddMembers { conversation, by, users: users.to_vec(), at_ms })
    };
    for part in users.chunks(PER_REQUEST * PER_COMMIT) {
        let writes = part.chunks(PER_REQUEST).map(add).collect();
        let added = stage.engine.commit(writes).await.expect("the engine takes it");
        assert!(added.iter().all(Result::is_ok));
    }
}

fn join(stage: &Stage, conversation: ConversationId, by: UserId) -> Write {
    let target = JoinBy::Conversation(conversation);
    Write::Join(Join { by, target, at_ms: stage.now_ms() })
}

fn leave(stage: &Stage, conversation: ConversationId, by: UserId) -> Write {
    Write::Leave(Leave { conversation, by, at_ms: stage.now_ms() })
}

/// Pages from a place on; how many members they name.
async fn walk(
    stage: &Stage,
    (asker, conversation): (UserId, ConversationId),
    mut after: Option<UserId>,
    n_pages: usize,
) -> (usize, bool) {
    let mut n_members = 0;
    for _ in 0..n_pages {
        let page = MemberPage { after, limit: 100, ..MemberPage::default() };
        let found = stage.engine.members(asker, conversation, page).await.expect("a page");
        assert!(found.members.iter().all(|one| after.is_none_or(|after| one.user > after)));
        n_members += found.members.len();
        after = found.members.last().map(|last| last.user);
        if !found.more {
            return (n_members, false);
        }
    }
    (n_members, true)
}

/// One row for a post, and whoever comes or goes tells nobody else.
pub async fn a_broadcast_holds_a_hundred_thousand(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let owner = stage.owner("owner").await;
    let users = stage.crowd(100_000).await;
    let news = stage.create(owner, Kind::Broadcast, &[], open()).await;
    let (late, rest) = users.split_last().expect("there are some");
    fill(&stage, news, owner, rest).await;
    let post = stage.send(news, owner, "hello, everyone").await;
    assert_eq!((post.seq, post.rev), (1, 1), "nobody who came took a number");
    let reader = users[50_000];
    let of_reader = async || {
        let digest = stage.engine.digest(reader).await.expect("a digest");
        let head = stage.engine.heads(reader, &[news]).await.expect("heads");
        let page = stage.engine.history(reader, news, Around::Newest, ALL).await.expect("a page");
        (digest, head, page)
    };
    let before = of_reader().await;
    for (write, way) in [(join(&stage, news, *late), "in"), (leave(&stage, news, *late), "out")] {
        let effects = stage.write(write).await.expect("it is open").effects;
        let is_own = |effect: &Effect| match effect {
            Effect::Enter { user, .. } | Effect::Exit { user, .. } => user == late,
            Effect::ToUser { user, frame: ServerFrame::Conversation(object) } => {
                user == late && object.members == 100_001
            }
            Effect::ToUser { user, frame: ServerFrame::ConversationGone(_) } => user == late,
            Effect::ToUser { .. } | Effect::Event { .. } | Effect::Destroyed { .. } => false,
        };
        assert!(effects.len() == 2 && effects.iter().all(is_own), "{way}: {effects:?}");
        assert_eq!(before, of_reader().await, "{way}: nothing else moved");
    }
    stage.write(join(&stage, news, *late)).await.expect("it is open");
    let marks =
        rest[..2_000].iter().map(|user| ReadMark { user: *user, conversation: news, seq: 1 });
    let (stored, _) =
        stage.engine.advance_read(marks.collect(), stage.now_ms()).await.expect("marks");
    assert_eq!(stored.len(), 2_000);
    let counts = stage.engine.counts(reader, news, &[1]).await.expect("counts");
    // The one who came last has read what was there, and the owner their own post.
    assert_eq!((counts.members, counts.posts[0].views), (100_001, 2_002));
    assert_eq!(walk(&stage, (owner, news), None, 3).await, (300, true));
    assert_eq!(walk(&stage, (owner, news), Some(users[99_849]), 3).await, (150, false));
    let snapshot = stage.engine.snapshot(reader, Scope::All).await.expect("a snapshot");
    assert_eq!((snapshot.conversations.len(), snapshot.digest.revs), (1, 1));
    assert_eq!(snapshot.conversations[0].members, 100_001);
}

/// The next one is refused, and what thousands do in a moment is one change.
pub async fn a_group_holds_ten_thousand_and_no_more(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let owner = stage.user("owner").await;
    let users = stage.crowd(10_001).await;
    let group = stage.create(owner, Kind::Group, &[], open()).await;
    fill(&stage, group, owner, &users[..9_999]).await;
    let (in_time, late) = (users[9_999], users[10_000]);
    let add = AddMembers { conversation: group, by: owner, users: vec![late], at_ms: 1 };
    for write in [join(&stage, group, in_time), Write::AddMembers(add)] {
        let refused = stage.write(write).await.expect_err("there are ten thousand");
        assert_eq!(refused.code, RefusalCode::LimitExceeded);
    }
    let leave = leave(&stage, group, users[0]);
    assert_eq!(stage.write(leave.clone()).await.expect("later").reply, Reply::Later(group));
    let Write::Leave(leave) = leave else { panic!("it is a leave") };
    let last = stage.send(group, users[1], "so many").await;
    let joined = Join { by: in_time, target: JoinBy::Conversation(group), at_ms: stage.now_ms() };
    let late = Join { by: late, ..joined.clone() };
    let wishes =
        Wishes::Memberships(vec![Move::Leave(leave), Move::Join(joined), Move::Join(late)]);
    let together = Together { conversation: group, wishes, at_ms: stage.now_ms() };
    let applied = stage.write(Write::Together(together)).await.expect("it is carried out");
    let Reply::Each(each) = &applied.reply else { panic!("not an answer to each") };
    let codes: Vec<_> = each.iter().map(|one| one.as_ref().err().map(|no| no.code)).collect();
    assert_eq!(codes, [None, None, Some(RefusalCode::LimitExceeded)]);
    let told = applied.effects.iter().filter(|effect| matches!(effect, Effect::Event { .. }));
    assert_eq!(told.count(), 1);
    let react = |by: &UserId| {
        let (emoji, at_ms) = ("👍".to_owned(), 1);
        React { conversation: group, by: *by, seq: last.seq, emoji, on: true, at_ms }
    };
    let wishes = Wishes::Reactions(users[1..1_001].iter().map(react).collect());
    let together = Together { conversation: group, wishes, at_ms: stage.now_ms() };
    let applied = stage.write(Write::Together(together)).await.expect("it is carried out");
    assert_eq!(applied.effects.len(), 1);
    let size = PageSize { n_messages: 1, ..ALL };
    let page = stage.engine.history(in_time, group, Around::Newest, size).await.expect("a page");
    let reactions = page.messages[0].reactions.as_deref().expect("a reaction");
    assert_eq!((reactions[0].count, page.rev), (1_000, last.rev + 2));
    let marks =
        users[1..2_001].iter().map(|user| ReadMark { user: *user, conversation: group, seq: 1 });
    let (stored, _) =
        stage.engine.advance_read(marks.collect(), stage.now_ms()).await.expect("marks");
    assert_eq!(stored.len(), 1_999, "who wrote it has read it");
    let receipts = stage.engine.receipts(users[1], group, 1).await.expect("receipts");
    // Whoever came after it has read it too; the author is not counted.
    assert_eq!((receipts.read, receipts.who), (2_000, None));
    assert_eq!(walk(&stage, (users[7], group), None, 101).await, (10_000, false));
    let snapshot = stage.engine.snapshot(in_time, Scope::All).await.expect("a snapshot");
    assert_eq!(snapshot.conversations[0].members, 10_000);
}
