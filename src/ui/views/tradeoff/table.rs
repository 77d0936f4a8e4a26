//! The numbers of a point, in a tooltip and side by side.

use eframe::egui::{self, RichText};

use crate::engine::experiment::SweepPoint;
use crate::session::{Command, SweepState, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::{ViewCx, WindowRequest};
use crate::ui::widgets::{mono, strong, weak};

/// Points that are shown side by side, at most; the first ones win.
const MOST: usize = 6;

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

fn cells(point: &SweepPoint) -> [(&'static str, String); 10] {
    let change = |now: f64, before: f64| format!("{} ({})", format::percent(now), format::points(now - before));
    let interval = point.test_interval().map_or_else(
        || format::NONE.to_owned(),
        |[low, high]| format!("{} to {}", format::percent(low), format::percent(high)),
    );
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
        ("test, 95 %", interval),
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

/// The points that were marked, one column each.
pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState) {
    let compared: Vec<&SweepPoint> =
        sweep.compared.iter().filter_map(|idx| sweep.points.iter().find(|p| p.idx == *idx)).take(MOST).collect();
    let Some(first) = compared.first() else { return };
    ui.horizontal(|ui| {
        ui.label(strong("Compared"));
        if ui.small_button("Copy table").clicked() {
            cx.out.request(WindowRequest::Copy(tabbed(&compared)));
        }
        if ui.small_button("Leave all out").on_hover_text("Costs are here again").clicked() {
            for idx in &sweep.compared {
                cx.out.send(Command::ComparePoint(*idx));
            }
        }
    });
    egui::ScrollArea::both().id_salt("compared").auto_shrink([false, false]).show(ui, |ui| {
        egui::Grid::new("compared").striped(true).spacing([14.0, 3.0]).show(ui, |ui| {
            ui.label("");
            for point in &compared {
                head_ui(cx, ui, point);
            }
            ui.end_row();
            for (row, (name, _)) in cells(first).into_iter().enumerate() {
                ui.label(weak(cx.tokens, name));
                for point in &compared {
                    ui.label(mono(&cells(point)[row].1).size(tokens::SMALL));
                }
                ui.end_row();
            }
        });
    });
}

/// Names of rows, then a column for each point, for a spreadsheet.
fn tabbed(compared: &[&SweepPoint]) -> String {
    let names = compared.iter().map(|p| format!("δa {} δw {}", p.delta_a, p.delta_w));
    let mut lines = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>().join("\t")];
    let columns: Vec<_> = compared.iter().map(|point| cells(point)).collect();
    let names = columns.first().map_or_else(Vec::new, |cells| cells.iter().map(|(name, _)| *name).collect());
    for (row, name) in names.into_iter().enumerate() {
        let values = columns.iter().map(|cells| cells[row].1.clone());
        lines.push(std::iter::once(name.to_owned()).chain(values).collect::<Vec<_>>().join("\t"));
    }
    lines.join("\n") + "\n"
}

/// The name of a column, which takes its recipe over, and the way out of the table.
fn head_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, point: &SweepPoint) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let name = format!("δa {} · δw {}", format::delta(point.delta_a), format::delta(point.delta_w));
        if ui.link(name).on_hover_text("Take over this recipe").clicked() {
            cx.out.send(Command::LoadPoint(point.idx));
        }
        let remove = ui.small_button("✕");
        let label = format!("Leave out δa {} δw {}", point.delta_a, point.delta_w);
        remove.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if remove.on_hover_text("Leave out of the comparison").clicked() {
            cx.out.send(Command::ComparePoint(point.idx));
        }
    });
}
