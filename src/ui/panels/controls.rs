//! What stands beside the numbers of a recovered run: that they hold for this graph alone, and the controls, on demand.

use eframe::egui::{self, Align, Layout};

use crate::engine::experiment::{CONTROLS_SAY, ControlScore, Run};
use crate::session::jobs::Lane;
use crate::session::{Command, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{chip, mono, strong, value_row, weak};

/// The block of the verdict; nothing where nothing was recovered.
pub(super) fn static_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run) {
    if run.recipe.recovery.is_none() {
        return;
    }
    let tokens = cx.tokens;
    let store = cx.session.store();
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(strong("Recovered"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            chip(ui, "static", tokens.warning, tokens.warning_weak).on_hover_text(
                "Entries, values and weights were fitted to what the unpruned model says of the nodes of this graph: in part, its answers \
                 are stored",
            );
        });
    });
    let text = weak(tokens, "Static: for other graphs or new nodes these numbers do not hold").size(tokens::SMALL);
    ui.add(egui::Label::new(text).wrap());
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
            .on_hover_text("Three more runs: without entries, with random ones, and fitted without the test nodes")
            .on_disabled_hover_text(if is_busy { "Three more runs are computed" } else { "Prune first (Ctrl+Enter)" });
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
    ui.add(egui::Label::new(weak(tokens, CONTROLS_SAY).size(tokens::SMALL)).wrap());
}
