//! Two runs held against each other: prepared in the background, since it grows with the graph. The first is called A, the second B.

use std::sync::Arc;

use super::compare_words::{NumberRow, numbers, sentences};
use super::desk::Request;
use super::recipe_diff::{DiffLine, recipe_diff};
use super::words::{Language, Words};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunDifference};

/// Two runs to hold against each other.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// A.
    pub a: Arc<Run>,
    /// B.
    pub b: Arc<Run>,
}

/// How two runs differ, in numbers and in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Masks, predictions and accuracy.
    pub difference: RunDifference,
    /// What it comes to, one sentence each; in English.
    pub says: Vec<String>,
    /// The numbers of both, side by side; in English.
    pub numbers: Vec<NumberRow>,
    /// The recipes as files have them, line by line.
    pub recipe: Vec<DiffLine>,
}

impl Comparison {
    /// What it comes to, and the numbers of both, in a language; `a` and `b` are the runs that were compared.
    pub fn in_words(&self, a: &Run, b: &Run, words: &Words) -> (Vec<String>, Vec<NumberRow>) {
        match words.language() {
            Language::English => (self.says.clone(), self.numbers.clone()),
            Language::Japanese => (sentences(a, b, &self.difference, words), numbers(a, b, &self.difference, words)),
        }
    }
}

impl CompareRequest {
    /// Where the answer lies; there is one comparison at a time.
    pub const SLOT: &'static str = "compare runs";
}

impl PartialEq for CompareRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.a, &other.a) && Arc::ptr_eq(&self.b, &other.b)
    }
}

impl Request for CompareRequest {
    type Answer = Comparison;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<Comparison, EngineError> {
        let difference = RunDifference::of(&self.a, &self.b, ctl)?;
        let words = Words::of(Language::English);
        let says = sentences(&self.a, &self.b, &difference, words);
        let numbers = numbers(&self.a, &self.b, &difference, words);
        Ok(Comparison { difference, says, numbers, recipe: recipe_diff(&self.a.recipe, &self.b.recipe) })
    }
}
