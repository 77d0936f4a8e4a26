//! Entries that the user keeps or removes by hand: they are part of the recipe, and a step to undo.

use std::sync::Arc;

use super::Session;
use super::activity::by_hand_says;
use crate::engine::sparsify::PinnedEntry;

impl Session {
    /// Keeps entries, removes them, or leaves them to the rule.
    pub(super) fn pin_entries(&mut self, entries: Vec<PinnedEntry>, is_kept: Option<bool>) {
        let label = by_hand_says(&entries, is_kept);
        let mut recipe = self.store.recipe.clone();
        Arc::make_mut(&mut recipe.edges.pins).set(entries, is_kept);
        self.set_recipe(recipe, &label, None);
    }
}
