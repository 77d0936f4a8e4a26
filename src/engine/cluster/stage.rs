//! Where a forward pass is cut: before what a block cannot know by itself.

use super::part::{ATTENTION, DEGREES, NORMS, PUSHED, value_name};
use crate::engine::model::{Op, Program};

/// What a block does in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// For people, for example `layer 1 of 2: measuring messages`.
    pub title: String,
    /// The part of other blocks that comes first, by its name: from every block that is read from, in ascending order.
    pub receives: Option<String>,
    /// Whether what the blocks found decides something before the next stage.
    pub(super) decides: bool,
    pub(super) tasks: Vec<Task>,
}

/// A piece of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Degrees of the rows, for those who read from them; counts entries.
    Degrees,
    /// Receives degrees: the values of the diffusion matrix.
    Diffuse,
    /// Norms of a value's rows, for those who read from them.
    SendNorms { value: usize },
    /// Projections and norms of heads, for those who read from them.
    SendAttention(Attention),
    /// Receives norms: scores of the entries.
    Score { step: usize },
    /// Receives what [`Task::SendAttention`] made, or rows where scores are of both ends together: scores and coefficients.
    ScoreAttention(Attention),
    /// Adds scores up.
    SumScores,
    /// Counts upper halves of scores.
    CountUpper,
    /// Counts lower halves of scores among those with the upper half that was found.
    CountLower,
    /// Squares of the columns that the weights of instruction `at` meet.
    MeasureColumns { at: usize },
    /// Adds columns up, for a normalisation over all nodes.
    SumColumns { at: usize },
    /// Subtracts what columns have in common; squares of what is left.
    Centre { at: usize },
    /// Scales and shifts what [`Task::Centre`] left.
    Rescale { at: usize },
    /// Masses of the features' columns.
    SumMasses,
    /// How far the numbers of a hop are pushed, for those who read from them.
    SendPushed { hop: usize },
    /// Receives what [`Task::SendPushed`] made: the hop.
    Push { hop: usize },
    /// Receives rows: removes entries, then `T̂ x`, or the maximum.
    Propagate { step: usize, from: usize, to: usize, is_max: bool },
    /// Receives rows: removes entries, then attention over the others.
    Attend(Attention),
    /// An instruction that needs the block's own rows alone.
    Run { at: usize },
    /// Adds `weight · P̂` of so many hops to the sum.
    AddHop { hop: usize },
    /// The sum, or the last hop, takes the place of the features; standardised where the model has a scaler.
    EndHops,
}

/// A step of attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attention {
    pub(super) step: usize,
    /// Instruction.
    pub(super) at: usize,
    pub(super) source: usize,
    pub(super) target: Option<usize>,
    pub(super) vectors: Vec<String>,
}

impl Attention {
    pub(super) fn of(at: usize, op: &Op, inputs: &[usize]) -> Option<Self> {
        let Op::Attention { step, vectors } = op else { return None };
        let source = inputs.first().copied().unwrap_or(Program::INPUT);
        Some(Self { step: *step, at, source, target: inputs.get(1).copied(), vectors: vectors.clone() })
    }
}

impl Task {
    /// The part it receives.
    fn receives(&self) -> Option<String> {
        match self {
            Self::Diffuse => Some(DEGREES.to_owned()),
            Self::Score { .. } => Some(NORMS.to_owned()),
            Self::ScoreAttention(attention) if attention.target.is_none() => Some(ATTENTION.to_owned()),
            Self::ScoreAttention(attention) | Self::Attend(attention) => Some(value_name(attention.source)),
            Self::Propagate { from, .. } => Some(value_name(*from)),
            Self::Push { .. } => Some(PUSHED.to_owned()),
            _ => None,
        }
    }

    fn decides(&self) -> bool {
        matches!(
            self,
            Self::Degrees
                | Self::SumScores
                | Self::CountUpper
                | Self::CountLower
                | Self::SumMasses
                | Self::MeasureColumns { .. }
                | Self::SumColumns { .. }
                | Self::Centre { .. }
        )
    }

    /// The first instruction at or behind this task, where it knows.
    pub(super) fn instruction(&self) -> Option<usize> {
        match self {
            Self::Run { at }
            | Self::MeasureColumns { at }
            | Self::SumColumns { at }
            | Self::Centre { at }
            | Self::Rescale { at } => Some(*at),
            Self::SendAttention(attention) | Self::ScoreAttention(attention) | Self::Attend(attention) => {
                Some(attention.at)
            }
            Self::Propagate { to, .. } => to.checked_sub(1),
            _ => None,
        }
    }
}

/// Cuts a list of tasks, each with its title, into stages: a task that receives begins one, one that decides ends one.
pub(super) fn cut(tasks: Vec<(String, Task)>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (title, task) in tasks {
        let receives = task.receives();
        let begins = stages.last().is_none_or(|stage| stage.decides) || receives.is_some();
        if begins {
            stages.push(Stage { title, receives, decides: false, tasks: Vec::new() });
        }
        if let Some(stage) = stages.last_mut() {
            stage.decides |= task.decides();
            stage.tasks.push(task);
        }
    }
    stages
}
