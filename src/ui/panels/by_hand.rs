//! Entries that are kept or removed by hand, whatever the thresholds say.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui;

use crate::engine::graph::Dataset;
use crate::engine::sparsify::{PinnedEntry, Pins};
use crate::session::{Command, NodeReport};
use crate::ui::context::ViewCx;
use crate::ui::widgets::{picker, weak};
use crate::ui::words::Say as _;

/// Of a choice, points.
const WIDTH: f32 = 62.0;

/// The choices for the entries of a node.
pub(super) struct ByHand<'a> {
    dataset: &'a Dataset,
    target: &'a str,
    /// What the recipe says by now, by the ids of sources.
    decided: BTreeMap<&'a str, bool>,
    /// Why nothing can be decided by hand here.
    refused: Option<String>,
    /// Whether all entries of the node may be decided at once.
    is_room_for_all: bool,
}

impl<'a> ByHand<'a> {
    /// For the node of a report.
    pub(super) fn of(cx: &'a ViewCx<'_>, dataset: &'a Dataset, report: &'a NodeReport) -> Self {
        let store = cx.session.store();
        let decided = store.recipe.edges.pins.of_target(&report.id);
        let refused = store.effective_recipe().check_takes_pins().err().map(|error| error.to_string());
        let n_others = store.recipe.edges.pins.len() - decided.len();
        let is_room_for_all = n_others + report.around.neighbours.len() <= Pins::MAX;
        Self { dataset, target: &report.id, decided, refused, is_room_for_all }
    }

    fn entry(&self, source: u32) -> PinnedEntry {
        PinnedEntry { source: self.id(source), target: self.target.to_owned() }
    }

    /// The id of a node, as the graph's file spells it.
    pub(super) fn id(&self, node: u32) -> String {
        self.dataset.node_id(node as usize)
    }

    /// Who decides of one entry; `name` is what the choice is called.
    pub(super) fn entry_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, source: u32, name: &str) {
        let entry = self.entry(source);
        let before = self.decided.get(entry.source.as_str()).copied();
        let mut chosen = before;
        ui.add_enabled_ui(self.refused.is_none(), |ui| {
            let chooser = picker(ui, name, WIDTH, &[None, Some(true), Some(false)], &mut chosen, |is_kept| {
                let (words, key) = (cx.session.words(), pin_key(is_kept));
                (words.text(key), words.hint(key))
            });
            if let Some(why) = &self.refused {
                chooser.on_disabled_hover_text(why);
            }
        });
        if chosen != before {
            cx.out.send(Command::PinEntries(vec![entry], chosen));
        }
    }

    /// Decides of all entries of the node.
    pub(super) fn all_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport) {
        let sources = report.around.neighbours.iter();
        let words = ui.words();
        let button = |ui: &mut egui::Ui, key: &str, is_enabled: bool, is_kept: Option<bool>| {
            let button = egui::Button::new(words.text(key)).small();
            let button = ui.add_enabled(is_enabled, button).on_hover_text(words.hint(key));
            let button = match &self.refused {
                Some(why) => button.on_disabled_hover_text(why),
                None if !self.is_room_for_all => button.on_disabled_hover_text(words.text("recipe-pins-too-many")),
                None => button,
            };
            if button.clicked() {
                let entries = sources.clone().map(|neighbour| self.entry(neighbour.source)).collect();
                cx.out.send(Command::PinEntries(entries, is_kept));
            }
        };
        let can = self.refused.is_none() && self.is_room_for_all;
        ui.horizontal_wrapped(|ui| {
            ui.label(weak(cx.tokens, words.text("recipe-pins-all")));
            button(ui, "recipe-pins-keep-all", can, Some(true));
            button(ui, "recipe-pins-remove-all", can, Some(false));
            button(ui, "recipe-pins-by-rule", !self.decided.is_empty(), None);
        });
    }
}

fn pin_key(is_kept: Option<bool>) -> &'static str {
    match is_kept {
        None => "recipe-pin-rule",
        Some(true) => "recipe-pin-keep",
        Some(false) => "recipe-pin-remove",
    }
}

/// What the recipe says by hand, and the way back.
pub(super) fn pins_ui(ui: &mut egui::Ui, pins: &mut Arc<Pins>) {
    let words = ui.words();
    ui.horizontal(|ui| {
        let numbers = [("kept", pins.keep.len().into()), ("removed", pins.remove.len().into())];
        ui.label(words.with("recipe-pins-numbers", &numbers));
        let clear = ui.small_button(words.text("recipe-pins-clear")).on_hover_text(words.hint("recipe-pins-clear"));
        clear.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.text("recipe-pins-clear-name")));
        if clear.clicked() {
            *pins = Arc::default();
        }
    });
}
