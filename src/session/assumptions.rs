//! What a model's file leaves open, beside what the model scores when it is read so: a low score says that a reading does not hold.

use serde::Serialize;

use super::format::{count, percent};
use crate::engine::graph::Metric;
use crate::engine::model::{Activation, Aggregation, Model};
use crate::engine::score::Score;
use crate::io::LoadReport;

/// A reading of a model's file that its names and shapes do not settle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumption {
    /// What was taken for granted.
    pub reading: String,
    /// What the unpruned model scores under it; absent where no labelled nodes say so.
    pub score: Option<ReadingScore>,
}

/// What a model scores as it was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingScore {
    /// Name of the split.
    pub split: String,
    /// Its part: `test`, else the first one with labelled nodes.
    pub part: &'static str,
    /// What the number is.
    pub metric: Metric,
    /// The number, `0..=1`.
    pub score: f64,
    /// Labelled nodes behind it.
    pub n_nodes: usize,
}

impl ReadingScore {
    /// That of the unpruned model on the test nodes, else on the validation or the training nodes.
    pub fn of(split: &str, metric: Metric, [test, val, train]: [Option<Score>; 3]) -> Option<Self> {
        let parts = [("test", test), ("val", val), ("train", train)];
        let (part, score) =
            parts.into_iter().find_map(|(part, score)| Some((part, score.filter(|s| s.n_nodes > 0)?)))?;
        Some(Self { split: split.to_owned(), part, metric, score: score.accuracy, n_nodes: score.n_nodes })
    }

    /// For people, for example `accuracy 81.2 % on the 1,000 test nodes of split public`.
    pub fn says(&self) -> String {
        let Self { split, part, metric, score, n_nodes } = self;
        let nodes = count(*n_nodes as u64);
        format!("{} {} on the {nodes} {part} nodes of split {split}", metric.title(), percent(*score))
    }
}

impl Assumption {
    /// All readings that the file behind `report` leaves open, with what the model scores under them.
    pub fn all(report: &LoadReport, score: Option<&ReadingScore>) -> Vec<Self> {
        report.assumptions().map(|reading| Self { reading: reading.to_owned(), score: score.cloned() }).collect()
    }

    /// As [`Assumption::all`], without what `model` is read otherwise in.
    pub fn of(report: &LoadReport, model: &Model, score: Option<&ReadingScore>) -> Vec<Self> {
        let shape = &model.architecture;
        let holds = |reading: &str| match reading {
            "ReLU between layers" => shape.activation == Activation::Relu,
            "the mean of the neighbours" => shape.aggregation == Aggregation::Mean,
            _ => true,
        };
        Self::all(report, score).into_iter().filter(|assumption| holds(&assumption.reading)).collect()
    }

    /// In one line: the reading and its score.
    pub fn says(&self) -> String {
        let score = self.score.as_ref();
        format!("{}: {}", self.reading, score.map_or_else(|| NO_SCORE.to_owned(), ReadingScore::says))
    }
}

/// What stands for a score where there is none.
const NO_SCORE: &str = "no labelled nodes say whether it holds";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_with_labelled_nodes_is_scored() {
        let score = |n_nodes: usize| Some(Score { n_nodes, accuracy: 0.5, ..Score::default() });
        let of = |parts| ReadingScore::of("public", Metric::Accuracy, parts).map(|s| s.says());
        let says = |text: &str| Some(text.to_owned());
        assert_eq!(
            of([score(1_000), score(1), score(1)]),
            says("accuracy 50.0 % on the 1,000 test nodes of split public")
        );
        assert_eq!(of([score(0), None, score(3)]), says("accuracy 50.0 % on the 3 train nodes of split public"));
        assert_eq!(of([None, None, None]), None);
        let mut report = LoadReport::new("f", "m.pt");
        report.doubts.push("read as such".to_owned());
        let [one] = &Assumption::all(&report, None)[..] else { panic!("one") };
        assert_eq!(one.says(), "read as such: no labelled nodes say whether it holds");
    }
}
