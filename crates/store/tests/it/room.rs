//! Where room on the disk is short nothing new is taken; what was taken is still answered for.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use voodoo_core::SystemClock;
use voodoo_core::apply::Rules;
use voodoo_core::apply::{Delete, Write};
use voodoo_core::room::{Marks, Space};
use voodoo_core::store::{Around, PageSize, ReadMark, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_proto::RefusalCode;
use voodoo_store::{SqliteOptions, SqliteStore, space};

use crate::folder::Folder;

const ALL: PageSize = PageSize { n_messages: 100, n_bytes: 1 << 20 };

fn open(folder: &Folder, rules: &Arc<Rules>) -> Arc<SqliteStore> {
    let options = SqliteOptions::default();
    SqliteStore::open(folder.path(), options, Arc::clone(rules), &SystemClock).unwrap()
}

#[tokio::test]
async fn short_of_room_a_repeat_is_answered_and_what_takes_away_is_done() {
    let (folder, rules) = (Folder::new(), Arc::new(Rules::default()));
    let store = open(&folder, &rules);
    let stage = Stage::new(store.clone());
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let group = stage.group(ann, &[bob]).await;
    let send = stage.message(group, ann, "one");
    let (first, _) = stage.sent(send.clone()).await;
    rules.room.note(Space { free_bytes: 0, total_bytes: 1 << 40 }, &Marks::default());
    assert_eq!(stage.sent(send).await, (first, true), "a repeat is told where it stands");
    let refused = stage.write(Write::Send(stage.message(group, ann, "two"))).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after_ms), (RefusalCode::Unavailable, Some(2_000)));
    let mark = ReadMark { conversation: group, user: bob, seq: 1 };
    let (marks, _) = store.advance_read(vec![mark], stage.now_ms()).await.unwrap();
    assert_eq!(marks.len(), 1, "a mark moves");
    let page = store.history(bob, group, Around::Newest, ALL).await.unwrap();
    assert_eq!(page.messages.len(), 1, "nothing of what was refused is there");
    let at_ms = stage.now_ms();
    let delete = Delete { conversation: group, by: ann, seqs: vec![1], at_ms };
    stage.write(Write::Delete(delete)).await.unwrap();
    rules.room.note(Space { free_bytes: 1 << 40, total_bytes: 1 << 40 }, &Marks::default());
    assert_eq!(stage.send(group, ann, "two").await.seq, 2);
}

#[tokio::test]
async fn the_file_in_reserve_is_really_on_the_disk() {
    let folder = Folder::new();
    let store = open(&folder, &Arc::new(Rules::default()));
    let path = folder.path().join("reserve");
    assert_eq!(store.reserve_bytes(), 0);
    store.keep_reserve(1 << 20).unwrap();
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.len(), found.mode() & 0o777), (1 << 20, 0o600));
    assert!(found.blocks() * 512 >= 1 << 20, "{} blocks", found.blocks());
    store.keep_reserve(1 << 19).unwrap();
    assert_eq!(store.reserve_bytes(), 1 << 19, "another size is made anew");
    store.keep_reserve(0).unwrap();
    assert!(!path.exists());
    let found = space(folder.path()).unwrap();
    assert!(found.free_bytes <= found.total_bytes && found.total_bytes > 0, "{found:?}");
}
