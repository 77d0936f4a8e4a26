//! The rule for nodes that arrive, one row at a time: what a pruned model was decided by, in numbers that are there when a node comes.
//!
//! While masks are made, the highest keys over all rows stay, as many as the budget has. Nobody can count rows that are not there yet, so what is
//! recorded is where the budget cut: the least key that stayed in a step in rows of nodes that were unseen (without such, of known ones). A row
//! that comes later keeps what lies at or above it; the share that it loses is its own. Source: ours.

use std::sync::Arc;

use super::among_themselves;
use super::score::{self, Confidence};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Known, Split};
use crate::engine::model::Model;
use crate::engine::recovery::refit;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::{EdgeMask, EntryChoice, NodesAre, Recipe, RecoveryRule, ValueRule};

/// What decides which entries a node keeps that arrives after the masks were made. Its row alone is looked at, so that it takes no longer in a
/// larger graph.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrivalRule {
    /// For every step the least key that stays: the logarithm to base 2 of `H(p_u) (1 - H(q_v) / ln C) / 2^rank`. Infinite: nothing but the
    /// self-loop stays; negatively infinite: everything does.
    pub cuts: Vec<f32>,
    /// How sure the unpruned model is of every node of the graph, `1 - H / ln C`: of known nodes in their graph, of the others by themselves.
    /// `[n]`, `0..=1`
    pub certainty: Vec<f64>,
    /// Entries that a row keeps whatever they are worth, where a step keeps any.
    pub least_per_node: usize,
    /// Whether a step chooses among what the step before kept.
    pub is_nested: bool,
    /// Whether a row keeps its sum.
    pub keeps_sum: bool,
    /// Whether a node may have several classes, so that uncertainty is the mean over them.
    pub is_multi: bool,
    /// The unpruned model, which says what a node is by itself.
    pub unpruned: Arc<Model>,
}

impl ArrivalRule {
    /// The rule of a pruned model: `model` is the unpruned one, `mask` what was decided of `dataset` by `recipe`.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] for a recipe that decides by what a node that arrives does not have, [`EngineError::NotFinite`],
    /// [`EngineError::Mismatch`] where no node is known, [`EngineError::Cancelled`].
    pub fn of(
        dataset: &Dataset,
        model: &Arc<Model>,
        recipe: &Recipe,
        split: &Split,
        mask: &EdgeMask,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let rule = Self::recovery_of(recipe)?;
        let (topology, ctl) = (dataset.topology(), &ctl.quiet());
        let known = Known::of(dataset, split)?;
        let among = among_themselves(&known, model, recipe, ctl)?;
        let Confidence { unsure, certainty } = score::confidence(dataset, (&known, &among), model, recipe, ctl)?;
        let n_steps = mask.n_steps();
        let cuts = if rule.entries == EntryChoice::None {
            vec![f32::INFINITY; n_steps]
        } else {
            let keys = score::ranked(topology, &unsure, &certainty, ctl)?;
            let exempt = Exempt::of(dataset, recipe, split)?;
            let rows = deciding_rows(dataset, &known, &exempt);
            let cut = |step| {
                Cut { dataset, keys: &keys, mask, least: rule.least_per_node, is_nested: is_nested(recipe, rule) }
                    .of(step, &rows)
            };
            (0..n_steps).map(cut).collect()
        };
        let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
        Ok(Self::put_together(recipe, rule, (cuts, certainty), is_multi, Arc::clone(model)))
    }

    /// The rule of a recipe from what was recorded of it.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] for a recipe that has none.
    pub fn from_recorded(
        recipe: &Recipe,
        (cuts, certainty): (Vec<f32>, Vec<f64>),
        is_multi: bool,
        unpruned: Arc<Model>,
    ) -> Result<Self, EngineError> {
        Ok(Self::put_together(recipe, Self::recovery_of(recipe)?, (cuts, certainty), is_multi, unpruned))
    }

    fn put_together(
        recipe: &Recipe,
        rule: &RecoveryRule,
        (cuts, certainty): (Vec<f32>, Vec<f64>),
        is_multi: bool,
        unpruned: Arc<Model>,
    ) -> Self {
        Self {
            cuts,
            certainty,
            least_per_node: rule.least_per_node,
            is_nested: is_nested(recipe, rule),
            // Attention's coefficients have their sum by themselves.
            keeps_sum: rule.values != ValueRule::AsIs && !recipe.model.has("attention"),
            is_multi,
            unpruned,
        }
    }

    /// The section of a recipe that has a rule for nodes that arrive.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] for any other, with the way out.
    pub fn recovery_of(recipe: &Recipe) -> Result<&RecoveryRule, EngineError> {
        let expected = "new (prune again with --recover one-shot --nodes-are new): nodes that arrive take a rule that asks nothing \
                        about them";
        match &recipe.recovery {
            Some(rule) if rule.nodes_are == NodesAre::New => match rule.entries {
                EntryChoice::Random => Err(EngineError::recipe(
                    "recovery.entries",
                    "omp or none for nodes that arrive",
                    "random, a control whose entries were drawn",
                )),
                _ => Ok(rule),
            },
            Some(_) => {
                Err(EngineError::recipe("recovery.nodes_are", expected, "static, fitted to the nodes of its graph"))
            }
            None => Err(EngineError::recipe("recovery.nodes_are", expected, "no recovery")),
        }
    }

    /// Which entries of the row of node `u` every step keeps; `keys` are [`Self::keys`]. Self-loops stay.
    pub(crate) fn kept(&self, u: u32, row: &[u32], keys: &[f32]) -> Vec<Vec<bool>> {
        let mut steps: Vec<Vec<bool>> = Vec::with_capacity(self.cuts.len());
        for cut in &self.cuts {
            let before = steps.last().filter(|_| self.is_nested);
            let is_allowed = |at: usize| row[at] != u && before.is_none_or(|before| before[at]);
            let mut kept: Vec<bool> =
                (0..row.len()).map(|at| row[at] == u || (is_allowed(at) && keys[at] >= *cut)).collect();
            if self.least_per_node > 0 && *cut < f32::INFINITY {
                let mut order: Vec<usize> = (0..row.len()).filter(|at| is_allowed(*at)).collect();
                order.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]).then(a.cmp(b)));
                order.into_iter().take(self.least_per_node).for_each(|at| kept[at] = true);
            }
            steps.push(kept);
        }
        steps
    }

    /// The keys of the entries of a row, whose node is so unsure by itself.
    pub(crate) fn keys(u: u32, row: &[u32], unsure: f64, certainty: impl Fn(u32) -> f64) -> Vec<f32> {
        score::ranked_row(u, row, unsure, certainty)
    }

    /// The values of what a row keeps, of those that it has.
    pub(crate) fn values(&self, all: &[f32], kept: &[bool]) -> Vec<f32> {
        if self.keeps_sum {
            return refit::of_row(all, kept);
        }
        all.iter().zip(kept).filter(|(_, kept)| **kept).map(|(value, _)| *value).collect()
    }

    /// How unsure nodes are whose logits these are, and how sure they are as sources. `[n, n_classes]`
    ///
    /// # Errors
    /// [`EngineError::NotFinite`].
    pub(crate) fn confidence(&self, logits: &ndarray::Array2<f32>) -> Result<(Vec<f64>, Vec<f64>), EngineError> {
        let unsure = score::entropies(logits, self.is_multi)?;
        let certainty = unsure.iter().map(|h| score::certainty(*h, logits.ncols(), self.is_multi)).collect();
        Ok((unsure, certainty))
    }
}

/// Whether a step chooses among what the one before kept.
fn is_nested(recipe: &Recipe, rule: &RecoveryRule) -> bool {
    rule.progressive || recipe.model.has("attention")
}

/// The rows that the cut is read from: those of unseen nodes, where any of them can lose an entry, else those of known ones. Rows that keep
/// everything by name say nothing, unless all do.
fn deciding_rows(dataset: &Dataset, known: &Known, exempt: &Exempt) -> Vec<usize> {
    let topology = dataset.topology();
    let others = |u: usize| topology.row(u).iter().any(|v| *v as usize != u);
    let of = |is_known: bool| -> Vec<usize> {
        (0..topology.n_nodes()).filter(|u| known.contains[*u] == is_known && others(*u)).collect()
    };
    let rows = Some(of(false)).filter(|rows| !rows.is_empty()).unwrap_or_else(|| of(true));
    let open: Vec<usize> = rows.iter().copied().filter(|u| !exempt.is_locked(*u)).collect();
    if open.is_empty() { rows } else { open }
}

/// Where the budget of a step cut.
struct Cut<'a> {
    dataset: &'a Dataset,
    keys: &'a [f32],
    mask: &'a EdgeMask,
    least: usize,
    is_nested: bool,
}

impl Cut<'_> {
    /// The least key that stayed in `rows` by itself, and not because a row keeps some whatever they are worth.
    fn of(&self, step: usize, rows: &[usize]) -> f32 {
        let topology = self.dataset.topology();
        let (mut lowest, mut highest_removed, mut n_kept) = (f32::INFINITY, None::<f32>, 0);
        for u in rows {
            let is_open = |k: &usize| {
                let was_there = !self.is_nested || step == 0 || self.mask.is_kept(*k, step - 1);
                topology.indices()[*k] as usize != *u && was_there
            };
            let mut row: Vec<usize> = topology.row_range(*u).filter(is_open).collect();
            row.sort_by(|a, b| self.keys[*b].total_cmp(&self.keys[*a]).then(a.cmp(b)));
            for (rank, k) in row.into_iter().enumerate() {
                let key = self.keys[k];
                if !self.mask.is_kept(k, step) {
                    highest_removed = Some(highest_removed.map_or(key, |most| most.max(key)));
                    continue;
                }
                n_kept += 1;
                if rank >= self.least {
                    lowest = lowest.min(key);
                }
            }
        }
        match highest_removed {
            None => f32::NEG_INFINITY,
            Some(_) if n_kept == 0 => f32::INFINITY,
            Some(removed) if lowest == f32::INFINITY => removed.next_up(),
            Some(_) => lowest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, Features, SelfLoops, Topology};
    use crate::engine::model::{Architecture, Family};
    use ndarray::Array2;

    fn rule(cuts: Vec<f32>, least_per_node: usize, is_nested: bool) -> ArrivalRule {
        let architecture = Architecture { hidden: 4, ..Architecture::new(Family::Gcn) };
        ArrivalRule {
            cuts,
            certainty: Vec::new(),
            least_per_node,
            is_nested,
            keeps_sum: true,
            is_multi: false,
            unpruned: Arc::new(Model::init(&architecture, 3, 2, 1)),
        }
    }

    #[test]
    fn what_lies_at_the_cut_stays_and_self_loops_always_do() {
        let (row, keys) = ([2, 3, 5, 7], [-1.0, f32::NEG_INFINITY, -3.0, -2.0]);
        let kept = |rule: ArrivalRule| rule.kept(3, &row, &keys);
        let flags = |text: &str| text.chars().map(|c| c == 'k').collect::<Vec<_>>();
        let all = kept(rule(vec![f32::NEG_INFINITY, -2.0, f32::INFINITY], 0, false));
        assert_eq!(all, [flags("kkkk"), flags("kk-k"), flags("-k--")]);
        assert_eq!(kept(rule(vec![-1.0, -2.0], 0, true)), [flags("kk--"), flags("kk--")], "among what was there");
        assert_eq!(kept(rule(vec![-1.0, -2.0], 0, false)), [flags("kk--"), flags("kk-k")]);
        assert_eq!(kept(rule(vec![0.0, f32::INFINITY], 2, false)), [flags("kk-k"), flags("-k--")], "two at least");
    }

    #[test]
    fn a_row_that_lost_something_keeps_its_sum_and_another_its_values() {
        let rule = rule(vec![0.0], 0, false);
        assert_eq!(rule.values(&[0.5, 0.25, 0.25], &[true, false, true]), [2.0 / 3.0, 1.0 / 3.0]);
        assert_eq!(rule.values(&[0.5, 0.3], &[true, true]), [0.5, 0.3]);
        assert_eq!(ArrivalRule { keeps_sum: false, ..rule }.values(&[0.5, 0.3], &[false, true]), [0.3]);
    }

    #[test]
    fn the_cut_lies_between_what_stayed_and_what_went() {
        // A star whose rays hear the middle and each other in a ring.
        let pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (3, 4)];
        let topology = Topology::from_edges(5, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("pairs").0;
        let dataset = Dataset::try_new(crate::engine::graph::DatasetParts {
            name: "five".into(),
            source: "test".into(),
            topology: topology.clone(),
            edge_weights: None,
            features: Features::Dense(Array2::ones((5, 2))),
            labels: None,
            splits: Vec::new(),
            node_ids: None,
        })
        .expect("valid");
        let keys: Vec<f32> = (0..topology.n_entries()).map(|k| -((k * 7 % 17) as f32)).collect();
        let rows: Vec<usize> = (0..5).collect();
        let others = || topology.entries().enumerate().filter(|(_, (u, v))| u != v).map(|(k, _)| k);
        let mut by_key: Vec<usize> = others().collect();
        by_key.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]));
        for n_keep in 0..=by_key.len() {
            let is_kept = |k: usize| !others().any(|other| other == k) || by_key[..n_keep].contains(&k);
            let flags: Vec<bool> = (0..keys.len()).map(is_kept).collect();
            let mask = EdgeMask::of_steps(vec![flags], None, &topology).expect("a mask");
            let cut = Cut { dataset: &dataset, keys: &keys, mask: &mask, least: 0, is_nested: false }.of(0, &rows);
            let expected = match n_keep {
                0 => f32::INFINITY,
                n if n == by_key.len() => f32::NEG_INFINITY,
                n => keys[by_key[n - 1]],
            };
            assert_eq!(cut.to_bits(), expected.to_bits(), "{n_keep} kept");
        }
    }
}
