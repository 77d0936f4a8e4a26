//! Undo and redo. A step keeps what it changed, before and after, as cheap clones of shared values.

use super::activity::recipe_changes;
use super::command::Gesture;
use super::inputs::{LoadedGraph, LoadedModel};
use super::store::RunEntry;
use super::words::Words;
use crate::engine::sparsify::Recipe;
use crate::io::escaped_text;

/// What decides a run: changed together when something is opened.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) graph: Option<LoadedGraph>,
    pub(super) model: Option<LoadedModel>,
    pub(super) recipe: Recipe,
}

/// One change.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Graph, model or recipe.
    Inputs { before: Box<Inputs>, after: Box<Inputs> },
    /// A run that was renamed, pinned or deleted, with its place in the table.
    Run { at: usize, before: Option<Box<RunEntry>>, after: Option<Box<RunEntry>> },
    /// One after the other.
    Several(Vec<Self>),
}

/// A step that was done, or taken back, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoStep {
    /// What it is called.
    pub label: String,
    /// What it changed, one line each.
    pub changed: Vec<String>,
    /// Whether it is done; else it was taken back.
    pub is_done: bool,
}

impl Change {
    /// What it changes, one line each.
    fn says(&self, words: &Words) -> Vec<String> {
        match self {
            Self::Inputs { before, after } => {
                let graphs = [before, after].map(|inputs| inputs.graph.as_ref().map(|graph| graph.spec.as_str()));
                let models = [before, after].map(|inputs| inputs.model.as_ref().map(|model| model.name.as_str()));
                let named = [("undo-changed-graph", graphs), ("undo-changed-model", models)];
                let named = named.into_iter().filter_map(|(key, names)| changed(words, key, names));
                named.chain(recipe_changes(&before.recipe, &after.recipe)).collect()
            }
            Self::Several(changes) => changes.iter().flat_map(|change| change.says(words)).collect(),
            Self::Run { before, after, .. } => {
                let of = |of: fn(&RunEntry) -> String| [before, after].map(|run| run.as_deref().map(of));
                let names = of(|run| run.name.clone());
                let names = names.each_ref().map(Option::as_deref);
                let named = changed(words, "undo-changed-run", names)
                    .unwrap_or_else(|| words.with("undo-run", &[("name", or_none(words, names[0]).into())]));
                // A run that comes or goes takes these with it.
                let is_same_run = before.is_some() && after.is_some();
                let also = [
                    ("undo-changed-note", of(|run| run.note.clone())),
                    ("undo-changed-tags", of(|run| run.tags.join(", "))),
                ];
                let also = also.into_iter().filter(|_| is_same_run);
                let also = also.filter_map(|(key, texts)| changed(words, key, texts.each_ref().map(Option::as_deref)));
                std::iter::once(named).chain(also).collect()
            }
        }
    }
}

/// A line on what changed, none where nothing did.
fn changed(words: &Words, key: &str, [before, after]: [Option<&str>; 2]) -> Option<String> {
    let [before, after] = [before, after].map(|text| or_none(words, text));
    (before != after).then(|| words.with(key, &[("before", before.into()), ("after", after.into())]))
}

/// A text from outside as it is shown, or that there is none.
fn or_none(words: &Words, text: Option<&str>) -> String {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => escaped_text(text).into_owned(),
        None => words.text("undo-none"),
    }
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) label: String,
    pub(super) change: Change,
    gesture: Option<Gesture>,
}

/// Steps that can be taken back or made again.
#[derive(Debug, Clone, Default)]
pub(super) struct UndoHistory {
    done: Vec<Step>,
    undone: Vec<Step>,
    /// Counts changes of the list.
    revision: u64,
}

/// Older steps are forgotten beyond this many.
const MAX_STEPS: usize = 200;

impl UndoHistory {
    /// Adds a step, or widens the last one when both belong to one gesture.
    pub(super) fn add(&mut self, label: impl Into<String>, change: Change, gesture: Option<Gesture>) {
        self.revision += 1;
        self.undone.clear();
        if gesture.is_some()
            && let Some(last) = self.done.last_mut()
            && last.gesture == gesture
            && let (Change::Inputs { after, .. }, Change::Inputs { after: newer, .. }) = (&mut last.change, &change)
        {
            after.clone_from(newer);
            return;
        }
        self.done.push(Step { label: label.into(), change, gesture });
        if self.done.len() > MAX_STEPS {
            self.done.remove(0);
        }
    }

    /// Lets the last step end with these inputs: what belongs to it came later.
    pub(super) fn amend(&mut self, inputs: &Inputs) {
        self.revision += 1;
        if let Some(Step { change: Change::Inputs { after, .. }, .. }) = self.done.last_mut() {
            **after = inputs.clone();
        }
    }

    /// The step to take back; it can be made again afterwards.
    pub(super) fn undo(&mut self) -> Option<Step> {
        self.revision += 1;
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The step to make again.
    pub(super) fn redo(&mut self) -> Option<Step> {
        self.revision += 1;
        let mut step = self.undone.pop()?;
        step.gesture = None;
        self.done.push(step.clone());
        Some(step)
    }

    /// All steps, oldest first: those that are done, then those that were taken back.
    pub(super) fn steps(&self, words: &Words) -> Vec<UndoStep> {
        let step = |step: &Step, is_done| {
            let changed = step.change.says(words);
            UndoStep { label: step.label.clone(), changed, is_done }
        };
        let undone = self.undone.iter().rev().map(|taken_back| step(taken_back, false));
        self.done.iter().map(|done| step(done, true)).chain(undone).collect()
    }

    /// Another number after every change of the list.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Steps that are done.
    pub(super) fn n_done(&self) -> usize {
        self.done.len()
    }

    pub(super) fn undo_label(&self) -> Option<&str> {
        self.done.last().map(|s| s.label.as_str())
    }

    pub(super) fn redo_label(&self) -> Option<&str> {
        self.undone.last().map(|s| s.label.as_str())
    }
}
