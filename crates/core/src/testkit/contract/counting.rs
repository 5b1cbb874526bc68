//! Promises of counting.

use std::sync::Arc;

use voodoo_proto::object::{JoinRule, Kind, SettingsChange};
use voodoo_proto::{RefusalCode, UserId};

use super::reading::code;
use super::stage::Stage;
use crate::apply::{React, Write};
use crate::census::{ListPage, MemberPage};
use crate::store::ReadMark;
use crate::testkit::Engine;

fn members_of(limit: usize) -> MemberPage {
    MemberPage { limit, ..MemberPage::default() }
}

/// Pages of members meet, and a broadcast shows its members to admins only.
pub async fn members_are_listed_page_by_page(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.owner("ann").await;
    let mut others = Vec::new();
    for handle in ["bob", "cy", "di"] {
        others.push(stage.user(handle).await);
    }
    let group = stage.group(ann, &others).await;
    let first = stage.engine.members(others[0], group, members_of(3)).await.expect("a page");
    let users = |page: &voodoo_proto::reply::Members| -> Vec<UserId> {
        page.members.iter().map(|member| member.user).collect()
    };
    assert_eq!((users(&first), first.more), (vec![ann, others[0], others[1]], true));
    let after = first.members.last().map(|member| member.user);
    let rest = stage.engine.members(ann, group, MemberPage { after, ..members_of(3) }).await;
    let rest = rest.expect("a page");
    assert_eq!((users(&rest), rest.more), (vec![others[2]], false));
    let query = Some("C".to_owned());
    let found = stage.engine.members(ann, group, MemberPage { query, ..members_of(3) }).await;
    assert_eq!(users(&found.expect("a page")), vec![others[1]]);
    let broadcast = stage.create(ann, Kind::Broadcast, &others, SettingsChange::default()).await;
    let eve = stage.user("eve").await;
    let refused = stage.engine.members(eve, group, members_of(3)).await;
    assert_eq!(code(refused), Some(RefusalCode::NotFound));
    let refused = stage.engine.members(others[0], broadcast, members_of(3)).await;
    assert_eq!(code(refused), Some(RefusalCode::Forbidden));
    assert_eq!(
        stage.engine.members(ann, broadcast, members_of(9)).await.expect("all").members.len(),
        4
    );
}

/// Only what is open is listed.
pub async fn open_conversations_are_listed(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.owner("ann").await;
    let open = SettingsChange { join: Some(JoinRule::Open), ..SettingsChange::default() };
    let listed = stage.create(ann, Kind::Group, &[], open.clone()).await;
    stage.group(ann, &[]).await;
    stage.create(ann, Kind::Direct, &[], SettingsChange::default()).await;
    let second = stage.create(ann, Kind::Broadcast, &[], open).await;
    let page = ListPage { limit: 1, ..ListPage::default() };
    let first = stage.engine.open_conversations(page.clone()).await.expect("a page");
    assert_eq!((first.conversations[0].conversation, first.more), (listed, true));
    let page = ListPage { after: Some(listed), query: Some("ti".to_owned()), ..page };
    let rest = stage.engine.open_conversations(page).await.expect("a page");
    assert_eq!((rest.conversations[0].conversation, rest.more), (second, false));
    let page = ListPage { query: Some("nothing".to_owned()), limit: 9, after: None };
    assert!(stage.engine.open_conversations(page).await.expect("a page").conversations.is_empty());
}

/// Receipts and views count those who have read up to a message.
pub async fn whoever_has_read_is_counted(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob, cy) =
        (stage.owner("ann").await, stage.user("bob").await, stage.user("cy").await);
    let group = stage.group(ann, &[bob, cy]).await;
    stage.send(group, ann, "one").await;
    stage.send(group, ann, "two").await;
    let mark = ReadMark { user: bob, conversation: group, seq: 1 };
    stage.engine.advance_read(vec![mark], stage.now_ms()).await.expect("it moves");
    let one = stage.engine.receipts(cy, group, 1).await.expect("receipts");
    assert_eq!(one.read, 1);
    let who: Vec<_> =
        one.who.expect("a small one").iter().map(|mark| (mark.user, mark.seq)).collect();
    assert_eq!(who, [(bob, 1), (cy, 0)]);
    assert_eq!(stage.engine.receipts(cy, group, 2).await.expect("receipts").read, 0);
    assert_eq!(code(stage.engine.receipts(cy, group, 3).await), Some(RefusalCode::NotFound));
    let broadcast = stage.create(ann, Kind::Broadcast, &[bob], SettingsChange::default()).await;
    stage.send(broadcast, ann, "post").await;
    let react = React {
        conversation: broadcast,
        by: bob,
        seq: 1,
        emoji: "👍".to_owned(),
        on: true,
        at_ms: stage.now_ms(),
    };
    stage.write(Write::React(react)).await.expect("it stands");
    let counts = stage.engine.counts(bob, broadcast, &[1, 2]).await.expect("counts");
    assert_eq!((counts.members, counts.posts.len()), (2, 1));
    assert_eq!((counts.posts[0].views, counts.posts[0].reactions[0].count), (1, 1));
    assert!(stage.engine.receipts(bob, broadcast, 1).await.expect("receipts").who.is_none());
    assert_eq!(code(stage.engine.counts(cy, broadcast, &[1]).await), Some(RefusalCode::NotFound));
}

/// Who shares a conversation is known, whoever blocks whom.
pub async fn acquaintances_share_a_conversation(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob, cy) = (stage.user("ann").await, stage.user("bob").await, stage.user("cy").await);
    stage.group(ann, &[bob]).await;
    let direct = stage.create(ann, Kind::Direct, &[cy], SettingsChange::default()).await;
    let known = |found: Vec<crate::census::Acquaintance>| -> Vec<(UserId, bool)> {
        found.into_iter().map(|one| (one.user, one.is_blocked)).collect()
    };
    let found = stage.engine.acquaintances(ann, &[cy, bob, ann]).await.expect("some");
    assert_eq!(known(found), [(bob, false), (ann, false)]);
    stage.send(direct, ann, "hello").await;
    let block = crate::apply::Block { by: cy, user: ann, on: true };
    stage.write(Write::Block(block)).await.expect("it stands");
    let found = stage.engine.acquaintances(ann, &[cy, bob]).await.expect("some");
    assert_eq!(known(found), [(cy, true), (bob, false)]);
    assert!(stage.engine.acquaintances(bob, &[cy]).await.expect("none").is_empty());
}
