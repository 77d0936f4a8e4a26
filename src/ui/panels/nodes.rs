//! Several nodes in the inspector: what pruning did to them together, their entries by hand, and each of them a click away.

use std::sync::Arc;

use eframe::egui;

use super::fields::inspected_ui;
use crate::engine::experiment::Run;
use crate::engine::sparsify::{PinnedEntry, Pins};
use crate::session::{Command, NodesReport, NodesRequest, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{mono, page_ui, shown, strong, weak};

/// More nodes are counted, not listed.
const MOST_ROWS: usize = 100;

/// Draws what is known of the selected nodes.
pub(super) fn nodes_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Arc<Run>, nodes: &Arc<[u32]>) {
    let desk = &cx.session.store().desk;
    let request = NodesRequest { run: Arc::clone(run), nodes: Arc::clone(nodes) };
    if !desk.is_settled(&request) {
        cx.out.compute(request.clone());
    }
    // The answer about the run before stays while the next one is on its way.
    let answer =
        desk.answer::<NodesRequest>(NodesRequest::SLOT).filter(|(answered, _)| Arc::ptr_eq(&answered.nodes, nodes));
    let is_current = answer.as_ref().is_some_and(|(answered, _)| **answered == request);
    let report = answer.map(|(_, report)| report);
    let title = format!("{} nodes", format::count(nodes.len() as u64));
    let n_changed = report.as_ref().map(|report| report.around.n_changed);
    let says = n_changed
        .map(|n| if n == 0 { "same classes".to_owned() } else { format!("{} changed", format::count(n as u64)) });
    let page = report.as_ref().map(|report| || report.page());
    let changed = (says.as_deref(), n_changed.is_some_and(|n| n > 0));
    inspected_ui(cx, ui, &title, changed, is_current, page.as_ref().map(|page| page as _));
    if let Some(why) = desk.failure(NodesRequest::SLOT).filter(|_| !is_current) {
        ui.label(weak(cx.tokens, why));
    }
    let Some(report) = report else { return };
    egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(ui.available_width());
        for line in &report.says {
            ui.add(egui::Label::new(shown(line.as_str())).wrap());
        }
        ui.add_space(4.0);
        by_hand_ui(cx, ui, run, &report);
        ui.add_space(4.0);
        page_ui(ui, cx.tokens, &report.facts);
        ui.add_space(6.0);
        table_ui(cx, ui, &report);
    });
}

/// Decides of all entries that these nodes hear, in one step to undo.
fn by_hand_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Run, report: &NodesReport) {
    let store = cx.session.store();
    let n_entries = report.around.n_entries;
    // Entries that are decided already may be among these; whether they are is not looked up in every frame.
    let is_room = store.recipe.edges.pins.len() + n_entries <= Pins::MAX;
    let refused = store.effective_recipe().check_takes_pins().err().map(|error| error.to_string());
    let why = refused.or_else(|| {
        let most = format::count(Pins::MAX as u64);
        (!is_room).then(|| format!("They are more than can be decided by hand: at most {most} entries"))
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(weak(cx.tokens, format!("Their {} entries", format::count(n_entries as u64))));
        for (text, is_kept, says) in [
            ("Keep all", Some(true), "Keep every entry of these nodes, whatever the thresholds say"),
            ("Remove all", Some(false), "Remove every entry of these nodes but their self-loops"),
            ("All by rule", None, "Let the recipe's rule decide again"),
        ] {
            let can = n_entries > 0 && (why.is_none() || (is_kept.is_none() && n_entries <= Pins::MAX));
            let button = ui.add_enabled(can, egui::Button::new(text).small()).on_hover_text(says);
            let button = match &why {
                Some(why) => button.on_disabled_hover_text(why),
                None => button,
            };
            if button.clicked() {
                cx.out.send(Command::PinEntries(entries(run, report), is_kept));
            }
        }
    });
}

/// What these nodes hear but themselves; at most as many as may be decided by hand.
fn entries(run: &Run, report: &NodesReport) -> Vec<PinnedEntry> {
    let (dataset, topology) = (&run.dataset, run.dataset.topology());
    let of_node = |u: u32| {
        let target = dataset.node_id(u as usize);
        let sources = topology.row(u as usize).iter().filter(move |v| **v != u);
        sources.map(move |v| PinnedEntry { source: dataset.node_id(*v as usize), target: target.clone() })
    };
    report.around.nodes.iter().flat_map(|node| of_node(node.node)).collect()
}

/// One row per node, each to be looked at by a click.
fn table_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodesReport) {
    let table = &report.table;
    egui::Grid::new("several nodes").num_columns(table.header.len()).spacing([12.0, 3.0]).show(ui, |ui| {
        for name in &table.header {
            ui.label(strong(name.as_str()).size(tokens::SMALL));
        }
        ui.end_row();
        for (row, node) in table.rows.iter().zip(&report.around.nodes).take(MOST_ROWS) {
            for (column, text) in row.iter().enumerate() {
                if column == 0 {
                    if ui.link(shown(text.as_str())).on_hover_text("Look at this node").clicked() {
                        cx.out.send(Command::SelectNode(Some(node.node)));
                    }
                } else if column < table.n_left {
                    let text = weak(cx.tokens, text.as_str());
                    ui.label(if node.is_changed { text.color(cx.tokens.warning) } else { text });
                } else {
                    ui.label(mono(text.as_str()).size(tokens::SMALL));
                }
            }
            ui.end_row();
        }
    });
    if let Some(more) = table.rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        ui.label(weak(cx.tokens, format!("and {} more; Copy has all", format::count(more as u64))));
    }
}
