#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| unifews_fuzz::fuzz("parquet", bytes));
