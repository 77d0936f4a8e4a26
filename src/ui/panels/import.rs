//! The report before something is opened: what each file is, what was read of it, how it may be read otherwise, and whether graph and
//! model fit. Nothing is changed until it is accepted.

use eframe::egui::{self, vec2};

use super::fields::{number, real, report_ui, title_row, warnings_ui};
use super::model_card::metric_says;
use crate::engine::graph::{Column, Direction, ReadOptions, SelfLoops, Separator};
use crate::engine::model::Architecture;
use crate::io::Role;
use crate::session::words::Words;
use crate::session::{
    ClassCount, Command, FitCheck, ImportFile, ImportReport, ImportState, LoadedGraph, LoadedModel, NextStep, Phase,
    Readings, format,
};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::pane::Pane;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{card, mono, picker, section, shown, strong, value_row, weak};
use crate::ui::words::Say as _;

/// Entries and nodes that are shown.
const SHOWN_ROWS: usize = 6;
/// Columns of a list whose role can be chosen.
const MAX_COLUMNS: usize = 6;
/// Width of the page.
const WIDTH: f32 = 880.0;
/// Width of a column of controls.
const CONTROL: f32 = 220.0;
/// Width of a file's name.
const NAME: f32 = 190.0;
/// Width of the menu of roles.
const ROLE: f32 = 96.0;
/// Height of a file's row.
const ROW: f32 = 20.0;
/// Classes that are named one by one.
const SHOWN_CLASSES: usize = 12;
/// Between two halves of the page.
const GUTTER: f32 = 40.0;

/// The page of the report that waits.
pub(crate) fn import_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let Some(state) = &cx.session.store().import else { return };
    let Some(report) = &state.report else { return };
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let side = ((ui.available_width() - WIDTH) / 2.0).max(12.0);
        let width = (ui.available_width() - 2.0 * side).min(WIDTH);
        ui.horizontal_top(|ui| {
            ui.add_space(side);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.add_space(16.0);
                head_ui(cx, ui, state, report);
                files_ui(cx, ui, state, report);
                next_ui(cx, ui, report);
                if let Some(fit) = &report.fit {
                    fit_ui(cx, ui, fit);
                }
                graph_ui(cx, ui, state, report);
                if let Some(model) = &report.model {
                    model_ui(cx, ui, state, model);
                }
                ui.add_space(24.0);
            });
        });
    });
}

fn head_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, report: &ImportReport) {
    let words = ui.words();
    let is_reading = state.phase == Phase::Running;
    ui.horizontal(|ui| {
        ui.label(strong(words.text("import-title")).size(tokens::TITLE));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(words.text("import-discard")).on_hover_text(words.text("import-discard-says")).clicked() {
                cx.out.send(Command::DiscardImport);
            }
            let can_open = !is_reading && (report.graph.is_some() || report.model.is_some());
            let button = egui::Button::new(strong(words.text("import-accept"))).fill(cx.tokens.accent_weak);
            if ui.add_enabled(can_open, button).on_hover_text(words.text("import-accept-says")).clicked() {
                cx.out.send(Command::AcceptImport);
                // A graph without a model has nothing but the way on there, and the way on is what is wanted.
                cx.out.request(WindowRequest::Show(Pane::Layers));
            }
            if let Some(bundle) = cx.session.store().bundle_to_check() {
                let says = words.with("import-check-says", &[("bundle", bundle.into())]);
                let button = ui.add_enabled(!is_reading, egui::Button::new(words.text("import-check")));
                if button.on_hover_text(shown(says)).clicked() {
                    cx.out.send(Command::CheckImport);
                    cx.out.request(WindowRequest::Show(Pane::Monitor));
                }
            }
            if is_reading {
                ui.label(weak(cx.tokens, words.text("import-reading")));
            }
        });
    });
    ui.add_space(4.0);
}

/// Every file with the menu of its roles.
fn files_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, report: &ImportReport) {
    let words = ui.words();
    ui.label(weak(cx.tokens, words.text("import-files")));
    ui.add_space(4.0);
    for file in &report.files {
        ui.horizontal(|ui| {
            let name = egui::Label::new(mono(file.name())).truncate();
            ui.allocate_ui_with_layout(vec2(NAME, ROW), egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.set_min_width(NAME);
                ui.add(name).on_hover_text(shown(&file.spec));
            });
            role_ui(cx, ui, state, file);
            let is_out = file.role == Role::LeftOut;
            let says = if is_out {
                words.with("import-not-used", &[("why", file.why.as_str().into())])
            } else {
                format!("{}: {}", file.what, file.why)
            };
            let says = shown(says);
            let text = egui::RichText::new(says.as_str());
            let text = text.color(if is_out { cx.tokens.warning } else { cx.tokens.text_weak });
            ui.add(egui::Label::new(text).wrap()).on_hover_text(says);
        });
    }
    if report.files.iter().any(|file| file.role == Role::Bundle) && report.graph.is_some() {
        ui.add_space(4.0);
        let says = words.text("import-bundle-too");
        ui.add(egui::Label::new(weak(cx.tokens, says)).wrap());
    }
    if !report.outside.is_empty() {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let text = words.with("import-outside", &[("files", report.outside.join(", ").into())]);
            ui.colored_label(cx.tokens.warning, shown(text));
            if ui.button(words.text("import-outside-read")).on_hover_text(words.text("import-outside-says")).clicked() {
                cx.out.send(Command::ReadOutside);
            }
        });
    }
    for (spec, fault) in &report.faults {
        ui.add_space(4.0);
        fault_ui(cx, ui, spec, fault);
    }
}

/// The menu of one file.
fn role_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, file: &ImportFile) {
    let words = ui.words();
    let mut choices = file.possible.clone();
    choices.extend([file.role, Role::LeftOut]);
    choices.sort_unstable_by_key(|role| Role::ALL.iter().position(|other| other == role));
    choices.dedup();
    let mut role = file.role;
    let name = words.with("import-role-of", &[("file", file.name().into())]);
    let is_reading = state.phase == Phase::Running;
    ui.add_enabled_ui(!is_reading && choices.len() > 1, |ui| {
        picker(ui, &name, ROLE, &choices, &mut role, |role| match role {
            Role::LeftOut => said(words, "import-role-out"),
            Role::Edges => said(words, "import-role-edges"),
            Role::Features => said(words, "import-role-features"),
            Role::Labels => said(words, "import-role-labels"),
            Role::Split => said(words, "import-role-split"),
            other => (other.to_string(), String::new()),
        });
    });
    if role != file.role {
        cx.out.send(Command::SetImportRole(file.spec.clone(), role));
    }
}

/// Why something was refused: what was found, then what helps.
fn fault_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, spec: &str, fault: &str) {
    let frame = egui::Frame::new().fill(cx.tokens.failure_weak).corner_radius(tokens::RADIUS).inner_margin(8.0);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = egui::RichText::new(shown(format!("✕ {fault}"))).color(cx.tokens.failure);
        ui.add(egui::Label::new(text).wrap()).on_hover_text(shown(spec));
    });
}

/// What can be done with what is shown, once it is open.
fn next_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &ImportReport) {
    let words = ui.words();
    let store = cx.session.store();
    let graph = report.graph.as_ref().or(store.graph.as_ref());
    let has_model =
        report.model.is_some() || (store.model.is_some() && report.fit.as_ref().is_some_and(|f| f.misfit.is_none()));
    let steps = NextStep::of(graph.map(|g| g.dataset.labels().is_some()), has_model);
    if !report.faults.is_empty() || steps.is_empty() {
        return;
    }
    ui.add_space(8.0);
    for step in steps {
        ui.label(words.with("import-then", &[("step", step.says().into())]));
    }
}

/// What the model gives on the graph, beside what it should.
fn fit_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, fit: &FitCheck) {
    let words = ui.words();
    ui.add_space(8.0);
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let pair =
            words.with("import-pair", &[("model", fit.model.as_str().into()), ("graph", fit.graph.as_str().into())]);
        if let Some(why) = &fit.misfit {
            ui.colored_label(
                cx.tokens.warning,
                words.with("import-misfit", &[("pair", pair.into()), ("why", why.as_str().into())]),
            );
            return;
        }
        let Some(scores) = &fit.scores else {
            ui.label(words.with("import-fits-unscored", &[("pair", pair.into())]));
            assumptions_ui(cx, ui, fit);
            return;
        };
        let percent = |share: f64| format::percent(share);
        let name = metric_says(scores.metric, words);
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(words.with("import-fits", &[("pair", pair.into())])));
            let found = words.with(
                "import-scores",
                &[
                    ("metric", name.as_str().into()),
                    ("test", percent(scores.test).into()),
                    ("val", percent(scores.val).into()),
                ],
            );
            ui.label(found).on_hover_text(words.with("import-unpruned", &[("split", scores.split.as_str().into())]));
            if let Some((split, val, test)) = &scores.expected {
                let said = [("test", percent(*test).into()), ("val", percent(*val).into())];
                let text = words.with("import-file-says", &said);
                ui.label(weak(cx.tokens, text))
                    .on_hover_text(words.with("import-on-split", &[("split", split.as_str().into())]));
            }
        });
        let expected = scores.expected.as_ref().map_or(scores.largest_class + 0.02, |(_, _, test)| test - 0.05);
        if scores.test < expected {
            let text = match &scores.expected {
                Some(_) => words.with("import-low-file", &[("metric", name.into())]),
                None => words.with(
                    "import-low-class",
                    &[("metric", name.into()), ("largest", percent(scores.largest_class).into())],
                ),
            };
            ui.colored_label(cx.tokens.warning, text);
        }
        assumptions_ui(cx, ui, fit);
    });
}

/// What the model's file leaves open, each with what the model scores as it was read.
fn assumptions_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, fit: &FitCheck) {
    let words = ui.words();
    if fit.assumptions.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui.label(weak(cx.tokens, words.text("import-assumed-why")));
    for assumption in &fit.assumptions {
        ui.add(egui::Label::new(shown(words.with("import-assumed", &[("what", assumption.says().into())]))).wrap());
    }
}

fn graph_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, report: &ImportReport) {
    let words = ui.words();
    let is_here = report.files.iter().any(|file| file.role == Role::Edges);
    if !is_here {
        return;
    }
    ui.add_space(8.0);
    ui.separator();
    halves(ui, |left, right| {
        if let Some(graph) = &report.graph {
            counts_ui(left, cx.tokens, graph);
            classes_ui(left, cx.tokens, &report.classes);
        } else {
            section(left, cx.tokens, &words.text("import-graph"));
            left.label(weak(cx.tokens, words.text("import-not-read")));
        }
        options_ui(cx, right, state, report);
    });
    if let Some(lines) = &report.lines {
        section(ui, cx.tokens, &words.text("import-lines"));
        card(ui, cx.tokens, |ui| {
            ui.set_width(ui.available_width());
            for line in lines {
                ui.add(egui::Label::new(mono(line).size(tokens::SMALL)).truncate());
            }
        });
    }
    if let Some(graph) = &report.graph {
        rows_ui(ui, cx.tokens, graph, &report.classes);
    }
}

/// The classes by name, with their nodes.
fn classes_ui(ui: &mut egui::Ui, tokens: &Tokens, classes: &[ClassCount]) {
    let words = ui.words();
    if classes.is_empty() {
        return;
    }
    section(ui, tokens, &words.text("import-classes"));
    for class in classes.iter().take(SHOWN_CLASSES) {
        value_row(ui, tokens, &class.name, &format::count(class.n_nodes as u64))
            .on_hover_text(words.text("import-class-says"));
    }
    if let Some(n_more) = classes.len().checked_sub(SHOWN_CLASSES).filter(|n| *n > 0) {
        ui.label(weak(tokens, words.with("import-more", &[("n", n_more.into())])));
    }
}

fn counts_ui(ui: &mut egui::Ui, tokens: &Tokens, graph: &LoadedGraph) {
    let words = ui.words();
    title_row(ui, tokens, graph.dataset.name(), &graph.spec);
    let stats = &graph.stats;
    let count = |n: usize| format::count(n as u64);
    for (name, n) in [
        ("inputs-nodes", stats.n_nodes),
        ("inputs-entries", stats.n_entries),
        ("inputs-self-loops", stats.n_self_loops),
        ("inputs-isolated", stats.n_isolated),
        ("inputs-features", stats.n_features),
        ("inputs-classes", stats.n_classes),
        ("import-labelled", stats.n_labelled),
    ] {
        value_row(ui, tokens, &words.text(name), &count(n));
    }
    let splits: Vec<&str> = graph.dataset.splits().iter().map(|split| split.name.as_str()).collect();
    value_row(
        ui,
        tokens,
        &words.text("import-splits"),
        &if splits.is_empty() { words.text("import-none") } else { splits.join(", ") },
    );
    report_ui(ui, tokens, &graph.report, "import graph report");
}

/// The first entries and the first nodes, as they were understood.
fn rows_ui(ui: &mut egui::Ui, tokens: &Tokens, graph: &LoadedGraph, names: &[ClassCount]) {
    let words = ui.words();
    let dataset = &graph.dataset;
    section(ui, tokens, &words.text("import-rows"));
    halves(ui, |left, right| {
        egui::Grid::new("import entries").num_columns(3).striped(true).spacing([20.0, 2.0]).show(left, |ui| {
            for name in ["import-source", "import-target", "import-weight"] {
                ui.label(weak(tokens, words.text(name)));
            }
            ui.end_row();
            for (k, (u, v)) in dataset.topology().entries().take(SHOWN_ROWS).enumerate() {
                ui.label(mono(dataset.node_id(v as usize)));
                ui.label(mono(dataset.node_id(u as usize)));
                let weight = dataset.edge_weights().map_or_else(|| "1".to_owned(), |w| w[k].to_string());
                right_ui(ui, &weight);
                ui.end_row();
            }
        });
        egui::Grid::new("import nodes").num_columns(3).striped(true).spacing([20.0, 2.0]).show(right, |ui| {
            for name in ["import-node", "import-class", "import-neighbours"] {
                ui.label(weak(tokens, words.text(name)));
            }
            ui.end_row();
            for u in 0..dataset.n_nodes().min(SHOWN_ROWS) {
                ui.label(mono(dataset.node_id(u)));
                let classes = dataset.labels().map(|labels| labels.all_of(u)).unwrap_or_default();
                let name = |class: &usize| names.get(*class).map_or_else(|| class.to_string(), |c| c.name.clone());
                let classes: Vec<String> = classes.iter().map(name).collect();
                ui.label(mono(if classes.is_empty() { words.text("import-none") } else { classes.join(", ") }));
                right_ui(ui, &format::count(dataset.topology().degree(u) as u64));
                ui.end_row();
            }
        });
    });
}

/// A number in a column of a grid: at the right.
fn right_ui(ui: &mut egui::Ui, number: &str) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(mono(number)));
}

/// Two columns of equal width.
fn halves(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui, &mut egui::Ui)) {
    ui.scope(|ui| {
        let usual = ui.spacing().item_spacing.x;
        ui.spacing_mut().item_spacing.x = GUTTER;
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            for half in [&mut *left, &mut *right] {
                half.spacing_mut().item_spacing.x = usual;
            }
            add(left, right);
        });
    });
}

/// How the graph is read; every change reads it anew.
fn options_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, report: &ImportReport) {
    let words = ui.words();
    section(ui, cx.tokens, &words.text("import-options"));
    let mut options = state.options.clone();
    egui::Grid::new("import options").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        let directions = [None, Some(Direction::AsStored), Some(Direction::Reversed), Some(Direction::Symmetrised)];
        choice(ui, "import-direction", &directions, &mut options.direction, |d| match d {
            None => "import-by-format",
            Some(Direction::AsStored) => "import-as-stored",
            Some(Direction::Reversed) => "import-reversed",
            Some(Direction::Symmetrised) => "import-both-ways",
        });
        let loops = [None, Some(SelfLoops::AsStored), Some(SelfLoops::Added), Some(SelfLoops::Removed)];
        choice(ui, "inputs-self-loops", &loops, &mut options.self_loops, |l| match l {
            None => "import-by-format",
            Some(SelfLoops::AsStored) => "import-as-stored",
            Some(SelfLoops::Added) => "import-loops-added",
            Some(SelfLoops::Removed) => "import-loops-removed",
        });
        choice(ui, "import-edge-weights", &[None, Some(true), Some(false)], &mut options.weights, |w| match w {
            None => "import-weights-named",
            Some(true) => "import-weights-count",
            Some(false) => "import-weights-not",
        });
        if report.is_list {
            list_ui(ui, report, &mut options);
        }
    });
    if options != state.options {
        cx.out.send(Command::ChangeImport(Box::new(options), state.network.clone().map(Box::new)));
    }
}

/// How lines are taken apart.
fn list_ui(ui: &mut egui::Ui, report: &ImportReport, options: &mut ReadOptions) {
    let separators = [
        None,
        Some(Separator::Space),
        Some(Separator::Tab),
        Some(Separator::Comma),
        Some(Separator::Semicolon),
        Some(Separator::Bar),
    ];
    choice(ui, "import-separator", &separators, &mut options.separator, |s| match s {
        None => "import-separator-any",
        Some(Separator::Space) => "import-separator-space",
        Some(Separator::Tab) => "import-separator-tab",
        Some(Separator::Comma) => "import-separator-comma",
        Some(Separator::Semicolon) => "import-separator-semicolon",
        Some(Separator::Bar) => "import-separator-bar",
    });
    choice(ui, "import-first-line", &[None, Some(true), Some(false)], &mut options.header, |h| match h {
        None => "import-header-guess",
        Some(true) => "import-header-names",
        Some(false) => "import-header-edge",
    });
    let n_columns = n_columns(report.lines.as_deref().unwrap_or(&[]), options).clamp(2, MAX_COLUMNS);
    for at in 0..n_columns {
        let mut role = options.columns.as_ref().and_then(|columns| columns.get(at)).copied();
        let before = role;
        let all = [None, Some(Column::Source), Some(Column::Target), Some(Column::Weight), Some(Column::Ignored)];
        // Once one role is said, all are.
        let all = if role.is_none() { &all[..] } else { &all[1..] };
        let name = ui.words().with("import-column", &[("n", (at + 1).into())]);
        named_choice(ui, &name, all, &mut role, |c| match c {
            None => "import-column-guess",
            Some(Column::Source) => "import-source",
            Some(Column::Target) => "import-target",
            Some(Column::Weight) => "import-weight",
            Some(Column::Ignored) => "import-column-ignored",
        });
        if let Some(role) = role.filter(|role| before != Some(*role)) {
            let columns = options.columns.get_or_insert_with(|| vec![Column::Source, Column::Target]);
            columns.resize(n_columns.max(columns.len()), Column::Ignored);
            columns[at] = role;
        }
    }
}

/// Fields of the last line that is shown.
fn n_columns(lines: &[String], options: &ReadOptions) -> usize {
    let line = lines.iter().rev().find(|line| !line.trim().is_empty() && !line.starts_with(['#', '%']));
    let Some(line) = line else { return 0 };
    match options.separator {
        Some(Separator::Tab) => line.split('\t').count(),
        Some(Separator::Comma) => line.split(',').count(),
        Some(Separator::Semicolon) => line.split(';').count(),
        Some(Separator::Bar) => line.split('|').count(),
        Some(Separator::Space) | None => line.split([' ', '\t', ',', ';']).filter(|field| !field.is_empty()).count(),
    }
}

/// A text with its hint.
fn said(words: &Words, key: &str) -> (String, String) {
    (words.text(key), words.hint(key))
}

/// A choice by the key of its name; `label` gives keys.
fn choice<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    key: &str,
    choices: &[T],
    chosen: &mut T,
    label: impl Fn(T) -> &'static str,
) {
    let name = ui.words().text(key);
    named_choice(ui, &name, choices, chosen, label);
}

fn named_choice<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    name: &str,
    choices: &[T],
    chosen: &mut T,
    label: impl Fn(T) -> &'static str,
) {
    let words = ui.words();
    ui.label(name);
    picker(ui, name, CONTROL, choices, chosen, |c| (words.text(label(c)), ""));
    ui.end_row();
}

fn model_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, model: &LoadedModel) {
    let words = ui.words();
    ui.add_space(8.0);
    ui.separator();
    halves(ui, |left, right| {
        title_row(left, cx.tokens, &model.model.title(), &model.spec);
        value_row(left, cx.tokens, &words.text("import-parameters"), &format::count(model.model.n_parameters() as u64));
        warnings_ui(left, cx.tokens, &model.report);
        for fact in &model.report.facts {
            value_row(left, cx.tokens, &fact.name, &fact.value).on_hover_text(&fact.value);
        }
        for ignored in &model.report.ignored {
            left.label(
                weak(cx.tokens, words.with("import-not-used", &[("why", ignored.as_str().into())])).size(tokens::SMALL),
            );
        }
        settings_ui(cx, right, state, model);
        if let Some(report) = &state.report {
            readings_ui(cx, right, state, &report.readings);
        }
    });
}

/// How the model may be read, with what each reading gets right; a click uses another one.
fn readings_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, readings: &Readings) {
    let words = ui.words();
    if readings.all.is_empty() {
        return;
    }
    section(ui, cx.tokens, &words.text("import-reading-title"));
    ui.label(weak(cx.tokens, words.with("import-open", &[("why", readings.why.as_str().into())])));
    let is_reading = state.phase == Phase::Running;
    for reading in readings.all.iter().take(Readings::SHOWN) {
        let says = reading.says(readings);
        let choice = ui.add_enabled(!is_reading, egui::RadioButton::new(reading.is_used, says));
        if choice.on_hover_text(words.text("import-reading-use")).clicked() && !reading.is_used {
            let settings = reading.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            cx.out.send(Command::ChooseReading(settings));
        }
    }
    if let Some(n_more) = readings.all.len().checked_sub(Readings::SHOWN).filter(|n| *n > 0) {
        ui.label(weak(cx.tokens, words.with("import-lower", &[("n", n_more.into())])));
    }
    let Some(used) = readings.all.iter().find(|reading| reading.is_used) else { return };
    egui::Grid::new("import reading").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        for setting in readings.open.iter().filter(|setting| setting.choices.len() > 1) {
            let value = used.settings.iter().find(|(name, _)| *name == setting.name).map(|(_, value)| value.clone());
            let Some(value) = value else { continue };
            let choices: Vec<usize> = (0..setting.choices.len()).collect();
            let mut chosen = setting.choices.iter().position(|choice| *choice == value).unwrap_or(0);
            let before = chosen;
            let name = setting.name.replace('_', " ");
            ui.label(&name);
            picker(ui, &name, CONTROL, &choices, &mut chosen, |nth| (setting.choices[nth].clone(), ""));
            ui.end_row();
            if chosen != before {
                let with = |(name, value): &(&'static str, String)| {
                    let value = if *name == setting.name { setting.choices[chosen].clone() } else { value.clone() };
                    ((*name).to_owned(), value)
                };
                cx.out.send(Command::ChooseReading(used.settings.iter().map(with).collect()));
            }
        }
    });
}

/// What no tensor tells.
fn settings_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &ImportState, model: &LoadedModel) {
    let words = ui.words();
    let own = &model.model.architecture;
    let mut network: Architecture = own.clone();
    section(ui, cx.tokens, &words.text("import-unsaid"));
    egui::Grid::new("import network").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        if network.has("hops") {
            number(ui, &words.text("import-hops"), &words.hint("import-hops"), &mut network.hops, 1..=1_000);
        }
        if network.has("norm_r") {
            real(ui, "r", &words.text("import-r-says"), &mut network.norm_r, 0.0..=1.0);
        }
        if network.has("alpha") {
            real(ui, "α", &words.text("import-alpha-says"), &mut network.alpha, 0.0..=1.0);
        }
        if network.has("theta") {
            real(ui, "θ", &words.text("import-theta-says"), &mut network.theta, 0.0..=10.0);
        }
        if network.has("final_activation") {
            ui.label(words.text("import-final"));
            ui.checkbox(&mut network.final_activation, "").on_hover_text(words.text("import-final-says"));
            ui.end_row();
        }
    });
    if network != *own {
        cx.out.send(Command::ChangeImport(Box::new(state.options.clone()), Some(Box::new(network))));
    }
}
