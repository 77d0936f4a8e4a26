//! Which rows of every value are needed where only some rows of the output are wanted.
//!
//! The rows that step 0 reads hold those that step 1 reads, and so on to those of the output; one number per value says where it stands.

use crate::engine::model::program::{Op, Program};

/// For every value the first of `n_steps` graph steps whose rows it needs; `n_steps` where those of the output are enough.
pub(crate) fn first_needed(program: &Program, n_steps: usize) -> Vec<usize> {
    let mut first = vec![n_steps; program.n_values()];
    for (at, instruction) in program.instructions.iter().enumerate().rev() {
        let of_output = first[at + 1];
        for (nth, value) in instruction.inputs.iter().enumerate() {
            let needed = match instruction.op {
                // Of the target of attention no more than the rows that come out.
                Op::Attention { .. } if nth > 0 => of_output,
                Op::Propagate { step } | Op::PropagateMax { step } | Op::Attention { step, .. } => step,
                _ => of_output,
            };
            first[*value] = first[*value].min(needed);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family, Jumping, Model};

    fn of(shape: &Architecture) -> (Program, Vec<usize>) {
        let program = Model::init(shape, 5, 4, 0).program().inference();
        let first = first_needed(&program, shape.n_graph_steps());
        (program, first)
    }

    #[test]
    fn every_value_has_the_rows_of_whoever_reads_it() {
        for family in Family::ALL {
            for jumping in [Jumping::None, Jumping::Cat] {
                let shape = Architecture { layers: 3, hidden: 8, jumping, ..Architecture::new(family) };
                if shape.is_decoupled() && jumping != Jumping::None {
                    continue;
                }
                let (program, first) = of(&shape);
                let n_steps = shape.n_graph_steps();
                assert_eq!(first[program.output], n_steps, "{family:?}");
                assert_eq!(first[Program::INPUT], if shape.is_decoupled() { n_steps } else { 0 }, "{family:?}");
                for (at, instruction) in program.instructions.iter().enumerate() {
                    let out = first[at + 1];
                    if let Op::Propagate { step } | Op::PropagateMax { step } | Op::Attention { step, .. } =
                        instruction.op
                    {
                        // What a step gives is needed by later ones alone, so that its own rows are enough.
                        assert!(out > step, "{family:?}: step {step} gives rows of {out}");
                        assert!(first[instruction.inputs[0]] <= step, "{family:?}");
                    } else {
                        assert!(instruction.inputs.iter().all(|value| first[*value] <= out), "{family:?}");
                    }
                }
            }
        }
    }
}
