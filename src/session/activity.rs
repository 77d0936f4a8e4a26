//! What was asked for, who asked, and what it changed: the newest of it, for *Help › Activity* and the diagnostics.

use std::collections::VecDeque;
use std::time::SystemTime;

use super::command::Command;
use super::crash;
use super::store::{RunId, Store};
use super::tasks::store_graph::StoreForm;
use super::verdict::lower_first;
use super::words::Words;
use crate::engine::sparsify::{PinnedEntry, Recipe};
use crate::io::{escaped_text, recipe_to_toml, shortened};

/// Older entries are dropped.
const MOST: usize = 500;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When; the last time, where a gesture came in many steps.
    pub at: SystemTime,
    /// Who sent it: a pane of the window, or what a job is called.
    pub by: String,
    /// What was asked for, or how a job ended.
    pub what: String,
    /// What it changed at once, one line each; what a job changes comes with the job's end.
    pub changed: Vec<String>,
    /// How many commands it stands for: a drag of a slider is one entry.
    pub n: usize,
}

/// The newest entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct ActivityLog {
    entries: VecDeque<Activity>,
    /// The state before the last gesture began, so that its entry says what all of it changed.
    before: Option<Snapshot>,
}

/// What entries are told from.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    graph: Option<String>,
    model: Option<String>,
    recipe: Recipe,
    runs: Vec<String>,
}

impl Snapshot {
    pub(super) fn of(store: &Store) -> Self {
        Self {
            graph: store.graph.as_ref().map(|graph| graph.spec.clone()),
            model: store.model.as_ref().map(|model| model.name.clone()),
            recipe: store.recipe.clone(),
            runs: store.runs.iter().map(|run| run.name.clone()).collect(),
        }
    }

    /// What is different now, one line each.
    fn changes(&self, now: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        let mut note = |what: &str, before: &str, after: &str| {
            if before != after {
                changed.push(escaped_text(&format!("{what}: {before} → {after}")).into_owned());
            }
        };
        let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
        note("graph", &or_none(&self.graph), &or_none(&now.graph));
        note("model", &or_none(&self.model), &or_none(&now.model));
        note("runs", &self.runs.join(", "), &now.runs.join(", "));
        changed.extend(recipe_changes(&self.recipe, &now.recipe));
        changed
    }
}

/// What differs between two recipes, one key to a line.
pub(super) fn recipe_changes(before: &Recipe, after: &Recipe) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (keys(before), keys(after));
    let value = |all: &[(String, String)], key: &str| {
        all.iter().find(|(k, _)| k == key).map_or_else(|| "none".to_owned(), |(_, value)| value.clone())
    };
    let gone = before.iter().filter(|(key, _)| after.iter().all(|(other, _)| other != key));
    let changes = after.iter().chain(gone).map(|(key, _)| (key, value(&before, key), value(&after, key)));
    changes
        .filter(|(_, before, after)| before != after)
        .map(|(key, before, after)| {
            let [before, after] = [before, after].map(|value| shortened(&value));
            escaped_text(&format!("{key}: {before} → {after}")).into_owned()
        })
        .collect()
}

/// Every key of a recipe with its value, as its file has them.
fn keys(recipe: &Recipe) -> Vec<(String, String)> {
    let (mut section, mut all) = (String::new(), Vec::new());
    for line in recipe_to_toml(recipe).lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, value)) = line.split_once('=') {
            all.push((format!("{section}{}", key.trim()), value.trim().to_owned()));
        }
    }
    all
}

impl ActivityLog {
    /// The entries, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Activity> {
        self.entries.iter().rev()
    }

    /// Whether nothing was done yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as text, newest first: for the diagnostics.
    pub fn text(&self, now: SystemTime) -> String {
        let line = |entry: &Activity| {
            let ago = now.duration_since(entry.at).map_or(0, |ago| ago.as_secs());
            let times = if entry.n > 1 { format!(" ×{}", entry.n) } else { String::new() };
            let what = format!("-{ago} s  {}: {}{times}", entry.by, entry.what);
            std::iter::once(what).chain(entry.changed.iter().cloned()).collect::<Vec<_>>().join("\n    ")
        };
        self.newest_first().map(line).collect::<Vec<_>>().join("\n")
    }

    /// A command was applied: `gesture` tells whether it goes on with the one before.
    pub(super) fn applied(&mut self, by: &str, what: String, goes_on: bool, before: Snapshot, now: &Snapshot) {
        let is_same = |last: &Activity| goes_on && last.by == by && last.what == what;
        if let Some(last) = self.entries.back_mut().filter(|last| is_same(last)) {
            last.at = SystemTime::now();
            last.n += 1;
            last.changed = self.before.as_ref().map_or_else(Vec::new, |before| before.changes(now));
            return;
        }
        crash::remember_command(by, &what);
        let changed = before.changes(now);
        self.before = Some(before);
        self.add(Activity { at: SystemTime::now(), by: by.to_owned(), what, changed, n: 1 });
    }

    /// A job ended.
    pub(super) fn ended(&mut self, label: &str, how: String) {
        self.before = None;
        crash::remember_job(label, &how);
        self.add(Activity { at: SystemTime::now(), by: label.to_owned(), what: how, changed: Vec::new(), n: 1 });
    }

    fn add(&mut self, mut entry: Activity) {
        entry.what = escaped_text(&entry.what).into_owned();
        if self.entries.len() == MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

/// What is decided by hand, for undo and the log.
pub(super) fn by_hand_says(entries: &[PinnedEntry], is_kept: Option<bool>) -> String {
    let what = match entries {
        [one] => escaped_text(&shortened(&format!("{} → {}", one.source, one.target))).into_owned(),
        more => format!("{} entries", more.len()),
    };
    match is_kept {
        Some(true) => format!("Keep {what} by hand"),
        Some(false) => format!("Remove {what} by hand"),
        None => format!("Leave {what} to the rule"),
    }
}

impl Command {
    /// What it asks for, in words; `None` for what a view has computed for itself or only looks at.
    #[expect(clippy::too_many_lines, reason = "one arm for every command, so that none is forgotten")]
    pub(super) fn says(&self, words: &Words) -> Option<String> {
        let path = |path: &std::path::Path| path.display().to_string();
        Some(match self {
            Self::Compute(_) | Self::SeeNotices | Self::SetCheck(_) | Self::Diagnose(_) => return None,
            Self::Open(spec) => words.with("activity-open", &[("what", spec.clone().into())]),
            Self::OpenMany(specs) => words.with("activity-open", &[("what", specs.join(", ").into())]),
            Self::Import(specs) => words.with("activity-read", &[("what", specs.join(", ").into())]),
            Self::ChooseReading(..) => words.text("activity-choose-reading"),
            Self::ChangeImport(..) => words.text("activity-change-import"),
            Self::SetImportRole(spec, role) => {
                words.with("activity-role", &[("what", spec.clone().into()), ("role", role.to_string().into())])
            }
            Self::ReadOutside => words.text("activity-read-outside"),
            Self::AcceptImport => words.text("activity-accept-import"),
            Self::DiscardImport => words.text("activity-discard-import"),
            Self::AnswerOutside(true) => words.text("activity-allow-outside"),
            Self::AnswerOutside(false) => words.text("activity-refuse-outside"),
            Self::OpenSample(spec) => words.with("activity-open-sample", &[("what", spec.clone().into())]),
            Self::CloseInputs => words.text("activity-close-inputs"),
            Self::SetRecipe(..) => words.text("activity-set-recipe"),
            Self::Prune => words.text("activity-prune"),
            Self::SetLimit(limit) => {
                words.with("activity-limit", &[("points", format!("{:.1}", 100.0 * limit).into())])
            }
            Self::SetBudget(budget) => {
                words.with("activity-budget", &[("points", format!("{:.1}", 100.0 * budget.lose_at_most).into())])
            }
            Self::FindWithin(budget) => {
                words.with("activity-find-within", &[("points", format!("{:.1}", 100.0 * budget.lose_at_most).into())])
            }
            Self::Controls(id) => words.with("activity-controls", &[("run", id.0.to_string().into())]),
            Self::Certify(id, limit) => words.with(
                "activity-certify",
                &[("run", id.0.to_string().into()), ("points", format!("{:.1}", 100.0 * limit).into())],
            ),
            Self::NodeErrors(id) => words.with("activity-errors", &[("run", id.0.to_string().into())]),
            Self::Sweep(grid) => words.with("activity-sweep", &[("points", grid.len().to_string().into())]),
            Self::SweepLayer(None) => words.text("activity-sweep-all-layers"),
            Self::SweepLayer(Some(layer)) => {
                words.with("activity-sweep-layer", &[("layer", (layer + 1).to_string().into())])
            }
            Self::SetPlan(plan) => words.with("activity-plan", &[("methods", plan.methods.len().to_string().into())]),
            Self::Compare(plan) => {
                words.with("activity-compare", &[("methods", plan.methods.len().to_string().into())])
            }
            Self::Sensitivity(_) => words.text("activity-sensitivity"),
            Self::Stress(masks) => words.with("activity-stress", &[("masks", masks.says().to_owned().into())]),
            Self::Train => words.text("activity-train"),
            Self::Propagate(folder) => words.with("activity-propagate", &[("folder", path(folder).into())]),
            Self::StoreGraph(folder, StoreForm::Parquet) => {
                words.with("activity-store-tables", &[("folder", path(folder).into())])
            }
            Self::StoreGraph(folder, _) => words.with("activity-store-graph", &[("folder", path(folder).into())]),
            Self::Bench(true) => words.text("activity-bench-quick"),
            Self::Bench(false) => words.text("activity-bench"),
            Self::Predict(nodes) => words.with("activity-score-nodes", &[("nodes", nodes.clone().into())]),
            Self::ScoreArrivals { features, .. } => {
                words.with("activity-score-arrivals", &[("file", path(features).into())])
            }
            Self::CheckBundle | Self::CheckImport => words.text("activity-check-bundle"),
            Self::SelectNode(Some(node)) => words.with("activity-look-at-node", &[("node", node.to_string().into())]),
            Self::SelectNode(None) => words.text("activity-look-at-none"),
            Self::SelectNodes(nodes) => {
                words.with("activity-look-at-nodes", &[("nodes", nodes.len().to_string().into())])
            }
            Self::SelectEntry { target, source } => words.with(
                "activity-look-at-entry",
                &[("source", source.to_string().into()), ("target", target.to_string().into())],
            ),
            Self::SelectWeight(place) => words.with(
                "activity-look-at-weight",
                &[
                    ("input", place.input.to_string().into()),
                    ("output", place.output.to_string().into()),
                    ("matrix", place.matrix.to_string().into()),
                ],
            ),
            Self::PinEntries(entries, is_kept) => lower_first(&by_hand_says(entries, *is_kept)),
            Self::Reproduce(plan, file) => words.with(
                "activity-reproduce",
                &[("table", plan.table.key().to_owned().into()), ("file", path(file).into())],
            ),
            Self::Cancel(_) => words.text("activity-cancel"),
            Self::Keep(_) => words.text("activity-keep"),
            Self::KeepLeft => words.text("activity-keep-left"),
            Self::CancelAll => words.text("activity-cancel-all"),
            Self::Undo => words.text("activity-undo"),
            Self::Redo => words.text("activity-redo"),
            Self::StepTo(n) => words.with("activity-step-to", &[("step", n.to_string().into())]),
            Self::SetBundleOptions(_) => words.text("activity-bundle-options"),
            Self::Export(id, folder) => {
                words.with("activity-export", &[("run", id.0.to_string().into()), ("folder", path(folder).into())])
            }
            Self::ExportItems(id, items, folder) => words.with(
                "activity-export-items",
                &[
                    ("run", id.0.to_string().into()),
                    ("forms", items.len().to_string().into()),
                    ("folder", path(folder).into()),
                ],
            ),
            Self::SetPilot(_) => words.text("activity-set-pilot"),
            Self::SetReport(_) => words.text("activity-set-report"),
            Self::ExportReport(id, file) => {
                words.with("activity-export-report", &[("run", id.0.to_string().into()), ("file", path(file).into())])
            }
            Self::ExportPilot(id, folder) => words
                .with("activity-export-pilot", &[("run", id.0.to_string().into()), ("folder", path(folder).into())]),
            Self::ExportCluster(id, folder) => words
                .with("activity-export-cluster", &[("run", id.0.to_string().into()), ("folder", path(folder).into())]),
            Self::CompareStored(id, folder) => words
                .with("activity-compare-stored", &[("run", id.0.to_string().into()), ("folder", path(folder).into())]),
            Self::SaveModel(file) => words.with("activity-save-model", &[("file", path(file).into())]),
            Self::SaveRecipe(file) => words.with("activity-save-recipe", &[("file", path(file).into())]),
            Self::SaveProject(file) => words.with("activity-save-project", &[("file", path(file).into())]),
            Self::WriteFile(writer, file) => {
                words.with("activity-write-file", &[("what", writer.label.clone().into()), ("file", path(file).into())])
            }
            Self::LoadPoint(at) => words.with("activity-take-sweep-point", &[("at", at.to_string().into())]),
            Self::LoadMethod(at) => words.with("activity-take-comparison-point", &[("at", at.to_string().into())]),
            Self::LoadLayer(at) => words.with("activity-take-layer-point", &[("at", at.to_string().into())]),
            Self::LoadLayers(lost) => {
                words.with("activity-take-layers", &[("points", format!("{:.1}", 100.0 * lost).into())])
            }
            Self::ComparePoint(at) => words.with("activity-mark-point", &[("at", at.to_string().into())]),
            Self::ShowRun(id) => words.with("activity-take-run", &[("run", id.0.to_string().into())]),
            Self::PinRun(id, true) => words.with("activity-pin-run", &[("run", id.0.to_string().into())]),
            Self::PinRun(id, false) => words.with("activity-unpin-run", &[("run", id.0.to_string().into())]),
            Self::PinRuns(ids, true) => words.with("activity-pin-runs", &[("runs", runs(ids).into())]),
            Self::PinRuns(ids, false) => words.with("activity-unpin-runs", &[("runs", runs(ids).into())]),
            Self::RenameRun(id, name) => {
                words.with("activity-rename-run", &[("run", id.0.to_string().into()), ("name", name.clone().into())])
            }
            Self::NoteRun(id, _) => words.with("activity-note-run", &[("run", id.0.to_string().into())]),
            Self::TagRun(id, tags) => {
                words.with("activity-tag-run", &[("run", id.0.to_string().into()), ("tags", tags.join(", ").into())])
            }
            Self::DeleteRun(id) => words.with("activity-delete-run", &[("run", id.0.to_string().into())]),
            Self::DeleteRuns(ids) => words.with("activity-delete-runs", &[("runs", runs(ids).into())]),
            Self::CompareRun(id) => words.with("activity-mark-run", &[("run", id.0.to_string().into())]),
            Self::Restore(_) => words.text("activity-restore"),
            Self::DiscardLost(_) => words.text("activity-discard-lost"),
            Self::ClearNotices => words.text("activity-clear-notices"),
            Self::ClearRecent => words.text("activity-clear-recent"),
        })
    }
}

/// Several runs, by their numbers.
fn runs(ids: &[RunId]) -> String {
    let numbers: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    numbers.join(", ")
}
