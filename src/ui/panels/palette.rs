//! The palette: find any action, setting, preset, sample, recent file, run, node or word by typing a part of its name.

use eframe::egui::{self, Align, Key, Layout, Modifiers, vec2};

use super::fields::Fold;
use super::guide::WORDS;
use super::presets::{PRESETS, Preset};
use crate::engine::graph::Dataset;
use crate::io::{escaped_text, samples};
use crate::session::words::Words;
use crate::session::{Command, RunId, Session};
use crate::ui::actions::Action;
use crate::ui::context::CommandQueue;
use crate::ui::pane::Pane;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::weak;
use crate::ui::words::Say as _;

/// The palette; it holds what was typed and which line is chosen.
#[derive(Debug, Default)]
pub(in crate::ui) struct Palette {
    is_open: bool,
    typed: String,
    at: usize,
    /// The nodes that were typed, and what was typed then: a graph has many names.
    nodes: Option<(String, Vec<u32>)>,
}

enum Item {
    Action(Action, String),
    Setting(&'static str, Option<Fold>),
    Preset(&'static Preset, String),
    Sample(&'static str, String),
    Recent(String, String),
    Run(RunId, String),
    Word(String),
    Nodes(Vec<u32>, String),
}

/// Where settings are.
const SETTINGS: [(&str, Option<Fold>); 12] = [
    ("Recipe: lose at most", None),
    ("Recipe: δa, threshold of edges", None),
    ("Recipe: δw, threshold of weights", None),
    ("Recipe: recover accuracy", None),
    ("Recipe: channels", None),
    ("Recipe: nodes to be scored", None),
    ("Recipe: identity", Some(Fold::More)),
    ("Recipe: lock", Some(Fold::More)),
    ("Recipe: split", Some(Fold::More)),
    ("Recipe: seed", Some(Fold::More)),
    ("Recipe: rules, clean or as the authors' code", Some(Fold::More)),
    ("Recipe: network and training", None),
];

impl Item {
    fn name(&self) -> &str {
        match self {
            Self::Setting(name, _) => name,
            Self::Action(_, name)
            | Self::Preset(_, name)
            | Self::Sample(_, name)
            | Self::Recent(_, name)
            | Self::Run(_, name)
            | Self::Word(name)
            | Self::Nodes(_, name) => name,
        }
    }
}

impl Palette {
    /// Opens it empty, or closes it.
    pub(in crate::ui) fn toggle(&mut self) {
        *self = Self { is_open: !self.is_open, ..Self::default() };
    }

    /// Opens it with the beginning of what is looked for.
    pub(in crate::ui) fn ask(&mut self, begins: &str) {
        *self = Self { is_open: true, typed: begins.to_owned(), ..Self::default() };
    }

    /// Closes it; answers whether it was open.
    pub(in crate::ui) fn close(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    /// Draws it when it is open; answers what was chosen.
    pub(in crate::ui) fn ui(
        &mut self,
        ctx: &egui::Context,
        session: &Session,
        tokens: &Tokens,
        out: &CommandQueue,
    ) -> Option<Action> {
        if !self.is_open {
            return None;
        }
        let mut chosen = None;
        let width = 460.0_f32.min(ctx.content_rect().width() - 32.0);
        let modal = egui::Modal::new(egui::Id::unique("palette")).area(
            egui::Modal::default_area(egui::Id::unique("palette")).anchor(egui::Align2::CENTER_TOP, vec2(0.0, 72.0)),
        );
        let response = modal.show(ctx, |ui| {
            ui.set_width(width);
            let items = self.items(session, ui.words());
            let (up, down, enter) = ui.input_mut(|i| {
                let mut pressed = |key| i.consume_key(Modifiers::NONE, key);
                (pressed(Key::ArrowUp), pressed(Key::ArrowDown), pressed(Key::Enter))
            });
            let field =
                egui::TextEdit::singleline(&mut self.typed).hint_text("What do you want to do").desired_width(width);
            let field = ui.add(field);
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find an action"));
            field.request_focus();
            if field.changed() {
                self.at = 0;
            }
            self.at = (self.at + usize::from(down)).saturating_sub(usize::from(up)).min(items.len().saturating_sub(1));
            if items.is_empty() {
                ui.label(weak(tokens, "Nothing of that name"));
            }
            egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                for (i, item) in items.iter().enumerate() {
                    let is_chosen = i == self.at;
                    let response = line_ui(ui, item, is_chosen, tokens);
                    if is_chosen && (up || down) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() || (is_chosen && enter) {
                        chosen = Some(i);
                    }
                }
            });
            chosen.and_then(|i| items.into_iter().nth(i))
        });
        if response.should_close() {
            self.is_open = false;
        }
        let item = response.inner?;
        self.is_open = false;
        out.send(match item {
            Item::Action(action, _) => return Some(action),
            Item::Setting(_, fold) => {
                if let Some(fold) = fold {
                    fold.open(ctx);
                }
                return Some(Action::Show(Pane::Recipe));
            }
            Item::Word(_) => return Some(Action::Guide),
            Item::Preset(preset, _) => {
                let mut recipe = session.store().effective_recipe();
                recipe.model = session.store().recipe.model.clone();
                preset.apply(&mut recipe);
                Command::SetRecipe(Box::new(recipe), None)
            }
            Item::Sample(spec, _) => Command::OpenSample(spec.to_owned()),
            Item::Recent(spec, _) => Command::Open(spec),
            Item::Run(id, _) => Command::ShowRun(id),
            Item::Nodes(nodes, _) => match nodes[..] {
                [node] => Command::SelectNode(Some(node)),
                _ => Command::SelectNodes(nodes),
            },
        });
        None
    }

    fn items(&mut self, session: &Session, words: &Words) -> Vec<Item> {
        let actions = Action::ALL.into_iter().filter(|a| *a != Action::Palette && a.is_enabled(session));
        let actions = actions.map(|action| Item::Action(action, action.name(words)));
        let store = session.store();
        let has_graph = store.graph.is_some();
        let settings = SETTINGS.into_iter().filter(|_| has_graph).map(|(name, fold)| Item::Setting(name, fold));
        let presets = PRESETS.iter().filter(|_| has_graph);
        let presets = presets
            .map(|preset| Item::Preset(preset, words.with("palette-preset", &[("preset", preset.name(words).into())])));
        let samples =
            samples().iter().map(|s| Item::Sample(s.spec, words.with("palette-sample", &[("sample", s.title.into())])));
        let is_sample = |spec: &str| spec.starts_with("sample:");
        let recent = store.recent.iter().filter(|recent| !is_sample(&recent.spec));
        let recent = recent.map(|r| {
            let shown = escaped_text(&r.spec).into_owned();
            Item::Recent(r.spec.clone(), words.with("palette-recent", &[("file", shown.into())]))
        });
        let runs = store
            .runs
            .iter()
            .map(|entry| Item::Run(entry.id, words.with("palette-run", &[("run", entry.name.as_str().into())])));
        let meanings = WORDS.iter().map(|key| {
            let word = words.text(key).to_lowercase();
            Item::Word(words.with("palette-word", &[("word", word.into())]))
        });
        let node = self.nodes(session, words).map(|(nodes, name)| Item::Nodes(nodes, name));
        let typed: Vec<String> = self.typed.to_lowercase().split_whitespace().map(str::to_owned).collect();
        actions
            .chain(presets)
            .chain(runs)
            .chain(samples)
            .chain(recent)
            .chain(settings)
            .chain(meanings)
            .filter(|item| {
                let name = item.name().to_lowercase();
                typed.iter().all(|w| name.contains(w))
            })
            .chain(node)
            .collect()
    }

    /// The nodes that are asked for by their ids, with commas between, with or without the word before them; and what to do with them.
    fn nodes(&mut self, session: &Session, words: &Words) -> Option<(Vec<u32>, String)> {
        let dataset = &session.store().graph.as_ref()?.dataset;
        if self.nodes.as_ref().is_none_or(|(typed, _)| *typed != self.typed) {
            self.nodes = Some((self.typed.clone(), typed_nodes(dataset, self.typed.trim())));
        }
        let nodes = &self.nodes.as_ref()?.1;
        let first = nodes.first().filter(|_| nodes.iter().all(|node| (*node as usize) < dataset.n_nodes()))?;
        let name = match nodes.len() {
            1 => words.with("palette-node", &[("node", dataset.node_id(*first as usize).into())]),
            n => words.with("palette-nodes", &[("n", n.into())]),
        };
        Some((nodes.clone(), name))
    }
}

/// The nodes of a graph that a text names; none where it names anything else.
fn typed_nodes(dataset: &Dataset, typed: &str) -> Vec<u32> {
    let find = |id: &str| match dataset.node_ids() {
        Some(known) => known.iter().position(|known| known == id),
        None => id.parse().ok().filter(|node: &usize| *node < dataset.n_nodes()),
    };
    // An id may hold a comma, or begin with the word.
    let begins = ["", "node ", "nodes "];
    let texts: Vec<&str> = begins.into_iter().filter_map(|word| typed.strip_prefix(word)).map(str::trim).collect();
    if let Some(node) = texts.iter().find_map(|id| find(id)) {
        return vec![node as u32];
    }
    let listed = |text: &&str| -> Option<Vec<u32>> {
        let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
        let mut nodes: Vec<u32> = ids.map(|id| find(id).map(|node| node as u32)).collect::<Option<_>>()?;
        nodes.sort_unstable();
        nodes.dedup();
        Some(nodes)
    };
    texts.iter().filter(|text| text.contains(',')).find_map(listed).unwrap_or_default()
}

fn line_ui(ui: &mut egui::Ui, item: &Item, is_chosen: bool, tokens: &Tokens) -> egui::Response {
    let keys = if let Item::Action(action, _) = item { action.keys() } else { String::new() };
    let button = egui::Button::new(item.name()).selected(is_chosen).frame(is_chosen);
    let button = if keys.is_empty() { button } else { button.shortcut_text(weak(tokens, keys)) };
    ui.with_layout(Layout::top_down_justified(Align::Min), |ui| ui.add(button)).inner
}
