//! Help with faults: what a report of one should hold, and what internal errors left behind.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::discreet::{last_of_path, without_names};
use super::jobs::Lane;
use super::notice::{Level, Notice};
use super::tasks::diagnose::{Diagnose, Diagnosis, ThenReports};
use crate::engine::graph::ReadOptions;
use crate::engine::sparsify::{Lock, Recipe};
use crate::io::recipe_to_toml;

/// Notices that a report holds, the newest of them.
const MOST_NOTICES: usize = 20;
/// Lines of what was asked for that a report holds, the newest of them.
const MOST_LINES: usize = 30;

impl Session {
    /// The same session, which looks at this machine and tells of internal errors that left a report in `folder`.
    #[must_use]
    pub fn with_crash_reports(mut self, folder: PathBuf) -> Self {
        self.reports.folder = Some(folder);
        self.diagnose(false);
        self
    }

    /// What is known of this machine, and the reports of internal errors; nothing before it was looked at.
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.reports.found
    }

    /// Looks at this machine and for reports of internal errors, or removes those first.
    pub(super) fn diagnose(&mut self, is_forgetting: bool) {
        let then = if is_forgetting { ThenReports::AreGone } else { ThenReports::AreTold };
        let task = Diagnose { reports: self.reports.folder.clone(), then };
        self.run_in(Lane::Diagnose, task, Self::take_diagnosis);
    }

    fn take_diagnosis(&mut self, found: Diagnosis) {
        let n_new = found.reports.iter().filter(|report| report.is_new).count();
        if n_new > 0 {
            let title = if n_new == 1 {
                "The program met an internal error".to_owned()
            } else {
                format!("The program met {n_new} internal errors")
            };
            let next = "Help › Report a problem shows what was written";
            self.store.notices.add(Level::Warning, title, "A report was written, without your data", next);
        }
        self.reports.found = found;
    }

    /// All that a report of a fault should hold, as text without names of files: this machine, what the window adds of itself, settings,
    /// the newest notices and what was asked for last.
    pub fn report_of_fault(&self, window: &[(&str, String)]) -> String {
        let row = |name: &str, value: &str| format!("{name}: {value}");
        let machine = self.reports.found.rows.iter().map(|(name, value)| row(name, value));
        let window = window.iter().map(|(name, value)| row(name, value));
        let facts: Vec<String> = machine.chain(window).collect();
        let known = self.names();
        let notices = self.store.notices.all().iter().rev().take(MOST_NOTICES).map(|notice| says(notice, &known));
        let asked = self.activity.newest_first().take(MOST_LINES).map(|entry| {
            let times = if entry.n > 1 { format!(" ({} steps)", entry.n) } else { String::new() };
            format!("{}: {}{times}", without_names(&entry.by, &known), without_names(&entry.what, &known))
        });
        let part = |title: &str, lines: Vec<String>| {
            let text = if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") };
            format!("{title}\n{text}\n")
        };
        [
            part("Unifews Workbench, report of a problem", facts),
            part("Settings", self.settings()),
            part("Notices, newest first", notices.collect()),
            part("Asked for, newest first", asked.collect()),
        ]
        .join("\n")
    }

    /// What is open, by its size and kind alone, and what results depend on.
    fn settings(&self) -> Vec<String> {
        let store = &self.store;
        let graph = store.graph.as_ref().map_or_else(
            || "Graph: none".to_owned(),
            |graph| {
                let stats = &graph.stats;
                let (n, m, f) = (stats.n_nodes, stats.n_entries, stats.n_features);
                format!("Graph: {n} nodes, {m} entries, {f} features, {} classes", stats.n_classes)
            },
        );
        let model = store.model.as_ref().map_or_else(
            || "Model: none".to_owned(),
            |open| format!("Model: {}", open.model.architecture.architecture.key()),
        );
        let recipe = recipe_to_toml(&without_data(&store.recipe));
        let recipe = recipe.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let recipe: Vec<String> = recipe.map(|line| format!("    {line}")).collect();
        let counts = format!("Runs: {}, limit {:.1} points", store.runs.len(), 100.0 * store.limit);
        [graph, model, counts, "Recipe".to_owned()].into_iter().chain(recipe).collect()
    }

    /// Every name that a notice or the log may hold.
    fn names(&self) -> Vec<String> {
        let store = &self.store;
        let mut names = self.known_files();
        names.extend(store.graph.as_ref().map(|graph| graph.dataset.name().to_owned()));
        names.extend(store.model.as_ref().map(|model| model.name.clone()));
        names.extend(store.runs.iter().map(|run| run.name.clone()).filter(|name| !name.starts_with("Run ")));
        let lost = store.lost.iter().flat_map(|lost| [lost.graph.clone(), lost.model.clone()]);
        names.extend(lost);
        let files: Vec<String> =
            names.iter().map(|name| last_of_path(name).to_owned()).filter(|file| file.len() > 1).collect();
        let stems = files.iter().filter_map(|file| Some(file.split_once('.')?.0.to_owned()));
        let stems: Vec<String> = stems.filter(|stem| stem.len() > 1).collect();
        names.extend(files);
        names.extend(stems);
        names
    }
}

/// A recipe without what names files, columns or nodes: how the graph is read, a split or a lock of the user's own, entries decided by hand.
fn without_data(recipe: &Recipe) -> Recipe {
    let mut recipe = Recipe { graph: ReadOptions::default(), ..recipe.clone() };
    if recipe.split != "auto" && !recipe.split.starts_with("stratified:") {
        "own".clone_into(&mut recipe.split);
    }
    if matches!(recipe.edges.lock, Lock::File(_)) {
        recipe.edges.lock = Lock::None;
    }
    recipe.edges.pins = Arc::default();
    recipe
}

fn says(notice: &Notice, known: &[String]) -> String {
    let level = match notice.level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let text = [notice.title.as_str(), notice.detail.as_str()].into_iter().filter(|part| !part.is_empty());
    let text: Vec<String> = text.map(|part| without_names(part, known).replace('\n', " ")).collect();
    format!("{level}: {}", text.join(": "))
}
