//! The one registry of actions: menu, palette, shortcuts, tooltips and `docs/SHORTCUTS.md` are all made from [`Action::ALL`].

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::pane::Pane;
use crate::session::Session;
use crate::session::jobs::Lane;

/// Something that can be done from a menu, the palette or the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask for files and open them.
    Open,
    /// Ask for a folder and open it.
    OpenFolder,
    /// Save the project.
    SaveProject,
    /// Save the project under another name.
    SaveProjectAs,
    /// Write the open model.
    SaveModel,
    /// Write the recipe.
    SaveRecipe,
    /// Write a bundle.
    Export,
    /// Write the open graph as arrays, for work from the disk.
    StoreGraph,
    /// Write the open graph as tables, for a cluster.
    StoreTables,
    /// Close graph and model.
    CloseInputs,
    /// Leave the program.
    Quit,
    /// Take back.
    Undo,
    /// Make again.
    Redo,
    /// Apply the recipe completely.
    Prune,
    /// Try a grid of thresholds.
    Sweep,
    /// Hold methods against each other.
    Compare,
    /// Try every layer alone.
    Sensitivity,
    /// Train a model.
    Train,
    /// Stop the running jobs, or close what is open on top.
    Cancel,
    /// Search all actions.
    Palette,
    /// Look at a node.
    LookAtNode,
    /// The list of steps that can be taken back or made again.
    History,
    /// Bring a pane of the centre to the front.
    Show(Pane),
    /// Everything larger.
    ZoomIn,
    /// Everything smaller.
    ZoomOut,
    /// Everything as designed.
    ZoomReset,
    /// From light to dark, or back.
    Theme,
    /// Light or dark as the system has it.
    ThemeSystem,
    /// All panes where they were at the first start.
    ResetLayout,
    /// The whole screen.
    FullScreen,
    /// What this machine does per second.
    Bench,
    /// What the pruned model says of some nodes.
    ScoreNodes,
    /// Published tables beside ours.
    Reproduce,
    /// The short guide.
    Guide,
    /// The list of shortcuts.
    Shortcuts,
    /// What was done lately.
    Activity,
    /// What a report of a problem should hold.
    Report,
    /// Version, licences, measured frame times.
    About,
}

/// In which menu an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Menu {
    /// Inputs and outputs.
    File,
    /// Changes.
    Edit,
    /// How it looks.
    View,
    /// Long work.
    Run,
    /// Work that is not about what is open.
    Tools,
    /// Explanations.
    Help,
}

impl Menu {
    /// All menus, from left to right.
    pub const ALL: [Self; 6] = [Self::File, Self::Edit, Self::View, Self::Run, Self::Tools, Self::Help];

    /// On the menu bar.
    pub fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Run => "Run",
            Self::Tools => "Tools",
            Self::Help => "Help",
        }
    }
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl Action {
    /// Every action, in the order of the menus.
    pub const ALL: [Self; 45] = [
        Self::Open,
        Self::OpenFolder,
        Self::SaveProject,
        Self::SaveProjectAs,
        Self::SaveModel,
        Self::SaveRecipe,
        Self::Export,
        Self::StoreGraph,
        Self::StoreTables,
        Self::CloseInputs,
        Self::Quit,
        Self::Undo,
        Self::Redo,
        Self::Palette,
        Self::LookAtNode,
        Self::History,
        Self::Prune,
        Self::Sweep,
        Self::Compare,
        Self::Sensitivity,
        Self::Train,
        Self::Cancel,
        Self::Show(Pane::Layers),
        Self::Show(Pane::Tradeoff),
        Self::Show(Pane::Graph),
        Self::Show(Pane::Entries),
        Self::Show(Pane::Training),
        Self::Show(Pane::Runs),
        Self::Show(Pane::Export),
        Self::Show(Pane::Monitor),
        Self::ZoomIn,
        Self::ZoomOut,
        Self::ZoomReset,
        Self::Theme,
        Self::ThemeSystem,
        Self::ResetLayout,
        Self::FullScreen,
        Self::Bench,
        Self::ScoreNodes,
        Self::Reproduce,
        Self::Guide,
        Self::Shortcuts,
        Self::Activity,
        Self::Report,
        Self::About,
    ];

    /// In menu and palette.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Open…",
            Self::OpenFolder => "Open folder…",
            Self::SaveProject => "Save project",
            Self::SaveProjectAs => "Save project as…",
            Self::SaveModel => "Save model…",
            Self::SaveRecipe => "Save recipe…",
            Self::Export => "Export bundle…",
            Self::StoreGraph => "Store for work from the disk…",
            Self::StoreTables => "Store for a cluster…",
            Self::CloseInputs => "Close graph and model",
            Self::Quit => "Quit",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Prune => "Prune",
            Self::Sweep => "Sweep",
            Self::Compare => "Compare methods",
            Self::Sensitivity => "Try every layer alone",
            Self::Train => "Train",
            Self::Cancel => "Cancel",
            Self::Palette => "Find an action…",
            Self::LookAtNode => "Look at a node…",
            Self::History => "History",
            Self::Show(Pane::Layers) => "Show layers",
            Self::Show(Pane::Tradeoff) => "Show trade-off",
            Self::Show(Pane::Graph) => "Show graph",
            Self::Show(Pane::Entries) => "Show entries",
            Self::Show(Pane::Training) => "Show training",
            Self::Show(Pane::Runs) => "Show runs",
            Self::Show(Pane::Export) => "Show export",
            Self::Show(Pane::Monitor) => "Show monitor",
            Self::Show(_) => "Show pane",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::ZoomReset => "Zoom to 100 %",
            Self::Theme => "Switch light and dark",
            Self::ThemeSystem => "Light or dark as the system",
            Self::ResetLayout => "Reset layout",
            Self::FullScreen => "Full screen",
            Self::Bench => "Measure this machine…",
            Self::ScoreNodes => "Score some nodes…",
            Self::Reproduce => "Reproduce published tables…",
            Self::Guide => "Short guide",
            Self::Shortcuts => "Shortcuts",
            Self::Activity => "Activity",
            Self::Report => "Report a problem",
            Self::About => "About",
        }
    }

    /// One sentence for tooltips and the documentation.
    pub fn says(self) -> &'static str {
        match self {
            Self::Open => "Open a graph, a model, a recipe or a project",
            Self::OpenFolder => "Open a graph that is a folder, or a bundle",
            Self::SaveProject => "Save inputs, recipe, runs with what they found, and trials",
            Self::SaveProjectAs => "Save the project under another name, and go on with that",
            Self::SaveModel => "Save the open model as safetensors",
            Self::SaveRecipe => "Save the recipe as TOML, for the command line",
            Self::Export => "Write graph, masks, model and numbers as a bundle that replays bit by bit",
            Self::StoreGraph => {
                "Write the graph as a folder of arrays, which unifews propagate works on with less memory than the graph"
            }
            Self::StoreTables => "Write the graph as nodes.parquet and edges.parquet, which a cluster's job reads",
            Self::CloseInputs => "Back to the welcome page",
            Self::Quit => "Leave the program",
            Self::Undo => "Take the last change back",
            Self::Redo => "Make the last undone change again",
            Self::Prune => "Apply the recipe to every layer, evaluate and measure, and keep the run",
            Self::Sweep => "Try every pair of thresholds and draw accuracy against cost",
            Self::Compare => "Remove the same shares by other methods, and draw accuracy against what was removed",
            Self::Sensitivity => "Prune one layer at a time while all others stay whole",
            Self::Train => "Train a model of the recipe's network on the open graph",
            Self::Cancel => "Stop the running jobs, or close what is open on top",
            Self::Palette => "Search all actions and do one",
            Self::LookAtNode => "What was cut around one node, and what each entry would change",
            Self::History => "All steps with what they changed, to go back or on to any of them",
            Self::Show(Pane::Layers) => "What each layer keeps and removes",
            Self::Show(Pane::Tradeoff) => "Accuracy, time and operations against sparsity",
            Self::Show(Pane::Graph) => "Nodes and edges as a drawing, and what each layer removes",
            Self::Show(Pane::Entries) => "Distributions of diffusion weights, messages and weights",
            Self::Show(Pane::Training) => "Loss, accuracy and sparsity by epoch",
            Self::Show(Pane::Runs) => "All runs of this session, to compare",
            Self::Show(Pane::Export) => "What a bundle holds, and what was written",
            Self::Show(Pane::Monitor) => "Whether a bundle is still true on a later graph",
            Self::Show(_) => "Bring the pane to the front",
            Self::ZoomIn => "Everything larger",
            Self::ZoomOut => "Everything smaller",
            Self::ZoomReset => "Everything at its designed size",
            Self::Theme => "From light to dark, or back",
            Self::ThemeSystem => "Follow the system when it changes between light and dark",
            Self::ResetLayout => "All panes where they were at the first start",
            Self::FullScreen => "Use the whole screen, or go back",
            Self::Bench => {
                "Memory, propagation and products per second, and from which removed share on pruned weights save time"
            }
            Self::ScoreNodes => "What the pruned model says of some nodes, from their receptive field alone",
            Self::Reproduce => "Train and prune as a published table did, and set the figures side by side",
            Self::Guide => "Three questions and eight words",
            Self::Shortcuts => "The list of all shortcuts",
            Self::Activity => "What was asked for lately, by whom, and what it changed",
            Self::Report => "What a report should hold, to copy, and what internal errors left",
            Self::About => "Version, licences and measured frame times",
        }
    }

    /// Its menu.
    pub fn menu(self) -> Menu {
        match self {
            Self::Open
            | Self::OpenFolder
            | Self::SaveProject
            | Self::SaveProjectAs
            | Self::SaveModel
            | Self::SaveRecipe
            | Self::Export
            | Self::StoreGraph
            | Self::StoreTables
            | Self::CloseInputs
            | Self::Quit => Menu::File,
            Self::Undo | Self::Redo | Self::Palette | Self::LookAtNode | Self::History => Menu::Edit,
            Self::Prune | Self::Sweep | Self::Compare | Self::Sensitivity | Self::Train | Self::Cancel => Menu::Run,
            Self::Bench | Self::ScoreNodes | Self::Reproduce => Menu::Tools,
            Self::Guide | Self::Shortcuts | Self::Activity | Self::Report | Self::About => Menu::Help,
            _ => Menu::View,
        }
    }

    /// Whether a line separates it from the one above in its menu.
    pub fn starts_group(self) -> bool {
        matches!(
            self,
            Self::SaveProject | Self::CloseInputs | Self::Palette | Self::Cancel | Self::ZoomIn | Self::Theme
        )
    }

    /// Its keys.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        Some(match self {
            Self::Open => key(CTRL, Key::O),
            Self::OpenFolder => key(CTRL_SHIFT, Key::O),
            Self::SaveProject => key(CTRL, Key::S),
            Self::SaveProjectAs => key(CTRL_SHIFT, Key::S),
            Self::Export => key(CTRL, Key::E),
            Self::CloseInputs => key(CTRL, Key::W),
            Self::Quit => key(CTRL, Key::Q),
            Self::Undo => key(CTRL, Key::Z),
            Self::Redo => key(CTRL_SHIFT, Key::Z),
            Self::Prune => key(CTRL, Key::Enter),
            Self::Sweep => key(CTRL_SHIFT, Key::Enter),
            Self::Compare => key(CTRL, Key::B),
            Self::Sensitivity => key(CTRL, Key::L),
            Self::Train => key(CTRL, Key::T),
            Self::Cancel => key(Modifiers::NONE, Key::Escape),
            Self::Palette => key(CTRL, Key::K),
            Self::LookAtNode => key(CTRL, Key::F),
            Self::Show(Pane::Layers) => key(CTRL, Key::Num1),
            Self::Show(Pane::Tradeoff) => key(CTRL, Key::Num2),
            Self::Show(Pane::Graph) => key(CTRL, Key::Num3),
            Self::Show(Pane::Entries) => key(CTRL, Key::Num4),
            Self::Show(Pane::Training) => key(CTRL, Key::Num5),
            Self::Show(Pane::Runs) => key(CTRL, Key::Num6),
            Self::Show(Pane::Export) => key(CTRL, Key::Num7),
            Self::Show(Pane::Monitor) => key(CTRL, Key::Num8),
            Self::ZoomIn => key(CTRL, Key::Plus),
            Self::ZoomOut => key(CTRL, Key::Minus),
            Self::ZoomReset => key(CTRL, Key::Num0),
            Self::Guide => key(Modifiers::NONE, Key::F1),
            Self::FullScreen => key(Modifiers::NONE, Key::F11),
            Self::SaveModel
            | Self::SaveRecipe
            | Self::StoreGraph
            | Self::StoreTables
            | Self::Show(_)
            | Self::Theme
            | Self::ThemeSystem
            | Self::ResetLayout
            | Self::Bench
            | Self::ScoreNodes
            | Self::Reproduce
            | Self::History
            | Self::Shortcuts
            | Self::Activity
            | Self::Report
            | Self::About => return None,
        })
    }

    /// Its keys for people, for example `Ctrl+Shift+Z`; empty without.
    pub fn keys(self) -> String {
        self.shortcut().map(keys_of).unwrap_or_default()
    }

    /// Whether it can be done now.
    pub fn is_enabled(self, session: &Session) -> bool {
        let store = session.store();
        let has_both = store.graph.is_some() && store.model.is_some();
        match self {
            Self::Undo => session.undo_label().is_some(),
            Self::Redo => session.redo_label().is_some(),
            Self::Prune | Self::Sweep | Self::Sensitivity => has_both,
            Self::Compare => has_both && !store.plan.is_empty(),
            Self::Train | Self::StoreGraph | Self::StoreTables | Self::LookAtNode => store.graph.is_some(),
            Self::SaveModel => store.model.is_some(),
            Self::SaveProject | Self::SaveProjectAs | Self::CloseInputs => {
                store.graph.is_some() || store.model.is_some()
            }
            Self::Export => !store.runs.is_empty() && !session.is_busy(&Lane::Export),
            _ => true,
        }
    }
}

/// A shortcut for people, the same on every screen of a system.
fn keys_of(shortcut: KeyboardShortcut) -> String {
    let command = if cfg!(target_os = "macos") { "⌘" } else { "Ctrl+" };
    let mut text = String::new();
    if shortcut.modifiers.command {
        text.push_str(command);
    }
    if shortcut.modifiers.shift {
        text.push_str("Shift+");
    }
    if shortcut.modifiers.alt {
        text.push_str("Alt+");
    }
    text.push_str(match shortcut.logical_key {
        Key::Escape => "Esc",
        Key::Plus => "+",
        Key::Minus => "−",
        other => other.name(),
    });
    text
}

/// The page `docs/SHORTCUTS.md`.
pub fn shortcuts_page() -> String {
    let row = |a: Action| format!("| {} | {} | {} |", a.name(), a.keys().replace('⌘', "Ctrl+"), a.says());
    let menus = Menu::ALL.map(|menu| {
        let rows: Vec<_> = Action::ALL.into_iter().filter(|a| a.menu() == menu).map(row).collect();
        format!("## {}\n\n| action | keys | what it does |\n| --- | --- | --- |\n{}\n", menu.title(), rows.join("\n"))
    });
    format!("{PAGE_HEAD}\n{}\n{PAGE_END}", menus.join("\n"))
}

const PAGE_HEAD: &str = "# Shortcuts

Made from the registry of actions in `src/ui/actions.rs`; a test compares the two.
On macOS, Ctrl is ⌘. Every action is in the palette, too.
";

const PAGE_END: &str = "## Sliders, plots and heatmaps

| where | how | what it does |
| --- | --- | --- |
| slider | drag, arrows, wheel | changes the threshold and previews at once |
| slider | Shift while dragging | snaps to 1, 2, 5 of every decade |
| slider | double-click | back to its default |
| plot, heatmap, graph | wheel | zooms at the pointer |
| plot, heatmap, graph | drag | pans |
| plot, heatmap, graph | double-click | fits |
| plot, heatmap, graph | right-click | copies the value, saves PNG, SVG or CSV; of a heatmap copies the picture, too |
| map beside a heatmap | drag | moves what is in view |
| heatmap, graph | + − 0, arrows | zooms, fits, pans, once it was clicked |
";
