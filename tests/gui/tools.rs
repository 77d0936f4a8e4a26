//! What else the terminal can do, from the menus.

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::io::stored::StoredGraph;
use unifews::session::Level;
use unifews::ui::App;
use unifews::ui::dialogs::Ask;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

/// Opens a menu and chooses from it.
fn choose(h: &mut Harness<'_, App>, menu: &str, item: &str) {
    h.get_by_role_and_label(Role::Button, menu).click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, item).click();
    h.run_steps(3);
}

#[test]
fn the_open_graph_is_stored_for_work_from_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let stored = folder.path().join("karate");
    choices.then(&stored);
    choose(&mut h, "File", "Store for work from the disk…");
    wait(&mut h, "the folder", |s| s.is_idle() && s.store().notices.all().iter().any(|n| n.title.starts_with("Stored")));
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-stored".to_owned() }));
    let graph = h.state().session().store().graph.clone().expect("open");
    let found = StoredGraph::open(&stored).expect("a stored graph");
    assert_eq!((found.size().n_nodes, found.size().n_entries), (graph.stats.n_nodes, graph.stats.n_entries));
    assert!(h.state().session().store().notices.all().iter().all(|n| n.level == Level::Info));
}
