//! The published tables that can be reproduced, and what is chosen about one.

use std::path::PathBuf;

use crate::engine::experiment::{TruthShares, TruthWay};
use crate::engine::graph::ReadOptions;
use crate::engine::model::Family;

/// A table that can be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishedTable {
    /// Accuracy of GCN and GAT over thresholds (Fig. 10)
    #[default]
    PaperFig10,
    /// SGC and APPNP with half of the entries removed (Table III)
    PaperTable3,
    /// SGC and APPNP at the thresholds that the authors' code was run at
    AuthorsDecoupled,
    /// What is left at the same true sparsity, as published, recovered, and beside controls: ours
    Truth,
}

impl PublishedTable {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PaperFig10, Self::PaperTable3, Self::AuthorsDecoupled, Self::Truth];

    /// Its name on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::PaperFig10 => "paper-fig10",
            Self::PaperTable3 => "paper-table3",
            Self::AuthorsDecoupled => "authors-decoupled",
            Self::Truth => "truth",
        }
    }

    /// Over its page.
    pub fn title(self) -> &'static str {
        match self {
            Self::PaperFig10 => "Accuracy over thresholds (paper, Fig. 10)",
            Self::PaperTable3 => "Decoupled models with half of the entries removed (paper, Table III)",
            Self::AuthorsDecoupled => "Decoupled models over thresholds (the authors' code)",
            Self::Truth => "What is left at the same true sparsity",
        }
    }

    /// What it holds, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::PaperFig10 => "Accuracy of GCN and GAT over thresholds (Fig. 10)",
            Self::PaperTable3 => "SGC and APPNP with half of the entries removed (Table III)",
            Self::AuthorsDecoupled => "SGC and APPNP at the thresholds that the authors' code was run at",
            Self::Truth => {
                "GCN, GAT and GraphSAGE at the same true sparsity: as published, recovered, and controls (ours)"
            }
        }
    }

    /// The shipped graphs it is about.
    pub fn samples(self) -> &'static [&'static str] {
        match self {
            Self::PaperFig10 | Self::AuthorsDecoupled => &["sample:cora"],
            Self::PaperTable3 | Self::Truth => &["sample:cora", "sample:citeseer"],
        }
    }

    /// What the columns are.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::PaperFig10 => {
                "The authors' settings (hidden 512, 200 epochs, their quirks on), pruned while training. \"Plain\" puts nothing \
                 back: what production gets;\n\"put back\" evaluates as the authors do, with the removed entries into test nodes. \
                 Scores in percent, mean ± standard deviation. The authors' columns are one run of\ntheir code on the split of \
                 seed 42; beside them stand ours on that same split. The paper averages over splits, and puts back."
            }
            Self::PaperTable3 => {
                "The authors' settings (20 hops, hidden 512, their push with its random factors). δ is chosen so that half of the \
                 pushes are gone.\nThe paper's times are of another machine with 32 threads."
            }
            Self::AuthorsDecoupled => {
                "The authors' settings (20 hops, hidden 512, their push with its random factors), at the thresholds that their code \
                 was run at, on the split of seed 42."
            }
            Self::Truth => {
                "Every line is the mean ± standard deviation, over so many models (splits × seeds of training), of the points that each lost \
                 against itself unpruned on its test nodes:\npercentage points of accuracy, or of ROC AUC where there are two classes; below 0 something \
                 was gained. Removed shares are counted, of removable entries\n(self-loops are kept) over all layers and of all weight matrices that are computed, and nothing \
                 is put back. Seconds are wall time of deciding and fitting, once per model."
            }
        }
    }
}

/// Which table, on what, and how far it departs from the authors' settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ReproducePlan {
    /// Which table.
    pub table: PublishedTable,
    /// Paths or `sample:NAME`; empty: the table's graphs that ship with the program.
    pub graphs: Vec<String>,
    /// How graphs are read.
    pub reading: ReadOptions,
    /// Seeds of splits, initial weights and dropout.
    pub seeds: Vec<u64>,
    /// Every cell of the figure, not only those that the authors' code was run for.
    pub is_full: bool,
    /// Passes over the training nodes, where not the authors' number.
    pub epochs: Option<usize>,
    /// Width between layers, where not the authors' number.
    pub hidden: Option<usize>,
    /// What [`PublishedTable::Truth`] is made of.
    pub truth: TruthPlan,
}

/// What the table of what is left is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthPlan {
    /// A folder in which graphs are looked for by their names; without, those that ship with the program.
    pub data: Option<PathBuf>,
    /// Networks to train.
    pub families: Vec<Family>,
    /// Splits, by name, or by the number of a seed or mask; empty: three of each graph.
    pub splits: Vec<String>,
    /// Shares to remove.
    pub shares: Vec<TruthShares>,
    /// Ways of pruning.
    pub ways: Vec<TruthWay>,
}

impl Default for TruthPlan {
    fn default() -> Self {
        Self {
            data: None,
            families: vec![Family::Gcn, Family::Gat, Family::Sage],
            splits: Vec::new(),
            shares: TruthShares::ALL.to_vec(),
            ways: TruthWay::ALL.to_vec(),
        }
    }
}

impl Default for ReproducePlan {
    fn default() -> Self {
        Self {
            table: PublishedTable::default(),
            graphs: Vec::new(),
            reading: ReadOptions::default(),
            seeds: vec![41, 42, 43],
            is_full: false,
            epochs: None,
            hidden: None,
            truth: TruthPlan::default(),
        }
    }
}
