//! A limit on the size of files (`ulimit -f`) as an error of the write that meets it, not as the end of the process.
//!
//! What is never here: writing.

/// Makes a write beyond the limit fail with the operating system's message. Without this the system ends the process (`SIGXFSZ`), and
/// what is half written stays.
pub fn keep_alive_at_file_size_limit() {
    #[cfg(unix)]
    {
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;
        // Nobody asks for the flag: that there is a handler is enough. Refused, the process ends as it would without this.
        drop(signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false))));
    }
}
