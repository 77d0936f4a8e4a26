//! Readers and writers, on real data, on broken files and on arbitrary bytes.

mod models;
mod real;
mod recipes;
mod samples;
mod support;
mod writing;
