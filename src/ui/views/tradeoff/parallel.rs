//! Everything that was tried as lines over parallel axes: what the good ones have in common.
//!
//! A click on a line takes its recipe over.

use eframe::egui;

use super::together::Together;
use super::{LEAST_HEIGHT, Tradeoff};
use crate::session::words::{Language, Words};
use crate::session::{Command, LineOf, Phase, TrialLines, format};
use crate::ui::views::{ViewCx, WindowRequest};
use crate::ui::widgets::parallel::{ParallelOutput, ParallelSpec, colours_ui};
use crate::ui::widgets::{empty_state, mono, strong, weak};

impl Tradeoff {
    pub(super) fn together_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let words = cx.session.words();
        if !self.together.lines.is_of(store) || self.together.lines.language != words.language() {
            self.together.lines = TrialLines::in_words(store, words);
            self.together.revision += 1;
        }
        let n = self.together.lines.lines.len();
        let hint = if n > 0 { words.text("tradeoff-lines-hint") } else { String::new() };
        self.toolbar_ui(cx, ui, (Phase::Idle, 0, 0), &hint, |view, ui| {
            if view.together.chart.has_limits() && ui.button(words.text("tradeoff-lines-clear")).clicked() {
                view.together.chart.clear();
            }
        });
        let Together { chart, lines, revision } = &mut self.together;
        if n == 0 {
            let [title, next] = ["tradeoff-lines-none", "tradeoff-lines-next"].map(|key| words.text(key));
            return empty_state(ui, cx.tokens, &title, &next);
        }
        let name = |line: usize| lines.lines.get(line).map_or_else(String::new, |of| name_of(cx, *of));
        let spec = ParallelSpec {
            name: &words.text("tradeoff-lines"),
            axes: &lines.axes,
            n_lines: n,
            colour: lines.test,
            revision: *revision,
            line: &|line| words.with("tradeoff-line", &[("name", name(line).into())]),
            here: here(cx, lines),
        };
        let caption = 22.0;
        let height = (ui.available_height() - caption - 12.0).max(LEAST_HEIGHT * 2.0);
        let whole = egui::Rect::from_min_size(ui.cursor().min, egui::vec2(ui.available_width(), height + caption));
        let output = chart.ui(ui, cx.tokens, height, &spec);
        ui.horizontal(|ui| {
            if ui.small_button(words.text("tradeoff-copy-picture")).clicked() {
                cx.out.request(WindowRequest::CopyPicture(whole));
            }
            if ui.small_button(words.text("tradeoff-copy-table")).clicked() {
                // In English, as files are.
                let lines = TrialLines::in_words(store, Words::of(Language::English));
                cx.out.request(WindowRequest::Copy(tabbed(&lines, &name)));
            }
            let text = match n {
                1 => words.text("tradeoff-lines-one"),
                n => {
                    let [within, all] = [output.n_within, n].map(|n| format::count(n as u64));
                    words.with("tradeoff-lines-within", &[("n", within.into()), ("all", all.into())])
                }
            };
            ui.label(weak(cx.tokens, text));
            if let Some(axis) = lines.test.and_then(|at| lines.axes.get(at)) {
                ui.add_space(12.0);
                colours_ui(ui, cx.tokens, axis);
            }
        });
        says_ui(cx, ui, lines, output, &name);
        match output.clicked.and_then(|line| lines.lines.get(line)) {
            Some(LineOf::Run(id)) => cx.out.send(Command::ShowRun(*id)),
            Some(LineOf::Point(idx)) => cx.out.send(Command::LoadPoint(*idx)),
            None => {}
        }
    }
}

/// A row for each line, a column for each axis, for a spreadsheet.
fn tabbed(lines: &TrialLines, name: &dyn Fn(usize) -> String) -> String {
    let head = lines.axes.iter().map(|axis| axis.name.clone());
    let mut rows = vec![std::iter::once("trial".to_owned()).chain(head).collect::<Vec<_>>().join("\t")];
    rows.extend((0..lines.lines.len()).map(|line| {
        let value =
            |values: &Vec<f64>| values.get(line).filter(|v| v.is_finite()).map_or_else(String::new, f64::to_string);
        let cells = lines.axes.iter().map(|axis| value(&axis.values));
        std::iter::once(name(line)).chain(cells).collect::<Vec<_>>().join("\t")
    }));
    rows.join("\n") + "\n"
}

/// The line whose recipe is the present one.
fn here(cx: &ViewCx<'_>, lines: &TrialLines) -> Option<usize> {
    let store = cx.session.store();
    let of_run = store.finished_run().map(|entry| LineOf::Run(entry.id));
    let of_point = || super::points::here(cx, &store.sweep).map(|point| LineOf::Point(point.idx));
    let of = of_run.or_else(of_point)?;
    lines.lines.iter().position(|own| *own == of)
}

fn name_of(cx: &ViewCx<'_>, of: LineOf) -> String {
    let store = cx.session.store();
    match of {
        LineOf::Run(id) => store.run(id).map_or_else(String::new, |entry| entry.name.clone()),
        LineOf::Point(idx) => {
            let point = store.sweep.points.iter().find(|point| point.idx == idx);
            point.map_or_else(String::new, |point| format!("δa {} δw {}", point.delta_a, point.delta_w))
        }
    }
}

/// All numbers of the line under the pointer.
fn says_ui(cx: &ViewCx<'_>, ui: &egui::Ui, lines: &TrialLines, output: ParallelOutput, name: &dyn Fn(usize) -> String) {
    let Some(line) = output.hovered else { return };
    egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), ui.scope_id().with("line"), egui::PopupAnchor::Pointer)
        .gap(12.0)
        .show(|ui| {
            ui.label(strong(name(line)));
            egui::Grid::new("line").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
                for axis in &lines.axes {
                    let value = axis.values.get(line).copied().unwrap_or(f64::NAN);
                    ui.label(weak(cx.tokens, axis.name.as_str()));
                    ui.label(mono(if value.is_finite() { format!("{value:.2}") } else { format::NONE.to_owned() }));
                    ui.end_row();
                }
            });
            ui.label(weak(cx.tokens, cx.session.words().text("tradeoff-line-click")));
        });
}
