//! Files of `torch.save`: a pickle, and the values of its tensors beside it.
//!
//! ```text
//! archive    = zip, nothing compressed (PyTorch 1.6 and later; TorchScript too)
//!              STEM/data.pkl        the object, a pickle
//!              STEM/data/KEY        the values of one storage
//!              STEM/byteorder       "little" (or absent) or "big"
//! sequence   = five pickles, then storages (before 1.6)
//!              0x1950a86a20f9469cfc6c, protocol 1001, {…, "little_endian": bool}, the object, [KEY, …]
//!              and for every KEY in turn: u64 number of values, values
//! storage    = persistent id ("storage", torch.FloatStorage | torch.storage.UntypedStorage, KEY, device, number of values)
//! tensor     = torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …), or _v3 with the type as well
//!            | torch._utils._rebuild_parameter(tensor, …)
//!            | torch._tensor._rebuild_from_type_v2(function, class, arguments, state)
//! matrix     = torch._utils._rebuild_sparse_tensor(layout, (indices, values, size))      sparse_coo
//!            | torch._utils._rebuild_sparse_tensor(layout, (pointers, indices, values, size))
//!                  sparse_csr, sparse_csc; sparse_bsr, sparse_bsc, whose values are blocks
//! ```
//! Every pickle of a file may be of any protocol.
//! Offsets and strides count values. A storage that several tensors share is read once.
//!
//! Storages stay in the file until a tensor is asked for, and then are held only where a tensor is a part of one or lies otherwise than
//! in order; edges are read a piece at a time ([`Storages::pieces`]).
//!
//! What is never allocated: more than the file's size for storages, and [`MAX_VALUES_EXPANSION`] bytes of tensor values for
//! each byte of the file (a tensor may repeat its storage) and 1 MiB; for sparse tensors written out in full 256 MiB more. The pickle is never run: see `pickle/mod.rs`.

mod file;
mod sparse;

pub(crate) use file::{Storages, TensorRef, TorchFile, is_sequence};
pub(crate) use sparse::SparseRef;
