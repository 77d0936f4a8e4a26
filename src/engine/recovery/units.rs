//! Where a program propagates over the graph, and which products stand around each propagation: what is fitted together.

use crate::engine::model::{Coefficient, Op, Program};

/// Positions of instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// `T̂ (x W + b)`: the product comes first.
    TransformFirst { matmul: usize, bias: Option<usize> },
    /// `(T̂ x) W + b`, perhaps `+ x W'`.
    PropagateFirst { matmul: usize, bias: Option<usize>, own: Option<usize>, sum: Option<usize> },
    /// `(a T̂ x + b y) W`.
    Mixed { sum: usize, matmul: usize },
    /// `a T̂ x + b y`, or the propagation alone.
    Alone { sum: Option<usize> },
}

/// One propagation with the products around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    /// The instruction that propagates or attends.
    pub(super) propagation: usize,
    /// Among the steps of the mask.
    pub(super) step: usize,
    pub(super) form: Form,
}

/// What becomes of an instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// By itself.
    Plain,
    /// The product, or its bias, that a propagation follows: done with it.
    BeforePropagation,
    /// What attention's target needs: fixed coefficients do without.
    TargetOnly,
    /// The propagation of unit `.0`.
    Propagation(usize),
    /// A product that was fitted with a propagation.
    Fitted,
    /// A bias that was fitted with a propagation.
    FittedBias,
}

/// The propagations of a program.
#[derive(Debug)]
pub(super) struct Units {
    pub(super) list: Vec<Unit>,
    pub(super) parts: Vec<Part>,
}

impl Units {
    /// Which instructions the pruned network computes.
    pub(super) fn computed(&self, program: &Program) -> Vec<bool> {
        (0..program.instructions.len()).map(|at| self.parts[at] != Part::TargetOnly).collect()
    }
}

/// Finds them.
pub(super) fn units(program: &Program) -> Units {
    let list = &program.instructions;
    let op = |at: usize| list.get(at).map(|i| &i.op);
    let input = |at: usize, nth: usize| list.get(at).and_then(|i| i.inputs.get(nth)).copied();
    // The instruction that gives a value.
    let maker = |value: Option<usize>| value.and_then(|value| value.checked_sub(1));
    let readers =
        |value: usize| -> Vec<usize> { (0..list.len()).filter(|at| list[*at].inputs.contains(&value)).collect() };
    let only_reader = |value: usize| match readers(value)[..] {
        [at] if program.output != value => Some(at),
        _ => None,
    };
    let is_matmul = |at: usize| matches!(op(at), Some(Op::Matmul { .. }));
    let is_bias = |at: usize| matches!(op(at), Some(Op::Bias { .. }));
    let mut parts = vec![Part::Plain; list.len()];
    let mut found = Vec::new();
    for (propagation, instruction) in list.iter().enumerate() {
        let step = match &instruction.op {
            Op::Propagate { step } | Op::Attention { step, .. } => *step,
            _ => continue,
        };
        let x = input(propagation, 0);
        let made = maker(x);
        let (matmul, bias) = match made {
            Some(at) if is_bias(at) => (maker(input(at, 0)).filter(|at| is_matmul(*at)), Some(at)),
            other => (other.filter(|at| is_matmul(*at)), None),
        };
        let form = if let Some(matmul) = matmul {
            parts[matmul] = Part::BeforePropagation;
            if let Some(bias) = bias {
                parts[bias] = Part::BeforePropagation;
            }
            if let Some(target) = input(propagation, 1).filter(|target| Some(*target) != x) {
                for at in [maker(Some(target)), maker(Some(target)).and_then(|at| maker(input(at, 0)))] {
                    if let Some(at) = at.filter(|at| is_bias(*at) || is_matmul(*at)) {
                        parts[at] = Part::TargetOnly;
                    }
                }
            }
            Form::TransformFirst { matmul, bias }
        } else if let Some(matmul) = only_reader(propagation + 1).filter(|at| is_matmul(*at)) {
            parts[matmul] = Part::Fitted;
            let bias = only_reader(matmul + 1).filter(|at| is_bias(*at));
            if let Some(bias) = bias {
                parts[bias] = Part::FittedBias;
            }
            let end = bias.unwrap_or(matmul) + 1;
            let one = |c: &Coefficient| *c == Coefficient::Number(1.0);
            let is_sum = |at: &usize| matches!(op(*at), Some(Op::Combine { a, b }) if one(a) && one(b));
            let sum = only_reader(end).filter(is_sum);
            let other = sum.and_then(|at| list[at].inputs.iter().copied().find(|value| *value != end));
            let own = maker(other).filter(|at| is_matmul(*at) && input(*at, 0) == x);
            if let Some(own) = own {
                parts[own] = Part::Fitted;
            }
            Form::PropagateFirst { matmul, bias, own, sum: sum.filter(|_| own.is_some()) }
        } else {
            let scaled = only_reader(propagation + 1).filter(|at| matches!(op(*at), Some(Op::Scale { .. })));
            let end = scaled.unwrap_or(propagation) + 1;
            let mut after = readers(end);
            after.retain(|at| matches!(op(*at), Some(Op::Combine { .. })) && input(*at, 0) == Some(end));
            let sum = after.first().copied();
            let matmul = sum.and_then(|at| only_reader(at + 1)).filter(|at| is_matmul(*at));
            match (sum, matmul) {
                (Some(sum), Some(matmul)) => Form::Mixed { sum, matmul },
                _ => Form::Alone { sum },
            }
        };
        parts[propagation] = Part::Propagation(found.len());
        found.push(Unit { propagation, step, form });
    }
    Units { list: found, parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family, Model};

    #[test]
    fn the_propagations_of_every_family_are_found_with_the_products_around_them() {
        for family in Family::ALL {
            let shape = Architecture { layers: 2, hidden: 8, ..Architecture::new(family) };
            let program = Model::init(&shape, 5, 4, 0).program().inference();
            let units = units(&program);
            let n_propagations = if family.definition().layers_propagate() { 2 } else { 0 };
            assert_eq!(units.list.len(), n_propagations, "{family:?}");
            for (unit, step) in units.list.iter().zip(0..) {
                assert_eq!(unit.step, step, "{family:?}");
                let is_expected = match family {
                    Family::Gcn => matches!(unit.form, Form::TransformFirst { bias: None, .. }),
                    Family::Gat => matches!(unit.form, Form::TransformFirst { bias: Some(_), .. }),
                    Family::Sage => {
                        matches!(unit.form, Form::PropagateFirst { bias: Some(_), own: Some(_), sum: Some(_), .. })
                    }
                    Family::Gin => matches!(unit.form, Form::Mixed { .. }),
                    Family::Gcn2 => matches!(unit.form, Form::Alone { sum: Some(_) }),
                    _ => false,
                };
                assert!(is_expected, "{family:?}: {unit:?}");
            }
            let n_target = units.parts.iter().filter(|part| **part == Part::TargetOnly).count();
            assert_eq!(n_target, if family == Family::Gat { 4 } else { 0 }, "{family:?}");
        }
    }
}
