//! Calls a library that may panic over a broken file. Only for what reads files of formats that are not ours.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside such a library.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Restored when the work ends, however it ends.
struct Guard {
    was_guarded: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        IS_GUARDED.set(self.was_guarded);
    }
}

/// What `work` gives; `None` where it panicked. That is an answer about the file and no fault of ours, so nobody is told by the panic hook.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |about| {
            if !IS_GUARDED.get() {
                before(about);
            }
        }));
    });
    let _guard = Guard { was_guarded: IS_GUARDED.replace(true) };
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_an_answer_and_one_outside_stays_one() {
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(guarded(|| -> u32 { panic!("broken file") }), None);
        assert!(!IS_GUARDED.get(), "what comes behind it is not guarded");
        assert!(catch_unwind(|| panic!("our own")).is_err());
    }
}
