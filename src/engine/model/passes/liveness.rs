//! Dead-column elimination: hidden columns that change nothing are not computed.
//!
//! A column is dead where no kept weight reads it, or where it holds one and the same number for every node, whatever the features: all
//! weights into it were removed, so it is its bias through normalisation and activation. What such a constant adds to a product goes into
//! the bias behind it. A column that nobody reads takes nothing with it: every sum keeps its terms, and its bits. A constant that is
//! moved changes the order of a sum, so the last bit or two may differ.
//!
//! Columns that lie over one another (in a sum, through a propagation) go together or stay together. Attention, joined values and
//! normalisations over rows read all of their columns.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;
use crate::engine::kernels::change_rows;
use crate::engine::model::lookup::{number, parameter, pointwise};
use crate::engine::model::network::Model;
use crate::engine::model::params::Parameter;
use crate::engine::model::program::{Op, Program, Rewrite};

/// A hidden representation, and how many of its columns are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenColumns {
    /// The first weight that makes it, for example `convs.0.lin.weight`.
    pub weight: String,
    /// Columns of the model.
    pub n_before: usize,
    /// Columns that are computed: those that are needed, filled up to whole cache lines.
    pub n_after: usize,
    /// Columns left out because no kept weight reads them.
    pub n_unread: usize,
    /// Columns left out because they hold a constant, which went into a bias.
    pub n_constant: usize,
}

/// Which columns of a network are needed.
#[derive(Debug)]
pub(crate) struct Liveness<'a> {
    program: Program,
    model: &'a Model,
    spaces: Spaces,
    /// For every value and column the number that stands there for every node, where it is one.
    constants: Vec<Vec<Option<f32>>>,
    /// Which columns of every space are needed.
    alive: Vec<Vec<bool>>,
}

/// A network without its dead columns.
#[derive(Debug)]
pub(crate) struct Compact {
    pub(crate) program: Program,
    /// The parameters that `program` names. Not a model of its family: its matrices have other shapes.
    pub(crate) model: Model,
}

impl<'a> Liveness<'a> {
    /// Of `program`, which is one at inference, with values of `widths`, over parameters whose removed weights are 0.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming a tensor that is missing.
    pub(crate) fn of(program: Program, widths: &[usize], model: &'a Model) -> Result<Self, EngineError> {
        let mut spaces = Spaces::of(&program);
        let names: Vec<String> = program.instructions.iter().flat_map(|i| parameters_of(&i.op)).collect();
        if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
            // A parameter of two operations cannot lose a column for one alone.
            spaces.is_pinned.fill(true);
        }
        let constants = constants(&program, model, widths)?;
        let alive = alive(&program, model, widths, &spaces, &constants)?;
        Ok(Self { program, model, spaces, constants, alive })
    }

    /// Of the same, where only columns that no kept weight reads are left out: no bit of what comes out changes.
    ///
    /// # Errors
    /// As [`Liveness::of`].
    pub(crate) fn of_reads(program: Program, widths: &[usize], model: &'a Model) -> Result<Self, EngineError> {
        let spaces = Spaces::of(&program);
        let constants: Vec<Vec<Option<f32>>> = widths.iter().map(|width| vec![None; *width]).collect();
        let alive = alive(&program, model, widths, &spaces, &constants)?;
        Ok(Self { program, model, spaces, constants, alive })
    }

    /// The network with all columns.
    pub(crate) fn whole(&self) -> Compact {
        Compact { program: self.program.clone(), model: self.model.clone() }
    }

    /// Every hidden representation of which columns may be left out, in order of computation.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming a tensor that is missing.
    pub(crate) fn columns(&self) -> Result<Vec<HiddenColumns>, EngineError> {
        let mut columns = Vec::new();
        let mut counted = BTreeSet::new();
        for (at, instruction) in self.program.instructions.iter().enumerate() {
            let space = self.spaces.of[at + 1];
            let Op::Matmul { weight, .. } = &instruction.op else { continue };
            if self.spaces.is_pinned[space] || !counted.insert(space) {
                continue;
            }
            let (n_before, n_after) = (self.alive[space].len(), self.kept(at + 1).len());
            let n_constant = self.n_constants(space)?;
            let n_unread = n_before - n_after - n_constant;
            columns.push(HiddenColumns { weight: weight.clone(), n_before, n_after, n_unread, n_constant });
        }
        Ok(columns)
    }

    /// The network with the columns that are needed alone.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming a tensor that is missing.
    pub(crate) fn compact(&self) -> Result<Compact, EngineError> {
        let mut model = self.model.clone();
        let mut moved = Vec::new();
        for (at, instruction) in self.program.instructions.iter().enumerate() {
            let x = instruction.inputs.first().copied().unwrap_or(Program::INPUT);
            match &instruction.op {
                Op::Matmul { weight, .. } => {
                    let (values, keep) = (values_of(self.model, weight)?, self.kept(at + 1));
                    let constants = moved_constants(values, self.alive_of(x), &self.constants[x], &keep);
                    if constants.iter().any(|c| *c != 0.0) {
                        moved.push((at, constants));
                    }
                    select(&mut model, weight, Axis(0), &self.kept(x));
                    select(&mut model, weight, Axis(1), &keep);
                }
                Op::Bias { .. } | Op::BatchNorm { .. } | Op::Normalise { .. } | Op::Prelu { .. } => {
                    for name in parameters_of(&instruction.op) {
                        select(&mut model, &name, Axis(1), &self.kept(at + 1));
                    }
                }
                Op::Propagate { .. }
                | Op::PropagateMax { .. }
                | Op::Attention { .. }
                | Op::MeanHeads { .. }
                | Op::Combine { .. }
                | Op::Concatenate
                | Op::Maximum
                | Op::Scale { .. }
                | Op::Relu
                | Op::Nonlinearity { .. }
                | Op::Dropout { .. } => {}
            }
        }
        let program = fold(&self.program, &mut model, moved);
        Ok(Compact { program, model })
    }

    /// Which outputs of every weight matrix are computed, by its name, ascending.
    pub(crate) fn outputs(&self) -> BTreeMap<String, Vec<usize>> {
        let products = self.program.instructions.iter().enumerate().filter_map(|(at, instruction)| {
            let Op::Matmul { weight, .. } = &instruction.op else { return None };
            Some((weight.clone(), self.kept(at + 1)))
        });
        products.collect()
    }

    fn alive_of(&self, value: usize) -> &[bool] {
        &self.alive[self.spaces.of[value]]
    }

    /// The columns of `value` that are needed, ascending.
    fn kept(&self, value: usize) -> Vec<usize> {
        self.alive_of(value).iter().enumerate().filter(|(_, alive)| **alive).map(|(j, _)| j).collect()
    }

    /// How many of a space's columns that are not needed are read.
    fn n_constants(&self, space: usize) -> Result<usize, EngineError> {
        let alive = &self.alive[space];
        let mut is_read = vec![false; alive.len()];
        for (at, instruction) in self.program.instructions.iter().enumerate() {
            if let (Op::Matmul { weight, .. }, [x, ..]) = (&instruction.op, &instruction.inputs[..])
                && self.spaces.of[*x] == space
            {
                for (is_read, row) in is_read.iter_mut().zip(values_of(self.model, weight)?.rows()) {
                    *is_read |= row.iter().zip(self.alive_of(at + 1)).any(|(w, alive)| *alive && *w != 0.0);
                }
            }
        }
        Ok(is_read.iter().zip(alive).filter(|(is_read, alive)| **is_read && !**alive).count())
    }
}

/// The parameters that an operation reads, by name.
fn parameters_of(op: &Op) -> Vec<String> {
    match op {
        Op::Matmul { weight, .. } => vec![weight.clone()],
        Op::Bias { bias } => vec![bias.clone()],
        Op::BatchNorm { name } => {
            ["weight", "bias", "running_mean", "running_var"].iter().map(|part| format!("{name}.{part}")).collect()
        }
        Op::Attention { vectors, .. } => vectors.clone(),
        Op::Normalise { kind, name } => kind.parts().iter().map(|part| format!("{name}.{part}")).collect(),
        Op::Prelu { slope } => vec![slope.clone()],
        Op::Propagate { .. }
        | Op::PropagateMax { .. }
        | Op::MeanHeads { .. }
        | Op::Combine { .. }
        | Op::Concatenate
        | Op::Maximum
        | Op::Scale { .. }
        | Op::Relu
        | Op::Nonlinearity { .. }
        | Op::Dropout { .. } => Vec::new(),
    }
}

fn values_of<'a>(model: &'a Model, name: &str) -> Result<&'a Array2<f32>, EngineError> {
    Ok(&parameter(model, name)?.1.values)
}

/// Keeps of parameter `name` what is at `keep` along `axis`.
fn select(model: &mut Model, name: &str, axis: Axis, keep: &[usize]) {
    if let Some(values) = model.position(name).map(|at| &mut model.parameters[at].values)
        && keep.len() < values.len_of(axis)
    {
        *values = values.select(axis, keep).as_standard_layout().into_owned();
    }
}

/// A hidden representation of which whole columns may go: its values lie over one another column by column, and nothing needs all of them.
#[derive(Debug)]
pub(crate) struct HiddenSpace {
    /// The products that make it, by the names of their weights.
    pub(crate) writers: Vec<String>,
    /// The products that read it.
    pub(crate) readers: Vec<String>,
}

/// The hidden representations of `program` of which whole columns may go, in order of computation.
pub(crate) fn hidden_spaces(program: &Program) -> Vec<HiddenSpace> {
    let spaces = Spaces::of(program);
    let products = || {
        program.instructions.iter().enumerate().filter_map(|(at, instruction)| match &instruction.op {
            Op::Matmul { weight, .. } => Some((weight, spaces.of[instruction.inputs[0]], spaces.of[at + 1])),
            _ => None,
        })
    };
    let mut found: Vec<usize> = Vec::new();
    for (_, _, made) in products() {
        if !spaces.is_pinned[made] && !found.contains(&made) {
            found.push(made);
        }
    }
    let names = |of: &dyn Fn(usize, usize) -> bool| -> Vec<String> {
        products().filter(|(_, read, made)| of(*read, *made)).map(|(weight, ..)| weight.clone()).collect()
    };
    let space = |space: usize| HiddenSpace {
        writers: names(&|_, made| made == space),
        readers: names(&|read, _| read == space),
    };
    found.into_iter().map(space).collect()
}

/// Values whose columns lie over one another.
#[derive(Debug)]
struct Spaces {
    /// The space of every value, named by its first value.
    of: Vec<usize>,
    /// Whether all columns of a space are needed. By space.
    is_pinned: Vec<bool>,
}

impl Spaces {
    fn of(program: &Program) -> Self {
        let mut of: Vec<usize> = (0..program.n_values()).collect();
        let mut pinned = vec![Program::INPUT, program.output];
        for (at, instruction) in program.instructions.iter().enumerate() {
            let value = at + 1;
            match &instruction.op {
                // What the weight test looks at is as wide as what is multiplied.
                Op::Matmul { .. } => join(&mut of, &instruction.inputs),
                // The whole row says what comes out, or several values lie side by side.
                Op::Normalise { kind, .. } if !kind.is_per_column() => {
                    pinned.push(value);
                    pinned.extend(&instruction.inputs);
                }
                Op::Attention { .. } | Op::MeanHeads { .. } | Op::Concatenate => {
                    pinned.extend(&instruction.inputs);
                    pinned.push(value);
                }
                Op::Bias { .. }
                | Op::BatchNorm { .. }
                | Op::Normalise { .. }
                | Op::Relu
                | Op::Nonlinearity { .. }
                | Op::Prelu { .. }
                | Op::Dropout { .. }
                | Op::Scale { .. }
                | Op::Propagate { .. }
                | Op::PropagateMax { .. }
                | Op::Combine { .. }
                | Op::Maximum => {
                    join(&mut of, &instruction.inputs);
                    join(&mut of, &[value, instruction.inputs.first().copied().unwrap_or(Program::INPUT)]);
                }
            }
        }
        let mut is_pinned = vec![false; program.n_values()];
        for value in pinned {
            is_pinned[of[value]] = true;
        }
        Self { of, is_pinned }
    }
}

/// Puts `values` into one space.
fn join(of: &mut [usize], values: &[usize]) {
    for pair in values.windows(2) {
        let (a, b) = (of[pair[0]], of[pair[1]]);
        let (first, other) = (a.min(b), a.max(b));
        of.iter_mut().filter(|space| **space == other).for_each(|space| *space = first);
    }
}

/// For every value and column the number that stands there for every node, where it is one whatever the features.
fn constants(program: &Program, model: &Model, widths: &[usize]) -> Result<Vec<Vec<Option<f32>>>, EngineError> {
    let mut constants: Vec<Vec<Option<f32>>> = vec![vec![None; widths[Program::INPUT]]];
    for (at, instruction) in program.instructions.iter().enumerate() {
        let width = widths[at + 1];
        let input = |nth: usize| instruction.inputs.get(nth).map_or(&[][..], |value| &constants[*value][..]);
        let found = match &instruction.op {
            Op::Matmul { weight, .. } => product_of_constants(values_of(model, weight)?, input(0)),
            // Every node hears nothing; a number other than 0 is weighted by what is left of its entries.
            Op::Propagate { .. } | Op::PropagateMax { .. } => {
                input(0).iter().map(|c| c.filter(|c| *c == 0.0).map(|_| 0.0)).collect()
            }
            Op::Scale { a } => input(0).iter().map(|c| c.map(|c| c * a)).collect(),
            Op::Dropout { .. } => input(0).to_vec(),
            Op::Combine { a, b } => {
                let (a, b) = (number(model, a)?, number(model, b)?);
                input(0).iter().zip(input(1)).map(|(x, y)| Some(b.mul_add((*y)?, a * (*x)?))).collect()
            }
            op @ (Op::Bias { .. } | Op::BatchNorm { .. } | Op::Relu | Op::Nonlinearity { .. } | Op::Prelu { .. }) => {
                let mut row: Vec<f32> = input(0).iter().map(|c| c.unwrap_or(0.0)).collect();
                if let Some(change) = pointwise(model, op)? {
                    change_rows(&mut row, width, &[change]);
                }
                input(0).iter().zip(row).map(|(before, now)| before.map(|_| now)).collect()
            }
            Op::Attention { .. } | Op::MeanHeads { .. } | Op::Normalise { .. } | Op::Concatenate | Op::Maximum => {
                vec![None; width]
            }
        };
        constants.push(found);
    }
    Ok(constants)
}

/// Which columns of `x W` are constants, and what they hold.
fn product_of_constants(weight: &Array2<f32>, x: &[Option<f32>]) -> Vec<Option<f32>> {
    let mut out = vec![Some(0.0f32); weight.ncols()];
    for (row, x) in weight.rows().into_iter().zip(x) {
        for (out, w) in out.iter_mut().zip(row).filter(|(_, w)| **w != 0.0) {
            *out = out.zip(*x).map(|(sum, x)| x.mul_add(*w, sum));
        }
    }
    out
}

/// Which columns of every space are needed.
fn alive(
    program: &Program,
    model: &Model,
    widths: &[usize],
    spaces: &Spaces,
    constants: &[Vec<Option<f32>>],
) -> Result<Vec<Vec<bool>>, EngineError> {
    let of_space = |space: usize| vec![spaces.is_pinned[space]; widths[space]];
    let mut alive: Vec<Vec<bool>> = (0..program.n_values()).map(of_space).collect();
    let mut matmuls = Vec::new();
    for (at, instruction) in program.instructions.iter().enumerate() {
        if let (Op::Matmul { weight, .. }, [x, ..]) = (&instruction.op, &instruction.inputs[..]) {
            matmuls.push((values_of(model, weight)?, *x, at + 1));
        }
    }
    loop {
        let mut has_changed = false;
        // Backward: a column is needed for those that are made of it.
        for (weight, x, value) in matmuls.iter().rev() {
            let (from, to) = (spaces.of[*x], spaces.of[*value]);
            for (j, row) in weight.rows().into_iter().enumerate() {
                if alive[from][j] || constants[*x][j].is_some() {
                    continue;
                }
                if row.iter().zip(&alive[to]).any(|(w, alive)| *alive && *w != 0.0) {
                    alive[from][j] = true;
                    has_changed = true;
                }
            }
        }
        if !has_changed {
            break;
        }
    }
    for (space, alive) in alive.iter_mut().enumerate().filter(|(space, _)| spaces.of[*space] == *space) {
        let n_needed = alive.iter().filter(|alive| **alive).count();
        let n_computed = if space == Program::INPUT { n_needed } else { computed_width(n_needed) };
        let spare = alive.iter_mut().filter(|alive| !**alive).take(n_computed - n_needed);
        spare.for_each(|alive| *alive = true);
    }
    Ok(alive)
}

/// How many columns are computed where `n_needed` are needed: at least one, which kernels need, and above a cache line whole lines, since
/// a row that ends within one takes as long.
fn computed_width(n_needed: usize) -> usize {
    /// Values of a cache line.
    const LINE: usize = 16;
    if n_needed > LINE { n_needed.next_multiple_of(LINE) } else { n_needed.max(1) }
}

/// What the columns that are left out add to those of the product that are kept.
fn moved_constants(weight: &Array2<f32>, alive: &[bool], constants: &[Option<f32>], keep: &[usize]) -> Vec<f32> {
    let mut moved = vec![0.0f32; keep.len()];
    for ((row, alive), constant) in weight.rows().into_iter().zip(alive).zip(constants) {
        if let (false, Some(constant)) = (*alive, *constant) {
            for (moved, k) in moved.iter_mut().zip(keep) {
                *moved = constant.mul_add(row[*k], *moved);
            }
        }
    }
    moved
}

/// Puts what was moved out of each product into the bias behind it, or into one of its own.
fn fold(program: &Program, model: &mut Model, folded: Vec<(usize, Vec<f32>)>) -> Program {
    let n_reads = program.n_reads();
    let mut added = Vec::new();
    for (at, moved) in folded {
        let moved = Array2::from_shape_fn((1, moved.len()), |(_, j)| moved[j]);
        let is_next = |op: &Op| if let Op::Bias { bias } = op { Some(bias.clone()) } else { None };
        let reader = program.instructions.iter().find(|i| i.inputs.contains(&(at + 1)));
        let bias = reader.filter(|_| n_reads[at + 1] == 1).and_then(|i| is_next(&i.op));
        if let Some(at) = bias.and_then(|name| model.position(&name)) {
            model.parameters[at].values += &moved;
            continue;
        }
        let Op::Matmul { weight, .. } = &program.instructions[at].op else { continue };
        let name = format!("{weight}.constants");
        model.parameters.push(Parameter::vector(name.clone(), moved));
        added.push((at, name));
    }
    program.rewritten(|at, _| match added.iter().find(|(matmul, _)| *matmul == at) {
        Some((_, name)) => Rewrite::Then(Op::Bias { bias: name.clone() }),
        None => Rewrite::Keep,
    })
}
