//! What reaches a node over some hops as a picture: who is heard in a layer, who was cut, and how large the messages are.

use std::sync::Arc;

use eframe::egui::{self, Color32, FontId, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, WidgetInfo, vec2};

use crate::engine::experiment::{EgoNetwork, EgoNode, Run};
use crate::engine::plot::{EgoLine, EgoView, class_name};
use crate::session::{Command, EgoDrawing, EgoPicture, EgoRequest, FileWriter, NodeReport, format};
use crate::ui::colormap;
use crate::ui::context::{SaveRequest, ViewCx, WindowRequest};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::heatmap::FigureFormat;
use crate::ui::widgets::{picker, shown, weak};

/// Of the picture: with few nodes, with many.
const HEIGHTS: [f32; 2] = [150.0, 260.0];
/// So many are few.
const FEW: usize = 8;
/// Of the line of no message, and of the largest, points.
const WIDTHS: [f32; 2] = [0.7, 4.0];
/// Half of what two entries between the same nodes stand apart.
const APART: f32 = 1.6;
/// Radius of the node in the middle, of its neighbours, of theirs, and of all others.
const RADII: [f32; 4] = [8.0, 5.5, 4.0, 3.0];
/// Around the picture, points: the name of the node in the middle has room below it.
const MARGIN: f32 = 16.0;

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Ego {
    step: usize,
    /// As many as were chosen; without a choice the usual ones.
    hops: Option<usize>,
    view: EgoView,
}

/// What a picture is drawn from.
struct Drawn<'a> {
    run: &'a Run,
    report: &'a NodeReport,
    picture: &'a EgoPicture,
    lines: Vec<EgoLine>,
    /// Where every node stands on the screen.
    spots: Vec<Pos2>,
    view: EgoView,
    step: usize,
}

impl Ego {
    /// Draws what reaches the node; a click on another one looks at that.
    pub(super) fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport, run: &Arc<Run>) {
        if report.around.neighbours.is_empty() || report.around.steps.is_empty() {
            return;
        }
        self.step = self.step.min(report.around.steps.len() - 1);
        let [all_hops, usual] = EgoNetwork::hops_of(run);
        let n_hops = self.hops.unwrap_or(usual).min(all_hops);
        let request = EgoRequest { run: Arc::clone(run), node: report.around.node, n_hops };
        let desk = &cx.session.store().desk;
        if !desk.is_settled(&request) && !desk.was_cancelled(&request) {
            cx.out.compute(request.clone());
        }
        // What was drawn of this node before stays while the next picture is on its way.
        let answer = desk.answer::<EgoRequest>(EgoRequest::SLOT).filter(|(answered, _)| {
            answered.node == report.around.node && Arc::ptr_eq(&answered.run.dataset, &run.dataset)
        });
        let answer = answer.map(|(answered, picture)| (answered.clone(), picture));
        self.choosers_ui(cx, ui, report, (n_hops, all_hops), answer.as_ref());
        let Some((request, picture)) = answer else {
            ui.label(weak(cx.tokens, desk.failure(EgoRequest::SLOT).unwrap_or("looking around the node")));
            return;
        };
        self.picture_ui(cx, ui, report, &request.run, &picture, &request);
        let says = picture.network.sample_says(format::count).unwrap_or_else(|| {
            let (nodes, entries) = (picture.network.nodes.len() as u64, picture.network.entries.len() as u64);
            format!("{} nodes, {} entries", format::count(nodes), format::count(entries))
        });
        let dashed = if self.view == EgoView::Pruned { ", removed dashed" } else { "" };
        ui.add(egui::Label::new(weak(cx.tokens, format!("{says}{dashed}")).size(tokens::SMALL)).wrap());
    }

    fn choosers_ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        report: &NodeReport,
        (n_hops, all_hops): (usize, usize),
        answer: Option<&(EgoRequest, Arc<EgoPicture>)>,
    ) {
        ui.horizontal_wrapped(|ui| {
            for view in EgoView::ALL {
                let button = ui.selectable_label(self.view == view, view.title()).on_hover_text(view.says());
                button.widget_info(|| {
                    let name = format!("{} picture", view.title());
                    WidgetInfo::selected(egui::Role::Button, true, self.view == view, name)
                });
                if button.clicked() {
                    self.view = view;
                }
            }
            if all_hops > 1 {
                let choices: Vec<usize> = (1..=all_hops).collect();
                let name = |hops: usize| {
                    let text = if hops == 1 { "1 hop".to_owned() } else { format!("{hops} hops") };
                    (text, "From how far messages reach the node")
                };
                let mut chosen = n_hops;
                picker(ui, "Hops of the picture", 66.0, &choices, &mut chosen, name);
                if chosen != n_hops {
                    self.hops = Some(chosen);
                }
            }
            let steps: Vec<usize> = (0..report.around.steps.len()).collect();
            if steps.len() > 1 {
                let name = |at: usize| (report.step_title(at), "Which layer's entries are drawn");
                picker(ui, "Layer of the picture", 76.0, &steps, &mut self.step, name);
            }
            if let Some((request, picture)) = answer {
                let menu = ui.menu_button("Save", |ui| self.save_ui(cx, ui, request, picture));
                menu.response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Save the picture"));
            }
        });
    }

    /// What the picture can be saved as.
    fn save_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, request: &EgoRequest, picture: &Arc<EgoPicture>) {
        for format in FigureFormat::ALL {
            if ui.button(format.label()).clicked() {
                let (request, picture) = (request.clone(), Arc::clone(picture));
                let drawing = EgoDrawing { request, picture, step: self.step, view: self.view };
                cx.out.request(WindowRequest::Save(saved(drawing, format)));
                ui.close();
            }
        }
    }

    fn picture_ui(
        &self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        report: &NodeReport,
        run: &Run,
        picture: &Arc<EgoPicture>,
        request: &EgoRequest,
    ) {
        let height = HEIGHTS[usize::from(picture.network.nodes.len() > FEW)];
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width().min(560.0), height), Sense::click());
        ui.painter().rect_filled(rect, tokens::RADIUS, cx.tokens.sunken);
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(egui::Role::Image, true, "What reaches the node");
            let hops = picture.network.n_hops;
            info.current_text_value = Some(format!("{} nodes within {hops} hops", picture.network.nodes.len()));
            info
        });
        response.context_menu(|ui| {
            if ui.button("Copy picture").clicked() {
                cx.out.request(WindowRequest::CopyPicture(rect));
                ui.close();
            }
            self.save_ui(cx, ui, request, picture);
        });
        let drawn = Drawn {
            run,
            report,
            picture,
            lines: picture.layout.lines(&picture.network, self.step, self.view),
            spots: spots(rect, picture),
            view: self.view,
            step: self.step,
        };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        drawn.paint_lines(&painter, cx.tokens);
        // The nearest on top, the node in the middle last.
        for at in (0..picture.network.nodes.len()).rev() {
            drawn.node_ui(cx, ui, &painter, at);
        }
        drawn.paint_name(&painter, cx.tokens);
    }
}

/// Where the nodes stand on the screen: the picture is as wide as the pane, so each axis has a scale of its own.
fn spots(rect: Rect, picture: &EgoPicture) -> Vec<Pos2> {
    const MOST_STRETCHED: f32 = 2.0;
    let size = picture.layout.size().map(|side| side.max(1e-3));
    let inner = rect.shrink(MARGIN).size();
    let fit = [inner.x / size[0], inner.y / size[1]];
    let least = fit[0].min(fit[1]);
    let scale = fit.map(|scale| scale.min(MOST_STRETCHED * least));
    let place =
        |[x, y]: &[f32; 2]| rect.center() + vec2((x - size[0] / 2.0) * scale[0], (y - size[1] / 2.0) * scale[1]);
    picture.layout.places().iter().map(place).collect()
}

impl Drawn<'_> {
    fn paint_lines(&self, painter: &Painter, tokens: &Tokens) {
        for is_kept in [false, true] {
            for line in self.lines.iter().filter(|line| line.is_kept == is_kept) {
                let ends = line.ends.map(|at| self.spots.get(at).copied().unwrap_or_default());
                let way = (ends[1] - ends[0]).normalized();
                let off = if line.has_reverse { APART * way.rot90() } else { egui::Vec2::ZERO };
                let ends = ends.map(|end| end + off);
                let width = WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * line.strength;
                if is_kept {
                    let ink = if self.view == EgoView::Pruned { tokens.kept } else { tokens.text_weak };
                    painter.line_segment(ends, Stroke::new(width, ink));
                } else {
                    painter.extend(Shape::dashed_line(&ends, Stroke::new(width, tokens.removed), 4.0, 4.0));
                }
            }
        }
    }

    fn node_ui(&self, cx: &ViewCx<'_>, ui: &egui::Ui, painter: &Painter, at: usize) {
        let (Some(node), Some(spot)) = (self.picture.network.nodes.get(at), self.spots.get(at)) else { return };
        let tokens = cx.tokens;
        let radius = RADII[node.hop.min(RADII.len() - 1)];
        let place = Rect::from_center_size(*spot, vec2(2.0 * radius + 3.0, 2.0 * radius + 3.0));
        let response = ui.interact(place, ui.scope_id().with(("ego node", node.node)), Sense::click());
        let id = self.run.dataset.node_id(node.node as usize);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, self.name(node, &id)));
        let is_pointed = response.hovered() || response.has_focus();
        painter.circle_filled(*spot, radius, colour(tokens, node, self.view));
        let is_noticed = self.view == EgoView::Pruned && (node.is_changed || self.brings_back(node));
        if node.hop == 0 || is_noticed || is_pointed {
            let ink = if is_noticed && !is_pointed { tokens.warning } else { tokens.text };
            painter.circle_stroke(*spot, radius + 1.5, Stroke::new(1.5, ink));
        }
        if response.clicked() && node.hop > 0 {
            cx.out.send(Command::SelectNode(Some(node.node)));
        }
        self.hover_ui(cx, response, node, &id);
    }

    /// For a screen reader: a neighbour with what became of its entry, anybody else with how far away.
    fn name(&self, node: &EgoNode, id: &str) -> String {
        match node.hop {
            0 => format!("Node {id}, in the middle"),
            1 => format!("Neighbour {id}, {}", self.became(node)),
            hops => format!("Node {id}, {hops} hops away"),
        }
    }

    /// What became of the entry from a neighbour.
    fn became(&self, node: &EgoNode) -> &'static str {
        let neighbour = self.report.around.neighbours.iter().find(|neighbour| neighbour.source == node.node);
        match neighbour.and_then(|neighbour| neighbour.steps.get(self.step)) {
            Some(entry) if !entry.is_kept && self.view == EgoView::Pruned => "removed",
            _ => "kept",
        }
    }

    /// Whether the entry from a neighbour alone would bring the class of the node in the middle back.
    fn brings_back(&self, node: &EgoNode) -> bool {
        let around = &self.report.around;
        let neighbour = around.neighbours.iter().find(|neighbour| neighbour.source == node.node);
        let effect = neighbour.filter(|_| node.hop == 1 && around.is_changed()).and_then(|neighbour| neighbour.effect);
        effect.is_some_and(|effect| around.margin.pruned + effect > 0.0)
    }

    fn hover_ui(&self, cx: &ViewCx<'_>, response: Response, node: &EgoNode, id: &str) {
        let dataset = &self.run.dataset;
        response.on_hover_ui(|ui| {
            ui.label(shown(self.name(node, id)));
            if let Some(labels) = dataset.labels() {
                let classes = labels.all_of(node.node as usize).into_iter().map(|class| class_name(dataset, class));
                let classes: Vec<String> = classes.collect();
                let class = if classes.is_empty() { "none".to_owned() } else { classes.join(", ") };
                ui.label(weak(cx.tokens, format!("class {class}")));
            }
            let [before, after] = node.said.map(|class| class_name(dataset, class as usize));
            let said = if before == after { after } else { format!("{before} → {after}") };
            ui.label(weak(cx.tokens, format!("prediction {said}")));
            let neighbours = &self.report.around.neighbours;
            let at = neighbours.iter().position(|neighbour| neighbour.source == node.node && node.hop == 1);
            for line in at.map(|at| self.report.neighbour_says(at, self.step)).unwrap_or_default() {
                ui.label(weak(cx.tokens, line));
            }
            if self.brings_back(node) {
                ui.label(weak(cx.tokens, "this entry alone would bring the class back"));
            }
        });
    }

    /// The name of the node in the middle, below it.
    fn paint_name(&self, painter: &Painter, tokens: &Tokens) {
        let Some(spot) = self.spots.first() else { return };
        let font = FontId::proportional(tokens::SMALL);
        let text = painter.layout_no_wrap(shown(self.report.id.as_str()), font, tokens.text);
        let below = *spot + vec2(0.0, RADII[0] + 4.0 + text.size().y / 2.0);
        let ground = Rect::from_center_size(below, text.size() + vec2(6.0, 2.0));
        painter.rect_filled(ground, tokens::RADIUS, tokens.surface);
        painter.galley(ground.min + vec2(3.0, 1.0), text, tokens.text);
    }
}

/// The colour of the class that the drawn model says, as beside the heatmaps.
fn colour(tokens: &Tokens, node: &EgoNode, view: EgoView) -> Color32 {
    colormap::group(tokens, Some(node.said[view.way()] as usize))
}

fn saved(drawing: EgoDrawing, format: FigureFormat) -> SaveRequest {
    let name = format!("{}.{}", drawing.file_name(), format.extension());
    let make = move |path: &std::path::Path, ctl: &crate::engine::control::Control| {
        let (format, path) = format.settled(path)?;
        ctl.check()?;
        let bytes = drawing.with_figure(|figure| match format {
            FigureFormat::Png => figure.png(),
            FigureFormat::Svg => Ok(figure.svg().into_bytes()),
            FigureFormat::Csv => figure.csv(),
        })?;
        Ok((path, bytes))
    };
    SaveRequest { writer: FileWriter::new(format!("Save {name}"), make), name }
}
