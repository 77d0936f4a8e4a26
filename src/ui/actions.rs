//! The one registry of actions: menu, palette, shortcuts, tooltips and `docs/SHORTCUTS.md` are all made from [`Action::ALL`].

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::pane::Pane;
use crate::session::Session;
use crate::session::jobs::Lane;
use crate::session::words::{Language, Words};

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
    /// From English to Japanese, or back.
    Language,
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
    pub fn title(self, words: &Words) -> String {
        words.text(match self {
            Self::File => "menu-file",
            Self::Edit => "menu-edit",
            Self::View => "menu-view",
            Self::Run => "menu-run",
            Self::Tools => "menu-tools",
            Self::Help => "menu-help",
        })
    }
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl Action {
    /// Every action, in the order of the menus.
    pub const ALL: [Self; 46] = [
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
        Self::Language,
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

    /// By which its words are found.
    fn key(self) -> &'static str {
        match self {
            Self::Open => "action-open",
            Self::OpenFolder => "action-open-folder",
            Self::SaveProject => "action-save-project",
            Self::SaveProjectAs => "action-save-project-as",
            Self::SaveModel => "action-save-model",
            Self::SaveRecipe => "action-save-recipe",
            Self::Export => "action-export",
            Self::StoreGraph => "action-store-graph",
            Self::StoreTables => "action-store-tables",
            Self::CloseInputs => "action-close-inputs",
            Self::Quit => "action-quit",
            Self::Undo => "action-undo",
            Self::Redo => "action-redo",
            Self::Prune => "action-prune",
            Self::Sweep => "action-sweep",
            Self::Compare => "action-compare",
            Self::Sensitivity => "action-sensitivity",
            Self::Train => "action-train",
            Self::Cancel => "action-cancel",
            Self::Palette => "action-palette",
            Self::LookAtNode => "action-look-at-node",
            Self::History => "action-history",
            Self::Show(Pane::Layers) => "action-show-layers",
            Self::Show(Pane::Tradeoff) => "action-show-tradeoff",
            Self::Show(Pane::Graph) => "action-show-graph",
            Self::Show(Pane::Entries) => "action-show-entries",
            Self::Show(Pane::Training) => "action-show-training",
            Self::Show(Pane::Runs) => "action-show-runs",
            Self::Show(Pane::Export) => "action-show-export",
            Self::Show(Pane::Monitor) => "action-show-monitor",
            Self::Show(_) => "action-show-pane",
            Self::ZoomIn => "action-zoom-in",
            Self::ZoomOut => "action-zoom-out",
            Self::ZoomReset => "action-zoom-reset",
            Self::Theme => "action-theme",
            Self::ThemeSystem => "action-theme-system",
            Self::Language => "action-language",
            Self::ResetLayout => "action-reset-layout",
            Self::FullScreen => "action-full-screen",
            Self::Bench => "action-bench",
            Self::ScoreNodes => "action-score-nodes",
            Self::Reproduce => "action-reproduce",
            Self::Guide => "action-guide",
            Self::Shortcuts => "action-shortcuts",
            Self::Activity => "action-activity",
            Self::Report => "action-report",
            Self::About => "action-about",
        }
    }

    /// In menu and palette.
    pub fn name(self, words: &Words) -> String {
        words.text(self.key())
    }

    /// One sentence for tooltips and the documentation.
    pub fn says(self, words: &Words) -> String {
        words.hint(self.key())
    }

    /// For a tooltip: what it does, and its keys.
    pub(super) fn tip(self, words: &Words) -> String {
        let (hint, keys) = (self.says(words), self.keys());
        if keys.is_empty() { hint } else { words.with("action-keys", &[("hint", hint.into()), ("keys", keys.into())]) }
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
            | Self::Language
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
    let words = Words::of(Language::English);
    let row = |a: Action| format!("| {} | {} | {} |", a.name(words), a.keys().replace('⌘', "Ctrl+"), a.says(words));
    let menus = Menu::ALL.map(|menu| {
        let rows: Vec<_> = Action::ALL.into_iter().filter(|a| a.menu() == menu).map(row).collect();
        format!(
            "## {}\n\n| action | keys | what it does |\n| --- | --- | --- |\n{}\n",
            menu.title(words),
            rows.join("\n")
        )
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
