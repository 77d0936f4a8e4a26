//! The guide's walk through the window, from three tables to an exported bundle, in both languages; and its pictures.
//!
//! `UNIFEWS_PICTURES=write cargo test --release --locked --test gui guide` draws the pictures of `docs/guide` anew: look at them before they are
//! committed. Times and dates in them are those of the machine. Without it every step is walked all the same, on a smaller window's canvas.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use eframe::egui::ThemePreference;
use egui_kittest::Harness;
use unifews::engine::score::predictions;
use unifews::session::words::Language;
use unifews::session::{Command, Phase, Session};
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;
use unifews::ui::{App, Settings};

use super::canvas::{Canvas, Image};
use super::{Choices, wait, with_settings};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A window whose pictures are kept.
struct Walk {
    h: Harness<'static, App>,
    canvas: Canvas,
    language: Language,
    n_taken: usize,
}

impl Walk {
    fn new(language: Language) -> Self {
        let canvas = Canvas::default();
        let settings = Settings { language, ..Settings::default() };
        let h = with_settings(SIZE, &Choices::default(), &canvas, settings);
        h.ctx.set_theme(ThemePreference::Light);
        Self { h, canvas, language, n_taken: 0 }
    }

    fn send(&mut self, command: Command) {
        self.h.state().send(command);
        self.h.run_steps(2);
    }

    fn show(&mut self, pane: Pane) {
        let ctx = self.h.ctx.clone();
        self.h.state_mut().perform(Action::Show(pane), &ctx);
        wait(&mut self.h, "the pane", Session::is_idle);
        self.h.run_steps(8);
    }

    /// Everything is done and drawn.
    fn settle(&mut self, what: &str) {
        wait(&mut self.h, what, Session::is_idle);
        self.h.run_steps(8);
    }

    /// Takes a picture of the window; of one that nothing is drawn in there is none.
    fn take(&mut self, name: &str) {
        let notices: Vec<_> = self.h.state().session().store().notices.all().iter().map(|n| n.title.clone()).collect();
        self.send(Command::ClearNotices);
        self.h.run_steps(8);
        self.n_taken += 1;
        if !std::env::var("UNIFEWS_PICTURES").is_ok_and(|v| v == "write") {
            return;
        }
        let image = self.canvas.picture(&self.h);
        let first = &image.rgb[..3];
        assert!(image.rgb.chunks(3).any(|pixel| pixel != first), "{name} is empty; notices {notices:?}");
        write(&picture(self.language, name), &image);
    }
}

fn picture(language: Language, name: &str) -> PathBuf {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let folder = if language == Language::English { guide } else { guide.join(language.key()) };
    folder.join(format!("{name}.png"))
}

fn write(path: &Path, image: &Image) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let file = BufWriter::new(File::create(path).expect("a file"));
    let mut encoder = png::Encoder::new(file, image.width as u32, image.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().expect("a header").write_image_data(&image.rgb).expect("written");
}

/// Paths from the package's folder, where tests run, so that no picture shows where that lies.
const CUSTOMERS: &str = "sample_graphs/customers";

/// Steps 1 to 9 of the guide.
fn walk(language: Language) -> Walk {
    let folder = Path::new("target/guide").join(language.key());
    fs::create_dir_all(&folder).expect("made");
    let mut walk = Walk::new(language);
    walk.take("1-start");
    walk.send(Command::Import(vec![CUSTOMERS.to_owned()]));
    wait(&mut walk.h, "the report", |s| s.is_idle() && s.store().import.is_some());
    walk.take("2-files");
    walk.send(Command::AcceptImport);
    wait(&mut walk.h, "the graph", |s| s.is_idle() && s.store().graph.is_some());
    walk.settle("the drawing");
    assert_eq!(walk.h.state().shown_pane(), Some(Pane::Graph), "a graph alone comes as a drawing");
    walk.take("3-open");
    walk.send(Command::Train);
    wait(&mut walk.h, "the model", |s| s.is_idle() && s.store().model.is_some());
    walk.show(Pane::Training);
    walk.take("4-training");
    walk.show(Pane::Layers);
    walk.take("5-layers");
    walk.send(Command::Prune);
    wait(&mut walk.h, "the run", |s| s.is_idle() && s.store().runs.len() == 1);
    walk.settle("the verdict");
    walk.take("6-pruned");
    let ctx = walk.h.ctx.clone();
    walk.h.state_mut().perform(Action::Sweep, &ctx);
    walk.settle("the sweep");
    walk.show(Pane::Tradeoff);
    assert!(walk.h.state().session().store().sweep.points.len() > 4, "points");
    walk.take("7-trade-off");
    walk.show(Pane::Export);
    walk.take("8-export");
    let run = walk.h.state().session().store().runs[0].id;
    walk.send(Command::Export(run, folder.join("customers-bundle")));
    wait(&mut walk.h, "the export", |s| s.is_idle() && s.store().export.phase == Phase::Done);
    walk.settle("the list");
    walk.take("9-exported");
    fs::remove_dir_all(&folder).expect("removed");
    walk
}

#[test]
fn the_guide_is_walked_in_english() {
    let mut walk = walk(Language::English);
    views(&mut walk);
    assert_eq!(walk.n_taken, 14);
}

#[test]
fn the_guide_is_walked_in_japanese() {
    let mut walk = walk(Language::Japanese);
    views(&mut walk);
    assert_eq!(walk.n_taken, 14);
}

/// What the other pages of the guide show, on the customers of the walk.
fn views(walk: &mut Walk) {
    let node = {
        let store = walk.h.state().session().store();
        let run = &store.runs[0].run;
        let (before, after) = (predictions(&run.baseline_logits), predictions(&run.pruned.logits));
        before.iter().zip(&after).position(|(a, b)| a != b).unwrap_or(0) as u32
    };
    walk.send(Command::SelectNode(Some(node)));
    walk.settle("the node");
    walk.show(Pane::Graph);
    walk.take("graph");
    walk.show(Pane::Entries);
    walk.take("entries");
    walk.send(Command::SelectNode(None));
    let mut recipe = walk.h.state().session().store().recipe.clone();
    (recipe.recovery, recipe.channels) = (None, None);
    walk.send(Command::SetRecipe(Box::new(recipe), None));
    walk.settle("the preview");
    walk.send(Command::Prune);
    wait(&mut walk.h, "a second run", |s| s.is_idle() && s.store().runs.len() == 2);
    walk.show(Pane::Runs);
    walk.take("runs");
    let runs: Vec<_> = walk.h.state().session().store().runs.iter().map(|run| run.id).collect();
    for run in runs {
        walk.send(Command::CompareRun(run));
    }
    walk.settle("the comparison");
    walk.take("compare");
    walk.show(Pane::Monitor);
    walk.take("monitor");
}
