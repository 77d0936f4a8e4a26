//! The inspector. Of several nodes what pruning did to them together; of one: whether pruning changed what is said of it, what is left around it, and what its removed entries would change.

use std::sync::Arc;

use eframe::egui;

use super::by_hand::ByHand;
use super::ego::Ego;
use super::fields::inspected_ui;
use super::matrix::matrix_ui;
use super::nodes::nodes_ui;
use crate::session::{Command, NodeReport, NodeRequest, PagePart};
use crate::ui::context::{View, ViewCx};
use crate::ui::tokens;
use crate::ui::widgets::{empty_state, mono, page_ui, shown, strong, weak};

/// More neighbours are counted, not listed.
const MOST_ROWS: usize = 100;

/// The pane.
#[derive(Debug, Default)]
pub(in crate::ui) struct NodePanel {
    ego: Ego,
}

impl View for NodePanel {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        if !store.has_selection() {
            return empty_state(ui, cx.tokens, "Nothing is selected", "Click a heatmap, or press Ctrl+F for a node");
        }
        let Some(run) = store.shown() else {
            return empty_state(
                ui,
                cx.tokens,
                "Nothing is pruned yet",
                "Open a model to see what is cut around the node",
            );
        };
        if let Some(place) = store.selected_weight() {
            return matrix_ui(cx, ui, run, place);
        }
        if let Some(nodes) = store.selected_nodes() {
            return nodes_ui(cx, ui, run, nodes);
        }
        let Some(node) = store.selected_node() else { return };
        let request = NodeRequest { run: Arc::clone(run), node };
        if !store.desk.is_settled(&request) {
            cx.out.compute(request.clone());
        }
        // The answer about the run before stays while the next one is on its way.
        let answer = store
            .desk
            .answer::<NodeRequest>(NodeRequest::SLOT)
            .filter(|(answered, _)| answered.node == node && Arc::ptr_eq(&answered.run.dataset, &run.dataset));
        let is_current = answer.as_ref().is_some_and(|(answered, _)| **answered == request);
        let report = answer.map(|(_, report)| report);
        let title = format!("Node {}", run.dataset.node_id(node as usize));
        let is_changed = report.as_ref().is_some_and(|report| report.around.is_changed());
        let says = report.as_ref().map(|_| if is_changed { "class changed" } else { "same class" });
        let page = report.as_ref().map(|report| || report.page());
        inspected_ui(cx, ui, &title, (says, is_changed), is_current, page.as_ref().map(|page| page as _));
        if let Some(why) = store.desk.failure(NodeRequest::SLOT).filter(|_| !is_current) {
            ui.label(weak(cx.tokens, why));
        }
        if let Some(report) = report {
            egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
                ui.set_max_width(ui.available_width());
                for line in &report.says {
                    ui.add(egui::Label::new(shown(line.as_str())).wrap());
                }
                ui.add_space(4.0);
                let by_hand = ByHand::of(cx, &run.dataset, &report);
                if let Some((_, source)) = store.selected_entry() {
                    entry_ui(cx, ui, &report, source, &by_hand);
                }
                self.ego.ui(cx, ui, &report, run);
                tables_ui(cx, ui, &report, &by_hand);
            });
        }
    }
}

/// The entry that is looked at: what became of it in every layer, and who decides of it.
fn entry_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport, source: u32, by_hand: &ByHand<'_>) {
    let says = report.entry_says(source);
    if says.is_empty() {
        return;
    }
    egui::Frame::NONE.fill(cx.tokens.sunken).corner_radius(tokens::RADIUS).inner_margin(6.0).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(strong(format!("Entry {} → {}", by_hand.id(source), report.id)));
            by_hand.entry_ui(cx, ui, source, "This entry");
        });
        for line in says {
            ui.add(egui::Label::new(shown(line)).wrap());
        }
    });
    ui.add_space(4.0);
}

fn tables_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport, by_hand: &ByHand<'_>) {
    if !report.around.neighbours.is_empty() {
        ui.add_space(6.0);
        by_hand.all_ui(cx, ui, report);
        neighbours_ui(cx, ui, report, by_hand);
        ui.add_space(6.0);
        page_ui(ui, cx.tokens, &[PagePart::Table(report.steps.clone())]);
    }
    ui.add_space(6.0);
    page_ui(ui, cx.tokens, &report.facts);
}

/// The neighbours, each to be looked at by a click; those that are heard nowhere are dimmed.
fn neighbours_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport, by_hand: &ByHand<'_>) {
    let table = &report.neighbours;
    egui::Grid::new("neighbours").num_columns(table.header.len() + 1).spacing([12.0, 3.0]).show(ui, |ui| {
        for (column, name) in table.header.iter().enumerate() {
            ui.label(strong(name.as_str()).size(tokens::SMALL));
            if column == 0 {
                ui.label(strong("decided").size(tokens::SMALL)).on_hover_text("By the recipe's rule, or by hand");
            }
        }
        ui.end_row();
        for (row, neighbour) in table.rows.iter().zip(&report.around.neighbours).take(MOST_ROWS) {
            let is_heard = neighbour.steps.iter().any(|entry| entry.is_kept);
            for (column, text) in row.iter().enumerate() {
                if column == 0 {
                    let link = ui.link(shown(text.as_str())).on_hover_text("Look at this node");
                    if link.clicked() {
                        cx.out.send(Command::SelectNode(Some(neighbour.source)));
                    }
                    by_hand.entry_ui(cx, ui, neighbour.source, &format!("Entry from {text}"));
                } else if column < table.n_left {
                    ui.label(weak(cx.tokens, text.as_str()));
                } else {
                    let text = mono(text.as_str()).size(tokens::SMALL);
                    ui.label(if is_heard { text } else { text.color(cx.tokens.text_weak) });
                }
            }
            ui.end_row();
        }
    });
    if let Some(more) = table.rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        ui.label(weak(cx.tokens, format!("and {more} more with smaller messages; Copy has all")));
    }
}
