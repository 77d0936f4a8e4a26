//! Attention whose coefficients are given: what only its scores need is not computed.

use crate::engine::model::program::{Op, Program, Rewrite};

/// The same network where attention's coefficients are given, so that of an entry's two nodes only the source takes part: products and
/// biases that made the target's side go, unless something else reads them.
pub(crate) fn with_given_coefficients(program: &Program) -> Program {
    let mut program = program.clone();
    for instruction in &mut program.instructions {
        if matches!(instruction.op, Op::Attention { .. }) {
            instruction.inputs.truncate(1);
        }
    }
    let mut is_read = vec![false; program.n_values()];
    is_read[program.output] = true;
    for end in &program.layers {
        is_read[end.value] = true;
    }
    for (at, instruction) in program.instructions.iter().enumerate().rev() {
        if is_read[at + 1] {
            instruction.inputs.iter().for_each(|value| is_read[*value] = true);
        }
    }
    program.rewritten(|at, _| if is_read[at + 1] { Rewrite::Keep } else { Rewrite::Alias })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, AttentionForm, Family, Model};

    fn weights(program: &Program) -> Vec<&str> {
        let mut names = Vec::new();
        for instruction in &program.instructions {
            match &instruction.op {
                Op::Matmul { weight, .. } => names.push(weight.as_str()),
                Op::Bias { bias } => names.push(bias.as_str()),
                _ => {}
            }
        }
        names
    }

    #[test]
    fn the_targets_matrix_goes_and_every_other_network_stays_as_it_is() {
        for family in Family::ALL {
            let shape = Architecture { layers: 2, hidden: 8, ..Architecture::new(family) };
            let program = Model::init(&shape, 5, 4, 0).program().inference();
            let given = with_given_coefficients(&program);
            if family != Family::Gat {
                assert_eq!(given, program, "{family:?}");
                continue;
            }
            assert!(weights(&program).contains(&"convs.1.lin_r.weight"));
            assert_eq!(
                weights(&given),
                [
                    "convs.0.lin_l.weight",
                    "convs.0.lin_l.bias",
                    "convs.0.bias",
                    "convs.1.lin_l.weight",
                    "convs.1.lin_l.bias",
                    "convs.1.bias"
                ]
            );
            assert_eq!(given.output, given.instructions.len());
            assert_eq!(given.layers.last().map(|end| end.value), Some(given.output));
        }
    }

    #[test]
    fn a_matrix_that_both_sides_share_stays() {
        for (attention, share_weights) in [(AttentionForm::V2, true), (AttentionForm::V1, false)] {
            let shape = Architecture { hidden: 8, attention, share_weights, ..Architecture::new(Family::Gat) };
            let program = Model::init(&shape, 5, 4, 0).program().inference();
            assert_eq!(weights(&with_given_coefficients(&program)), weights(&program), "{attention:?}");
        }
    }
}
