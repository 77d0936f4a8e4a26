//! Two runs held against each other, as a page of sections: what it comes to, numbers, masks as pictures, predictions, recipes.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{self, RichText};

use super::heatmap::{Pair, PairCell};
use super::nodes::{self, NodesCx};
use crate::engine::certify::GroupKind;
use crate::engine::experiment::{Overlap, PredictionDifference, RunDifference};
use crate::engine::plot::{Atlas, NodeOrder, Side};
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
        let mut goes_back = false;
        ui.horizontal(|ui| {
            goes_back = ui.button("← All runs").on_hover_text("Back to the table; the two stay ticked").clicked();
            ui.label(strong(format!("{} against {}", a.name, b.name)).size(tokens::HEADING));
        });
        ui.label(weak(cx.tokens, format!("A is {}, B is {}", a.name, b.name)));
        let request = CompareRequest { a: Arc::clone(&a.run), b: Arc::clone(&b.run) };
        let desk = &cx.session.store().desk;
        let answer = desk.answer_to(&request);
        if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        let Some(found) = answer else {
            let (title, next) = match desk.failure(CompareRequest::SLOT) {
                Some(why) => ("The two cannot be compared", why),
                None => ("Comparing", "Masks, predictions and recipes are held against each other"),
            };
            empty_state(ui, cx.tokens, title, next);
            return goes_back;
        };
        egui::ScrollArea::vertical().id_salt("comparison").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(MOST_WIDTH));
            for sentence in &found.says {
                ui.add(egui::Label::new(sentence.as_str()).wrap());
            }
            numbers_ui(cx, ui, [a, b], &found.numbers);
            if found.difference.is_same_graph {
                self.masks_ui(cx, ui, Pair { a: &a.run, b: &b.run }, &found.difference);
            }
            overlaps_ui(cx, ui, &found.difference);
            if let Some(predictions) = &found.difference.predictions {
                predictions_ui(cx, ui, a, predictions);
            }
            self.recipes_ui(cx, ui, &found);
            ui.add_space(16.0);
        });
        goes_back
    }

    fn masks_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, pair: Pair<'_>, difference: &RunDifference) {
        section(ui, cx.tokens, "Masks");
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, "Nodes"));
            let nodes = |order: NodeOrder| (order.title().to_owned(), "");
            picker(ui, "Order of nodes", 112.0, &NodeOrder::ALL, &mut self.order, nodes).labelled_by(label.id);
            let n_matrices = difference.matrices.iter().map(|matrix| matrix.nth + 1).max().unwrap_or(0);
            if n_matrices > 1 {
                self.matrix = self.matrix.min(n_matrices - 1);
                let label = ui.label(weak(cx.tokens, "Weights"));
                let all: Vec<usize> = (0..n_matrices).collect();
                let name = |at: usize| (format!("matrix {}", at + 1), "Which of a layer's weight matrices");
                picker(ui, "Weight matrix", 96.0, &all, &mut self.matrix, name).labelled_by(label.id);
            }
            let says = "Orange: A alone keeps it · green: B alone · blue: both · grey: neither";
            ui.label(weak(cx.tokens, says));
        });
        let Some(atlas) = self.ordered(cx, pair) else {
            ui.label(weak(cx.tokens, "Ordering the nodes"));
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
        section(ui, cx.tokens, "Recipes");
        let is_same = found.recipe.iter().all(|line| line.side == DiffSide::Both);
        if is_same {
            ui.label("The recipes are the same");
        } else {
            ui.label(weak(cx.tokens, "− stands in A alone, + in B alone"));
        }
        ui.checkbox(&mut self.shows_whole_recipe, "Show the lines that are the same");
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
    let tokens = cx.tokens;
    section(ui, tokens, "Numbers");
    egui::Grid::new("numbers").num_columns(4).spacing([24.0, 3.0]).show(ui, |ui| {
        ui.label("");
        ui.label(weak(tokens, format!("A  {}", a.name)));
        ui.label(weak(tokens, format!("B  {}", b.name)));
        ui.label(weak(tokens, "B against A")).on_hover_text("+ is more, and a factor above 1× is more");
        ui.end_row();
        for row in rows {
            ui.label(&row.name).on_hover_text(row.says);
            ui.label(mono(row.a.as_str()));
            ui.label(mono(row.b.as_str()));
            let (word, ink) = match row.is_better {
                Some(true) => (" better", tokens.success),
                Some(false) => (" worse", tokens.warning),
                None => ("", tokens.text),
            };
            ui.label(mono(format!("{}{word}", row.change)).color(ink));
            ui.end_row();
        }
    });
}

/// Jaccard index and overlap of every mask, and of the entries into every class.
fn overlaps_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, difference: &RunDifference) {
    section(ui, cx.tokens, "What both keep");
    let says = "Jaccard: what both keep, of what either keeps. Overlap: of what the one that keeps less keeps. Self-loops are not counted";
    ui.add(egui::Label::new(weak(cx.tokens, says)).wrap());
    egui::Grid::new("overlaps").num_columns(8).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
        for name in ["", "into", "A only", "B only", "both", "neither", "Jaccard", "overlap"] {
            ui.label(weak(cx.tokens, name));
        }
        ui.end_row();
        for step in &difference.steps {
            overlap_row(ui, cx.tokens, &format!("{}, edges", step.title), "all nodes", &step.entries, true);
            for (kind, counted) in &step.classes {
                overlap_row(ui, cx.tokens, "", &kind.title(), counted, false);
            }
        }
        for matrix in &difference.matrices {
            overlap_row(ui, cx.tokens, &format!("{}, weights", matrix.title), "", &matrix.weights, true);
        }
    });
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
    section(ui, cx.tokens, "Predictions");
    let names = a.run.dataset.labels().map_or(&[][..], |labels| &labels.names);
    let class = |class: u32| names.get(class as usize).cloned().unwrap_or_else(|| format!("class {class}"));
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
    ui.label(weak(cx.tokens, "How often A and B say which classes, over all nodes"));
    if classes.len() > MOST_CLASSES {
        let mut pairs: Vec<_> = confusion.pairs.iter().filter(|((a, b), _)| a != b).collect();
        pairs.sort_by(|x, y| y.1.cmp(x.1).then(x.0.cmp(y.0)));
        egui::Grid::new("pairs").num_columns(3).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
            for name in ["A says", "B says", "nodes"] {
                ui.label(weak(cx.tokens, name));
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
    let says = "Nodes that change, by their label and by the quartiles of their degree, over all nodes";
    ui.label(weak(cx.tokens, says));
    egui::Grid::new("groups").num_columns(5).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
        for name in ["", "nodes", "change", "A right, B wrong", "B right, A wrong"] {
            ui.label(weak(cx.tokens, name));
        }
        ui.end_row();
        for group in &predictions.groups {
            let name = RichText::new(crate::ui::widgets::shown(group.kind.title()));
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
