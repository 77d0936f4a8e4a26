//! What the nodes of a drawing are coloured by: meanings, not colours.

use super::layout::GraphLayout;
use super::marks::GraphMarks;
use crate::engine::graph::{Dataset, Split};

/// What decides the colour of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeColouring {
    /// Its class.
    #[default]
    Class,
    /// The class that the pruned model says.
    Prediction,
    /// Whether pruning changed what is said of it.
    Changed,
    /// How much of what it hears was removed.
    MessageRemoved,
    /// Its part of the split.
    Split,
}

impl NodeColouring {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Class, Self::Prediction, Self::Changed, Self::MessageRemoved, Self::Split];

    /// For a picker.
    pub fn title(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Prediction => "prediction",
            Self::Changed => "changed prediction",
            Self::MessageRemoved => "message removed",
            Self::Split => "split",
        }
    }

    /// What it shows, for a tooltip.
    pub fn says(self) -> &'static str {
        match self {
            Self::Class => "The label of every node; of several the first",
            Self::Prediction => "The class that the pruned model says",
            Self::Changed => "Whether the pruned model says another class than the unpruned one",
            Self::MessageRemoved => {
                "The removed share of what a node hears in the shown layer, by the norm of the messages"
            }
            Self::Split => "Which nodes train, validate and test",
        }
    }

    /// Whether it is about a run.
    pub fn needs_run(self) -> bool {
        matches!(self, Self::Prediction | Self::Changed | Self::MessageRemoved)
    }
}

/// What the colour of a node means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeShade {
    /// Nothing is known of it.
    Unknown,
    /// One of several groups, by its number.
    Group(u32),
    /// What is not in question.
    Plain,
    /// What should be noticed.
    Noticed,
    /// A share, in steps of 1/255.
    Share(u8),
}

/// A line of the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendEntry {
    /// The colour.
    pub shade: NodeShade,
    /// What it means.
    pub name: String,
    /// Drawn nodes of this colour; none for shares, which go from one to the next.
    pub n_nodes: Option<usize>,
}

/// The colours of all nodes of a drawing, and what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeShades {
    /// What was asked for.
    pub by: NodeColouring,
    /// Of every drawn node.
    pub shades: Vec<NodeShade>,
    /// Every colour that occurs.
    pub legend: Vec<LegendEntry>,
}

impl NodeShades {
    /// The colours by `by`; `step` is the place among the steps of `marks`. What asks for something that is not there is unknown.
    ///
    /// # Complexity
    /// O(drawn nodes log groups + split).
    pub fn new(
        by: NodeColouring,
        dataset: &Dataset,
        layout: &GraphLayout,
        split: Option<&Split>,
        marks: Option<&GraphMarks>,
        step: usize,
    ) -> Self {
        let each = |shade: &dyn Fn(usize) -> NodeShade| (0..layout.nodes().len()).map(shade).collect::<Vec<_>>();
        let group = |class: Option<usize>| class.map_or(NodeShade::Unknown, |class| NodeShade::Group(class as u32));
        let shades = match (by, marks) {
            (NodeColouring::Class, _) => {
                let labels = dataset.labels();
                each(&|at| group(labels.and_then(|labels| labels.of(layout.nodes()[at] as usize))))
            }
            (NodeColouring::Split, _) => {
                let part = parts(layout, split);
                each(&|at| group(part[at]))
            }
            (NodeColouring::Prediction, Some(marks)) => each(&|at| group(Some(marks.said[1][at] as usize))),
            (NodeColouring::Changed, Some(marks)) => {
                each(&|at| if marks.is_changed[at] { NodeShade::Noticed } else { NodeShade::Plain })
            }
            (NodeColouring::MessageRemoved, Some(marks)) => match marks.steps.get(step) {
                Some(step) => each(&|at| share(step.message_removed[at])),
                None => each(&|_| NodeShade::Unknown),
            },
            (_, None) => each(&|_| NodeShade::Unknown),
        };
        let legend = legend(by, dataset, &shades);
        Self { by, shades, legend }
    }

    /// What the colour of a drawn node means, in words.
    pub fn says(&self, at: usize) -> String {
        match self.shades.get(at) {
            Some(NodeShade::Share(share)) => percent(*share),
            Some(shade) => self
                .legend
                .iter()
                .find(|entry| entry.shade == *shade)
                .map_or_else(String::new, |entry| entry.name.clone()),
            None => String::new(),
        }
    }
}

fn share(share: f32) -> NodeShade {
    if share.is_finite() { NodeShade::Share((share * 255.0).round() as u8) } else { NodeShade::Unknown }
}

fn percent(share: u8) -> String {
    format!("{:.0} %", f64::from(share) / 2.55)
}

const PARTS: [&str; 3] = ["training", "validation", "test"];

/// The part of the split of every drawn node, by its place in [`PARTS`].
fn parts(layout: &GraphLayout, split: Option<&Split>) -> Vec<Option<usize>> {
    let mut part = vec![None; layout.nodes().len()];
    let nodes = split.map(|split| [&split.train, &split.val, &split.test]);
    for (idx, nodes) in nodes.into_iter().flatten().enumerate() {
        for at in nodes.iter().filter_map(|u| layout.find(*u)) {
            part[at] = Some(idx);
        }
    }
    part
}

/// The name of a class, as the graph's file spells it; its number where that has none.
pub fn class_name(dataset: &Dataset, class: usize) -> String {
    let name = dataset.labels().and_then(|labels| labels.names.get(class)).filter(|name| !name.is_empty());
    name.cloned().unwrap_or_else(|| format!("class {class}"))
}

fn legend(by: NodeColouring, dataset: &Dataset, shades: &[NodeShade]) -> Vec<LegendEntry> {
    let entry = |shade, name, n_nodes| LegendEntry { shade, name, n_nodes };
    let mut counts = std::collections::BTreeMap::<NodeShade, usize>::new();
    for shade in shades {
        *counts.entry(*shade).or_default() += 1;
    }
    let unknown = counts.remove(&NodeShade::Unknown);
    let unknown_name = match by {
        NodeColouring::Class => "no class",
        NodeColouring::Split => "in no part",
        NodeColouring::MessageRemoved => "hears nobody",
        NodeColouring::Prediction | NodeColouring::Changed => "not known",
    };
    let unknown = unknown.map(|n| entry(NodeShade::Unknown, unknown_name.to_owned(), Some(n)));
    let known: Vec<LegendEntry> = if by == NodeColouring::MessageRemoved {
        let marks = if counts.is_empty() { &[][..] } else { &[0, 64, 128, 191, 255][..] };
        marks.iter().map(|share| entry(NodeShade::Share(*share), percent(*share), None)).collect()
    } else {
        let name = |shade: NodeShade| match shade {
            NodeShade::Group(part) if by == NodeColouring::Split => {
                PARTS.get(part as usize).copied().unwrap_or_default().to_owned()
            }
            NodeShade::Group(class) => class_name(dataset, class as usize),
            NodeShade::Noticed => "changed".to_owned(),
            NodeShade::Plain | NodeShade::Unknown | NodeShade::Share(_) => "same".to_owned(),
        };
        counts.into_iter().map(|(shade, n)| entry(shade, name(shade), Some(n))).collect()
    };
    known.into_iter().chain(unknown).collect()
}
