//! Where the program keeps what is its own and not the user's work: settings, and the state that outlives a start.
//!
//! | | Linux | Windows | macOS |
//! | --- | --- | --- | --- |
//! | settings | `$XDG_CONFIG_HOME` or `~/.config` | `%APPDATA%` | `~/Library/Application Support` |
//! | state | `$XDG_STATE_HOME` or `~/.local/state` | `%LOCALAPPDATA%` | `~/Library/Application Support` |
//!
//! Each in a folder `unifews` of its own. What is never here: what lies in them.

use std::ffi::OsString;
use std::path::PathBuf;

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What was chosen or measured, and may be carried to another machine.
    Settings,
    /// What belongs to this machine: sessions at work, reports of crashes.
    State,
}

/// Systems that differ in where things belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Windows,
    MacOs,
    /// Linux and its kin, by the rules of freedesktop.org.
    Other,
}

impl System {
    const THIS: Self = if cfg!(target_os = "windows") {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Other
    };
}

/// The program's folder for something, if the system has a place for it; nothing is made.
pub fn own_folder(place: Place) -> Option<PathBuf> {
    own_folder_on(System::THIS, place, |name| std::env::var_os(name))
}

fn own_folder_on(system: System, place: Place, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = |below: &str| folder("HOME").map(|home| home.join(below));
    let root = match (system, place) {
        (System::Windows, Place::Settings) => folder("APPDATA"),
        (System::Windows, Place::State) => folder("LOCALAPPDATA"),
        (System::MacOs, _) => home("Library/Application Support"),
        (System::Other, Place::Settings) => folder("XDG_CONFIG_HOME").or_else(|| home(".config")),
        (System::Other, Place::State) => folder("XDG_STATE_HOME").or_else(|| home(".local/state")),
    };
    root.map(|root| root.join("unifews"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_own_places() {
        let set = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        let both = |system, variables: &'static [(&str, &str)]| {
            let at = |place| own_folder_on(system, place, set(variables)).map(|path| path.display().to_string());
            [at(Place::Settings), at(Place::State)].map(|path| path.map(|path| path.replace('\\', "/")))
        };
        let some = |settings: &str, state: &str| [Some(settings.to_owned()), Some(state.to_owned())];
        let windows = &[("APPDATA", "C:/Users/a/AppData/Roaming"), ("LOCALAPPDATA", "C:/Users/a/AppData/Local")];
        assert_eq!(
            both(System::Windows, windows),
            some("C:/Users/a/AppData/Roaming/unifews", "C:/Users/a/AppData/Local/unifews")
        );
        let library = "/Users/a/Library/Application Support/unifews";
        assert_eq!(both(System::MacOs, &[("HOME", "/Users/a"), ("XDG_STATE_HOME", "/x")]), some(library, library));
        let home = &[("HOME", "/home/a")];
        assert_eq!(both(System::Other, home), some("/home/a/.config/unifews", "/home/a/.local/state/unifews"));
        let own = &[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "")];
        assert_eq!(both(System::Other, own), some("/c/unifews", "/home/a/.local/state/unifews"), "empty is not set");
        assert_eq!(both(System::Other, &[]), [None, None]);
    }
}
