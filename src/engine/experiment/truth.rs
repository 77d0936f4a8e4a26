//! How much accuracy is left at the same true sparsity: every way of pruning on one and the same trained model, as published, recovered,
//! and with what recovery lives on taken away.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, DatasetParts, Features, Split};
use crate::engine::model::Scaler;
use crate::engine::sparsify::{
    ChannelRule, EdgeMode, EntryChoice, FitNodes, MaskChoice, NodesAre, Recipe, RecoveryRule, WeightMode,
};

/// The shares that are to go.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TruthShares {
    /// Of the removable entries, `0..=1`.
    pub entries: f64,
    /// Of the weights, `0..=1`.
    pub weights: f64,
}

impl TruthShares {
    /// Those that the table is made of.
    pub const ALL: [Self; 4] = [
        Self { entries: 0.5, weights: 0.0 },
        Self { entries: 0.8, weights: 0.9 },
        Self { entries: 0.9, weights: 0.9 },
        Self { entries: 0.95, weights: 0.95 },
    ];
}

impl std::fmt::Display for TruthShares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // In percent, without the noise of a share in binary.
        let percent = |share: f64| (share * 1e4).round() / 100.0;
        write!(f, "{}/{}", percent(self.entries), percent(self.weights))
    }
}

impl FromStr for TruthShares {
    type Err = EngineError;

    /// `90/95`: percent of the entries, of the weights.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        let percent = |part: &str| part.trim().parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p));
        let both = text.split_once('/').and_then(|(entries, weights)| Some((percent(entries)?, percent(weights)?)));
        match both {
            Some((entries, weights)) => Ok(Self { entries: entries / 100.0, weights: weights / 100.0 }),
            None => Err(EngineError::recipe("shares", "percent of the entries and of the weights, as 90/90", text)),
        }
    }
}

/// A way of pruning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TruthWay {
    /// Unifews as published: the authors' masks after training, progressive, values as they are.
    Published,
    /// The same masks, and what they keep is fitted as recovery does.
    PublishedRecovered,
    /// Recovery: closed-form fits, no label, no epoch.
    OneShot,
    /// Recovery where what one layer removes stays removed in all later ones.
    Progressive,
    /// Recovery, and a short distillation after it.
    Distilled,
    /// The same, and three quarters of the hidden channels gone as a whole.
    Channels,
    /// Trained under masks that grow.
    Trained,
    /// Recovery without an entry but self-loops.
    NoEntries,
    /// Recovery with as many entries, drawn by lot.
    RandomEntries,
    /// Recovery with weights, bias and normalisation fitted on training and validation nodes alone.
    FitWithoutTest,
    /// Of a model to which the test nodes are new: Unifews as published.
    NewPublished,
    /// The same model recovered once they are there.
    NewKnown,
    /// The same model recovered before they are there.
    NewNodes,
    /// The same, and trained on the known nodes.
    NewTrained,
}

impl TruthWay {
    /// All of them, as they stand in a table.
    pub const ALL: [Self; 14] = [
        Self::Published,
        Self::PublishedRecovered,
        Self::OneShot,
        Self::Progressive,
        Self::Distilled,
        Self::Channels,
        Self::Trained,
        Self::NoEntries,
        Self::RandomEntries,
        Self::FitWithoutTest,
        Self::NewPublished,
        Self::NewKnown,
        Self::NewNodes,
        Self::NewTrained,
    ];

    /// As options and files spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::PublishedRecovered => "published-recovered",
            Self::OneShot => "one-shot",
            Self::Progressive => "progressive",
            Self::Distilled => "distilled",
            Self::Channels => "channels",
            Self::Trained => "trained",
            Self::NoEntries => "no-entries",
            Self::RandomEntries => "random-entries",
            Self::FitWithoutTest => "fit-without-test",
            Self::NewPublished => "new-published",
            Self::NewKnown => "new-known",
            Self::NewNodes => "new-nodes",
            Self::NewTrained => "new-trained",
        }
    }

    /// The way of that key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.key() == key)
    }

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::Published => "authors' masks, as published",
            Self::PublishedRecovered => "authors' masks, values and weights fitted",
            Self::OneShot => "static, one-shot",
            Self::Progressive => "static, one-shot, progressive",
            Self::Distilled => "static, one-shot and distillation",
            Self::Channels => "static, 75 % of the channels too, distilled",
            Self::Trained => "static, trained under masks",
            Self::NoEntries => "control: no entries",
            Self::RandomEntries => "control: random entries",
            Self::FitWithoutTest => "control: fitted without test nodes",
            Self::NewPublished => "new nodes, authors' masks, as published",
            Self::NewKnown => "new nodes, known at pruning",
            Self::NewNodes => "new nodes",
            Self::NewTrained => "new nodes, trained",
        }
    }

    /// Whether it only shows what recovery lives on.
    pub fn is_control(self) -> bool {
        matches!(self, Self::NoEntries | Self::RandomEntries | Self::FitWithoutTest)
    }

    /// Whether the test nodes are to be new to the model.
    pub fn is_inductive(self) -> bool {
        matches!(self, Self::NewPublished | Self::NewKnown | Self::NewNodes | Self::NewTrained)
    }

    /// `base` pruned this way: shares of every layer, which the counts then say.
    pub fn recipe(self, base: &Recipe, shares: TruthShares) -> Recipe {
        let mut recipe = Recipe { training: None, ..base.clone() };
        (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) = (EdgeMode::Target, vec![shares.entries], None);
        (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) =
            (WeightMode::Target, vec![shares.weights], None);
        let rule = RecoveryRule::default();
        recipe.channels = (self == Self::Channels).then_some(ChannelRule { share: 0.75 });
        recipe.recovery = match self {
            Self::Published | Self::NewPublished => None,
            Self::PublishedRecovered => Some(RecoveryRule { masks: MaskChoice::Rules, ..rule }),
            Self::OneShot | Self::NewKnown => Some(rule),
            Self::Progressive => Some(RecoveryRule { progressive: true, ..rule }),
            Self::Trained => {
                Some(RecoveryRule { train_epochs: RecoveryRule::usual_train_epochs(NodesAre::Static), ..rule })
            }
            Self::NewNodes => Some(rule.for_nodes(NodesAre::New)),
            Self::NewTrained => Some(RecoveryRule {
                train_epochs: RecoveryRule::usual_train_epochs(NodesAre::New),
                ..rule.for_nodes(NodesAre::New)
            }),
            Self::Distilled | Self::Channels => {
                Some(RecoveryRule { distill_epochs: RecoveryRule::DISTILL_EPOCHS, ..rule })
            }
            Self::NoEntries => Some(RecoveryRule { entries: EntryChoice::None, ..rule }),
            Self::RandomEntries => Some(RecoveryRule { entries: EntryChoice::Random, ..rule }),
            Self::FitWithoutTest => Some(RecoveryRule { fit_on: FitNodes::TrainVal, ..rule }),
        };
        recipe
    }
}

/// Features that are no wider than this are columns of a table, each in a unit of its own.
const MAX_TABLE_COLUMNS: usize = 99;

/// The graph with every column of its features standardised over the training nodes of `split`.
///
/// `None` where the features are no columns of a table, but words of a text; a model of such columns learns little as they are.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn standardised(dataset: &Dataset, split: &Split, ctl: &Control) -> Result<Option<Dataset>, EngineError> {
    if dataset.features().width() > MAX_TABLE_COLUMNS {
        return Ok(None);
    }
    let mut features = dataset.features().to_dense();
    Scaler::fit(&features, &split.train, ctl)?.apply(&mut features, ctl)?;
    Dataset::try_new(DatasetParts { features: Features::Dense(features), ..dataset.to_parts() }).map(Some)
}

/// What a run lost, beside its own unpruned model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TruthScore {
    /// Removed share of the removable entries, counted, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of the weights, counted, `0..=1`.
    pub weight_sparsity: f64,
    /// Accuracy (or micro-F1) on the test nodes, unpruned and pruned, `0..=1`.
    pub accuracy: [f64; 2],
    /// Area under the ROC curve on the test nodes, unpruned and pruned, where there are two classes. `0..=1`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<[f64; 2]>,
    /// Share of all nodes that keep the unpruned model's class, `0..=1`.
    pub agreement: f64,
}

impl TruthScore {
    /// Of a run; nothing without labelled test nodes.
    pub fn of(run: &Run) -> Option<Self> {
        let test = &run.evaluation.test;
        let areas = test.baseline.auc.zip(test.pruned.auc);
        (test.pruned.n_nodes > 0).then(|| Self {
            edge_sparsity: run.pruned.edge_sparsity(),
            weight_sparsity: run.pruned.weight_sparsity(),
            accuracy: [test.baseline.accuracy, test.pruned.accuracy],
            auc: areas.map(|(baseline, pruned)| [baseline.value, pruned.value]),
            agreement: run.evaluation.agreement,
        })
    }

    /// What two classes are judged by, and everything else: the area under the ROC curve, or accuracy; unpruned and pruned.
    pub fn judged(&self) -> [f64; 2] {
        self.auc.unwrap_or(self.accuracy)
    }

    /// What was lost of it: unpruned less pruned, a share. Below 0 where something was gained.
    pub fn lost(&self) -> f64 {
        let [baseline, pruned] = self.judged();
        baseline - pruned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};

    #[test]
    fn shares_are_read_and_written_in_percent() {
        for (text, entries, weights) in [("50/0", 0.5, 0.0), ("80/90", 0.8, 0.9), ("97.5/95", 0.975, 0.95)] {
            let shares: TruthShares = text.parse().expect("two shares");
            assert!((shares.entries - entries).abs() < 1e-12 && (shares.weights - weights).abs() < 1e-12, "{text}");
            assert_eq!(shares.to_string(), text);
        }
        for wrong in ["50", "a/b", "50/101", "-1/0", ""] {
            let error = wrong.parse::<TruthShares>().expect_err("no shares").to_string();
            assert!(error.contains("as 90/90") && error.ends_with(&format!("found {wrong}")), "{error}");
        }
    }

    #[test]
    fn every_way_has_a_recipe_that_holds_and_a_name_of_its_own() {
        for way in TruthWay::ALL {
            assert_eq!(TruthWay::from_key(way.key()), Some(way));
            assert_eq!(serde_json::to_value(way).expect("a word"), way.key());
            let recipe = way.recipe(&Recipe::default(), TruthShares::ALL[2]);
            recipe.check().expect("valid");
            assert_eq!(
                (recipe.delta_a(1), recipe.delta_w(1), recipe.recovery.is_none()),
                (0.9, 0.9, matches!(way, TruthWay::Published | TruthWay::NewPublished))
            );
        }
        let titles: std::collections::BTreeSet<&str> = TruthWay::ALL.into_iter().map(TruthWay::title).collect();
        assert_eq!(titles.len(), TruthWay::ALL.len());
    }

    #[test]
    fn columns_of_a_table_are_standardised_and_words_are_not() {
        let ctl = Control::new(1).expect("a worker");
        let shape = |n_features: usize| PowerLaw { n_nodes: 60, n_entries: 300, n_features, n_classes: 3, seed: 1 };
        let graph = |n_features: usize| power_law_communities(&shape(n_features), &ctl).expect("possible");
        let table = graph(6);
        let split = &table.splits()[0];
        let features = standardised(&table, split, &ctl).expect("valid").expect("a table").features().to_dense();
        for column in features.columns() {
            let values = || split.train.iter().map(|u| f64::from(column[*u as usize]));
            let n = split.train.len() as f64;
            let mean = values().sum::<f64>() / n;
            let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
        let words = graph(120);
        assert!(standardised(&words, &words.splits()[0], &ctl).expect("valid").is_none());
    }

    #[test]
    fn two_classes_are_judged_by_the_area_under_the_curve() {
        let score =
            TruthScore { edge_sparsity: 0.9, weight_sparsity: 0.9, accuracy: [0.8, 0.7], auc: None, agreement: 0.95 };
        assert!((score.lost() - 0.1).abs() < 1e-12);
        assert!((TruthScore { auc: Some([0.71, 0.72]), ..score }.lost() + 0.01).abs() < 1e-12);
    }
}
