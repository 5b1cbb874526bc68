//! The model keeps the contract.

use std::sync::Arc;

use voodoo_core::apply::Rules;
use voodoo_core::testkit::{Engine, MemoryStore};

fn open() -> (Arc<dyn Engine>, ()) {
    (MemoryStore::new(Arc::new(Rules::default())), ())
}

voodoo_core::store_contract!(open);
