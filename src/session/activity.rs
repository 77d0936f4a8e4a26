//! What was asked for, who asked, and what it changed: the newest of it, for *Help › Activity* and the diagnostics.

use std::collections::VecDeque;
use std::time::SystemTime;

use super::command::Command;
use super::crash;
use super::store::{RunId, Store};
use super::tasks::store_graph::StoreForm;
use super::verdict::lower_first;
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
    pub(super) fn says(&self) -> Option<String> {
        let path = |path: &std::path::Path| path.display().to_string();
        Some(match self {
            Self::Compute(_) | Self::SeeNotices | Self::SetCheck(_) | Self::Diagnose(_) => return None,
            Self::Open(spec) => format!("open {spec}"),
            Self::OpenMany(specs) => format!("open {}", specs.join(", ")),
            Self::Import(specs) => format!("read {}", specs.join(", ")),
            Self::ChooseReading(..) => "chose how the model is read".to_owned(),
            Self::ChangeImport(..) => "read the files another way".to_owned(),
            Self::SetImportRole(spec, role) => format!("role of {spec}: {role}"),
            Self::ReadOutside => "allow the files that the recipe names".to_owned(),
            Self::AcceptImport => "accept the report".to_owned(),
            Self::DiscardImport => "discard the report".to_owned(),
            Self::AnswerOutside(is_allowed) => {
                format!("{} files outside the folder", if *is_allowed { "allow" } else { "refuse" })
            }
            Self::OpenSample(spec) => format!("open sample {spec}"),
            Self::CloseInputs => "close graph and model".to_owned(),
            Self::SetRecipe(..) => "change the recipe".to_owned(),
            Self::Prune => "prune".to_owned(),
            Self::SetLimit(limit) => format!("limit of {:.1} points", 100.0 * limit),
            Self::SetBudget(budget) => format!("budget of {:.1} points", 100.0 * budget.lose_at_most),
            Self::FindWithin(budget) => format!("find within {:.1} points", 100.0 * budget.lose_at_most),
            Self::Controls(id) => format!("compute the controls of run {}", id.0),
            Self::Certify(id, limit) => format!("certify run {} to {:.1} points", id.0, 100.0 * limit),
            Self::NodeErrors(id) => format!("compute the errors of run {}", id.0),
            Self::Sweep(grid) => format!("sweep {} points", grid.len()),
            Self::SweepLayer(None) => "sweep all layers".to_owned(),
            Self::SweepLayer(Some(layer)) => format!("sweep layer {}", layer + 1),
            Self::SetPlan(plan) => format!("plan to compare {} methods", plan.methods.len()),
            Self::Compare(plan) => format!("compare {} methods", plan.methods.len()),
            Self::Sensitivity(_) => "try every layer alone".to_owned(),
            Self::Stress(masks) => format!("stress, {}", masks.says()),
            Self::Train => "train".to_owned(),
            Self::Propagate(folder) => format!("propagate into {}", path(folder)),
            Self::StoreGraph(folder, form) => {
                let tables = if *form == StoreForm::Parquet { " as tables" } else { "" };
                format!("store the graph{tables} into {}", path(folder))
            }
            Self::Bench(is_quick) => format!("measure this machine{}", if *is_quick { ", quickly" } else { "" }),
            Self::Predict(nodes) => format!("score nodes {nodes}"),
            Self::ScoreArrivals { features, .. } => format!("score the nodes that arrive of {}", path(features)),
            Self::CheckBundle | Self::CheckImport => "check a bundle against a later graph".to_owned(),
            Self::SelectNode(Some(node)) => format!("look at node {node}"),
            Self::SelectNode(None) => "look at no node".to_owned(),
            Self::SelectNodes(nodes) => format!("look at {} nodes", nodes.len()),
            Self::SelectEntry { target, source } => format!("look at the entry from node {source} to node {target}"),
            Self::SelectWeight(place) => {
                format!("look at weight {} → {} of matrix {}", place.input, place.output, place.matrix)
            }
            Self::PinEntries(entries, is_kept) => lower_first(&by_hand_says(entries, *is_kept)),
            Self::Reproduce(plan, file) => format!("reproduce {} as {}", plan.table.key(), path(file)),
            Self::Cancel(_) => "cancel a job".to_owned(),
            Self::Keep(_) => "keep what a job has by now".to_owned(),
            Self::KeepLeft => "keep what the cancelled training had".to_owned(),
            Self::CancelAll => "cancel all jobs".to_owned(),
            Self::Undo => "undo".to_owned(),
            Self::Redo => "redo".to_owned(),
            Self::StepTo(n) => format!("go back or on to step {n}"),
            Self::SetBundleOptions(_) => "choose what bundles hold".to_owned(),
            Self::Export(id, folder) => format!("export run {} to {}", id.0, path(folder)),
            Self::ExportItems(id, items, folder) => {
                format!("export run {} in {} forms to {}", id.0, items.len(), path(folder))
            }
            Self::SetPilot(_) => "choose who answers in a pilot".to_owned(),
            Self::ExportPilot(id, folder) => format!("export run {} for a pilot to {}", id.0, path(folder)),
            Self::SetReport(_) => "choose what a report is written as".to_owned(),
            Self::ExportReport(id, file) => format!("write a report on run {} as {}", id.0, path(file)),
            Self::ExportCluster(id, folder) => format!("write run {} as a job for a cluster to {}", id.0, path(folder)),
            Self::CompareStored(id, folder) => format!("compare run {} with {}", id.0, path(folder)),
            Self::SaveModel(file) => format!("save the model as {}", path(file)),
            Self::SaveRecipe(file) => format!("save the recipe as {}", path(file)),
            Self::SaveProject(file) => format!("save the project as {}", path(file)),
            Self::WriteFile(writer, file) => format!("{} as {}", writer.label, path(file)),
            Self::LoadPoint(at) => format!("take over point {at} of the sweep"),
            Self::LoadMethod(at) => format!("take over point {at} of the comparison"),
            Self::LoadLayer(at) => format!("take over point {at} of the layers"),
            Self::LoadLayers(lost) => {
                format!("take over thresholds by layer that lose {:.1} points each", 100.0 * lost)
            }
            Self::ComparePoint(at) => format!("mark point {at} of the sweep"),
            Self::ShowRun(id) => format!("take over run {}", id.0),
            Self::PinRun(id, is_pinned) => format!("{} run {}", if *is_pinned { "pin" } else { "unpin" }, id.0),
            Self::PinRuns(ids, is_pinned) => format!("{} {}", if *is_pinned { "pin" } else { "unpin" }, runs(ids)),
            Self::RenameRun(id, name) => format!("rename run {} to {name}", id.0),
            Self::NoteRun(id, _) => format!("write a note about run {}", id.0),
            Self::TagRun(id, tags) => format!("tag run {} as {}", id.0, tags.join(", ")),
            Self::DeleteRun(id) => format!("delete run {}", id.0),
            Self::DeleteRuns(ids) => format!("delete {}", runs(ids)),
            Self::CompareRun(id) => format!("mark run {} for comparison", id.0),
            Self::Restore(_) => "restore a session".to_owned(),
            Self::DiscardLost(_) => "discard a lost session".to_owned(),
            Self::ClearNotices => "clear the notices".to_owned(),
            Self::ClearRecent => "clear what was opened before".to_owned(),
        })
    }
}

/// Several runs, by their numbers.
fn runs(ids: &[RunId]) -> String {
    let numbers: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    format!("runs {}", numbers.join(", "))
}
