//! Two runs held against each other, as a page of sections: what it comes to, numbers, masks as pictures, predictions, recipes.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{self, RichText};

use super::heatmap::{Pair, PairCell, order_key};
use super::nodes::{self, NodesCx};
use crate::engine::certify::GroupKind;
use crate::engine::experiment::{Overlap, PredictionDifference, RunDifference};
use crate::engine::plot::{Atlas, NodeOrder, Side};
use crate::session::trial_words::step_title;
use crate::session::words::{Language, Words};
use crate::session::{AtlasRequest, CompareRequest, Comparison, DiffLine, DiffSide, NumberRow, RunEntry, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ViewCx;
use crate::ui::widgets::{empty_state, mono, picker, section, strong, weak};

/// What a comparison remembers between frames.
#[derive(Debug, Default)]
pub(super) struct ComparePage {
    order: NodeOrder,
    cells: BTreeMap<(Side, usize), PairCell>,
    atlas: Option<Arc<Atlas>>,
    /// Which of the weight matrices of every layer, where layers have several.
    matrix: usize,
    shows_whole_recipe: bool,
    said: Option<Said>,
}

/// What a comparison comes to, in the language that it was last shown in.
#[derive(Debug)]
struct Said {
    of: (Arc<Comparison>, Language),
    sentences: Vec<String>,
    numbers: Vec<NumberRow>,
}

/// Height of a heatmap with its heading.
const PICTURE: f32 = 330.0;
/// Wider ones say nothing more.
const MOST_WIDTH: f32 = 1200.0;
/// More classes are a list of pairs.
const MOST_CLASSES: usize = 12;
/// Pairs of that list, the most frequent ones.
const MOST_PAIRS: usize = 40;

impl ComparePage {
    /// Draws it; answers whether the user goes back to the table.
    pub(super) fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, a: &RunEntry, b: &RunEntry) -> bool {
        let words = cx.session.words();
        let names = [("a", a.name.as_str().into()), ("b", b.name.as_str().into())];
        let mut goes_back = false;
        ui.horizontal(|ui| {
            let back = ui.button(words.text("compared-back"));
            goes_back = back.on_hover_text(words.hint("compared-back")).clicked();
            ui.label(strong(words.with("compared-title", &names)).size(tokens::HEADING));
        });
        ui.label(weak(cx.tokens, words.with("compared-names", &names)));
        let request = CompareRequest { a: Arc::clone(&a.run), b: Arc::clone(&b.run) };
        let desk = &cx.session.store().desk;
        let answer = desk.answer_to(&request);
        if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        let Some(found) = answer else {
            let (title, next) = match desk.failure(CompareRequest::SLOT) {
                Some(why) => (words.text("compared-impossible"), why.to_owned()),
                None => (words.text("compared-running"), words.text("compared-running-says")),
            };
            empty_state(ui, cx.tokens, &title, &next);
            return goes_back;
        };
        egui::ScrollArea::vertical().id_salt("comparison").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(MOST_WIDTH));
            let said = self.said(&found, [a, b], words);
            for sentence in &said.sentences {
                ui.add(egui::Label::new(sentence.as_str()).wrap());
            }
            numbers_ui(cx, ui, [a, b], &said.numbers);
            if found.difference.is_same_graph {
                self.masks_ui(cx, ui, Pair { a: &a.run, b: &b.run }, &found.difference);
            }
            overlaps_ui(cx, ui, a, &found.difference);
            if let Some(predictions) = &found.difference.predictions {
                predictions_ui(cx, ui, a, predictions);
            }
            self.recipes_ui(cx, ui, &found);
            ui.add_space(16.0);
        });
        goes_back
    }

    /// Made anew only for another comparison or language.
    fn said(&mut self, found: &Arc<Comparison>, [a, b]: [&RunEntry; 2], words: &Words) -> &Said {
        let is_same = |said: &Said| Arc::ptr_eq(&said.of.0, found) && said.of.1 == words.language();
        let kept = self.said.take().filter(is_same);
        self.said.insert(kept.unwrap_or_else(|| {
            let (sentences, numbers) = found.in_words(&a.run, &b.run, words);
            Said { of: (Arc::clone(found), words.language()), sentences, numbers }
        }))
    }

    fn masks_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, pair: Pair<'_>, difference: &RunDifference) {
        let words = cx.session.words();
        section(ui, cx.tokens, &words.text("compared-masks"));
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, words.text("compared-nodes")));
            let nodes = |order: NodeOrder| (words.text(order_key(order)), "");
            picker(ui, &words.text("compared-order"), 112.0, &NodeOrder::ALL, &mut self.order, nodes)
                .labelled_by(label.id);
            let n_matrices = difference.matrices.iter().map(|matrix| matrix.nth + 1).max().unwrap_or(0);
            if n_matrices > 1 {
                self.matrix = self.matrix.min(n_matrices - 1);
                let label = ui.label(weak(cx.tokens, words.text("compared-weights")));
                let all: Vec<usize> = (0..n_matrices).collect();
                let says = words.hint("compared-matrix");
                let name =
                    |at: usize| (words.with("compared-matrix", &[("n", (at + 1).to_string().into())]), says.as_str());
                picker(ui, &words.text("compared-matrix-name"), 96.0, &all, &mut self.matrix, name)
                    .labelled_by(label.id);
            }
            ui.label(weak(cx.tokens, words.text("compared-colours")));
        });
        let Some(atlas) = self.ordered(cx, pair) else {
            ui.label(weak(cx.tokens, words.text("compared-ordering")));
            return;
        };
        let width = (ui.available_width() - 14.0) / 2.0;
        for (at, step) in pair.a.pruned.steps.iter().enumerate() {
            let edges = difference.steps.iter().find(|own| own.step == at).map(|own| (Side::Edges, own.entries));
            let nth = self.matrix.min(step.weights.len().saturating_sub(1));
            let weights = difference.matrices.iter().find(|own| (own.step, own.nth) == (at, nth));
            let weights = weights.map(|own| (Side::Weights(nth), own.weights));
            if edges.is_none() && weights.is_none() {
                continue;
            }
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 14.0;
                for (side, counted) in [edges, weights].into_iter().flatten() {
                    let (rect, _) = ui.allocate_exact_size(egui::vec2(width, PICTURE), egui::Sense::hover());
                    if !ui.is_rect_visible(rect) {
                        continue;
                    }
                    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).id_salt((side, at)));
                    let cell = self.cells.entry((side, at)).or_default();
                    cell.ui(cx, &mut child, rect, pair, &atlas, (side, at), &counted);
                }
            });
        }
    }

    /// The nodes in the chosen order; the order before while it is computed.
    fn ordered(&mut self, cx: &ViewCx<'_>, pair: Pair<'_>) -> Option<Arc<Atlas>> {
        let request = AtlasRequest {
            dataset: Arc::clone(&pair.a.dataset),
            matrix: pair.a.recipe.matrix(),
            by: self.order,
            seed: pair.a.recipe.seed,
        };
        let desk = &cx.session.store().desk;
        if let Some(atlas) = desk.answer_to(&request) {
            self.atlas = Some(atlas);
        } else if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        self.atlas.clone().filter(|atlas| Arc::ptr_eq(atlas.dataset(), &pair.a.dataset))
    }

    fn recipes_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, found: &Comparison) {
        let words = cx.session.words();
        section(ui, cx.tokens, &words.text("compared-recipes"));
        let is_same = found.recipe.iter().all(|line| line.side == DiffSide::Both);
        if is_same {
            ui.label(words.text("compared-recipes-same"));
        } else {
            ui.label(weak(cx.tokens, words.text("compared-recipes-signs")));
        }
        ui.checkbox(&mut self.shows_whole_recipe, words.text("compared-recipes-all"));
        let lines = shown_lines(&found.recipe, self.shows_whole_recipe);
        ui.spacing_mut().item_spacing.y = 1.0;
        for line in lines {
            let ink = match line.side {
                DiffSide::Both => cx.tokens.text_weak,
                DiffSide::First => cx.tokens.warning,
                DiffSide::Second => cx.tokens.success,
            };
            ui.label(mono(format!("{} {}", line.side.sign(), line.text)).color(ink));
        }
    }
}

/// All lines; or those that differ, with the section that each is of.
fn shown_lines(lines: &[DiffLine], shows_all: bool) -> Vec<&DiffLine> {
    if shows_all {
        return lines.iter().collect();
    }
    let is_heading = |line: &DiffLine| line.text.starts_with('[');
    let (mut shown, mut heading) = (Vec::new(), None);
    for line in lines {
        if is_heading(line) && line.side == DiffSide::Both {
            heading = Some(line);
        } else if line.side != DiffSide::Both {
            shown.extend(heading.take());
            shown.push(line);
        }
    }
    shown
}

fn numbers_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, [a, b]: [&RunEntry; 2], rows: &[NumberRow]) {
    let (tokens, words) = (cx.tokens, cx.session.words());
    section(ui, tokens, &words.text("compared-numbers"));
    egui::Grid::new("numbers").num_columns(4).spacing([24.0, 3.0]).show(ui, |ui| {
        ui.label("");
        ui.label(weak(tokens, format!("A  {}", a.name)));
        ui.label(weak(tokens, format!("B  {}", b.name)));
        let change = ui.label(weak(tokens, words.text("compared-column-change")));
        change.on_hover_text(words.hint("compared-column-change"));
        ui.end_row();
        for row in rows {
            ui.label(&row.name).on_hover_text(&row.says);
            ui.label(mono(row.a.as_str()));
            ui.label(mono(row.b.as_str()));
            let change = || [("change", row.change.as_str().into())];
            let (text, ink) = match row.is_better {
                Some(true) => (words.with("compared-better", &change()), tokens.success),
                Some(false) => (words.with("compared-worse", &change()), tokens.warning),
                None => (row.change.clone(), tokens.text),
            };
            ui.label(mono(text).color(ink));
            ui.end_row();
        }
    });
}

/// Jaccard index and overlap of every mask, and of the entries into every class.
fn overlaps_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, a: &RunEntry, difference: &RunDifference) {
    let words = cx.session.words();
    section(ui, cx.tokens, &words.text("compared-keeps"));
    ui.add(egui::Label::new(weak(cx.tokens, words.text("compared-keeps-says"))).wrap());
    egui::Grid::new("overlaps").num_columns(8).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
        ui.label("");
        for key in OVERLAPS {
            ui.label(weak(cx.tokens, words.text(key)));
        }
        ui.end_row();
        let all_nodes = words.text("compared-all-nodes");
        let step_of = |at: usize| {
            let step = a.run.pruned.steps.get(at);
            step.map_or_else(String::new, |step| step_title(step.kind, step.idx, words))
        };
        for step in &difference.steps {
            let title = words.with("compared-step-edges", &[("step", step_of(step.step).into())]);
            overlap_row(ui, cx.tokens, &title, &all_nodes, &step.entries, true);
            for (kind, counted) in &step.classes {
                overlap_row(ui, cx.tokens, "", &group_title(kind, words), counted, false);
            }
        }
        for matrix in &difference.matrices {
            let step = step_of(matrix.step);
            let own = a.run.pruned.steps.get(matrix.step).filter(|step| step.weights.len() > 1);
            let title = match own.map(|step| step.matrix_name(matrix.nth)) {
                Some(name) => words.with("compared-step-matrix", &[("step", step.into()), ("matrix", name.into())]),
                None => words.with("compared-step-weights", &[("step", step.into())]),
            };
            overlap_row(ui, cx.tokens, &title, "", &matrix.weights, true);
        }
    });
}

/// Headings behind that of the step.
const OVERLAPS: [&str; 7] = [
    "compared-into",
    "compared-a-only",
    "compared-b-only",
    "compared-both",
    "compared-neither",
    "runs-jaccard",
    "runs-overlap",
];

/// What the nodes of a group have in common.
fn group_title(kind: &GroupKind, words: &Words) -> String {
    match kind {
        GroupKind::Class { name, .. } => name.clone(),
        GroupKind::Degree { lowest, highest } if lowest == highest => {
            words.with("compared-degree", &[("lowest", lowest.to_string().into())])
        }
        GroupKind::Degree { lowest, highest } => {
            let ends = [("lowest", lowest.to_string().into()), ("highest", highest.to_string().into())];
            words.with("compared-degrees", &ends)
        }
    }
}

fn overlap_row(ui: &mut egui::Ui, tokens: &Tokens, title: &str, into: &str, counted: &Overlap, is_main: bool) {
    ui.label(if is_main { strong(title) } else { weak(tokens, title) });
    ui.label(weak(tokens, into));
    for n in [counted.first_alone, counted.second_alone, counted.both, counted.neither] {
        ui.label(mono(format::count(n)));
    }
    for share in [counted.jaccard(), counted.coefficient()] {
        ui.label(mono(share.map_or_else(|| format::NONE.to_owned(), format::percent)));
    }
    ui.end_row();
}

fn predictions_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, a: &RunEntry, predictions: &PredictionDifference) {
    let words = cx.session.words();
    section(ui, cx.tokens, &words.text("compared-predictions"));
    let names = a.run.dataset.labels().map_or(&[][..], |labels| &labels.names);
    let unnamed = |class: u32| words.with("compared-class", &[("class", class.to_string().into())]);
    let class = |class: u32| names.get(class as usize).cloned().unwrap_or_else(|| unnamed(class));
    let is_open = cx.session.store().graph.as_ref().is_some_and(|g| Arc::ptr_eq(&g.dataset, &a.run.dataset));
    let place = NodesCx { dataset: &a.run.dataset, can_select: is_open, class: &class };
    nodes::ui(cx, ui, &predictions.changed, &place);
    ui.add_space(8.0);
    confusion_ui(cx, ui, predictions, &class);
    ui.add_space(8.0);
    groups_ui(cx, ui, predictions);
}

fn confusion_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, predictions: &PredictionDifference, class: &dyn Fn(u32) -> String) {
    let confusion = &predictions.confusion;
    let classes: Vec<u32> = confusion.by_class().iter().map(|own| own.class).collect();
    let words = cx.session.words();
    ui.label(weak(cx.tokens, words.text("compared-confusion")));
    if classes.len() > MOST_CLASSES {
        let mut pairs: Vec<_> = confusion.pairs.iter().filter(|((a, b), _)| a != b).collect();
        pairs.sort_by(|x, y| y.1.cmp(x.1).then(x.0.cmp(y.0)));
        egui::Grid::new("pairs").num_columns(3).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
            for key in ["compared-a-says", "compared-b-says", "compared-column-nodes"] {
                ui.label(weak(cx.tokens, words.text(key)));
            }
            ui.end_row();
            for ((first, second), n) in pairs.into_iter().take(MOST_PAIRS) {
                ui.label(class(*first));
                ui.label(class(*second));
                ui.label(mono(format::count(*n)));
                ui.end_row();
            }
        });
        return;
    }
    egui::ScrollArea::horizontal().id_salt("confusion").show(ui, |ui| {
        egui::Grid::new("confusion").num_columns(classes.len() + 1).spacing([14.0, 3.0]).show(ui, |ui| {
            ui.label(weak(cx.tokens, "A ↓  B →"));
            for second in &classes {
                let name = class(*second);
                ui.label(weak(cx.tokens, short(&name))).on_hover_text(crate::ui::widgets::shown(name));
            }
            ui.end_row();
            for first in &classes {
                ui.label(weak(cx.tokens, class(*first)));
                for second in &classes {
                    let n = confusion.count(*first, *second);
                    let text = if n == 0 { mono("·") } else { mono(format::count(n)) };
                    // What both say stands on the diagonal; what differs is what one looks for.
                    let is_other = first != second && n > 0;
                    let weak = cx.tokens.text_weak;
                    ui.label(if is_other { text.color(cx.tokens.warning).strong() } else { text.color(weak) });
                }
                ui.end_row();
            }
        });
    });
}

/// A class's name where it heads a column of small numbers.
fn short(name: &str) -> String {
    const LETTERS: usize = 11;
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    let start: String = name.chars().take(LETTERS - 1).collect();
    format!("{}…", start.trim_end())
}

fn groups_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, predictions: &PredictionDifference) {
    let words = cx.session.words();
    ui.label(weak(cx.tokens, words.text("compared-groups-says")));
    egui::Grid::new("groups").num_columns(5).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
        ui.label("");
        for key in ["compared-column-nodes", "compared-change", "compared-a-right", "compared-b-right"] {
            ui.label(weak(cx.tokens, words.text(key)));
        }
        ui.end_row();
        for group in &predictions.groups {
            let name = RichText::new(crate::ui::widgets::shown(group_title(&group.kind, words)));
            ui.label(if matches!(group.kind, GroupKind::Class { .. }) {
                name
            } else {
                name.color(cx.tokens.text_weak)
            });
            ui.label(mono(format::count(group.n)));
            let share = format::percent(group.changed as f64 / group.n.max(1) as f64);
            ui.label(mono(format!("{} ({share})", format::count(group.changed))));
            ui.label(mono(format::count(group.worse)));
            ui.label(mono(format::count(group.better)));
            ui.end_row();
        }
    });
}
