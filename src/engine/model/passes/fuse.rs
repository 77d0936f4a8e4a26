//! Fusion: which operations run together, decided once for a program.
//!
//! Element-wise operations run in one pass over memory, or where the rows are needed next: `f(T̂ x) Ŵ` runs without `T̂ x` or
//! `f(T̂ x)` ever lying in memory as a whole, even across the end of a layer, where nobody looks at single layers.

use crate::engine::model::program::{Op, Program};

/// What an executor does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    Run(Group),
    /// Layer `layer` ends with `value`; `None` where that is inside of a group that comes later.
    EndLayer {
        layer: usize,
        value: Option<usize>,
    },
}

/// Operations that run together.
#[derive(Debug, PartialEq)]
pub(crate) enum Group {
    /// This instruction by itself.
    One(usize),
    Chain(Chain),
}

/// `f(T̂ x) Ŵ`, or a part of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Chain {
    /// The value that is read.
    pub(crate) input: usize,
    /// The graph step that is propagated over first, if one is.
    pub(crate) propagate: Option<usize>,
    /// The instructions that change every row then, in order.
    pub(crate) changes: Vec<usize>,
    /// The weight it is multiplied with at last, if it is.
    pub(crate) matmul: Option<String>,
    /// The last instruction, whose value comes out.
    pub(crate) last: usize,
}

/// The program in groups, in order of computation, and how often every value is read by them. With `across` nobody looks at single
/// layers: operations are fused across their ends, and into products.
pub(crate) fn fuse(program: &Program, across: bool) -> (Vec<Action>, Vec<usize>) {
    let n_reads = program.n_reads();
    let mut reader = vec![None; program.n_values()];
    for (at, instruction) in program.instructions.iter().enumerate() {
        for value in &instruction.inputs {
            reader[*value] = Some(at);
        }
    }
    let is_seen = |value: usize| !across && program.layers.iter().any(|layer| layer.value == value);
    // The one instruction that a value could be fused into.
    let next = |value: usize| reader[value].filter(|_| n_reads[value] == 1 && !is_seen(value));

    let mut is_fused = vec![false; program.instructions.len()];
    let mut ending_at: Vec<Option<Group>> = program.instructions.iter().map(|_| None).collect();
    for (at, instruction) in program.instructions.iter().enumerate() {
        if is_fused[at] {
            continue;
        }
        let input = instruction.inputs.first().copied().unwrap_or(Program::INPUT);
        let into_products = across && input != Program::INPUT;
        let propagate = match instruction.op {
            Op::Propagate { step } if into_products => Some(step),
            _ if instruction.op.is_elementwise() => None,
            _ => {
                ending_at[at] = Some(Group::One(at));
                continue;
            }
        };
        let changes = if propagate.is_some() { Vec::new() } else { vec![at] };
        let mut chain = Chain { input, propagate, changes, matmul: None, last: at };
        while let Some(then) = next(chain.last + 1) {
            match &program.instructions[then].op {
                op if op.is_elementwise() => chain.changes.push(then),
                Op::Matmul { weight, .. } if into_products && program.instructions[then].inputs.len() == 1 => {
                    chain.matmul = Some(weight.clone());
                }
                _ => break,
            }
            is_fused[then] = true;
            chain.last = then;
            if chain.matmul.is_some() {
                break;
            }
        }
        let last = chain.last;
        ending_at[last] = Some(Group::Chain(chain));
    }

    let mut group_reads = vec![0; program.n_values()];
    let mut is_there: Vec<bool> = vec![false; program.n_values()];
    is_there[Program::INPUT] = true;
    let mut actions = Vec::new();
    let mut layers = program.layers.iter().enumerate().peekable();
    for at in 0..=program.instructions.len() {
        while let Some((layer, end)) = layers.next_if(|(_, end)| end.after <= at) {
            actions.push(Action::EndLayer { layer, value: is_there[end.value].then_some(end.value) });
        }
        let Some(group) = ending_at.get_mut(at).and_then(Option::take) else { continue };
        match &group {
            Group::One(at) => program.instructions[*at].inputs.iter().for_each(|value| group_reads[*value] += 1),
            Group::Chain(chain) => group_reads[chain.input] += 1,
        }
        is_there[at + 1] = true;
        actions.push(Action::Run(group));
    }
    group_reads[program.output] += 1;
    (actions, group_reads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family, Model, Order};

    fn fused(shape: &Architecture, across: bool) -> Vec<Action> {
        let program = Model::init(shape, 5, 4, 0).program().inference();
        let (actions, n_reads) = fuse(&program, across);
        // Whatever is read is there, and is read as often as was said.
        let mut left = n_reads;
        let mut is_there = vec![false; program.n_values()];
        is_there[0] = true;
        let mut n_run = 0;
        for action in &actions {
            let (inputs, out) = match action {
                Action::Run(Group::One(at)) => (program.instructions[*at].inputs.clone(), *at + 1),
                Action::Run(Group::Chain(chain)) => (vec![chain.input], chain.last + 1),
                Action::EndLayer { value, .. } => {
                    assert!(value.is_none_or(|value| is_there[value] && left[value] > 0), "{value:?} is still there");
                    continue;
                }
            };
            for value in inputs {
                assert!(is_there[value], "{action:?}");
                left[value] -= 1;
            }
            is_there[out] = true;
            n_run += match action {
                Action::Run(Group::Chain(c)) => {
                    c.changes.len() + usize::from(c.propagate.is_some()) + usize::from(c.matmul.is_some())
                }
                _ => 1,
            };
        }
        assert_eq!(n_run, program.instructions.len(), "every operation runs once");
        left[program.output] -= 1;
        assert!(left.iter().all(|n| *n == 0), "{left:?}");
        actions
    }

    #[test]
    fn every_family_runs_all_its_operations_once_in_order() {
        for family in Family::ALL {
            for order in [Order::TransformFirst, Order::PropagateFirst] {
                let shape = Architecture { layers: 3, hidden: 8, order, ..Architecture::new(family) };
                for across in [false, true] {
                    let actions = fused(&shape, across);
                    let ends = actions.iter().filter_map(|action| match action {
                        Action::EndLayer { layer, value } => Some((*layer, value.is_some())),
                        Action::Run(_) => None,
                    });
                    let ends: Vec<_> = ends.collect();
                    assert_eq!(ends.iter().map(|end| end.0).collect::<Vec<_>>(), [0, 1, 2], "{family:?}");
                    assert!(ends[2].1 && (across || ends.iter().all(|end| end.1)), "{family:?}: {ends:?}");
                }
            }
        }
    }

    #[test]
    fn a_gcn_propagates_normalises_and_multiplies_in_one_go_where_nobody_looks() {
        let shape = Architecture { layers: 2, hidden: 8, ..Architecture::new(Family::Gcn) };
        let actions = fused(&shape, true);
        let Action::Run(Group::Chain(chain)) = &actions[2] else { unreachable!("{actions:?}") };
        // x W₀ | end of layer 0, unseen | T, bias, normalisation, ReLU, W₁ | T, bias | end
        assert_eq!(actions[1], Action::EndLayer { layer: 0, value: None });
        assert_eq!((chain.propagate, chain.changes.len()), (Some(0), 3));
        assert_eq!(chain.matmul.as_deref(), Some("convs.1.lin.weight"));
        assert_eq!(actions.len(), 5);
        // Watched: every layer's output is there.
        let actions = fused(&shape, false);
        assert!(!actions.iter().any(|a| matches!(a, Action::Run(Group::Chain(c)) if c.matmul.is_some())));
    }
}
