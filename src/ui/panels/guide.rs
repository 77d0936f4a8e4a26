//! The short guide: the three questions that the window answers, and the words that it uses.

use eframe::egui;

use crate::ui::tokens::Tokens;
use crate::ui::widgets::{section, strong, weak};

/// What the window answers at every moment, and where.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "How much can I remove?",
        "Lose at most, at the head of the recipe, takes the points of accuracy that you can spare; Find removes as much as they allow. Or move δa (entries of the graph) and δw (weights) yourself: Layers shows what goes.",
    ),
    (
        "What does it cost?",
        "Verdict begins with one sentence: what is removed, and what accuracy is lost on nodes that trained nothing. Certify proves a bound. Click an entry, or press Ctrl+F and type an id, to see whether one node's class changed, and why.",
    ),
    (
        "What do I gain?",
        "Prune measures the unpruned and the pruned model in turn on this machine: time of the whole graph and of requests, operations, bytes. Export writes what production runs, with a script that checks it.",
    ),
];

/// A word that the window uses.
pub(super) struct Word {
    pub(super) term: &'static str,
    pub(super) meaning: &'static str,
}

pub(super) const WORDS: [Word; 8] = [
    Word {
        term: "Entry",
        meaning: "A nonzero of the diffusion matrix T, T[u,v]: how much target u receives from source v. Every edge is one in each direction that counts.",
    },
    Word {
        term: "Message",
        meaning: "An entry times what its source sends: T[u,v] · P[v]. Its norm is how much it carries.",
    },
    Word {
        term: "Threshold δ",
        meaning: "What carries less is removed: δa for entries, δw for weights, for all layers or each. Relative to the mean, absolute, or as a share to remove.",
    },
    Word {
        term: "Removed",
        meaning: "The share of entries or weights that a layer does without. It is never the share that stays.",
    },
    Word {
        term: "Unpruned",
        meaning: "The model as it was opened, the baseline: every loss and every speed-up is against it.",
    },
    Word {
        term: "Recovery",
        meaning: "What is kept is fitted so that every layer gives what it gave unpruned. Static: it holds for this graph as it stands.",
    },
    Word {
        term: "Certificate",
        meaning: "At most so many points are lost, at 95 % confidence, by a test on held-out nodes.",
    },
    Word {
        term: "Margin",
        meaning: "By how much the class that is predicted is ahead of the next. Pruning changes a class when its margin is used up.",
    },
];

/// Draws both.
pub(super) fn guide_ui(ui: &mut egui::Ui, tokens: &Tokens) {
    for (question, answer) in QUESTIONS {
        section(ui, tokens, question);
        ui.add(egui::Label::new(weak(tokens, answer).color(tokens.text)).wrap());
    }
    section(ui, tokens, "Eight words");
    egui::Grid::new("words").num_columns(2).spacing([12.0, 6.0]).show(ui, |ui| {
        for word in WORDS {
            ui.vertical(|ui| ui.add(egui::Label::new(strong(word.term)).extend()));
            ui.add(egui::Label::new(weak(tokens, word.meaning).color(tokens.text)).wrap());
            ui.end_row();
        }
    });
}
