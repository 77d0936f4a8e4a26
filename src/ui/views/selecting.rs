//! The selection in pictures of the graph's entries: where it stands, and what a click selects.

use crate::engine::plot::{Atlas, Raster, entry_under};
use crate::session::{Command, Store};

use super::ViewCx;
use crate::ui::widgets::shown;

/// Where the selected entry or node stands, as `(column, row)`.
pub(super) fn marked(store: &Store, atlas: &Atlas) -> Option<(usize, usize)> {
    let (target, source) = store.selected_entry().or_else(|| store.selected_node().map(|node| (node, node)))?;
    let at = |node: u32| atlas.ordering().position().get(node as usize).map(|at| *at as usize);
    Some((at(source)?, at(target)?))
}

/// Where several selected nodes stand on both axes; of more than can be told apart the first ones.
pub(super) fn several(store: &Store, atlas: &Atlas) -> Vec<usize> {
    const MOST: usize = 2_000;
    let nodes = store.selected_nodes().map_or(&[][..], |nodes| nodes);
    let position = atlas.ordering().position();
    nodes.iter().take(MOST).filter_map(|node| position.get(*node as usize)).map(|at| *at as usize).collect()
}

/// What the node at a place of the order is called in its files; empty beyond the last one.
pub(super) fn node_name(atlas: &Atlas, at: usize) -> String {
    let node = atlas.ordering().order().get(at);
    node.map_or_else(String::new, |node| shown(atlas.dataset().node_id(*node as usize)))
}

/// A click selects an entry, where a texel stands for several the first one; between them the node of the row.
pub(super) fn select(cx: &ViewCx<'_>, atlas: &Atlas, raster: &Raster, clicked: (usize, usize)) {
    let (column, row) = entry_under(atlas, raster, clicked);
    let order = atlas.ordering().order();
    let Some(target) = order.get(row).copied() else { return };
    cx.out.send(match order.get(column).copied().filter(|source| *source != target) {
        Some(source) if atlas.find(row, column).is_some() => Command::SelectEntry { target, source },
        _ => Command::SelectNode(Some(target)),
    });
}
