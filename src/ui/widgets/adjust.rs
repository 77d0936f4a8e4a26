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
        let value =
            |data: &Option<ActionData>| if let Some(ActionData::NumericValue(v)) = data { Some(*v) } else { None };
        asked.filter_map(|request| value(&request.data)).filter(|v| v.is_finite()).last()
    })
}

/// A line over a plot that is dragged to a value.
#[derive(Debug, Default)]
pub(crate) struct DraggedLine {
    /// Where it was dragged to: it follows the pointer, not the computation.
    to: Option<f64>,
    n_drags: u64,
}

impl DraggedLine {
    /// Where it is while it is dragged.
    pub(crate) fn place(&self) -> Option<f64> {
        self.to
    }

    /// Names the gesture, while it is dragged.
    pub(crate) fn gesture(&self, response: &Response) -> Option<u64> {
        response.dragged().then(|| response.id.value() ^ self.n_drags)
    }

    /// The value that the pointer asks for, once; `value_at` says which one stands at an `x`.
    pub(crate) fn asked(&mut self, response: &Response, value_at: impl Fn(f32) -> f64) -> Option<f64> {
        if response.drag_started() {
            self.n_drags += 1;
        }
        if response.drag_started() || response.clicked() {
            response.request_focus();
        }
        if response.drag_stopped() {
            self.to = None;
        }
        let pos = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked())?;
        let value = value_at(pos.x);
        let is_new = self.to.is_none_or(|before| before.to_bits() != value.to_bits());
        self.to = response.dragged().then_some(value);
        is_new.then_some(value)
    }
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
