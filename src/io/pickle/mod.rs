//! Python pickles, read and never run.
//!
//! A pickle is a program for a small stack machine, and two of its instructions, `REDUCE` and `BUILD`, call whatever function the
//! file names. Here nothing is called: a call is written down as an [`Object`] with the function's name, its arguments and
//! its state. Who wants a value asks for it by name ([`Pickle::class`]): `collections.OrderedDict` is a dictionary, `numpy.ndarray` an
//! array (`numpy.rs`), `torch._utils._rebuild_tensor_v2` a tensor (`io/torch/mod.rs`). Everything else stays closed and is reported
//! ([`Pickle::closed`]). Protocols 0 to 5 are read, but for buffers that lie outside the file.
//!
//! Values lie side by side in one list and name each other by position, so a list that contains itself is as harmless as a
//! long one: nothing here recurses, and whoever walks the values counts his steps.
//!
//! Why our own: `serde-pickle` turns unknown classes into errors or `None` and knows no persistent ids, which is where PyTorch keeps its
//! tensors; `pytorch-reader` knows state dicts alone, neither whole modules nor graphs. Both end at the first surprise, where a
//! report is wanted.
//!
//! What is never allocated: more than 256 bytes for each byte of the pickle.

mod machine;
mod numpy;
mod value;
mod write;

pub(crate) use value::{Id, Node, Pickle};
pub(crate) use write::Pickler;
