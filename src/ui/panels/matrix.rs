//! The weight that is selected, and its matrix.

use std::sync::Arc;

use eframe::egui;

use crate::engine::experiment::Run;
use crate::session::{Command, MatrixRequest, WeightPlace, markdown};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::tokens;
use crate::ui::widgets::{page_ui, strong, weak};
use crate::ui::words::Say as _;

/// Draws it.
pub(super) fn matrix_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Arc<Run>, place: WeightPlace) {
    let desk = &cx.session.store().desk;
    let request = MatrixRequest { run: Arc::clone(run), place };
    if !desk.is_settled(&request) {
        cx.out.compute(request.clone());
    }
    // The answer about the run or the weight before stays while the next one is on its way.
    let answer = desk
        .answer::<MatrixRequest>(MatrixRequest::SLOT)
        .filter(|(answered, _)| Arc::ptr_eq(&answered.run.model, &run.model) && answered.place.matrix == place.matrix);
    let name = run.model.weight(place.matrix).map_or("", |weight| weight.name.as_str());
    let words = ui.words();
    ui.horizontal(|ui| {
        ui.label(strong(words.with("matrix-title", &[("name", name.into())])).size(tokens::TEXT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let close = ui.small_button(words.text("matrix-close"));
            if close.on_hover_text(words.hint("matrix-close")).clicked() {
                cx.out.send(Command::SelectNode(None));
            }
            if let Some((_, page)) = &answer
                && ui.small_button(words.text("matrix-copy")).on_hover_text(words.hint("matrix-copy")).clicked()
            {
                cx.out.request(WindowRequest::Copy(markdown(page)));
            }
        });
    });
    if let Some(why) = desk.failure(MatrixRequest::SLOT) {
        ui.label(weak(cx.tokens, why));
    }
    if let Some((_, page)) = answer {
        egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width());
            page_ui(ui, cx.tokens, &page);
        });
    }
}
