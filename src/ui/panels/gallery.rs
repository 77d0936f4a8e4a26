//! The samples and what was open before: as menus, and as the cards of the welcome page.

use eframe::egui::{self, Align, Color32, Layout, Rect, Sense, Stroke, pos2, vec2};

use super::fields::path_field;
use super::lost::lost_ui;
use crate::io::{SampleInfo, samples};
use crate::session::words::Words;
use crate::session::{Command, Recent, format};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::pane::Pane;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{shown, strong, weak};
use crate::ui::words::Say as _;

/// The samples in a menu.
pub(super) fn menu_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let words = ui.words();
    ui.set_min_width(220.0);
    for sample in samples() {
        if ui.button(sample.title).on_hover_text(about(sample, ui.words())).clicked() {
            cx.out.send(Command::OpenSample(sample.spec.to_owned()));
            ui.close();
        }
        for model in sample.models {
            let name = model.strip_prefix("sample:").unwrap_or(model);
            if ui
                .button(weak(cx.tokens, format!("   {name}")))
                .on_hover_text(words.text("welcome-graph-and-model"))
                .clicked()
            {
                cx.out.send(Command::OpenMany(vec![sample.spec.to_owned(), (*model).to_owned()]));
                ui.close();
            }
        }
    }
}

/// What was open before, in a menu.
pub(super) fn recent_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, recent: &[Recent]) {
    let words = ui.words();
    for entry in recent {
        if ui.button(shown(&entry.spec)).on_hover_text(shown(&entry.kind)).clicked() {
            cx.out.send(Command::Open(entry.spec.clone()));
            ui.close();
        }
    }
    ui.separator();
    if ui.button(words.text("welcome-clear-recent")).clicked() {
        cx.out.send(Command::ClearRecent);
        ui.close();
    }
}

/// Width of a sample's card.
const CARD: egui::Vec2 = vec2(224.0, 176.0);

/// The page when nothing is open; holds only the path that is being typed.
#[derive(Debug, Default)]
pub(in crate::ui) struct Welcome {
    typed: String,
}

impl Welcome {
    /// Draws it over the whole window between the bars.
    pub(in crate::ui) fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let width = (ui.available_width() - 32.0).min(4.0 * CARD.x + 3.0 * 12.0);
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let side = ((ui.available_width() - width) / 2.0).max(16.0);
            ui.horizontal_top(|ui| {
                ui.add_space(side);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    self.page_ui(cx, ui);
                });
            });
        });
    }

    fn page_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = ui.words();
        ui.add_space((ui.ctx().content_rect().height() * 0.09).min(72.0));
        ui.label(strong("Unifews Workbench").size(tokens::TITLE));
        ui.add_space(6.0);
        ui.label(words.text("welcome-what"));
        ui.label(words.text("welcome-see"));
        ui.add_space(20.0);
        lost_ui(cx, ui);
        ui.label(strong(words.text("welcome-samples")).size(tokens::HEADING));
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(12.0, 12.0);
            for (i, sample) in samples().iter().enumerate() {
                if card_ui(ui, cx.tokens, sample, i).clicked() {
                    cx.out.send(Command::OpenSample(sample.spec.to_owned()));
                }
            }
        });
        ui.add_space(20.0);
        ui.label(strong(words.text("welcome-own")).size(tokens::HEADING));
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button(words.text("welcome-open")).on_hover_text(words.text("welcome-open-says")).clicked() {
                cx.out.request(WindowRequest::OpenDialog);
            }
            ui.scope(|ui| {
                ui.set_max_width(360.0);
                path_field(cx, ui, &mut self.typed);
            });
            ui.label(weak(cx.tokens, words.text("welcome-drop")));
        });
        ui.add_space(6.0);
        let check = ui.button(words.text("welcome-check")).on_hover_text(words.text("welcome-check-says"));
        if check.clicked() {
            cx.out.request(WindowRequest::Show(Pane::Monitor));
        }
        let recent = &cx.session.store().recent;
        if !recent.is_empty() {
            ui.add_space(20.0);
            ui.label(strong(words.text("welcome-recent")).size(tokens::HEADING));
            ui.add_space(4.0);
            for entry in recent.iter().take(6) {
                ui.horizontal(|ui| {
                    if ui.link(shown(&entry.spec)).clicked() {
                        cx.out.send(Command::Open(entry.spec.clone()));
                    }
                    ui.label(weak(cx.tokens, &entry.kind));
                });
            }
        }
        ui.add_space(16.0);
    }
}

fn card_ui(ui: &mut egui::Ui, tokens: &Tokens, sample: &SampleInfo, seed: usize) -> egui::Response {
    let words = ui.words();
    let (rect, response) = ui.allocate_exact_size(CARD, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, sample.title));
    let is_lit = response.hovered() || response.has_focus();
    let frame = Stroke::new(1.0, if is_lit { tokens.accent } else { tokens.separator });
    ui.painter().rect(rect, tokens::RADIUS, tokens.raised, frame, egui::StrokeKind::Inside);
    let picture = Rect::from_min_size(rect.min + vec2(12.0, 12.0), vec2(CARD.x - 24.0, 64.0));
    paint_graph(ui.painter(), tokens, picture, seed, sample.n_classes);
    let inner = Rect::from_min_max(pos2(rect.left() + 12.0, picture.bottom() + 8.0), rect.max - vec2(12.0, 8.0));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    child.spacing_mut().item_spacing.y = 2.0;
    child.label(strong(sample.title));
    let key = if sample.models.is_empty() { "welcome-sample-trains" } else { "welcome-sample-trained" };
    let numbers = words.with(key, &[("nodes", format::count(sample.n_nodes as u64).into())]);
    child.label(weak(tokens, numbers).size(tokens::SMALL));
    child.add(egui::Label::new(weak(tokens, about(sample, words)).size(tokens::SMALL)).wrap());
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// What a sample holds.
fn about(sample: &SampleInfo, words: &Words) -> String {
    words.text(match sample.spec {
        "sample:cora" => "sample-cora",
        "sample:citeseer" => "sample-citeseer",
        "sample:karate" => "sample-karate",
        _ => "sample-generated",
    })
}

/// A small graph in the colours of the classes: a picture of the idea, not of the data.
fn paint_graph(painter: &egui::Painter, tokens: &Tokens, rect: Rect, seed: usize, n_classes: usize) {
    const N: usize = 34;
    let mut state = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed as u64 + 3);
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let n_groups = n_classes.clamp(2, 7);
    let groups: Vec<_> = (0..N).map(|i| i % n_groups).collect();
    let nodes: Vec<_> = groups
        .iter()
        .map(|g| {
            let centre = (*g as f32 + 0.5) / n_groups as f32;
            let x = centre + (random() - 0.5) * 1.1 / n_groups as f32;
            let y = 0.5 + (random() - 0.5) * 0.9;
            pos2(rect.left() + x.clamp(0.02, 0.98) * rect.width(), rect.top() + y * rect.height())
        })
        .collect();
    for a in 0..N {
        for b in a + 1..N {
            let near = nodes[a].distance(nodes[b]) / rect.height();
            let chance = if groups[a] == groups[b] { 0.5 } else { 0.12 };
            if near < 0.9 && random() < chance {
                let is_removed = random() < 0.3;
                let ink = if is_removed { tokens.separator } else { tokens.removed };
                painter.line_segment([nodes[a], nodes[b]], Stroke::new(1.0, ink));
            }
        }
    }
    for (at, group) in nodes.iter().zip(&groups) {
        let ink: Color32 = tokens.series[group % tokens::N_SERIES];
        painter.circle(*at, 3.0, ink, Stroke::new(1.0, tokens.raised));
    }
}
