//! What stands beside the numbers of a recovered run: whether they hold for this graph alone or for nodes that arrive later, and the
//! controls, on demand.

use eframe::egui::{self, Align, Layout};

use crate::engine::experiment::{ControlKind, ControlScore, Run};
use crate::engine::sparsify::NodesAre;
use crate::session::jobs::Lane;
use crate::session::{Command, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{chip, mono, strong, value_row, weak};
use crate::ui::words::Say as _;

/// The block of the verdict; nothing where nothing was recovered.
pub(super) fn static_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run) {
    let Some(nodes) = run.recipe.recovery.as_ref().map(|rule| rule.nodes_are) else { return };
    let (tokens, words) = (cx.tokens, ui.words());
    let store = cx.session.store();
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(strong(words.text("recipe-recovered")));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (ink, ground, says) = match nodes {
                NodesAre::Static => (tokens.warning, tokens.warning_weak, "recipe-static-says"),
                NodesAre::New => (tokens.text_weak, tokens.sunken, "recipe-new-says"),
            };
            let mark = match nodes {
                NodesAre::Static => "recipe-mark-static",
                NodesAre::New => "recipe-mark-new",
            };
            chip(ui, &words.text(mark), ink, ground).on_hover_text(words.text(says));
        });
    });
    let says = match &run.pruned.arrivals {
        None => words.text("recipe-static-numbers"),
        Some(arrivals) if arrivals.unseen.n_nodes == 0 => words.text("recipe-no-test-nodes"),
        Some(_) => words.text("recipe-new-numbers"),
    };
    ui.add(egui::Label::new(weak(tokens, says).size(tokens::SMALL)).wrap());
    if let Some(training) = run.pruned.training {
        let text = weak(tokens, words.with("recipe-weights-training", &[("training", training.to_string().into())]))
            .size(tokens::SMALL);
        ui.add(egui::Label::new(text).wrap());
    }
    let finished = store.finished_run().filter(|entry| std::ptr::eq(&raw const *entry.run, run));
    let controls: &[ControlScore] = finished.map_or(&[], |entry| store.controls_of(entry.id));
    if controls.is_empty() {
        let is_busy = cx.session.is_busy(&Lane::Controls);
        let button = egui::Button::new(if is_busy {
            words.text("recipe-computing-controls")
        } else {
            words.text("recipe-controls")
        });
        let button = ui
            .add_enabled(finished.is_some() && !is_busy, button)
            .on_hover_text(match nodes {
                NodesAre::Static => words.text("recipe-controls-three"),
                NodesAre::New => words.text("recipe-controls-two"),
            })
            .on_disabled_hover_text(if is_busy {
                words.text("recipe-controls-busy")
            } else {
                words.text("recipe-prune-first")
            });
        if let Some(entry) = finished.filter(|_| button.clicked()) {
            cx.out.send(Command::Controls(entry.id));
        }
        return;
    }
    for control in controls {
        let test = control.test.map_or_else(|| format::NONE.to_owned(), |score| format::percent(score.accuracy));
        let agreement = format::percent(control.agreement);
        let key = control_key(control.kind);
        let value = words.with("recipe-control-scores", &[("test", test.into()), ("agreement", agreement.into())]);
        value_row(ui, tokens, &words.text(key), &value).on_hover_ui(|ui| {
            ui.label(words.hint(key));
            let [entries, weights] = [control.edge_sparsity, control.weight_sparsity].map(format::percent);
            let removed = [("entries", entries.into()), ("weights", weights.into())];
            ui.label(mono(words.with("recipe-control-removed", &removed)));
        });
    }
    let says = match nodes {
        NodesAre::Static => "recipe-controls-say-static",
        NodesAre::New => "recipe-controls-say-new",
    };
    ui.add(egui::Label::new(weak(tokens, words.text(says)).size(tokens::SMALL)).wrap());
}

fn control_key(control: ControlKind) -> &'static str {
    match control {
        ControlKind::NoEntries => "recipe-control-no-entries",
        ControlKind::RandomEntries => "recipe-control-random",
        ControlKind::FitWithoutTest => "recipe-control-without-test",
    }
}
