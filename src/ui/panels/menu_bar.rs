//! The bar at the top: menus, the three things that are done most, palette, theme, zoom. All from the registry of actions.

use eframe::egui::{self, Align, Layout, Sense, Stroke, vec2};

use crate::session::Session;
use crate::session::format::bytes;
use crate::session::jobs::Lane;
use crate::ui::actions::{Action, Menu};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::weak;
use crate::ui::words::{Say as _, words_of};

/// Draws the bar; answers what was chosen.
pub(in crate::ui) fn ui(ui: &mut egui::Ui, session: &Session, tokens: &Tokens) -> Option<Action> {
    let mut chosen = None;
    egui::MenuBar::new().ui(ui, |ui| {
        for menu in Menu::ALL {
            ui.menu_button(menu.title(ui.words()), |ui| menu_ui(ui, menu, session, &mut chosen));
        }
        ui.reset_style();
        if ui.available_width() > ROOM_FOR_BUTTONS {
            ui.separator();
            let work = work_ui(ui, session);
            chosen = chosen.or(work);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let view = view_ui(ui, tokens);
            chosen = chosen.or(view);
            if ui.available_width() > ROOM_FOR_TITLE {
                ui.add_sized(ui.available_size(), egui::Label::new(weak(tokens, title(session))).truncate());
            }
        });
    });
    chosen
}

/// With less room than this the three buttons, and the title, are left out; the menus have the same.
const ROOM_FOR_BUTTONS: f32 = 420.0;
/// See [`ROOM_FOR_BUTTONS`].
const ROOM_FOR_TITLE: f32 = 120.0;

/// What is done most.
fn work_ui(ui: &mut egui::Ui, session: &Session) -> Option<Action> {
    let mut chosen = None;
    for (action, sign, lane) in
        [(Action::Prune, "▶", Lane::Prune), (Action::Sweep, "↻", Lane::Sweep), (Action::Train, "◆", Lane::Train)]
    {
        let is_busy = session.is_busy(&lane);
        let button = egui::Button::new(format!("{sign} {}", action.name(ui.words()))).selected(is_busy);
        let (response, words) = (ui.add_enabled(action.is_enabled(session), button), ui.words());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, action.name(words)));
        let memory = match action {
            _ if !response.hovered() => None,
            Action::Sweep => session.sweep_memory(),
            Action::Train => session.train_memory(&session.store().recipe),
            _ => session.prune_memory(),
        };
        let response = match memory {
            Some((needed, free)) => {
                let memory = [("needed", bytes(needed).into()), ("free", bytes(free).into())];
                response.on_hover_text(words.with("bar-memory", &memory))
            }
            None => response,
        };
        if tip(response, action).clicked() {
            chosen = Some(action);
        }
    }
    chosen
}

/// Palette, theme, zoom; from right to left.
fn view_ui(ui: &mut egui::Ui, tokens: &Tokens) -> Option<Action> {
    let mut chosen = None;
    let zoom = format!("{:.0} %", ui.ctx().zoom_factor() * 100.0);
    let button = egui::Button::new(weak(tokens, zoom)).frame(false);
    if ui.add_sized([48.0, 22.0], button).on_hover_text(ui.words().text("bar-zoom")).clicked() {
        chosen = Some(Action::ZoomReset);
    }
    if theme_button(ui, tokens).clicked() {
        chosen = Some(Action::Theme);
    }
    // Each language calls itself by its own name, for whoever cannot read the other.
    let (words, other) = (ui.words(), ui.words().language().other());
    let response = ui.add(egui::Button::new(weak(tokens, other.name())).frame(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, Action::Language.name(words)));
    if tip(response, Action::Language).clicked() {
        chosen = Some(Action::Language);
    }
    let button = egui::Button::new(weak(tokens, Action::Palette.keys())).frame(false);
    if tip(ui.add(button), Action::Palette).clicked() {
        chosen = Some(Action::Palette);
    }
    chosen
}

/// What is open, for example `Cora · GCN 1433-512-7`.
fn title(session: &Session) -> String {
    let store = session.store();
    let graph = store.graph.as_ref().map(|g| g.dataset.name().to_owned());
    let model = store.model.as_ref().map(|m| m.model.title());
    let parts: Vec<String> = [graph, model].into_iter().flatten().collect();
    parts.join(" · ")
}

fn menu_ui(ui: &mut egui::Ui, menu: Menu, session: &Session, chosen: &mut Option<Action>) {
    ui.set_min_width(240.0);
    let words = ui.words();
    for action in Action::ALL.into_iter().filter(|a| a.menu() == menu) {
        if action.starts_group() {
            ui.separator();
        }
        let text = match action {
            Action::Undo => {
                session.undo_label().map(|what| words.with("action-undo-what", &[("what", lower(what).into())]))
            }
            Action::Redo => {
                session.redo_label().map(|what| words.with("action-redo-what", &[("what", lower(what).into())]))
            }
            _ => None,
        };
        let text = text.unwrap_or_else(|| action.name(words));
        let (button, keys) = (egui::Button::new(text), action.keys());
        // No keys are no part of the accessible name.
        let button = if keys.is_empty() { button } else { button.shortcut_text(keys) };
        if ui.add_enabled(action.is_enabled(session), button).on_hover_text(action.says(words)).clicked() {
            *chosen = Some(action);
            ui.close();
        }
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// What an action says, and its keys.
fn tip(response: egui::Response, action: Action) -> egui::Response {
    let text = action.tip(words_of(&response.ctx));
    response.on_hover_text(&text).on_disabled_hover_text(text)
}

/// A half-filled circle, drawn, since no font of ours has it.
fn theme_button(ui: &mut egui::Ui, tokens: &Tokens) -> egui::Response {
    let words = ui.words();
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 22.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, Action::Theme.name(words)));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.hover);
    }
    let (centre, radius) = (rect.center(), 6.0);
    let half: Vec<_> = (0..=16)
        .map(|i| std::f32::consts::PI * (i as f32 / 16.0 + 0.5))
        .map(|angle| centre + radius * vec2(angle.cos(), angle.sin()))
        .collect();
    ui.painter().add(egui::Shape::convex_polygon(half, tokens.text, Stroke::NONE));
    ui.painter().circle_stroke(centre, radius, Stroke::new(1.2, tokens.text));
    tip(response, Action::Theme)
}
