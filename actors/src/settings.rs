//! What can be replaced at run time and is read on every command: the terms, the allow-list.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hermes_core::task::Terms;

/// What is in force; replaced as a whole.
#[derive(Debug)]
pub struct InForce {
    terms: ArcSwap<Terms>,
    allow_list: ArcSwap<BTreeSet<String>>,
}

impl InForce {
    /// What is in force at the start.
    pub fn new(terms: Terms, allow_list: BTreeSet<String>) -> Arc<Self> {
        Arc::new(Self { terms: ArcSwap::from_pointee(terms), allow_list: ArcSwap::from_pointee(allow_list) })
    }

    /// The terms of decisions.
    pub fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Puts other terms in force.
    pub fn replace_terms(&self, terms: Terms) {
        self.terms.store(Arc::new(terms));
    }

    /// The Feishu users who may decide at all.
    pub fn allow_list(&self) -> Arc<BTreeSet<String>> {
        self.allow_list.load_full()
    }

    /// Puts another allow-list in force.
    pub fn replace_allow_list(&self, open_ids: BTreeSet<String>) {
        self.allow_list.store(Arc::new(open_ids));
    }
}
