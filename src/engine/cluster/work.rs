//! One stage on one block.

use std::sync::Arc;

use ndarray::{Array2, s};

use super::attend::{Scoring, lists, softmax_over};
use super::block::Block;
use super::decisions::Decisions;
use super::job::{BlockRows, ClusterJob};
use super::part::Part;
use super::push::{self, Pushing};
use super::stage::{Attention, Stage, Task};
use super::summary::Summary;
use crate::engine::control::Control;
use crate::engine::diffusion::{Matrix, weighted_degree};
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    Attended, AttentionInput, ExactSum, RowBlock, Rows, column_squares, exact_column_sums, gather_rows, row_norms,
    sum_of_scores, upper_half,
};
use crate::engine::model::exec::operations::{of_rows, weight_at};
use crate::engine::model::lookup::parameter;
use crate::engine::model::{Model, Op, Program};
use crate::engine::sparsify::attention::{message_norm, norms_of_heads};
use crate::engine::sparsify::edges::check_norms;
use crate::engine::sparsify::push::{PushTest, adds_hops, degree_power, reach_of_hops};
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::{EdgeMode, Identity};

/// A block in the middle of a stage: its own parts are there, those of other blocks come in.
#[derive(Debug)]
pub struct BlockWork<'a> {
    job: &'a ClusterJob,
    stage: &'a Stage,
    decisions: &'a Decisions,
    /// With what was decided so far removed.
    model: &'a Model,
    rows: BlockRows,
    /// The first node of the block.
    first: usize,
    block: Block,
    incoming: Incoming,
    /// The block that came last.
    last: Option<usize>,
    summary: Summary,
}

/// What is made while other blocks come in.
#[derive(Debug)]
enum Incoming {
    Nothing,
    /// Values of the diffusion matrix.
    Diffusion(Vec<f32>),
    Scores(Vec<f32>),
    Attention(Scoring),
    /// The sums of rows, and for a maximum whether a row has one yet.
    Rows(Array2<f32>, Vec<bool>),
    /// The sums of rows, and the coefficients of kept entries. `[entries · heads]`
    Attended(Array2<f32>, Vec<f32>),
    Pushed(Pushing),
}

impl<'a> BlockWork<'a> {
    /// Begins `stage` on block `block` of the graph with its own parts. `model` is [`Decisions::model`].
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for parts that are missing or of another block.
    pub fn begin(
        job: &'a ClusterJob,
        stage: &'a Stage,
        decisions: &'a Decisions,
        model: &'a Model,
        rows: BlockRows,
        block: usize,
        parts: Vec<Part>,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let nodes = rows.nodes(block);
        let (first, n_rows) = (nodes.start, nodes.len());
        let block = Block::of(parts, n_rows)?;
        for (id, rows) in &block.values {
            check_len("columns of a value", job.widths.get(*id).copied().unwrap_or_default(), rows.ncols())?;
        }
        if let Some(sum) = &block.sum {
            check_len("columns of a sum", job.model.d_in(), sum.ncols())?;
        }
        if let Some(pushed) = &block.pushed {
            check_len("columns of a hop", 2 * job.model.d_in(), pushed.ncols())?;
        }
        let summary = Summary { n_rows: n_rows as u64, ..Summary::default() };
        let incoming = Incoming::Nothing;
        let mut work = Self { job, stage, decisions, model, rows, first, block, incoming, last: None, summary };
        work.incoming = work.prepare(ctl)?;
        Ok(work)
    }

    fn n_steps(&self) -> u8 {
        self.job.n_steps() as u8
    }

    /// Whether entry `k` of the block's row `u` is propagated over: it was not removed, and the identity form does not leave it out.
    fn is_listed(&self, u: usize, k: usize) -> bool {
        let leaves_out = self.job.recipe.edges.identity == Identity::Residual;
        self.block.entries.removed_at[k] == self.n_steps() && !(leaves_out && self.is_own(u, k))
    }

    fn is_own(&self, u: usize, k: usize) -> bool {
        self.block.entries.sources[k] as usize == self.first + u
    }

    /// Row and entry of what is listed with sources in a range of nodes, ascending.
    fn listed(&self, sources: std::ops::Range<usize>) -> Vec<(usize, usize)> {
        let entries = &self.block.entries;
        let mut found = Vec::new();
        for u in 0..entries.n_rows() {
            let row = entries.indptr[u]..entries.indptr[u + 1];
            let of_row = &entries.sources[row.clone()];
            let from = row.start + of_row.partition_point(|v| (*v as usize) < sources.start);
            let to = row.start + of_row.partition_point(|v| (*v as usize) < sources.end);
            found.extend((from..to).filter(|k| self.is_listed(u, *k)).map(|k| (u, k)));
        }
        found
    }

    fn all_listed(&self) -> Vec<(usize, usize)> {
        self.listed(0..self.rows.n_nodes)
    }

    /// Room for what comes in.
    fn prepare(&self, ctl: &Control) -> Result<Incoming, EngineError> {
        let n_entries = self.block.entries.sources.len();
        Ok(match self.stage.tasks.first() {
            Some(Task::Diffuse) => Incoming::Diffusion(vec![f32::NAN; n_entries]),
            Some(Task::Score { .. }) => Incoming::Scores(vec![f32::NAN; n_entries]),
            Some(Task::ScoreAttention(attention)) => {
                Incoming::Attention(Scoring::new(n_entries, self.heads(attention)?))
            }
            Some(Task::Propagate { from, is_max, .. }) => {
                let own = self.block.value(*from)?;
                let is_residual = self.job.recipe.edges.identity != Identity::SelfLoop;
                let sums = if is_residual && !is_max { (**own).clone() } else { Array2::zeros(own.dim()) };
                Incoming::Rows(sums, vec![false; own.nrows()])
            }
            Some(Task::Attend(attention)) => {
                let heads = self.heads(attention)?;
                let raw = self.block.raw.as_ref();
                let raw =
                    raw.ok_or_else(|| EngineError::mismatch("parts of a block", "scores of attention", "none"))?;
                check_len("scores of attention", n_entries * heads, raw.len())?;
                let kept = self.kept_by_attention();
                let alpha = softmax_over(&self.block.entries, raw, heads, |k| kept[k], ctl)?;
                Incoming::Attended(Array2::zeros(self.block.value(attention.source)?.dim()), alpha)
            }
            Some(Task::Push { .. }) => {
                let shape = (self.block.entries.n_rows(), self.job.model.d_in());
                Incoming::Pushed(Pushing::new(shape, n_entries, self.job.recipe.edges.identity))
            }
            _ => Incoming::Nothing,
        })
    }

    fn heads(&self, attention: &Attention) -> Result<usize, EngineError> {
        let name = attention.vectors.first().map_or("", String::as_str);
        Ok(parameter(self.model, name)?.1.values.nrows())
    }

    fn vectors(&self, attention: &Attention) -> Result<Vec<Array2<f32>>, EngineError> {
        attention.vectors.iter().map(|name| Ok(parameter(self.model, name)?.1.values.clone())).collect()
    }

    /// Which entries attention is taken over, by their scores where a threshold is above 0.
    fn kept_by_attention(&self) -> Vec<bool> {
        let delta = self.decisions.delta(self.job);
        let mut kept = vec![false; self.block.entries.sources.len()];
        for (u, k) in self.all_listed() {
            let score = self.block.scores.as_ref().map_or(f32::INFINITY, |scores| scores[k]);
            kept[k] = score >= delta || self.is_own(u, k);
        }
        kept
    }

    /// Takes up the part of block `from` that the stage receives. Blocks come in ascending order; one that is not read from may be left out.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for another part or order, [`EngineError::NotFinite`], [`EngineError::Cancelled`].
    pub fn receive(&mut self, from: usize, part: Part, ctl: &Control) -> Result<(), EngineError> {
        ctl.check()?;
        if self.last.is_some_and(|last| last >= from) {
            return Err(EngineError::mismatch("blocks that come in", "ascending", from));
        }
        self.last = Some(from);
        let nodes = self.rows.nodes(from);
        let wrong = |found: &Part| {
            EngineError::mismatch("part of another block", format!("{:?}", self.stage.receives), found.name())
        };
        let incoming = std::mem::replace(&mut self.incoming, Incoming::Nothing);
        self.incoming = match (incoming, self.stage.tasks.first(), part) {
            (Incoming::Diffusion(values), _, Part::Degrees(degrees)) => self.diffuse(values, &nodes, &degrees)?,
            (Incoming::Scores(scores), Some(Task::Score { step }), Part::Norms(norms)) => {
                self.score(scores, &nodes, &norms, *step)?
            }
            (Incoming::Attention(mut scoring), Some(Task::ScoreAttention(_)), Part::Attention { scores, norms }) => {
                let own = self.block.attention.as_ref();
                let (_, of_target) = own.map(|(own, _)| own.split_at(own.len() / 2)).unwrap_or_default();
                let (of_source, _) = scores.split_at(scores.len() / 2);
                check_len("scores of attention", nodes.len() * scoring.heads, of_source.len())?;
                check_len("scores of attention", self.block.entries.n_rows() * scoring.heads, of_target.len())?;
                check_len("norms of heads", nodes.len() * scoring.heads, norms.len())?;
                let which = self.listed(nodes.clone());
                scoring.project(&self.block.entries, &which, nodes.start, (of_source, &norms), of_target);
                Incoming::Attention(scoring)
            }
            (Incoming::Attention(mut scoring), Some(Task::ScoreAttention(attention)), Part::Value { rows, .. }) => {
                check_len("rows of a block", nodes.len(), rows.nrows())?;
                let width = self.job.widths.get(attention.source).copied().unwrap_or_default();
                check_len("columns of a block", width, rows.ncols())?;
                let target = attention.target.map(|target| self.block.value(target)).transpose()?;
                let vectors = self.vectors(attention)?;
                let input = AttentionInput { source: &rows, target: target.map(|target| &**target), vectors: &vectors };
                scoring.both_ends(&self.block.entries, &self.listed(nodes.clone()), nodes.start, &input, ctl)?;
                Incoming::Attention(scoring)
            }
            (Incoming::Rows(sums, seen), Some(Task::Propagate { step, is_max, .. }), Part::Value { rows, .. }) => {
                self.propagate((sums, seen), &nodes, &rows, *step, *is_max, ctl)?
            }
            (Incoming::Attended(sums, alpha), Some(Task::Attend(attention)), Part::Value { rows, .. }) => {
                self.attend((sums, alpha), &nodes, &rows, attention, ctl)?
            }
            (Incoming::Pushed(mut pushing), Some(Task::Push { .. }), Part::Pushed(pushed)) => {
                check_len("rows of a block", nodes.len(), pushed.nrows())?;
                let own = (self.first, push::numbers(self.pushed()?));
                let identity = self.job.recipe.edges.identity;
                pushing.receive(&self.block.entries, own, (nodes.start, &pushed), identity)?;
                Incoming::Pushed(pushing)
            }
            (_, _, part) => return Err(wrong(&part)),
        };
        Ok(())
    }

    fn diffuse(
        &self,
        mut values: Vec<f32>,
        nodes: &std::ops::Range<usize>,
        degrees: &[f64],
    ) -> Result<Incoming, EngineError> {
        let Matrix::Normalised(norm_r) = self.job.recipe.matrix() else { return Ok(Incoming::Diffusion(values)) };
        check_len("degrees of a block", nodes.len(), degrees.len())?;
        let entries = &self.block.entries;
        for u in 0..entries.n_rows() {
            let row = entries.indptr[u]..entries.indptr[u + 1];
            let ends_here = |k: &usize| nodes.contains(&(entries.sources[*k] as usize));
            if self.is_mass() {
                let of_target = degree_power(row.len(), norm_r - 1.0);
                for k in row.filter(ends_here) {
                    values[k] = of_target * degrees[entries.sources[k] as usize - nodes.start] as f32;
                }
                continue;
            }
            let of_target = weighted_degree(&entries.values[row.clone()]).powf(norm_r - 1.0);
            for k in row.filter(ends_here) {
                let t = of_target * degrees[entries.sources[k] as usize - nodes.start];
                values[k] = (t * f64::from(entries.values[k])) as f32;
            }
        }
        Ok(Incoming::Diffusion(values))
    }

    fn score(
        &self,
        mut scores: Vec<f32>,
        nodes: &std::ops::Range<usize>,
        norms: &[f32],
        step: usize,
    ) -> Result<Incoming, EngineError> {
        check_len("norms of a block", nodes.len(), norms.len())?;
        check_norms(norms, step)?;
        let entries = &self.block.entries;
        for (_, k) in self.listed(nodes.clone()) {
            scores[k] = entries.values[k].abs() * norms[entries.sources[k] as usize - nodes.start];
        }
        Ok(Incoming::Scores(scores))
    }

    fn propagate(
        &mut self,
        (mut sums, mut seen): (Array2<f32>, Vec<bool>),
        nodes: &std::ops::Range<usize>,
        x: &Array2<f32>,
        step: usize,
        is_max: bool,
        ctl: &Control,
    ) -> Result<Incoming, EngineError> {
        check_len("rows of a block", nodes.len(), x.nrows())?;
        check_len("columns of a block", sums.ncols(), x.ncols())?;
        let norms = row_norms(x.view(), ctl)?;
        check_norms(&norms, step)?;
        let delta = self.decisions.delta(self.job);
        let mut kept = self.listed(nodes.clone());
        if delta > 0.0 {
            let entries = &self.block.entries;
            let is_removed = |u: usize, k: usize| {
                let score = entries.values[k].abs() * norms[entries.sources[k] as usize - nodes.start];
                score < delta && !self.is_own(u, k)
            };
            let removed: Vec<usize> = kept.iter().filter(|(u, k)| is_removed(*u, *k)).map(|(_, k)| *k).collect();
            kept.retain(|(_, k)| removed.binary_search(k).is_err());
            for k in removed {
                self.block.entries.removed_at[k] = step as u8;
            }
        }
        let entries = &self.block.entries;
        let (width, x) = (x.ncols(), x.as_slice().unwrap_or(&[]));
        let Some(out) = sums.as_slice_mut().filter(|_| width > 0) else { return Ok(Incoming::Rows(sums, seen)) };
        let (indptr, indices) = lists(entries, &kept, entries.n_rows(), nodes.start);
        if is_max {
            for (u, row) in out.chunks_exact_mut(width).enumerate() {
                for v in &indices[indptr[u]..indptr[u + 1]] {
                    let x = &x[*v as usize * width..][..width];
                    if std::mem::replace(&mut seen[u], true) {
                        row.iter_mut().zip(x).for_each(|(o, x)| *o = if *x > *o { *x } else { *o });
                    } else {
                        row.copy_from_slice(x);
                    }
                }
            }
        } else {
            let values: Vec<f32> = kept.iter().map(|(_, k)| entries.values[*k]).collect();
            ctl.for_row_blocks(out, width, WORKER_ROWS, |first, rows| {
                let indptr = &indptr[first..=first + rows.len() / width];
                // From the sums of the blocks before: the chain goes on.
                gather_rows(rows, width, RowBlock { indptr, indices: &indices, values: &values }, x, true);
            })?;
        }
        Ok(Incoming::Rows(sums, seen))
    }

    fn attend(
        &self,
        (mut sums, alpha): (Array2<f32>, Vec<f32>),
        nodes: &std::ops::Range<usize>,
        x: &Array2<f32>,
        attention: &Attention,
        ctl: &Control,
    ) -> Result<Incoming, EngineError> {
        check_len("rows of a block", nodes.len(), x.nrows())?;
        check_len("columns of a block", sums.ncols(), x.ncols())?;
        check_norms(&row_norms(x.view(), ctl)?, attention.step)?;
        let (entries, heads) = (&self.block.entries, self.heads(attention)?);
        let mut kept = self.listed(nodes.clone());
        kept.retain(|(_, k)| alpha.get(k * heads).is_some_and(|a| !a.is_nan()));
        let (indptr, indices) = lists(entries, &kept, entries.n_rows(), nodes.start);
        let coefficients = kept.iter().flat_map(|(_, k)| &alpha[k * heads..(k + 1) * heads]).copied().collect();
        let coefficients = Array2::from_shape_vec((kept.len(), heads), coefficients).unwrap_or_default();
        let attended = Attended { indptr, indices, coefficients, kept: None };
        let width = x.ncols();
        if let Some(rows) = sums.as_slice_mut().filter(|_| width > 0) {
            ctl.for_row_blocks(rows, width, WORKER_ROWS, |first, rows| attended.gather_rows(x, first, rows))?;
        }
        Ok(Incoming::Attended(sums, alpha))
    }

    /// Ends the stage: the block's parts, and what is reported of it.
    ///
    /// # Errors
    /// [`EngineError`] of any operation.
    pub fn finish(mut self, ctl: &Control) -> Result<(Vec<Part>, Summary), EngineError> {
        let stage = self.stage;
        for task in &stage.tasks {
            self.run(task, ctl)?;
        }
        self.drop_what_is_read();
        Ok((self.block.into_parts(), self.summary))
    }

    fn run(&mut self, task: &Task, ctl: &Control) -> Result<(), EngineError> {
        match task {
            Task::Degrees => self.count_and_send_degrees(),
            Task::Diffuse => {
                if let Incoming::Diffusion(values) = std::mem::replace(&mut self.incoming, Incoming::Nothing) {
                    check_whole(&values)?;
                    self.block.entries.values = values;
                }
                self.block.degrees = None;
            }
            Task::SendNorms { value } => self.block.norms = Some(row_norms(self.block.value(*value)?.view(), ctl)?),
            Task::SendAttention(attention) => self.send_attention(attention, ctl)?,
            Task::Score { .. } => {
                if let Incoming::Scores(scores) = std::mem::replace(&mut self.incoming, Incoming::Nothing) {
                    self.block.scores = Some(scores);
                }
            }
            Task::ScoreAttention(attention) => self.finish_scores(attention, ctl)?,
            Task::SumScores => self.sum_scores()?,
            Task::CountUpper => self.count(&|score| Some(upper_half(score)))?,
            Task::CountLower => {
                let half = self.decisions.half();
                self.count(&|score| half.and_then(|half| half.lower_half(score)))?;
            }
            Task::MeasureColumns { at } => {
                let x = self.block.value(self.input(*at))?;
                self.summary.columns = column_squares(Rows::Dense(x.view()), ctl)?;
                let n_nonzero = x.columns().into_iter().map(|c| c.iter().filter(|v| **v != 0.0).count() as u64);
                self.summary.n_nonzero = n_nonzero.collect();
            }
            Task::Propagate { step, to, .. } => {
                if let Incoming::Rows(sums, _) = std::mem::replace(&mut self.incoming, Incoming::Nothing) {
                    self.report_step(*step, sums.ncols());
                    self.block.values.insert(*to, Arc::new(sums));
                }
                self.block.scores = None;
            }
            Task::Attend(attention) => self.finish_attention(attention)?,
            Task::Run { at } => self.run_instruction(*at, ctl)?,
            Task::SumColumns { at } => {
                self.summary.columns = exact_column_sums(self.block.value(self.input(*at))?.view(), ctl)?;
            }
            Task::Centre { at } => {
                let mut x = (**self.block.value(self.input(*at))?).clone();
                let of = (self.job, self.model, *at);
                self.summary.columns = self.decisions.statistics.centre(of, &mut x, ctl)?;
                self.block.values.insert(at + 1, Arc::new(x));
            }
            Task::Rescale { at } => {
                let mut x = (**self.block.value(at + 1)?).clone();
                self.decisions.statistics.end((self.job, self.model, *at), &mut x, ctl)?;
                self.block.values.insert(at + 1, Arc::new(x));
            }
            Task::SumMasses => {
                let x = self.block.value(Program::INPUT)?;
                self.summary.columns = push::masses(x, &self.block.entries, self.job.recipe.model.norm_r);
            }
            Task::SendPushed { hop } => self.send_pushed(*hop)?,
            Task::Push { hop } => self.finish_push(*hop)?,
            Task::AddHop { hop } => {
                let weight = self.job.recipe.model.hop_weights()[*hop] as f32;
                let sum = self.block.sum.take();
                let x = match &self.block.pushed {
                    Some(pushed) => push::numbers(pushed),
                    None => self.block.value(Program::INPUT)?.view(),
                };
                let mut sum = sum.unwrap_or_else(|| Array2::zeros(x.dim()));
                sum.zip_mut_with(&x, |sum, x| *sum = weight.mul_add(*x, *sum));
                self.block.sum = Some(sum);
            }
            Task::EndHops => {
                let sums = adds_hops(&self.job.recipe.model);
                let pushed = self.block.pushed.take();
                let mut embedding = match (self.block.sum.take(), &pushed) {
                    (Some(sum), _) if sums => sum,
                    (_, Some(pushed)) => push::numbers(pushed).to_owned(),
                    (_, None) => (**self.block.value(Program::INPUT)?).clone(),
                };
                if let Some(scaler) = &self.model.scaler {
                    scaler.apply(&mut embedding, ctl)?;
                }
                self.block.values.insert(Program::INPUT, Arc::new(embedding));
            }
        }
        Ok(())
    }

    fn count_and_send_degrees(&mut self) {
        let entries = &self.block.entries;
        self.summary.n_entries = entries.sources.len() as u64;
        let longest = entries.indptr.windows(2).map(|row| row[1] - row[0]).max();
        self.summary.max_degree = longest.unwrap_or_default() as u64;
        let own = (0..entries.n_rows()).flat_map(|u| (entries.indptr[u]..entries.indptr[u + 1]).map(move |k| (u, k)));
        self.summary.n_self_loops = own.filter(|(u, k)| self.is_own(*u, *k)).count() as u64;
        if let Matrix::Normalised(norm_r) = self.job.recipe.matrix() {
            let is_mass = self.is_mass();
            let of_row = |row: &[usize]| {
                if is_mass {
                    f64::from(degree_power(row[1] - row[0], -norm_r))
                } else {
                    weighted_degree(&entries.values[row[0]..row[1]]).powf(-norm_r)
                }
            };
            self.block.degrees = Some(entries.indptr.windows(2).map(of_row).collect());
        }
    }

    fn is_mass(&self) -> bool {
        self.job.recipe.edges.mode == EdgeMode::Mass
    }

    /// The first input of an instruction.
    fn input(&self, at: usize) -> usize {
        let instruction = self.job.program.instructions.get(at);
        instruction.and_then(|i| i.inputs.first()).copied().unwrap_or(Program::INPUT)
    }

    fn pushed(&self) -> Result<&Array2<f32>, EngineError> {
        let pushed = self.block.pushed.as_ref();
        pushed.ok_or_else(|| EngineError::mismatch("parts of a block", "a hop with mass thresholds", "none"))
    }

    fn send_pushed(&mut self, hop: usize) -> Result<(), EngineError> {
        let mut pushed = match self.block.pushed.take() {
            Some(pushed) => pushed,
            None => push::without_limits(self.block.value(Program::INPUT)?.view()),
        };
        self.block.values.remove(&Program::INPUT);
        let shape = &self.job.recipe.model;
        let (reach, delta) = (reach_of_hops(shape)[hop + 1], self.job.recipe.delta_a(hop) as f32);
        let (positive, negative) = self.decisions.masses.split_at(self.decisions.masses.len() / 2);
        check_len("masses of columns", pushed.ncols() / 2, positive.len())?;
        let deltas = positive.iter().zip(negative).map(|(positive, negative)| [delta * positive, delta * negative]);
        let tests: Vec<PushTest> = deltas.map(|deltas| PushTest { reach, deltas }).collect();
        let norm_r = if let Matrix::Normalised(r) = self.job.recipe.matrix() { r } else { 0.0 };
        let of_target = push::powers(self.decisions.max_degree, norm_r - 1.0);
        push::limit(&mut pushed, &self.block.entries, (&of_target, -norm_r), &tests);
        self.block.pushed = Some(pushed);
        Ok(())
    }

    fn finish_push(&mut self, hop: usize) -> Result<(), EngineError> {
        let Incoming::Pushed(mut pushing) = std::mem::replace(&mut self.incoming, Incoming::Nothing) else {
            return Ok(());
        };
        pushing.add_own(push::numbers(self.pushed()?));
        let width = pushing.sums.ncols();
        let stays = self.n_steps();
        for u in 0..self.block.entries.n_rows() {
            for k in self.block.entries.indptr[u]..self.block.entries.indptr[u + 1] {
                if pushing.n_columns[k] == 0 && !self.is_own(u, k) && self.block.entries.removed_at[k] == stays {
                    self.block.entries.removed_at[k] = hop as u8;
                }
            }
        }
        let shares = pushing.n_columns.iter().map(|n| *n as f32 / width.max(1) as f32).collect();
        self.block.used.insert(hop, shares);
        (self.summary.n_pushed, self.summary.width) = (pushing.n_pushed, width as u64);
        if let Some(pushed) = &mut self.block.pushed {
            pushed.slice_mut(s![.., ..width]).assign(&pushing.sums);
        }
        Ok(())
    }

    fn send_attention(&mut self, attention: &Attention, ctl: &Control) -> Result<(), EngineError> {
        let x = Arc::clone(self.block.value(attention.source)?);
        let vectors = self.vectors(attention)?;
        let input = AttentionInput { source: &x, target: None, vectors: &vectors };
        // What a row adds as a source, and behind it what it adds as a target.
        let scores = [input.projected(0, ctl)?, input.projected(1, ctl)?].concat();
        self.block.attention = Some((scores, norms_of_heads(&x, input.heads(), ctl)?));
        Ok(())
    }

    fn finish_scores(&mut self, attention: &Attention, ctl: &Control) -> Result<(), EngineError> {
        if let Incoming::Attention(scoring) = std::mem::replace(&mut self.incoming, Incoming::Nothing) {
            let (entries, heads) = (&self.block.entries, scoring.heads);
            let mut is_listed = vec![false; entries.sources.len()];
            let listed = self.all_listed();
            for (_, k) in &listed {
                is_listed[*k] = true;
            }
            if self.job.recipe.delta_a(attention.step) != 0.0 {
                let alpha = softmax_over(entries, &scoring.raw, heads, |k| is_listed[k], ctl)?;
                let mut scores = vec![f32::NAN; entries.sources.len()];
                for (_, k) in listed {
                    let of_entry = k * heads..(k + 1) * heads;
                    scores[k] = message_norm(alpha[of_entry.clone()].iter().copied(), &scoring.norms[of_entry]);
                }
                self.block.scores = Some(scores);
            }
            self.block.raw = Some(scoring.raw);
        }
        self.block.attention = None;
        Ok(())
    }

    fn finish_attention(&mut self, attention: &Attention) -> Result<(), EngineError> {
        let Incoming::Attended(sums, alpha) = std::mem::replace(&mut self.incoming, Incoming::Nothing) else {
            return Ok(());
        };
        let heads = self.heads(attention)?;
        let kept = self.kept_by_attention();
        let mut used = vec![0.0; kept.len()];
        for (_, k) in self.all_listed() {
            if kept[k] {
                used[k] = alpha[k * heads..(k + 1) * heads].iter().sum::<f32>() / heads as f32;
            } else {
                self.block.entries.removed_at[k] = attention.step as u8;
            }
        }
        self.report_step(attention.step, sums.ncols());
        self.block.used.insert(attention.step, used);
        self.block.values.insert(attention.at + 1, Arc::new(sums));
        (self.block.scores, self.block.raw) = (None, None);
        Ok(())
    }

    fn report_step(&mut self, step: usize, width: usize) {
        let n_steps = usize::from(self.n_steps());
        let mut n_removed_at = vec![0u64; n_steps + 1];
        for at in &self.block.entries.removed_at {
            n_removed_at[usize::from(*at).min(n_steps)] += 1;
        }
        let (n_removed, n_after) = (n_removed_at[step.min(n_steps)], n_removed_at[n_steps]);
        (self.summary.n_before, self.summary.n_after) = (n_after + n_removed, n_after);
        self.summary.width = width as u64;
    }

    fn scores(&self) -> Result<&[f32], EngineError> {
        let scores = self.block.scores.as_deref();
        scores.ok_or_else(|| EngineError::mismatch("parts of a block", "scores of its entries", "none"))
    }

    fn sum_scores(&mut self) -> Result<(), EngineError> {
        let scores = self.scores()?;
        let listed = self.all_listed();
        let mut indptr = vec![0; self.block.entries.n_rows() + 1];
        for (u, _) in &listed {
            indptr[u + 1] += 1;
        }
        for u in 1..indptr.len() {
            indptr[u] += indptr[u - 1];
        }
        let of_listed: Vec<f32> = listed.iter().map(|(_, k)| scores[*k]).collect();
        let sum: ExactSum = sum_of_scores(&indptr, 0..indptr.len() - 1, &of_listed);
        (self.summary.scores, self.summary.n_scores) = (sum, of_listed.len() as u64);
        Ok(())
    }

    fn count(&mut self, bucket: &dyn Fn(f32) -> Option<u32>) -> Result<(), EngineError> {
        let scores = self.scores()?;
        let others = self.all_listed().into_iter().filter(|(u, k)| !self.is_own(*u, *k));
        let mut buckets: Vec<u32> = others.filter_map(|(_, k)| bucket(scores[k])).collect();
        buckets.sort_unstable();
        let runs = buckets.chunk_by(|a, b| a == b);
        self.summary.counts = runs.map(|run| (run[0], run.len() as u64)).collect();
        Ok(())
    }

    fn run_instruction(&mut self, at: usize, ctl: &Control) -> Result<(), EngineError> {
        let Some(instruction) = self.job.program.instructions.get(at) else { return Ok(()) };
        let out = if let Op::Matmul { weight, .. } = &instruction.op {
            let x = self.block.value(self.input(at))?;
            product(Rows::Dense(x.view()), weight_at(self.model, weight)?.1.values, ctl)?
        } else {
            let inputs = instruction.inputs.iter().map(|id| self.block.value(*id).cloned());
            of_rows(self.model, &instruction.op, inputs.collect::<Result<_, _>>()?, ctl)?
        };
        self.block.values.insert(at + 1, Arc::new(out));
        Ok(())
    }

    /// Drops values that no later instruction reads.
    fn drop_what_is_read(&mut self) {
        // Before the first instruction is done all hops read value 0 alone.
        let done = self.stage.tasks.iter().rev().find_map(|task| match task {
            Task::MeasureColumns { at } | Task::SumColumns { at } => Some(*at),
            Task::SendAttention(attention) | Task::ScoreAttention(attention) => Some(attention.at),
            other => other.instruction().map(|at| at + 1),
        });
        let Some(done) = done else { return };
        let later = self.job.program.instructions.get(done..).unwrap_or_default();
        let output = self.job.program.output;
        let is_read = |id: &usize| *id == output || later.iter().any(|instruction| instruction.inputs.contains(id));
        self.block.values.retain(|id, _| is_read(id));
    }
}

/// Rows that one thread adds up at a time.
const WORKER_ROWS: usize = 128;

fn check_len(what: &str, expected: usize, found: usize) -> Result<(), EngineError> {
    if expected == found { Ok(()) } else { Err(EngineError::mismatch(what, expected, found)) }
}

/// Refuses values of which some did not come.
fn check_whole(values: &[f32]) -> Result<(), EngineError> {
    match values.iter().filter(|value| value.is_nan()).count() {
        0 => Ok(()),
        missing => Err(EngineError::mismatch(
            "values of the diffusion matrix",
            "one for every entry",
            format!("{missing} missing"),
        )),
    }
}
