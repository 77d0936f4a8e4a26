//! What the window looks like, against small pictures of it; and how often textures are made anew.
//!
//! `UNIFEWS_LOOKS=write cargo test --release --test gui appearance` writes the pictures: look at them before they are committed.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use eframe::egui::ThemePreference;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::canvas::{Canvas, Image};
use super::{Choices, painted, wait};

/// A pixel of which no colour differs by more is the same.
const SAME: u8 = 24;
/// Pixels that may differ: a letter or two whose edge falls otherwise.
const MAX_FAILED_PIXELS: usize = 60;
const SIZE: [f32; 2] = [880.0, 560.0];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/looks")
}

fn read(path: &Path) -> Option<Image> {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).ok()?));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut rgb = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut rgb).expect("a picture");
    Some(Image { width: info.width as usize, height: info.height as usize, rgb })
}

fn write(path: &Path, image: &Image) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let mut encoder = png::Encoder::new(File::create(path).expect("a file"), image.width as u32, image.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().expect("a header").write_image_data(&image.rgb).expect("written");
}

/// Compares the window with its picture; leaves both beside each other where they differ.
fn assert_looks(name: &str, canvas: &Canvas, harness: &Harness<'_, App>) {
    let (now, path) = (canvas.picture(harness), folder().join(format!("{name}.png")));
    if std::env::var("UNIFEWS_LOOKS").is_ok_and(|v| v == "write") {
        return write(&path, &now);
    }
    let before = read(&path).expect("a picture of it");
    assert_eq!((before.width, before.height), (now.width, now.height), "{name}");
    let differs = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > SAME);
    let n = before.rgb.chunks(3).zip(now.rgb.chunks(3)).filter(|pair| differs(*pair)).count();
    let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    if n > MAX_FAILED_PIXELS {
        write(&found, &now);
    }
    let (expected, found) = (path.display(), found.display());
    assert!(n <= MAX_FAILED_PIXELS, "{n} pixels of {name} differ: {expected} was expected, {found} was drawn");
}

fn show(h: &mut Harness<'_, App>, theme: ThemePreference, pane: Option<Pane>) {
    h.ctx.set_theme(theme);
    if let Some(pane) = pane {
        let ctx = h.ctx.clone();
        h.state_mut().perform(Action::Show(pane), &ctx);
    }
    h.run_steps(8);
}

#[test]
fn the_welcome_page_looks_as_it_did() {
    let canvas = Canvas::default();
    let mut h = painted(SIZE, &Choices::default(), &canvas);
    show(&mut h, ThemePreference::Light, None);
    assert_looks("welcome-light", &canvas, &h);
}

#[test]
fn layers_and_entries_look_as_they_did() {
    let canvas = Canvas::default();
    let mut h = painted(SIZE, &Choices::default(), &canvas);
    h.get_by_role_and_label(eframe::egui::accesskit::Role::Button, "Karate club").click();
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    h.state().send(unifews::session::Command::ClearNotices);
    for (name, theme, pane) in [
        ("layers-light", ThemePreference::Light, Pane::Layers),
        ("layers-dark", ThemePreference::Dark, Pane::Layers),
        ("entries-dark", ThemePreference::Dark, Pane::Entries),
    ] {
        show(&mut h, theme, Some(pane));
        wait(&mut h, name, unifews::session::Session::is_idle);
        h.run_steps(8);
        assert_looks(name, &canvas, &h);
    }
}

/// A picture that stands still is not made again: not by frames, not by the pointer, not by moving it about.
#[test]
fn heatmaps_are_textures_that_only_a_new_picture_replaces() {
    let canvas = Canvas::default();
    let mut h = painted([1440.0, 900.0], &Choices::default(), &canvas);
    h.get_by_role_and_label(eframe::egui::accesskit::Role::Button, "Karate club").click();
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    show(&mut h, ThemePreference::Dark, Some(Pane::Layers));
    wait(&mut h, "the heatmaps", unifews::session::Session::is_idle);
    h.run_steps(30);
    let n_drawn = canvas.n_uploads();
    assert!(n_drawn > 0, "heatmaps are textures");
    let heatmap = h.query_all_by_role(eframe::egui::accesskit::Role::Image).next().map(|node| node.rect().center());
    h.run_steps(60);
    for step in 0..20 {
        let at = heatmap.unwrap_or(eframe::egui::pos2(600.0, 300.0));
        h.hover_at(at + eframe::egui::vec2(step as f32, step as f32));
        h.step();
    }
    wait(&mut h, "the pointer", unifews::session::Session::is_idle);
    assert_eq!(canvas.n_uploads(), n_drawn, "textures were made again");
}
