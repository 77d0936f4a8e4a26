//! What pruning did around a node, in words and tables.

use super::format::percent;
use super::page::{PagePart, PageTable};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{Around, Neighbour, Run, around};

/// A node of a run, for window and terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeReport {
    /// In numbers.
    pub around: Around,
    /// Its id, as the graph's file spells it.
    pub id: String,
    /// Whether its class changed, and which entries that takes; one sentence each.
    pub says: Vec<String>,
    /// Facts of the node itself: its class, degree and part of the split.
    pub facts: Vec<PagePart>,
    /// What is left of its messages, step by step.
    pub steps: PageTable,
    /// Its neighbours, the largest message first.
    pub neighbours: PageTable,
}

impl NodeReport {
    /// Looks at node `node` of a run.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a node that the graph does not have, [`EngineError::Cancelled`].
    pub fn of(run: &Run, node: u32, ctl: &Control) -> Result<Self, EngineError> {
        let around = around(run, node, ctl)?;
        let words = Words { run, around: &around };
        let (says, facts) = (words.says(), words.facts());
        let (steps, neighbours) = (words.steps(), words.neighbours());
        Ok(Self { id: run.dataset.node_id(node as usize), says, facts, steps, neighbours, around })
    }

    /// The name of a graph step.
    pub fn step_title(&self, at: usize) -> String {
        self.steps.rows.get(at).and_then(|row| row.first()).cloned().unwrap_or_default()
    }

    /// What became of the entry from a neighbour in every step, and what it would take to keep it; nothing for a node that it never heard.
    pub fn entry_says(&self, source: u32) -> Vec<String> {
        let Some(neighbour) = self.around.neighbours.iter().find(|neighbour| neighbour.source == source) else {
            return Vec::new();
        };
        if let Some(is_kept) = neighbour.by_hand {
            return vec![format!("{} by hand, in every step", if is_kept { "Kept" } else { "Removed" })];
        }
        let mut is_there = true;
        let mut says: Vec<String> = Vec::new();
        for (at, (entry, step)) in neighbour.steps.iter().zip(&self.around.steps).enumerate() {
            let name = self.step_title(at);
            let why = match step.threshold.filter(|_| is_there && entry.message.is_finite()) {
                Some(cut) if entry.is_kept && f64::from(entry.message) < cut => {
                    format!(": message {} < δ {}, but its target is locked", number(entry.message), number(cut as f32))
                }
                Some(cut) => {
                    let sign = if entry.is_kept { "≥" } else { "<" };
                    format!(": message {} {sign} δ {}", number(entry.message), number(cut as f32))
                }
                None if entry.message.is_finite() => format!(": message {}", number(entry.message)),
                None => String::new(),
            };
            if entry.is_kept {
                says.push(format!("Kept in {name}{why}"));
            } else if step.threshold.is_none() || is_there {
                // Once a threshold removed it, it does not come back: later layers have nothing to add.
                let enough = step.threshold.zip(step.delta).filter(|(cut, _)| is_there && *cut > 0.0);
                let enough = enough.map(|(cut, delta)| delta * f64::from(entry.message) / cut);
                let enough =
                    enough.map_or_else(String::new, |enough| format!("; δa of {} or less keeps it", at_most(enough)));
                says.push(format!("Removed in {name}{why}{enough}"));
                is_there = false;
            }
        }
        says.extend(neighbour.effect.map(|effect| format!("Put back, it adds {} to the margin", signed(effect))));
        says
    }

    /// What is known of a neighbour in a step, by its place among the neighbours.
    pub fn neighbour_says(&self, at: usize, step: usize) -> Vec<String> {
        let Some(neighbour) = self.around.neighbours.get(at) else { return Vec::new() };
        let (entry, about) = (neighbour.steps.get(step), self.around.steps.get(step));
        let message = entry.map(|entry| match about.and_then(|about| about.threshold) {
            Some(delta) if entry.message.is_finite() => {
                format!("message {}, δ {}", number(entry.message), number(delta as f32))
            }
            _ => format!("message {}", number(entry.message)),
        });
        let effect = neighbour.effect.map(|effect| format!("put back: {} to the margin", signed(effect)));
        message.into_iter().chain(effect).collect()
    }

    /// All of it, one part below the other.
    pub fn page(&self) -> Vec<PagePart> {
        let mut page: Vec<PagePart> = self.says.iter().cloned().map(PagePart::Line).collect();
        page.push(PagePart::blank());
        page.extend(self.facts.iter().cloned());
        if !self.around.neighbours.is_empty() {
            page.extend([
                PagePart::blank(),
                PagePart::Table(self.steps.clone()),
                PagePart::blank(),
                PagePart::Table(self.neighbours.clone()),
            ]);
        }
        page
    }
}

/// Of more steps not every message is listed.
const MOST_MESSAGES: usize = 3;

struct Words<'a> {
    run: &'a Run,
    around: &'a Around,
}

impl Words<'_> {
    fn class(&self, class: usize) -> String {
        let labels = self.run.dataset.labels();
        let name = labels.and_then(|labels| labels.names.get(class)).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| class.to_string())
    }

    /// What a model says of the node.
    fn said(&self, way: usize) -> String {
        let classes: Vec<String> = self.around.said(way).into_iter().map(|class| self.class(class)).collect();
        if classes.is_empty() { "no class".to_owned() } else { classes.join(" and ") }
    }

    fn unit(&self) -> &'static str {
        if self.run.model.architecture.is_decoupled() { "hop" } else { "layer" }
    }

    fn id(&self, node: u32) -> String {
        self.run.dataset.node_id(node as usize)
    }

    fn says(&self) -> Vec<String> {
        let Around { node, margin, neighbours, effect_of_all, no_effects, .. } = self.around;
        let id = self.id(*node);
        let (before, after) = (self.said(0), self.said(1));
        let is_changed = self.around.is_changed();
        // Of several classes the one that changed most.
        let lost =
            if self.around.is_multi { format!("what is said of {}", self.class(margin.class)) } else { before.clone() };
        let margins = format!("{} → {}", number(margin.unpruned), number(margin.pruned));
        let first = if is_changed {
            format!("Pruning changes node {id} from {before} to {after} (margin {margins})")
        } else {
            format!("Node {id} stays {before} (margin {margins})")
        };
        let mut says = vec![first];
        let cut: Vec<&Neighbour> = neighbours.iter().filter(|neighbour| neighbour.is_cut()).collect();
        if neighbours.is_empty() {
            says.push("It hears nobody but itself".to_owned());
            return says;
        }
        if cut.is_empty() {
            says.push(
                "None of its entries were removed: what changed comes from its neighbours' entries or from weights"
                    .to_owned(),
            );
            return says;
        }
        if let Some(why) = no_effects {
            says.push(format!("What single entries would change is not known: {}", why.says()));
            return says;
        }
        let effect = |neighbour: &&&Neighbour| neighbour.effect.unwrap_or(f32::NEG_INFINITY);
        let largest = cut.iter().max_by(|a, b| effect(a).total_cmp(&effect(b)));
        let Some((largest, gained)) = largest.and_then(|neighbour| Some((neighbour, neighbour.effect?))) else {
            return says;
        };
        let source = self.id(largest.source);
        let of_class = self.run.dataset.labels().and_then(|labels| labels.of(largest.source as usize));
        let of_class = of_class.map_or_else(String::new, |class| format!(" ({})", self.class(class)));
        let from = format!("the entry from {source}{of_class}");
        let n_tried = cut.iter().filter(|neighbour| neighbour.effect.is_some()).count();
        says.push(if is_changed && margin.pruned + gained > 0.0 {
            let others = match cut.iter().filter(|neighbour| margin.pruned + effect(neighbour) > 0.0).count() {
                1 => String::new(),
                2 => "; so would one other alone".to_owned(),
                n => format!("; so would {} others, each alone", n - 1),
            };
            format!("Putting back {from} alone would bring {lost} back{others}")
        } else if gained <= 0.0 {
            "None of its removed entries, put back alone, would make it surer".to_owned()
        } else if is_changed {
            format!("No single entry would bring {lost} back; {from} would add most, {}", signed(gained))
        } else {
            format!("Of what was removed, {from} would add most to the margin, {}", signed(gained))
        });
        if n_tried < cut.len() {
            says.push(format!(
                "Tried were {n_tried} of {} removed entries, those with the largest messages",
                cut.len()
            ));
        }
        if let Some(together) = effect_of_all.filter(|_| cut.len() > 1) {
            says.push(match (is_changed, margin.pruned + together > 0.0) {
                (true, true) => format!("All of its entries together would bring {lost} back ({})", signed(together)),
                (true, false) => format!(
                    "Nor would all of its entries together ({}): entries of its neighbours, or weights, changed it",
                    signed(together)
                ),
                (false, _) => format!("All of its entries together would change the margin by {}", signed(together)),
            });
        }
        says
    }

    fn facts(&self) -> Vec<PagePart> {
        let Around { node, probabilities, neighbours, .. } = self.around;
        let (run, u) = (self.run, *node as usize);
        let labels = run.dataset.labels();
        let class = labels.and_then(|labels| labels.of(u)).map(|class| format!("class {}", self.class(class)));
        let parts = [("training", &run.split.train), ("validation", &run.split.val), ("test", &run.split.test)];
        let part = parts.iter().find(|(_, nodes)| nodes.contains(node)).map(|(name, _)| format!("{name} node"));
        let degree = match neighbours.len() {
            1 => "1 neighbour".to_owned(),
            n => format!("{n} neighbours"),
        };
        let facts: Vec<String> = [class, part, Some(degree)].into_iter().flatten().collect();
        let mut order: Vec<usize> = (0..probabilities[0].len()).collect();
        let largest = |class: &usize| probabilities[0][*class].max(probabilities[1][*class]);
        order.sort_by(|a, b| largest(b).total_cmp(&largest(a)).then(a.cmp(b)));
        let rows = order.iter().take(3).map(|class| {
            let mut row = vec![self.class(*class)];
            row.extend(probabilities.iter().map(|of_class| percent(f64::from(of_class[*class]))));
            row
        });
        vec![
            PagePart::Line(facts.join(" · ")),
            PagePart::Table(PageTable {
                header: texts(&["class", "unpruned", "pruned"]),
                n_left: 1,
                rows: rows.collect(),
            }),
        ]
    }

    fn steps(&self) -> PageTable {
        let n = self.around.neighbours.len();
        let rows = self.around.steps.iter().map(|step| {
            vec![
                format!("{} {}", self.unit(), step.step + 1),
                format!("{} of {n}", step.n_kept),
                percent(step.message_kept),
                step.threshold.map_or_else(|| "-".to_owned(), |delta| number(delta as f32)),
            ]
        });
        let header = texts(&["", "neighbours heard", "of their messages", "δ"]);
        PageTable { header, n_left: 1, rows: rows.collect() }
    }

    /// What says most stands first: the pane is narrow.
    fn neighbours(&self) -> PageTable {
        let Around { steps, neighbours, no_effects, .. } = self.around;
        let labels = self.run.dataset.labels();
        let has_value = neighbours.iter().any(|neighbour| neighbour.value.is_some());
        let mut header = texts(&["neighbour", "kept in"]);
        header.extend(no_effects.is_none().then(|| "put back".to_owned()));
        // Of many hops the first and the last.
        let is_shown = |at: usize| steps.len() <= MOST_MESSAGES || at == 0 || at + 1 == steps.len();
        let shown = steps.iter().enumerate().filter(|(at, _)| is_shown(*at));
        header.extend(shown.map(|(_, step)| format!("message {}", step.step + 1)));
        header.extend(has_value.then(|| "T".to_owned()));
        header.extend(labels.map(|_| "class".to_owned()));
        let rows = neighbours.iter().map(|neighbour| {
            let by_hand = if neighbour.by_hand.is_some() { ", by hand" } else { "" };
            let mut row = vec![self.id(neighbour.source), format!("{}{by_hand}", self.kept_in(neighbour))];
            row.extend(no_effects.is_none().then(|| neighbour.effect.map_or_else(|| "-".to_owned(), signed)));
            let shown = neighbour.steps.iter().enumerate().filter(|(at, _)| is_shown(*at));
            row.extend(shown.map(|(_, entry)| number(entry.message)));
            row.extend(has_value.then(|| neighbour.value.map_or_else(|| "-".to_owned(), number)));
            row.extend(labels.map(|labels| {
                labels.of(neighbour.source as usize).map_or_else(|| "-".to_owned(), |class| self.class(class))
            }));
            row
        });
        PageTable { n_left: 2, rows: rows.collect(), header }
    }

    /// In which steps a neighbour is heard.
    fn kept_in(&self, neighbour: &Neighbour) -> String {
        let kept: Vec<String> = (neighbour.steps.iter().zip(&self.around.steps))
            .filter(|(entry, _)| entry.is_kept)
            .map(|(_, step)| (step.step + 1).to_string())
            .collect();
        match kept.len() {
            0 => "none".to_owned(),
            n if n == neighbour.steps.len() => "all".to_owned(),
            n if n > 1 && neighbour.steps[..n].iter().all(|entry| entry.is_kept) => format!("{}s to {n}", self.unit()),
            n if n > 4 => format!("{n} of {}", neighbour.steps.len()),
            _ => format!("{} {}", self.unit(), kept.join(", ")),
        }
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Three digits that count, a little less than the number rather than more: what is said to be enough is, whatever rounding does.
fn at_most(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let value = value * (1.0 - 1e-6);
    let scale = 10f64.powi(2 - value.log10().floor() as i32);
    (value * scale).floor() / scale
}

fn number(value: f32) -> String {
    if value.is_finite() { format!("{value:.4}") } else { "-".to_owned() }
}

fn signed(value: f32) -> String {
    if value.is_finite() { format!("{value:+.4}") } else { "-".to_owned() }
}
