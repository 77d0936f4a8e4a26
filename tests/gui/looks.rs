//! Every pane in every state, light and dark, at sizes from tiny to 4K, without a panic; and how long a frame takes.

use eframe::egui::{ThemePreference, vec2};
use egui_kittest::kittest::Queryable as _;
use unifews::session::words::{Language, Words};
use unifews::ui::actions::Action;
use unifews::ui::views::{Pane, Views};

use super::{Choices, wait, window, with_karate};

const SIZES: [[f32; 2]; 5] = [[200.0, 120.0], [640.0, 400.0], [1280.0, 800.0], [1440.0, 900.0], [3840.0, 2160.0]];

#[test]
fn every_pane_has_a_view_and_a_title() {
    let mut views = Views::default();
    for pane in Pane::ALL {
        assert!(views.get_mut(pane).is_some(), "{pane:?}");
        assert!(Language::ALL.iter().all(|language| !pane.title(Words::of(*language)).contains("pane-")), "{pane:?}");
    }
}

#[test]
fn every_pane_draws_at_every_size_in_both_themes() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    h.state().send(unifews::session::Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    for theme in [ThemePreference::Light, ThemePreference::Dark] {
        h.ctx.set_theme(theme);
        for size in SIZES {
            h.set_size(vec2(size[0], size[1]));
            for pane in Pane::CENTRE {
                let ctx = h.ctx.clone();
                h.state_mut().perform(Action::Show(pane), &ctx);
                h.run_steps(3);
            }
        }
    }
}

#[test]
fn the_welcome_page_and_help_draw_at_every_size() {
    let choices = Choices::default();
    let mut h = window([1440.0, 900.0], &choices);
    for action in [Action::Guide, Action::Shortcuts, Action::Activity, Action::History, Action::About, Action::Palette]
    {
        let ctx = h.ctx.clone();
        h.state_mut().perform(action, &ctx);
        for size in SIZES {
            h.set_size(vec2(size[0], size[1]));
            h.run_steps(3);
        }
    }
}

#[test]
fn nothing_is_cut_off_at_1280_by_800_and_at_twice_the_size() {
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    for zoom in [1.0_f32, 2.0] {
        h.ctx.set_zoom_factor(zoom);
        h.run_steps(4);
        let screen = h.ctx.content_rect();
        let last = if zoom > 1.5 { "Verdict" } else { "Presets ▼" };
        for name in ["File", "Help", last] {
            let rect = h.get_by_label(name).rect();
            assert!(screen.contains_rect(rect), "{name} at {rect:?} on {screen:?}, zoom {zoom}");
        }
    }
}

#[test]
fn our_own_code_stays_within_its_share_of_a_frame() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    h.run_steps(120);
    let median = h.state().frames().median();
    // Optimised it takes a fraction; without optimisation egui itself is several times slower.
    let most = if cfg!(debug_assertions) { 0.08 } else { 0.008 };
    assert!(median < most, "{:.2} ms", median * 1e3);
}
