//! Options of `unifews reproduce truth`, which no other table takes.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;

use super::choice::choice;
use super::failure::UsageError;
use crate::engine::experiment::{TruthShares, TruthWay};
use crate::engine::model::Family;
use crate::session::{PublishedTable, TruthPlan};

/// What the table truth is made of.
#[derive(Debug, Args)]
pub(super) struct TruthArgs {
    /// Truth: a folder with the graphs, which are looked for by their names
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Truth: networks to train [default: gcn,gat,sage]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = choice::<Family>)]
    families: Option<Vec<Family>>,
    /// Truth: splits by name, or by the number of a seed or mask [default: three of every graph]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    splits: Option<Vec<String>>,
    /// Truth: percent of entries and weights to remove [default: 50/0,80/90,90/90,95/95]
    #[arg(long, value_name = "A/W,…", value_delimiter = ',', value_parser = TruthShares::from_str)]
    shares: Option<Vec<TruthShares>>,
    /// Truth: published, published-recovered, one-shot, progressive, distilled, trained, no-entries, random-entries, fit-without-test, and of models that have not
    /// seen the test nodes new-published, new-known, new-nodes, new-trained [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = choice::<TruthWay>)]
    ways: Option<Vec<TruthWay>>,
}

impl TruthArgs {
    /// What was said of the table truth.
    ///
    /// # Errors
    /// [`UsageError`] where something was said beside another table.
    pub(super) fn plan(&self, table: PublishedTable) -> Result<TruthPlan, UsageError> {
        let given = [
            ("--data", self.data.is_some()),
            ("--families", self.families.is_some()),
            ("--splits", self.splits.is_some()),
            ("--shares", self.shares.is_some()),
            ("--ways", self.ways.is_some()),
        ];
        if table != PublishedTable::Truth
            && let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given)
        {
            return Err(UsageError::new(option, "the table truth, which alone has it", table.key()));
        }
        let default = TruthPlan::default();
        Ok(TruthPlan {
            data: self.data.clone(),
            families: self.families.clone().unwrap_or(default.families),
            splits: self.splits.clone().unwrap_or(default.splits),
            shares: self.shares.clone().unwrap_or(default.shares),
            ways: self.ways.clone().unwrap_or(default.ways),
        })
    }
}
