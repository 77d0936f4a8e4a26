//! Where the panes stand, and how tabs look.

use eframe::egui::{self, Color32, Stroke};
use egui_tiles::{Container, Linear, LinearDir, TabState, Tile, TileId, Tiles, Tree, UiResponse};

use super::context::ViewCx;
use super::pane::Pane;
use super::tokens;
use super::views::Views;

/// Below this width of the window, in points, the side panes become tabs.
pub(super) const NARROW_BELOW: f32 = 1000.0;
/// Below this width one group of tabs is left.
pub(super) const SINGLE_BELOW: f32 = 800.0;

/// Of the height at the right, where recipe and verdict together have 1.
const NODE_SHARE: f32 = 0.7;
/// The panes at the right.
const RIGHT: [Pane; 3] = [Pane::Recipe, Pane::Verdict, Pane::Node];

/// The layout of a first start: inputs, centre, and recipe over verdict over the node that is looked at.
pub(super) fn first() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let inputs = tiles.insert_pane(Pane::Inputs);
    let centre = Pane::CENTRE.map(|p| tiles.insert_pane(p));
    let centre = tiles.insert_tab_tile(centre.to_vec());
    let [recipe, verdict, node] = RIGHT.map(|p| tiles.insert_pane(p));
    let right =
        tiles.insert_container(linear(LinearDir::Vertical, &[(recipe, 0.59), (verdict, 0.41), (node, NODE_SHARE)]));
    let all = tiles.insert_container(linear(LinearDir::Horizontal, &[(inputs, 0.155), (centre, 0.625), (right, 0.22)]));
    Tree::new(egui::Id::unique("panes"), all, tiles)
}

/// For a narrow window or a large zoom: inputs among the tabs of the centre, recipe over verdict in one group.
pub(super) fn narrow() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let left: Vec<_> = Pane::CENTRE.into_iter().chain([Pane::Inputs]).map(|p| tiles.insert_pane(p)).collect();
    let left = tiles.insert_tab_tile(left);
    let right = RIGHT.map(|p| tiles.insert_pane(p));
    let right = tiles.insert_tab_tile(right.to_vec());
    let all = tiles.insert_container(linear(LinearDir::Horizontal, &[(left, 0.66), (right, 0.34)]));
    Tree::new(egui::Id::unique("narrow panes"), all, tiles)
}

/// For a window that is narrower still: one group of tabs; the verdict's numbers are in the status bar then.
pub(super) fn single() -> Tree<Pane> {
    let mut panes = vec![Pane::Layers, Pane::Recipe, Pane::Verdict, Pane::Node, Pane::Inputs];
    panes.extend(Pane::CENTRE.into_iter().filter(|p| *p != Pane::Layers));
    Tree::new_tabs(egui::Id::unique("single panes"), panes)
}

fn linear(dir: LinearDir, parts: &[(TileId, f32)]) -> Container {
    let mut linear = Linear::new(dir, parts.iter().map(|(id, _)| *id).collect());
    for (id, share) in parts {
        linear.shares.set_share(*id, *share);
    }
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

/// A layout that was saved before there were panes for nodes, the graph and checks, with all of them; others as they are.
pub(super) fn with_later_panes(tree: Tree<Pane>) -> Tree<Pane> {
    with_tab(with_tab(with_node(tree), Pane::Graph, Pane::Tradeoff), Pane::Monitor, Pane::Export)
}

/// A pane that came later, as the tab behind one that was there.
fn with_tab(mut tree: Tree<Pane>, pane: Pane, before: Pane) -> Tree<Pane> {
    if tree.tiles.find_pane(&pane).is_some() {
        return tree;
    }
    let Some(before) = tree.tiles.find_pane(&before) else { return tree };
    let Some(place) = tree.tiles.parent_of(before) else { return tree };
    let later = tree.tiles.insert_pane(pane);
    match tree.tiles.get_mut(place) {
        Some(Tile::Container(Container::Tabs(tabs))) => {
            let at = tabs.children.iter().position(|tab| *tab == before).map_or(tabs.children.len(), |at| at + 1);
            tabs.children.insert(at, later);
        }
        Some(Tile::Container(container)) => container.add_child(later),
        _ => {}
    }
    tree
}

/// The node that is looked at below the verdict.
fn with_node(mut tree: Tree<Pane>) -> Tree<Pane> {
    if tree.tiles.find_pane(&Pane::Node).is_some() {
        return tree;
    }
    let Some(verdict) = tree.tiles.find_pane(&Pane::Verdict) else { return tree };
    // A pane stands in a group of tabs, and that in a row or a column.
    let mut place = tree.tiles.parent_of(verdict);
    if let Some(outer) = place.and_then(|tabs| tree.tiles.parent_of(tabs)) {
        place = Some(outer);
    }
    let node = tree.tiles.insert_pane(Pane::Node);
    if let Some(Tile::Container(container)) = place.and_then(|place| tree.tiles.get_mut(place)) {
        container.add_child(node);
    }
    tree
}

/// A layout as text, for a session that is kept.
pub(super) fn to_text(tree: &Tree<Pane>) -> String {
    serde_json::to_string(tree).unwrap_or_default()
}

/// A layout from text; `None` for one that cannot be used.
pub(super) fn from_text(text: &str) -> Option<Tree<Pane>> {
    serde_json::from_str(text).ok().map(with_later_panes).filter(is_complete)
}

/// Shows a pane, or hides it.
pub(super) fn set_visible(tree: &mut Tree<Pane>, pane: Pane, is_visible: bool) {
    if let Some(id) = tree.tiles.find_pane(&pane)
        && tree.tiles.is_visible(id) != is_visible
    {
        // Its group of tabs goes with it, where it is alone there.
        tree.tiles.set_visible(id, is_visible);
        if let Some(tabs) = tree.tiles.parent_of(id)
            && let Some(Tile::Container(container)) = tree.tiles.get(tabs)
            && container.num_children() == 1
        {
            tree.tiles.set_visible(tabs, is_visible);
        }
    }
}

/// Brings a pane to the front.
pub(super) fn show(tree: &mut Tree<Pane>, pane: Pane) {
    tree.make_active(|_, tile| matches!(tile, Tile::Pane(p) if *p == pane));
}

/// Below this height, in points, the recipe, the verdict and the inspector do not fit below one another.
const SHORT_BELOW: f32 = 900.0;

/// In a short window the inspector is a tab beside the verdict, in a tall one it stands below it. A user who has put either elsewhere keeps
/// them there; `is_beside` is whether it was put there by this function.
pub(super) fn fit_height(tree: &mut Tree<Pane>, height: f32, is_beside: &mut bool) {
    let is_short = height < SHORT_BELOW;
    if is_short == *is_beside {
        return;
    }
    let Some(node) = tree.tiles.find_pane(&Pane::Node) else { return };
    let group = |tree: &Tree<Pane>, pane| tree.tiles.find_pane(&pane).and_then(|id| tree.tiles.parent_of(id));
    let (Some(own), Some(verdict)) = (group(tree, Pane::Node), group(tree, Pane::Verdict)) else { return };
    let Some(column) = tree.tiles.parent_of(verdict) else { return };
    if !matches!(tree.tiles.get_container(verdict), Some(Container::Tabs(_))) {
        // Before its first frame a layout has panes without tabs.
        return;
    }
    if is_short && own != verdict && tree.tiles.parent_of(own) == Some(column) {
        let is_alone = tree.tiles.get_container(own).is_some_and(|own| own.num_children() == 1);
        tree.move_tile_to_container(node, verdict, usize::MAX, false);
        if is_alone {
            tree.remove_recursively(own);
        }
        *is_beside = true;
    } else if !is_short && own == verdict {
        let place = match tree.tiles.get_container(column) {
            Some(Container::Linear(linear)) => linear.children.iter().position(|child| *child == verdict),
            _ => None,
        };
        tree.move_tile_to_container(node, column, place.map_or(usize::MAX, |at| at + 1), true);
        if let Some(Tile::Container(Container::Linear(linear))) = tree.tiles.get_mut(column) {
            linear.shares.set_share(node, NODE_SHARE);
        }
        *is_beside = false;
    } else {
        *is_beside = is_short;
    }
}

/// How wide a column at the side is, in points: as its share says, but not narrower nor wider than this. Values stand near their labels then.
const SIDE_WIDTHS: [(Pane, [f32; 2]); 2] = [(Pane::Inputs, [198.0, 320.0]), (Pane::Recipe, [281.0, 320.0])];

/// Gives the centre what the columns at the sides do not need, whenever the window has another width; in between a user may drag them.
pub(super) fn fit_width(tree: &mut Tree<Pane>, width: f32, before: &mut f32) {
    if (width - *before).abs() < 0.5 {
        return;
    }
    *before = width;
    let Some(root) = tree.root() else { return };
    let Some(Container::Linear(linear)) = tree.tiles.get_container(root) else { return };
    if linear.dir != LinearDir::Horizontal {
        return;
    }
    let children = linear.children.clone();
    let total: f32 = children.iter().map(|child| linear.shares[*child]).sum();
    let mut widths: Vec<f32> = children.iter().map(|child| linear.shares[*child] / total * width).collect();
    let column_of = |pane: Pane| {
        let mut tile = tree.tiles.find_pane(&pane)?;
        while let Some(parent) = tree.tiles.parent_of(tile).filter(|parent| *parent != root) {
            tile = parent;
        }
        children.iter().position(|child| *child == tile)
    };
    // The column in the middle takes what is over; one that holds a side pane as well is no side.
    let Some(centre) = column_of(Pane::Layers) else { return };
    for (pane, [least, most]) in SIDE_WIDTHS {
        if let Some(at) = column_of(pane).filter(|at| *at != centre) {
            let fitting = widths[at].clamp(least, most);
            widths[centre] += widths[at] - fitting;
            widths[at] = fitting;
        }
    }
    if widths[centre] > 0.0
        && let Some(Tile::Container(Container::Linear(linear))) = tree.tiles.get_mut(root)
    {
        for (child, width_of) in children.into_iter().zip(widths) {
            linear.shares.set_share(child, width_of / width);
        }
    }
}

/// The layout as it is in a tall window: what is kept for the next start.
pub(super) fn tall(tree: &Tree<Pane>, mut is_beside: bool) -> Tree<Pane> {
    let mut tree = tree.clone();
    fit_height(&mut tree, f32::INFINITY, &mut is_beside);
    tree
}

/// Draws panes and tabs.
pub(super) struct Behaviour<'a> {
    pub(super) views: &'a mut Views,
    pub(super) cx: ViewCx<'a>,
}

impl egui_tiles::Behavior<Pane> for Behaviour<'_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _id: TileId, pane: &mut Pane) -> UiResponse {
        ui.painter().rect_filled(ui.max_rect(), 0.0, self.cx.tokens.surface);
        let Some(view) = self.views.get_mut(*pane) else { return UiResponse::None };
        ui.push_id(*pane, |ui| {
            let margin = egui::Margin::symmetric(10, 6);
            self.cx.out.speaks(Some(*pane));
            egui::Frame::NONE.inner_margin(margin).show(ui, |ui| view.ui(&self.cx, ui));
            self.cx.out.speaks(None);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        pane.title(self.cx.session.words()).into()
    }

    /// Read out as a tab, and whether it is in front.
    fn on_tab_button(&mut self, tiles: &mut Tiles<Pane>, id: TileId, response: egui::Response) -> egui::Response {
        let group = tiles.parent_of(id).and_then(|group| tiles.get_container(group));
        let is_active = matches!(group, Some(Container::Tabs(tabs)) if tabs.active == Some(id));
        let title = tiles.get_pane(&id).map_or_else(String::new, |pane| pane.title(self.cx.session.words()));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_active, &title));
        response
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions { all_panes_must_have_tabs: true, ..Default::default() }
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        28.0
    }

    fn tab_bar_color(&self, _visuals: &egui::Visuals) -> Color32 {
        self.cx.tokens.sunken
    }

    fn tab_bg_color(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        if state.active { self.cx.tokens.surface } else { self.cx.tokens.sunken }
    }

    fn tab_outline_stroke(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, _: &TabState) -> Stroke {
        Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _visuals: &egui::Visuals) -> Stroke {
        Stroke::new(1.0, self.cx.tokens.separator)
    }

    fn tab_text_color(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        if state.active { self.cx.tokens.text } else { self.cx.tokens.text_weak }
    }

    fn tab_title_spacing(&self, _visuals: &egui::Visuals) -> f32 {
        tokens::GRID * 2.5
    }

    fn resize_stroke(&self, _style: &egui::Style, state: egui_tiles::ResizeState) -> Stroke {
        match state {
            egui_tiles::ResizeState::Idle => Stroke::new(1.0, self.cx.tokens.separator),
            _ => Stroke::new(2.0, self.cx.tokens.accent),
        }
    }
}
