//! What the fuzz targets came upon, read again: see `tests/fuzz/README.md`.

use std::fs;
use std::path::PathBuf;

#[path = "../fuzz/src/targets.rs"]
mod targets;

use targets::{Stage, TARGETS, fuzz_folder};

/// Files of a folder in alphabetical order; none where there is no such folder.
fn files_in(folder: PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn the_corpus_and_every_seed_are_read_without_harm() {
    let mut n_read = 0;
    for target in TARGETS {
        let stage = Stage::new(target);
        stage.seeds().iter().for_each(|(_, bytes)| stage.read(bytes));
        for file in files_in(fuzz_folder().join("corpus").join(target.name)) {
            stage.read(&fs::read(&file).expect("a file of the corpus"));
            n_read += 1;
        }
    }
    println!("{n_read} files of the corpus");
}

#[test]
#[ignore = "writes what the fuzzers start from, to the folder that UNIFEWS_SEEDS names"]
fn seeds_are_written() {
    let target = PathBuf::from(std::env::var_os("UNIFEWS_SEEDS").expect("a folder in UNIFEWS_SEEDS"));
    for one in TARGETS {
        let folder = target.join(one.name);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in Stage::new(one).seeds() {
            fs::File::create(folder.join(name))
                .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
                .expect("a written seed");
        }
    }
}
