//! What stands beside the numbers of a recovered run: whether they hold for this graph alone or for nodes that arrive later, and the
//! controls, on demand.

use eframe::egui::{self, Align, Layout};

use crate::engine::experiment::{ControlScore, Run, controls_say};
use crate::engine::sparsify::NodesAre;
use crate::session::jobs::Lane;
use crate::session::{Command, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{chip, mono, strong, value_row, weak};

/// The block of the verdict; nothing where nothing was recovered.
pub(super) fn static_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run) {
    let Some(nodes) = run.recipe.recovery.as_ref().map(|rule| rule.nodes_are) else { return };
    let tokens = cx.tokens;
    let store = cx.session.store();
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(strong("Recovered"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (ink, ground, says) = match nodes {
                NodesAre::Static => (
                    tokens.warning,
                    tokens.warning_weak,
                    "Entries, values and weights were fitted to what the unpruned model says of the nodes of this graph: in part, its \
                     answers are stored",
                ),
                NodesAre::New => (
                    tokens.text_weak,
                    tokens.sunken,
                    "Entries were chosen by a rule that asks the unpruned model nothing about nodes that arrive later, and weights by what \
                     known nodes give",
                ),
            };
            chip(ui, nodes.mark(), ink, ground).on_hover_text(says);
        });
    });
    let says = match &run.pruned.arrivals {
        None => "Static: for other graphs or new nodes these numbers do not hold",
        Some(arrivals) if arrivals.unseen.n_nodes == 0 => {
            "The split has no test nodes: every node counted as known, and no number is of nodes that arrive later"
        }
        Some(_) => "New nodes: the test nodes played those that arrive later",
    };
    ui.add(egui::Label::new(weak(tokens, says).size(tokens::SMALL)).wrap());
    if let Some(training) = run.pruned.training {
        let text = weak(tokens, format!("Weights {training}")).size(tokens::SMALL);
        ui.add(egui::Label::new(text).wrap());
    }
    let finished = store.finished_run().filter(|entry| std::ptr::eq(&raw const *entry.run, run));
    let controls: &[ControlScore] = finished.map_or(&[], |entry| store.controls_of(entry.id));
    if controls.is_empty() {
        let is_busy = cx.session.is_busy(&Lane::Controls);
        let button = egui::Button::new(if is_busy { "Computing controls" } else { "Controls" });
        let button = ui
            .add_enabled(finished.is_some() && !is_busy, button)
            .on_hover_text(match nodes {
                NodesAre::Static => {
                    "Three more runs: without entries, with random ones, and fitted without the test nodes"
                }
                NodesAre::New => "Two more runs: without entries, and with random ones",
            })
            .on_disabled_hover_text(if is_busy { "More runs are computed" } else { "Prune first (Ctrl+Enter)" });
        if let Some(entry) = finished.filter(|_| button.clicked()) {
            cx.out.send(Command::Controls(entry.id));
        }
        return;
    }
    for control in controls {
        let test = control.test.map_or_else(|| format::NONE.to_owned(), |score| format::percent(score.accuracy));
        let agreement = format::percent(control.agreement);
        value_row(ui, tokens, control.kind.title(), &format!("test {test}  {agreement} same")).on_hover_ui(|ui| {
            ui.label(control.kind.says());
            ui.label(mono(format!(
                "removed {} of the entries, {} of the weights",
                format::percent(control.edge_sparsity),
                format::percent(control.weight_sparsity)
            )));
        });
    }
    ui.add(egui::Label::new(weak(tokens, controls_say(nodes)).size(tokens::SMALL)).wrap());
}
