//! SQLite keeps the contract.

use std::sync::Arc;

use voodoo_core::testkit::Engine;

use crate::folder::Folder;

fn open() -> (Arc<dyn Engine>, Folder) {
    let folder = Folder::new();
    (folder.open(), folder)
}

voodoo_core::store_contract!(open);
