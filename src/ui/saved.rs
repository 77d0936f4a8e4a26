//! What the window remembers from one start to the next.

use eframe::egui;
use egui_tiles::Tree;
use serde::{Deserialize, Serialize};

use super::layout;
use super::pane::Pane;
use crate::session::words::Language;
use crate::session::{Recent, defaults};

/// Under which key it is kept.
pub(super) const KEY: &str = "unifews-window";
/// Versions of another meaning are not taken over.
const VERSION: u32 = 1;

/// Settings and layout. A field that an older version did not write has its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    pub(super) version: u32,
    /// Light, dark, or as the system.
    pub theme: egui::ThemePreference,
    /// The language that was switched to; the system's where it never was.
    pub language: Option<Language>,
    /// Everything this many times its designed size.
    pub zoom: f32,
    /// Where the panes stand; absent for the first layout.
    pub layout: Option<Tree<Pane>>,
    /// Loss of accuracy, a share, that verdicts are held against.
    pub limit: f64,
    /// What was opened, newest first.
    pub recent: Vec<Recent>,
}

impl Default for Saved {
    fn default() -> Self {
        let (theme, limit) = (egui::ThemePreference::System, defaults::LIMIT);
        Self { version: VERSION, theme, language: None, zoom: 1.0, layout: None, limit, recent: Vec::new() }
    }
}

impl Saved {
    /// What can be used of it: nothing of another version, no layout that lacks a pane, no zoom that hides the menu.
    pub(super) fn checked(self) -> Self {
        if self.version != VERSION {
            return Self::default();
        }
        let zoom = if self.zoom.is_finite() { self.zoom.clamp(MIN_ZOOM, MAX_ZOOM) } else { 1.0 };
        let limit = if (0.0..=1.0).contains(&self.limit) { self.limit } else { defaults::LIMIT };
        Self { zoom, limit, layout: self.layout.map(layout::with_later_panes).filter(layout::is_complete), ..self }
    }
}

/// Smallest zoom.
pub(super) const MIN_ZOOM: f32 = 0.5;
/// Largest zoom.
pub(super) const MAX_ZOOM: f32 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// The tabs of the centre, from left to right.
    fn centre(layout: &Tree<Pane>) -> Vec<Pane> {
        let tiles = &layout.tiles;
        let group = tiles.parent_of(tiles.find_pane(&Pane::Layers).expect("there")).expect("a group of tabs");
        let Some(egui_tiles::Tile::Container(tabs)) = tiles.get(group) else { panic!("no group of tabs") };
        tabs.children().filter_map(|id| tiles.get_pane(id)).copied().collect()
    }

    /// One value, as eframe's file of settings has it.
    struct Kept(&'static str);

    impl eframe::Storage for Kept {
        fn get_string(&self, key: &str) -> Option<String> {
            (key == KEY).then(|| self.0.to_owned())
        }

        fn set_string(&mut self, _: &str, _: String) {}

        fn remove_string(&mut self, _: &str) {}

        fn flush(&mut self) {}
    }

    #[test]
    fn settings_of_an_earlier_version_are_taken_over() {
        // Written before there was a pane for monitoring.
        let text = include_str!("../../tests/fixtures/v1/window.ron");
        let saved: Saved = eframe::get_value(&Kept(text), KEY).expect("readable");
        let saved = saved.checked();
        assert_eq!((saved.theme, saved.recent.len()), (egui::ThemePreference::Dark, 1));
        assert!((saved.zoom - 1.5).abs() < 1e-6 && (saved.limit - 0.02).abs() < 1e-12, "{saved:?}");
        assert_eq!(saved.recent[0].spec, "sample:cora");
        let layout = saved.layout.expect("the layout of then, with what came later");
        assert_eq!(centre(&layout), Pane::CENTRE);
    }

    #[test]
    fn unusable_parts_are_replaced_one_by_one() {
        let old: Saved = serde_json::from_str(r#"{"version": 1, "zoom": 99.0}"#).expect("missing fields have defaults");
        let checked = old.checked();
        assert!((checked.zoom - MAX_ZOOM).abs() < 1e-6 && checked.layout.is_none(), "{checked:?}");
        let foreign: Saved = serde_json::from_str(r#"{"version": 7, "zoom": 2.0}"#).expect("a number");
        assert!((foreign.checked().zoom - 1.0).abs() < 1e-6, "another version is not taken over");
        let wild: Saved = serde_json::from_str(r#"{"version": 1, "limit": -3.0}"#).expect("a number");
        assert!(
            (wild.checked().limit - defaults::LIMIT).abs() < 1e-12,
            "no limit that a loss could not be held against"
        );
        let whole = Saved { layout: Some(layout::first()), ..Saved::default() };
        let text = serde_json::to_string(&whole).expect("serialisable");
        let back: Saved = serde_json::from_str(&text).expect("readable");
        assert!(back.checked().layout.is_some(), "the first layout is complete");
        // One of before there were panes for nodes and for the graph gets them; one that lacks another pane is dropped.
        for (panes, is_kept) in [
            (&[Pane::Node][..], true),
            (&[Pane::Graph], true),
            (&[Pane::Graph, Pane::Node], true),
            (&[Pane::Export], false),
        ] {
            let mut layout = layout::first();
            for pane in panes {
                let tile = layout.tiles.find_pane(pane).expect("there");
                layout.remove_recursively(tile);
            }
            let checked = Saved { layout: Some(layout), ..Saved::default() }.checked();
            assert_eq!(checked.layout.is_some(), is_kept, "{panes:?}");
            if let Some(layout) = checked.layout {
                assert_eq!(centre(&layout), Pane::CENTRE, "the tabs of the centre without {panes:?}");
            }
        }
    }
}
