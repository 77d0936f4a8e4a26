//! A choice of one among a few, with a name that is read out.

use eframe::egui;

/// Longer lists scroll.
pub(crate) const LIST_HEIGHT: f32 = 340.0;

/// A combo box of `width` points; `label` says what each choice is called.
pub(crate) fn picker<T: Copy + PartialEq, S: AsRef<str>>(
    ui: &mut egui::Ui,
    name: &str,
    width: f32,
    choices: &[T],
    chosen: &mut T,
    label: impl Fn(T) -> (String, S),
) -> egui::Response {
    let text = label(*chosen).0;
    let list = egui::ComboBox::from_id_salt(name).selected_text(&text).width(width).height(LIST_HEIGHT);
    let shown = list.show_ui(ui, |ui| {
        for choice in choices {
            let (text, says) = label(*choice);
            let item = ui.selectable_value(chosen, *choice, text);
            if !says.as_ref().is_empty() {
                item.on_hover_text(says.as_ref());
            }
        }
    });
    shown.response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::ComboBox, ui.is_enabled(), name);
        info.current_text_value = Some(text.clone());
        info
    });
    shown.response
}
