//! Where the panes stand, and how tabs look.

use eframe::egui;
use egui_tiles::{Container, Linear, LinearDir, Tile, Tiles, Tree, UiResponse};

use super::views::{Pane, ViewCx, Views};

/// The layout of a first start: inputs, centre, and recipe over verdict.
pub(super) fn first() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let inputs = tiles.insert_pane(Pane::Inputs);
    let centre = Pane::CENTRE.map(|p| tiles.insert_pane(p));
    let centre = tiles.insert_tab_tile(centre.to_vec());
    let (recipe, verdict) = (tiles.insert_pane(Pane::Recipe), tiles.insert_pane(Pane::Verdict));
    let right = tiles.insert_container(linear(LinearDir::Vertical, &[(recipe, 0.54), (verdict, 0.46)]));
    let all = tiles.insert_container(linear(LinearDir::Horizontal, &[(inputs, 0.17), (centre, 0.62), (right, 0.21)]));
    Tree::new(egui::Id::unique("panes"), all, tiles)
}

fn linear(dir: LinearDir, parts: &[(egui_tiles::TileId, f32)]) -> Container {
    let mut linear = Linear::new(dir, parts.iter().map(|(id, _)| *id).collect());
    parts.iter().for_each(|(id, share)| linear.shares.set_share(*id, *share));
    Container::Linear(linear)
}

/// Whether every pane is there exactly once; a saved layout that is not is dropped.
pub(super) fn is_complete(tree: &Tree<Pane>) -> bool {
    let mut found: Vec<Pane> =
        tree.tiles.tiles().filter_map(|t| if let Tile::Pane(p) = t { Some(*p) } else { None }).collect();
    found.sort_unstable();
    let mut all = Pane::ALL.to_vec();
    all.sort_unstable();
    found == all
}

/// Draws panes and tabs.
pub(super) struct Behaviour<'a> {
    pub(super) views: &'a mut Views,
    pub(super) cx: ViewCx<'a>,
}

impl egui_tiles::Behavior<Pane> for Behaviour<'_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _id: egui_tiles::TileId, pane: &mut Pane) -> UiResponse {
        let tokens = self.cx.tokens;
        ui.painter().rect_filled(ui.max_rect(), 0.0, tokens.surface);
        let Some(view) = self.views.get_mut(*pane) else { return UiResponse::None };
        ui.push_id(*pane, |ui| {
            egui::Frame::NONE.inner_margin(8.0).show(ui, |ui| view.ui(&self.cx, ui));
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        self.views.title(*pane).into()
    }
}
