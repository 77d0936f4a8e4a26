//! The window in both languages: switched at once.

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::words::{Language, Words};
use unifews::ui::actions::Action;
use unifews::ui::{App, Settings};

use super::{Choices, canvas, with_settings};

/// The window's smallest size that everything is made for.
const SIZE: [f32; 2] = [1280.0, 800.0];

fn speaking(language: Language) -> Harness<'static, App> {
    let settings = Settings { language, ..Settings::default() };
    with_settings(SIZE, &Choices::default(), &canvas::Canvas::default(), settings)
}

#[test]
fn the_language_is_switched_at_once_and_kept() {
    let mut h = with_settings(SIZE, &Choices::default(), &canvas::Canvas::default(), Settings::default());
    let [english, japanese] = Language::ALL.map(Words::of);
    h.get_by_role_and_label(Role::Button, &Action::Language.name(english)).click();
    h.run_steps(3);
    assert!(h.query_by_label(&english.text("menu-file")).is_none());
    h.get_by_label(&japanese.text("menu-file"));
    assert_eq!(h.state().to_save().language, Some(Language::Japanese));
    // And back, where the system's language is Japanese.
    let mut again = speaking(Language::Japanese);
    again.get_by_role_and_label(Role::Button, &Action::Language.name(japanese)).click();
    again.run_steps(3);
    again.get_by_label(&english.text("menu-file"));
    assert_eq!(again.state().to_save().language, Some(Language::English));
}
