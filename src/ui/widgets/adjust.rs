//! What everything that can be dragged to a value answers to beside the pointer: arrow keys, and what assistive technology asks for.

use eframe::egui::accesskit::{Action, ActionData};
use eframe::egui::{self, EventFilter, Key, Response};

/// Steps that arrow keys and assistive technology ask for since the last frame, up and down.
pub(crate) fn asked_steps(ui: &egui::Ui, response: &Response) -> f64 {
    let mut steps = ui.input(|i| {
        i.num_accesskit_action_requests(response.id, Action::Increment) as f64
            - i.num_accesskit_action_requests(response.id, Action::Decrement) as f64
    });
    if response.has_focus() {
        ui.memory_mut(|m| {
            let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            m.set_focus_lock_filter(response.id, filter);
        });
        steps += ui.input(|i| i.num_presses(Key::ArrowRight) as f64 - i.num_presses(Key::ArrowLeft) as f64);
    }
    steps
}

/// The value that assistive technology asks for.
pub(crate) fn asked_value(ui: &egui::Ui, response: &Response) -> Option<f64> {
    ui.input(|i| {
        let asked = i.accesskit_action_requests(response.id, Action::SetValue);
        asked.filter_map(|r| if let Some(ActionData::NumericValue(v)) = r.data { Some(v) } else { None }).last()
    })
}

/// Says what it is, where it stands, and that it can be moved.
pub(crate) fn announce(ui: &egui::Ui, response: &Response, is_enabled: bool, value: f64, name: &str) {
    response.widget_info(|| egui::WidgetInfo::slider(is_enabled, value, name));
    if is_enabled {
        ui.ctx().accesskit_node_builder(response.id, |node| {
            for action in [Action::SetValue, Action::Increment, Action::Decrement] {
                node.add_action(action);
            }
        });
    }
}
