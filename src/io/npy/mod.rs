//! One NumPy array (`.npy`), read as if the file were hostile.
//!
//! ```text
//! file    = magic version length header values
//! magic   = 93 'N' 'U' 'M' 'P' 'Y'
//! version = 1 0 | 2 0 | 3 0
//! length  = u16 (version 1) or u32 (2, 3), little-endian: bytes of the header
//! header  = "{'descr': '<f4', 'fortran_order': False, 'shape': (2485, 1433), }" and padding
//! values  = exactly as many as the shape says, C order or, where the header says so, Fortran order
//! ```
//! Element types: little-endian floats of 2, 4 and 8 bytes, integers of 1 to 8, booleans, and fixed-width text (`S`, `U`).
//! An array of Python objects is a pickle, which could run anything; it is refused and never looked into.
//!
//! What is never allocated: more than 16 bytes for each byte of values that the file really holds.

mod array;
mod header;
mod pieces;
mod read;
mod write;

pub(crate) use array::Array;
pub(crate) use header::{Layout, first_bytes};
pub(crate) use pieces::{Origin, Pieces};
pub(crate) use write::{matrix_npy, npy, npy_f32, npy_header, npy_index, removed_at_npy};
