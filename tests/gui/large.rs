//! A graph with more entries than are read for every picture: heatmaps from sums of blocks, moves of a slider answered at once.
//!
//! In CI it is as small as that goes. `docs/benchmarks/window.md` is measured by the same steps on a larger graph:
//!
//! ```sh
//! UNIFEWS_LARGE_GRAPH=FOLDER cargo test --release --test gui large -- --nocapture
//! ```

#![expect(clippy::print_stdout, reason = "what was measured is printed")]

use std::sync::Arc;
use std::time::Instant;

use eframe::egui::accesskit::Role;
use eframe::egui::vec2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::plot::{Pyramid, Side};
use unifews::io::write_model;
use unifews::session::{Command, PictureRequest, PyramidRequest, Session};
use unifews::ui::App;

use super::{Bell, Choices, wait, wheel, window};

const SMALL: &str = "sample:powerlaw?nodes=50000&edges=4200000&features=16&classes=4&seed=7";

/// The newest picture of the first layer's edges, if it is of the run that is shown.
fn picture(session: &Session) -> Option<Arc<unifews::session::Picture>> {
    let slot = PictureRequest::slot_of(Side::Edges, 0, false);
    let run = session.store().shown()?;
    let (request, picture) = session.store().desk.answer::<PictureRequest>(&slot)?;
    Arc::ptr_eq(&request.run, run).then_some(picture)
}

fn is_drawn(session: &Session) -> bool {
    session.is_idle() && picture(session).is_some()
}

fn millis(secs: f32) -> String {
    format!("{:.2} ms", 1000.0 * secs)
}

#[test]
fn a_large_graph_is_drawn_from_sums_and_its_sliders_answer_at_once() {
    let spec = std::env::var("UNIFEWS_LARGE_GRAPH").unwrap_or_else(|_| SMALL.to_owned());
    let mut h = window([1440.0, 900.0], &Choices::default());
    let began = Instant::now();
    h.state().send(Command::Open(spec));
    wait(&mut h, "the graph", |s| s.is_idle() && s.store().graph.is_some());
    println!("opened in {:.1} s", began.elapsed().as_secs_f64());
    let stats = Arc::clone(&h.state().session().store().graph.as_ref().expect("open").stats);
    let hops = std::env::var("UNIFEWS_LARGE_HOPS").ok().and_then(|hops| hops.parse().ok());
    let hidden = if std::env::var_os("UNIFEWS_LARGE_GRAPH").is_some() { 256.min(2 * stats.n_features) } else { 16 };
    let architecture = hops.map_or_else(
        || Architecture { hidden, ..Architecture::new(Family::Gcn) },
        |hops| Architecture { hops, layers: 1, ..Architecture::new(Family::Sgc) },
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    let model = Model::init(&architecture, stats.n_features, stats.n_classes, 1);
    write_model(&path, &model).expect("written");
    let began = Instant::now();
    h.state().send(Command::Open(path.display().to_string()));
    wait(&mut h, "the first run", |s| s.store().shown().is_some());
    println!("first preview of {} entries in {:.2} s", stats.n_entries, began.elapsed().as_secs_f64());
    let began = Instant::now();
    wait(&mut h, "the first picture", |s| picture(s).is_some());
    println!("first picture {:.2} s later", began.elapsed().as_secs_f64());
    wait(&mut h, "all pictures", is_drawn);

    if Pyramid::is_worth(stats.n_entries) {
        sums_are_drawn(&h, stats.n_entries);
        move_around(&mut h);
    } else {
        assert!(std::env::var_os("UNIFEWS_LARGE_GRAPH").is_some(), "{} entries", stats.n_entries);
    }
    move_slider(&mut h);
}

/// Pictures come from sums of blocks, which take no more than the mask and lose no entry.
fn sums_are_drawn(h: &Harness<'_, App>, n_entries: usize) {
    let session = h.state().session();
    let sums = session.store().desk.answer::<PyramidRequest>(&PyramidRequest::slot_of(0)).expect("sums of blocks").1;
    assert!(sums.size_bytes() <= n_entries, "{} bytes for {n_entries} entries", sums.size_bytes());
    println!("sums of blocks of one layer: {:.2} bytes per entry", sums.size_bytes() as f64 / n_entries as f64);
    let run = Arc::clone(session.store().shown().expect("a run"));
    let edges = run.pruned.steps[0].edges.as_ref().expect("a graph side");
    let whole = picture(session).expect("drawn");
    let (kept, removed) = whole.raster.totals();
    assert_eq!((kept as usize, removed as usize), (edges.n_after, edges.n_entries - edges.n_after), "every entry once");
    assert!(whole.raster.block.0.is_power_of_two() && whole.raster.block.0 > 1, "{:?}", whole.raster.block);
}

/// Zooms and pans, down to single entries and back.
fn move_around(h: &mut Harness<'_, App>) {
    let name = if h.query_by_label("Edges of layer 1").is_some() { "Edges of layer 1" } else { "Edges of hop 1" };
    let rect = h.get_by_role_and_label(Role::Image, name).rect();
    // The upper left corner holds the best connected nodes of the first class.
    let at = rect.left_top() + 0.3 * rect.size();
    let mut finest = usize::MAX;
    let bell = Bell::of(h);
    for round in 0..2 {
        let nearer = if round == 0 { 40.0 } else { -40.0 };
        for step in 0..100 {
            wheel(h, at, nearer);
            h.step();
            if step % 10 == 9 {
                h.drag_at(at);
                h.step();
                for moved in 1..=6 {
                    h.hover_at(at + vec2(12.0, 8.0) * moved as f32);
                    h.step();
                }
                h.drop_at(at + vec2(72.0, 48.0));
                h.step();
            }
            if let Some(picture) = picture(h.state().session()) {
                finest = finest.min(picture.raster.block.0);
            }
            // Jobs answer on the way, as between the frames of a screen.
            bell.wait(std::time::Duration::from_millis(8));
        }
        wait(h, "the picture of what is in view", is_drawn);
        finest = finest.min(picture(h.state().session()).expect("drawn").raster.block.0);
    }
    assert_eq!(finest, 1, "single entries at the end");
    let frames = h.state().frames();
    println!(
        "{} frames while zooming and panning: own code median {}, 95 % {}, longest {}",
        frames.len(),
        millis(frames.median()),
        millis(frames.quantile(0.95)),
        millis(frames.quantile(1.0)),
    );
}

/// Moves δa and waits for what is told about it, first about and then exactly.
fn move_slider(h: &mut Harness<'_, App>) {
    let mut latencies = Vec::new();
    for delta in [0.6, 0.62, 0.7, 0.8, 0.3] {
        let mut recipe = h.state().session().store().recipe.clone();
        recipe.edges.delta = vec![delta];
        let began = Instant::now();
        h.state().send(Command::SetRecipe(Box::new(recipe), None));
        wait(h, "an answer", |s| {
            let is_asked = s.store().recipe.edges.delta == [delta];
            let is_exact = s.store().shown().is_some_and(|run| s.store().is_current(run));
            is_asked && (is_exact || s.store().estimated().is_some())
        });
        latencies.push(began.elapsed().as_secs_f64());
    }
    println!("answers to moves of the slider after {latencies:.3?} s");
    let about = h.state().session().store().estimated().map(|e| (e.edges().sparsity(), e.recipe.edges.delta[0]));
    let began = Instant::now();
    wait(h, "the exact answer", |s| s.store().shown().is_some_and(|run| s.store().is_current(run)));
    println!("exact {:.2} s later", began.elapsed().as_secs_f64());
    assert!(h.state().session().store().estimated().is_none(), "what is exact is not estimated");
    if let Some((about, delta)) = about {
        let run = h.state().session().store().shown().expect("a run");
        assert_eq!(run.recipe.edges.delta, [delta], "of the recipe that was estimated");
        println!("removed about {about:.4}, exactly {:.4}", run.pruned.edge_sparsity());
        let is_near = (about - run.pruned.edge_sparsity()).abs() < 0.1;
        assert!(is_near || std::env::var_os("UNIFEWS_LARGE_GRAPH").is_some(), "{about} is far off");
    }
    wait(h, "everything", Session::is_idle);
}
