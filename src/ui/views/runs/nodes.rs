//! The nodes that two runs say another class of; a click looks at one.

use eframe::egui::{self, Align, Layout};
use egui_extras::{Column, TableBuilder};

use crate::engine::experiment::ChangedNode;
use crate::engine::graph::Dataset;
use crate::session::{Command, format};
use crate::ui::views::ViewCx;
use crate::ui::widgets::{mono, shown, weak};

/// Where the nodes are.
pub(super) struct NodesCx<'a> {
    pub(super) dataset: &'a Dataset,
    /// Whether this graph is the one that is open: only then can its nodes be looked at.
    pub(super) can_select: bool,
    /// What a class is called.
    pub(super) class: &'a dyn Fn(u32) -> String,
}

const ROW: f32 = 22.0;
/// Rows that are seen at once; the rest scrolls.
const MOST_ROWS: usize = 10;
/// Key of heading and explanation, and width of the columns behind the node.
const COLUMNS: [(&str, f32); 5] = [
    ("compared-node-class", 130.0),
    ("compared-a-says", 130.0),
    ("compared-b-says", 130.0),
    ("compared-margin-a", 90.0),
    ("compared-margin-b", 90.0),
];

pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, nodes: &[ChangedNode], place: &NodesCx<'_>) {
    let words = cx.session.words();
    if nodes.is_empty() {
        ui.label(words.text("compared-no-node"));
        return;
    }
    let says = if place.can_select { "compared-changed-click" } else { "compared-changed" };
    ui.label(weak(cx.tokens, words.text(says)));
    let selected = cx.session.store().selected_node().filter(|_| place.can_select);
    // The page scrolls, too, and leaves the table no height of its own.
    let height = ROW * nodes.len().min(MOST_ROWS) as f32;
    ui.push_id("changed nodes", |ui| {
        let mut table = TableBuilder::new(ui)
            .sense(egui::Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .min_scrolled_height(height)
            .max_scroll_height(height)
            .column(Column::initial(150.0).at_least(90.0).clip(true));
        for (_, width) in COLUMNS {
            table = table.column(Column::exact(width).clip(true));
        }
        table
            .header(ROW, |mut header| {
                header.col(|ui| {
                    ui.label(weak(cx.tokens, words.text("compared-node")));
                });
                for (key, _) in COLUMNS {
                    header.col(|ui| {
                        ui.label(weak(cx.tokens, words.text(key))).on_hover_text(words.hint(key));
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, nodes.len(), |mut row| {
                    let node = &nodes[row.index()];
                    let id = place.dataset.node_id(node.node as usize);
                    row.set_selected(selected == Some(node.node));
                    row.col(|ui| {
                        ui.label(mono(id.as_str()));
                    });
                    let label = node.label.map_or_else(|| format::NONE.to_owned(), place.class);
                    for class in [label, (place.class)(node.first), (place.class)(node.second)] {
                        row.col(|ui| {
                            ui.label(shown(class));
                        });
                    }
                    for margin in node.margins {
                        row.col(|ui| {
                            ui.label(mono(format::delta(f64::from(margin))));
                        });
                    }
                    let response = row.response();
                    let name = words.with("compared-changed-node", &[("id", id.as_str().into())]);
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, &name));
                    if place.can_select && response.clicked() {
                        cx.out.send(Command::SelectNode(Some(node.node)));
                    }
                });
            });
    });
}
