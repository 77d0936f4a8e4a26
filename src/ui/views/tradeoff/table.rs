//! The numbers of a point, in a tooltip and side by side.

use eframe::egui::{self, RichText};

use crate::engine::experiment::SweepPoint;
use crate::session::words::{Language, Words};
use crate::session::{Command, SweepState, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::{ViewCx, WindowRequest};
use crate::ui::widgets::{mono, strong, weak};
use crate::ui::words::Say as _;

/// Points that are shown side by side, at most; the first ones win.
const MOST: usize = 6;

/// The tooltip of a point.
pub(super) fn says(ui: &mut egui::Ui, tokens: &Tokens, point: &SweepPoint) {
    let words = ui.words();
    ui.label(strong(title(point)));
    egui::Grid::new("point").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in cells(point, words) {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    ui.label(RichText::new(words.text("tradeoff-point-click")).size(tokens::SMALL).color(tokens.text_weak));
}

/// Its thresholds, rounded: the same in every language.
fn title(point: &SweepPoint) -> String {
    format!("δa {} · δw {}", format::delta(point.delta_a), format::delta(point.delta_w))
}

fn cells(point: &SweepPoint, words: &Words) -> [(String, String); 10] {
    let change = |now: f64, before: f64| format!("{} ({})", format::percent(now), format::points(now - before));
    let interval = point.test_interval().map_or_else(
        || format::NONE.to_owned(),
        |ends| {
            let [low, high] = ends.map(format::percent);
            words.with("tradeoff-range", &[("low", low.into()), ("high", high.into())])
        },
    );
    let part_of =
        |part: String, all: String| words.with("tradeoff-part-of", &[("part", part.into()), ("all", all.into())]);
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
        |(pruned, dense)| part_of(format::bytes(pruned), format::bytes(dense)),
    );
    [
        ("trial-on-test", change(point.test_accuracy, point.baseline_test_accuracy)),
        ("tradeoff-row-test-interval", interval),
        ("trial-on-validation", change(point.val_accuracy, point.baseline_val_accuracy)),
        ("tradeoff-row-agreement", format::percent(point.agreement)),
        ("tradeoff-row-edges", format::percent(point.edge_sparsity)),
        ("tradeoff-row-weights", format::percent(point.weight_sparsity)),
        (
            "tradeoff-row-macs",
            part_of(format::short_count(point.macs_pruned), format::short_count(point.macs_baseline)),
        ),
        ("tradeoff-row-time", time),
        ("tradeoff-row-request", request),
        ("tradeoff-row-size", size),
    ]
    .map(|(key, value)| (words.text(key), value))
}

/// The points that were marked, one column each.
pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState) {
    let compared: Vec<&SweepPoint> =
        sweep.compared.iter().filter_map(|idx| sweep.points.iter().find(|p| p.idx == *idx)).take(MOST).collect();
    let Some(first) = compared.first() else { return };
    let words = cx.session.words();
    ui.horizontal(|ui| {
        ui.label(strong(words.text("tradeoff-compared")));
        if ui.small_button(words.text("tradeoff-copy-table")).clicked() {
            cx.out.request(WindowRequest::Copy(tabbed(&compared)));
        }
        let leave = ui.small_button(words.text("tradeoff-leave-all-out"));
        if leave.on_hover_text(words.hint("tradeoff-leave-all-out")).clicked() {
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
            for (row, (name, _)) in cells(first, words).into_iter().enumerate() {
                ui.label(weak(cx.tokens, name));
                for point in &compared {
                    ui.label(mono(&cells(point, words)[row].1).size(tokens::SMALL));
                }
                ui.end_row();
            }
        });
    });
}

/// Names of rows, then a column for each point, for a spreadsheet; in English, as files are.
fn tabbed(compared: &[&SweepPoint]) -> String {
    let words = Words::of(Language::English);
    let names = compared.iter().map(|p| format!("δa {} δw {}", p.delta_a, p.delta_w));
    let mut lines = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>().join("\t")];
    let columns: Vec<_> = compared.iter().map(|point| cells(point, words)).collect();
    let names = columns.first().map_or_else(Vec::new, |cells| cells.iter().map(|(name, _)| name.clone()).collect());
    for (row, name) in names.into_iter().enumerate() {
        let values = columns.iter().map(|cells| cells[row].1.clone());
        lines.push(std::iter::once(name).chain(values).collect::<Vec<_>>().join("\t"));
    }
    lines.join("\n") + "\n"
}

/// The name of a column, which takes its recipe over, and the way out of the table.
fn head_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, point: &SweepPoint) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let words = cx.session.words();
        if ui.link(title(point)).on_hover_text(words.text("tradeoff-take-over-this")).clicked() {
            cx.out.send(Command::LoadPoint(point.idx));
        }
        let remove = ui.small_button("✕");
        let [a, w] = [point.delta_a, point.delta_w].map(|delta| delta.to_string());
        let label = words.with("tradeoff-leave-out", &[("a", a.into()), ("w", w.into())]);
        remove.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if remove.on_hover_text(words.hint("tradeoff-leave-out")).clicked() {
            cx.out.send(Command::ComparePoint(point.idx));
        }
    });
}
