//! The numbers of a point, in a tooltip and side by side.

use eframe::egui::{self, RichText};

use crate::engine::experiment::SweepPoint;
use crate::session::{Command, SweepState, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ViewCx;
use crate::ui::widgets::{mono, strong, weak};

const ROW: f32 = 20.0;

/// Points that are shown side by side, at most; the first ones win.
const MOST: usize = 6;

/// Room for the compared points.
pub(super) fn height(sweep: &SweepState) -> f32 {
    let n = sweep.compared.len().min(MOST);
    if n == 0 { 0.0 } else { 40.0 + ROW * (n as f32 + 1.0) }
}

/// The tooltip of a point.
pub(super) fn says(ui: &mut egui::Ui, tokens: &Tokens, point: &SweepPoint) {
    ui.label(strong(format!("δa {} · δw {}", format::delta(point.delta_a), format::delta(point.delta_w))));
    egui::Grid::new("point").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in cells(point) {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    ui.label(RichText::new("click takes over, shift-click compares").size(tokens::SMALL).color(tokens.text_weak));
}

fn cells(point: &SweepPoint) -> [(&'static str, String); 9] {
    let change = |now: f64, before: f64| format!("{} ({})", format::percent(now), format::points(now - before));
    let time = if point.pruned_secs.is_finite() {
        format!("{} ({})", format::seconds(point.pruned_secs), format::factors(point.speedup_interval()))
    } else {
        format::NONE.to_owned()
    };
    let request = point.request_secs.map_or_else(
        || format::NONE.to_owned(),
        |secs| format!("{} ({})", format::seconds(secs), format::factors(point.request_speedup_interval())),
    );
    let size = point.pruned_bytes.zip(point.baseline_bytes);
    let size = size.map_or_else(
        || format::NONE.to_owned(),
        |(pruned, dense)| format!("{} of {}", format::bytes(pruned), format::bytes(dense)),
    );
    [
        ("test", change(point.test_accuracy, point.baseline_test_accuracy)),
        ("validation", change(point.val_accuracy, point.baseline_val_accuracy)),
        ("agreement", format::percent(point.agreement)),
        ("edges removed", format::percent(point.edge_sparsity)),
        ("weights removed", format::percent(point.weight_sparsity)),
        ("MACs", format!("{} of {}", format::short_count(point.macs_pruned), format::short_count(point.macs_baseline))),
        ("time, whole graph", time),
        ("time, 64 nodes", request),
        ("size", size),
    ]
}

/// The points that were marked, one row each.
pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState) {
    let compared: Vec<&SweepPoint> =
        sweep.compared.iter().filter_map(|idx| sweep.points.iter().find(|p| p.idx == *idx)).take(MOST).collect();
    if compared.is_empty() {
        return;
    }
    ui.add_space(6.0);
    ui.separator();
    egui::ScrollArea::horizontal().show(ui, |ui| {
        egui::Grid::new("compared").striped(true).min_row_height(ROW - 4.0).spacing([14.0, 3.0]).show(ui, |ui| {
            ui.label("");
            ui.label(strong("Compared"));
            for (name, _) in cells(compared[0]) {
                ui.label(weak(cx.tokens, name));
            }
            ui.end_row();
            for point in compared {
                row_ui(cx, ui, point);
                ui.end_row();
            }
        });
    });
}

fn row_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, point: &SweepPoint) {
    let remove = ui.small_button("✕");
    let label = format!("Leave out δa {} δw {}", point.delta_a, point.delta_w);
    remove.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if remove.on_hover_text("Leave out of the comparison").clicked() {
        cx.out.send(Command::ComparePoint(point.idx));
    }
    let name = format!("δa {} · δw {}", format::delta(point.delta_a), format::delta(point.delta_w));
    if ui.link(name).on_hover_text("Take over this recipe").clicked() {
        cx.out.send(Command::LoadPoint(point.idx));
    }
    for (_, value) in cells(point) {
        ui.label(mono(value).size(tokens::SMALL));
    }
}
