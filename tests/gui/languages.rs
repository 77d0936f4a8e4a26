//! The window in both languages: switched at once, nothing cut off, no letter without a shape, nothing left in the other language.

use eframe::egui::accesskit::Role;
use eframe::egui::{Context, Rect, Shape};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::words::{Language, Words};
use unifews::session::{Command, Session};
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;
use unifews::ui::{App, Settings};

use super::{Choices, canvas, wait, with_settings};

/// The window's smallest size that everything is made for.
const SIZE: [f32; 2] = [1280.0, 800.0];
/// A letter may stand over its rectangle by so much, points.
const OVERHANG: f32 = 1.5;

fn speaking(language: Language) -> Harness<'static, App> {
    let settings = Settings { language, ..Settings::default() };
    with_settings(SIZE, &Choices::default(), &canvas::Canvas::default(), settings)
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| ('\u{3040}'..'\u{a000}').contains(&c))
}

/// A text that is drawn, and what of it is seen.
struct Drawn {
    text: String,
    place: Rect,
    seen: Rect,
    is_elided: bool,
}

fn drawn(h: &Harness<'_, App>) -> Vec<Drawn> {
    fn of(shape: &Shape, seen: Rect, found: &mut Vec<Drawn>) {
        match shape {
            Shape::Text(text) => found.push(Drawn {
                text: text.galley.text().to_owned(),
                place: text.galley.rect.translate(text.pos.to_vec2()),
                seen,
                is_elided: text.galley.elided,
            }),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| of(shape, seen, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    h.output().shapes.iter().for_each(|clipped| of(&clipped.shape, clipped.clip_rect, &mut found));
    found
}

/// Texts of which a part is missing at a side. What is scrolled away above or below is not.
fn cut_off(h: &Harness<'_, App>) -> Vec<String> {
    let is_cut = |drawn: &Drawn| {
        let (place, seen) = (drawn.place, drawn.seen);
        let is_seen = place.intersects(seen.shrink(2.0)) && place.width() > 0.0;
        let overhangs = place.left() < seen.left() - OVERHANG || place.right() > seen.right() + OVERHANG;
        is_seen && (drawn.is_elided || overhangs)
    };
    drawn(h)
        .into_iter()
        .filter(is_cut)
        .map(|drawn| format!("{} at {:?} of {:?}", drawn.text, drawn.place, drawn.seen))
        .collect()
}

/// Letters that no font of the program has.
fn without_shape(ctx: &Context, text: &str) -> String {
    let font = eframe::egui::FontId::proportional(13.0);
    ctx.fonts_mut(|fonts| text.chars().filter(|c| !c.is_control() && !fonts.has_glyph(&font, *c)).collect())
}

/// What the Japanese window still says in English: parts of texts. It only becomes shorter.
const STILL_ENGLISH: [&str; 27] = [
    // What jobs and files are called.
    "GCN trained here",
    "the file has no features",
    // The inspector.
    "None of its entries were removed",
    "same class",
    // Axes that figures in files have, too.
    "message norm",
    "weight score",
    "input feature",
    "output feature",
    "target node",
    // Entries, Graph and Training.
    "Distribution of",
    "entries per bin",
    "of the entries that reach this step",
    "would remove exactly",
    "come to their places",
    "Laying out the graph",
    "Colouring the nodes",
    "Stop the layout",
    "nodes and edges",
    "per epoch",
    "Removed while training",
    "best epoch",
    "learning rate",
    // About, and the palette.
    "Frames in this statistic",
    "Own code per frame",
    "one threshold rule",
    "What do you want to do",
    "Fonts Inter",
];

/// Lines of English prose: two words in small letters, of which the language's other texts have none.
fn is_english(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', '\n', '\u{a0}']).collect();
    let is_word = |word: &&str| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase());
    !is_japanese(text) && words.windows(2).any(|pair| pair.iter().all(is_word))
}

fn visit(h: &mut Harness<'_, App>, place: &str, found: &mut Vec<String>) {
    h.run_steps(3);
    let ctx = h.ctx.clone();
    // What is known of a run's recipe is cut to its column.
    for text in cut_off(h).into_iter().filter(|text| is_japanese(text) && !text.contains("δa")) {
        found.push(format!("{place}: cut off: {text}"));
    }
    for Drawn { text, .. } in drawn(h) {
        let missing = without_shape(&ctx, &text);
        if !missing.is_empty() {
            found.push(format!("{place}: no shape for {missing} in {text}"));
        }
        if is_english(&text) && !STILL_ENGLISH.iter().any(|part| text.contains(part)) {
            found.push(format!("{place}: English: {text}"));
        }
    }
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

#[test]
fn every_pane_is_whole_in_japanese() {
    let mut h = speaking(Language::Japanese);
    let mut found = Vec::new();
    visit(&mut h, "welcome", &mut found);
    h.state().send(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    h.state().send(Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Sweep, &ctx);
    wait(&mut h, "a sweep", Session::is_idle);
    h.state().send(Command::SelectNode(Some(3)));
    for pane in Pane::ALL {
        h.state_mut().perform(Action::Show(pane), &ctx);
        wait(&mut h, "the pane", Session::is_idle);
        visit(&mut h, &format!("{pane:?}"), &mut found);
    }
    for action in [Action::Palette, Action::Guide, Action::Shortcuts, Action::About] {
        h.state_mut().perform(action, &ctx);
        visit(&mut h, &format!("{action:?}"), &mut found);
        h.state_mut().perform(action, &ctx);
        h.run_steps(2);
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}
