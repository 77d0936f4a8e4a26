//! What is to be computed, and in which stages.

use super::stage::{Attention, Stage, Task, cut};
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::graph::Direction;
use crate::engine::kernels::SUM_ROWS;
use crate::engine::model::{Model, Op, Parameter, Program, widths};
use crate::engine::sparsify::push::adds_hops;
use crate::engine::sparsify::{Compat, EdgeMode, Lock, Recipe, WeightMask};

/// How nodes lie in blocks: as many rows in each, but in the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRows {
    /// All nodes.
    pub n_nodes: usize,
    /// Rows of a block.
    pub rows_per_block: usize,
}

impl BlockRows {
    /// About `n_blocks` blocks. A block has a multiple of 64 rows, so that sums over rows do not depend on it; of few nodes there are fewer
    /// blocks.
    pub fn about(n_nodes: usize, n_blocks: usize) -> Self {
        let rows = n_nodes.div_ceil(n_blocks.max(1)).max(1);
        Self { n_nodes, rows_per_block: rows.next_multiple_of(SUM_ROWS) }
    }

    /// Takes a size over.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] where it is no multiple of 64.
    pub fn try_new(n_nodes: usize, rows_per_block: usize) -> Result<Self, EngineError> {
        if rows_per_block == 0 || !rows_per_block.is_multiple_of(SUM_ROWS) {
            return Err(EngineError::mismatch("rows of a block", format!("a multiple of {SUM_ROWS}"), rows_per_block));
        }
        if n_nodes == 0 || u32::try_from(n_nodes).is_err() {
            return Err(EngineError::mismatch("nodes", format!("1 to {}", u32::MAX), n_nodes));
        }
        Ok(Self { n_nodes, rows_per_block })
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.n_nodes.div_ceil(self.rows_per_block)
    }

    /// The nodes of a block.
    pub fn nodes(&self, block: usize) -> std::ops::Range<usize> {
        let first = (block * self.rows_per_block).min(self.n_nodes);
        first..(first + self.rows_per_block).min(self.n_nodes)
    }
}

/// A recipe and a model for a graph that lies in blocks.
#[derive(Debug, Clone)]
pub struct ClusterJob {
    pub(super) recipe: Recipe,
    pub(super) model: Model,
    /// At inference.
    pub(super) program: Program,
    /// Which weights are there: what the model was pruned to before.
    pub(super) masks: Vec<WeightMask>,
    /// How wide every value of the program is.
    pub(super) widths: Vec<usize>,
}

impl ClusterJob {
    /// Takes over a model whose removed weights are 0, `masks` saying which. With `thresholds`, one for every graph step, entries are removed
    /// below these instead of as the recipe's thresholds say, and weights stay as they are.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] and [`EngineError::Mismatch`] for what cannot be done block by block, with the way out.
    pub fn try_new(
        mut recipe: Recipe,
        model: Model,
        masks: Vec<WeightMask>,
        thresholds: Option<&[f64]>,
    ) -> Result<Self, EngineError> {
        Self::check(&recipe)?;
        let program = model.program().inference();
        if let Some(thresholds) = thresholds {
            if recipe.edges.mode == EdgeMode::Mass {
                let expected = "absolute, relative or target with the bundle's thresholds (mass thresholds follow the features: --thresholds recipe)";
                return Err(EngineError::recipe("edges.mode", expected, "mass"));
            }
            let n_steps = recipe.model.n_graph_steps();
            if thresholds.len() != n_steps {
                return Err(EngineError::mismatch("thresholds", format!("{n_steps}, one per step"), thresholds.len()));
            }
            (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Absolute, thresholds.to_vec());
            recipe.weights.delta = vec![0.0];
        }
        recipe.check()?;
        let shapes = model.weights().map(|w| w.values.dim());
        if !shapes.eq(masks.iter().map(WeightMask::dim)) {
            return Err(EngineError::mismatch("masks of weights", "one per prunable matrix, of its shape", "others"));
        }
        let widths = widths(&program, &model.parameters, model.d_in())?;
        Ok(Self { recipe, model, program, masks, widths })
    }

    /// Refuses a recipe that cannot be followed block by block.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] with the way out.
    pub fn check(recipe: &Recipe) -> Result<(), EngineError> {
        let refuse = |field: &str, expected: &str, found: &str| Err(EngineError::recipe(field, expected, found));
        if recipe.recovery.is_some() {
            return refuse(
                "recovery",
                "no [recovery] in a cluster's job (switch recovery off; on the terminal prune with --recover none): what it fits belongs to the graph that it was fitted on, which replay and predict run",
                "a [recovery] section",
            );
        }
        if recipe.compat != Compat::CLEAN {
            return refuse("compat", "clean in a cluster's job", "the authors' form");
        }
        if recipe.edges.ranking.is_some() || recipe.weights.ranking.is_some() {
            return refuse("ranking", "entries and weights by their messages in a cluster's job", "a ranking");
        }
        if recipe.edges.lock != Lock::None {
            return refuse("edges.lock", "none in a cluster's job", &String::from(recipe.edges.lock.clone()));
        }
        if !recipe.edges.pins.is_empty() {
            return refuse("edges.pins", "none in a cluster's job", "entries decided by hand");
        }
        Ok(())
    }

    /// Refuses a graph that the recipe does not go with.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] with the way out.
    pub fn check_graph(&self, direction: Direction, is_weighted: bool) -> Result<(), EngineError> {
        if self.recipe.edges.mode != EdgeMode::Mass {
            return Ok(());
        }
        if direction != Direction::Symmetrised {
            let found = if direction == Direction::Reversed { "reversed edges" } else { "edges as stored" };
            let expected = "mass on an undirected graph (--direction symmetrised counts every edge both ways)";
            return Err(EngineError::recipe("edges.mode", expected, found));
        }
        if is_weighted {
            let expected = "mass on a graph without edge weights (leave the column weight out)";
            return Err(EngineError::recipe("edges.mode", expected, "a graph with weights"));
        }
        Ok(())
    }

    /// The recipe that is followed.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Number of graph steps: layers that propagate, or hops.
    pub fn n_steps(&self) -> usize {
        self.recipe.model.n_graph_steps()
    }

    /// The value that is the network's output.
    pub fn output(&self) -> usize {
        self.program.output
    }

    /// The stages, in order. Before the first one blocks hold their entries and, as value 0, their features.
    pub fn stages(&self) -> Vec<Stage> {
        let mut tasks = vec![("counting entries".to_owned(), Task::Degrees)];
        if matches!(self.recipe.matrix(), Matrix::Normalised(_)) {
            tasks.push(("values of the diffusion matrix".to_owned(), Task::Diffuse));
        }
        if self.recipe.edges.mode == EdgeMode::Mass {
            tasks.push(("masses of the features".to_owned(), Task::SumMasses));
        }
        if self.recipe.model.is_decoupled() {
            self.add_hops(&mut tasks);
        }
        for (at, instruction) in self.program.instructions.iter().enumerate() {
            self.add_instruction(at, &instruction.op, &instruction.inputs, &mut tasks);
        }
        cut(tasks)
    }

    fn add_hops(&self, tasks: &mut Vec<(String, Task)>) {
        let shape = &self.recipe.model;
        let sums = adds_hops(shape);
        for hop in 0..shape.hops {
            let what = format!("hop {} of {}", hop + 1, shape.hops);
            if sums {
                tasks.push((format!("{what}: sum"), Task::AddHop { hop }));
            }
            if self.recipe.edges.mode == EdgeMode::Mass {
                tasks.push((format!("{what}: how far numbers go"), Task::SendPushed { hop }));
                tasks.push((format!("{what}: pushing"), Task::Push { hop }));
                continue;
            }
            self.add_scores(hop, Program::INPUT, &what, tasks);
            let hop = Task::Propagate { step: hop, from: Program::INPUT, to: Program::INPUT, is_max: false };
            tasks.push((format!("{what}: propagating"), hop));
        }
        if sums {
            tasks.push(("the last hop: sum".to_owned(), Task::AddHop { hop: shape.hops }));
        }
        tasks.push(("standardising".to_owned(), Task::EndHops));
    }

    /// Whether the threshold of a step depends on what all blocks find.
    fn measures(&self, step: usize) -> bool {
        self.recipe.delta_a(step) != 0.0 && self.recipe.edges.mode != EdgeMode::Absolute
    }

    fn add_counts(&self, what: &str, tasks: &mut Vec<(String, Task)>) {
        if self.recipe.edges.mode == EdgeMode::Target {
            tasks.push((format!("{what}: counting messages"), Task::CountUpper));
            tasks.push((format!("{what}: counting messages again"), Task::CountLower));
        } else {
            tasks.push((format!("{what}: adding messages up"), Task::SumScores));
        }
    }

    fn add_scores(&self, step: usize, value: usize, what: &str, tasks: &mut Vec<(String, Task)>) {
        if self.measures(step) {
            tasks.push((format!("{what}: norms"), Task::SendNorms { value }));
            tasks.push((format!("{what}: measuring messages"), Task::Score { step }));
            self.add_counts(what, tasks);
        }
    }

    fn add_instruction(&self, at: usize, op: &Op, inputs: &[usize], tasks: &mut Vec<(String, Task)>) {
        let input = inputs.first().copied().unwrap_or(Program::INPUT);
        let n_layers = self.program.layers.len();
        let layer =
            self.program.layers.iter().position(|end| at < end.after).unwrap_or_else(|| n_layers.saturating_sub(1));
        let what = format!("layer {} of {n_layers}", layer + 1);
        match op {
            Op::Propagate { step } | Op::PropagateMax { step } => {
                self.add_scores(*step, input, &what, tasks);
                let is_max = matches!(op, Op::PropagateMax { .. });
                let task = Task::Propagate { step: *step, from: input, to: at + 1, is_max };
                tasks.push((format!("{what}: propagating"), task));
            }
            Op::Attention { step, .. } => {
                let Some(attention) = Attention::of(at, op, inputs) else { return };
                if attention.target.is_none() {
                    tasks.push((format!("{what}: projecting"), Task::SendAttention(attention.clone())));
                }
                tasks.push((format!("{what}: scoring"), Task::ScoreAttention(attention.clone())));
                if self.measures(*step) {
                    self.add_counts(&what, tasks);
                }
                tasks.push((format!("{what}: attending"), Task::Attend(attention)));
            }
            Op::Matmul { weight, .. } => {
                let prunable =
                    self.model.parameters.iter().find(|p| p.name == *weight).and_then(Parameter::prunable_layer);
                if prunable.is_some_and(|layer| self.recipe.delta_w(layer) != 0.0) {
                    tasks.push((format!("{what}: norms of columns"), Task::MeasureColumns { at }));
                }
                tasks.push((format!("{what}: multiplying"), Task::Run { at }));
            }
            Op::Normalise { kind, .. } if !kind.is_per_row() => {
                tasks.push((format!("{what}: means of columns"), Task::SumColumns { at }));
                tasks.push((format!("{what}: squares of columns"), Task::Centre { at }));
                tasks.push((format!("{what}: normalising"), Task::Rescale { at }));
            }
            _ => tasks.push((what, Task::Run { at })),
        }
    }
}
