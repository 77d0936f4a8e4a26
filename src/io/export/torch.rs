//! Files of `torch.save` (zip form, PyTorch 1.6 and later): a state dict, or one graph as PyG's `Data`.
//!
//! The pickle names the classes that PyTorch and PyG name themselves, so that `torch.load` opens the state dict with
//! `weights_only=True`. Layout of the archive: see `io/torch/mod.rs`, which reads both back.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use ndarray::ArrayD;
use zip::{CompressionMethod, ZipWriter};

use crate::io::bundle::StepMatrix;
use crate::io::npz::entry_options;
use crate::io::pickle::Pickler;

/// Where storages begin, bytes: PyTorch maps them into memory.
const ALIGNMENT: u16 = 64;

/// The storages of a file that is being written.
#[derive(Default)]
struct Storages(Vec<Vec<u8>>);

impl Storages {
    /// Puts a contiguous tensor on the pickle's stack.
    fn tensor(&mut self, pickler: &mut Pickler, class: &str, shape: &[usize], values: Vec<u8>) {
        let n: usize = shape.iter().product();
        pickler.global("torch._utils", "_rebuild_tensor_v2").mark().mark().text("storage").global("torch", class);
        pickler.text(&self.0.len().to_string()).text("cpu").whole(n).tuple().persistent().whole(0);
        let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product());
        pickler.wholes(shape.iter().copied()).wholes(strides).no();
        pickler.global("collections", "OrderedDict").empty_tuple().reduce().tuple().reduce();
        self.0.push(values);
    }

    fn floats<'a>(&mut self, pickler: &mut Pickler, shape: &[usize], values: impl IntoIterator<Item = &'a f32>) {
        self.tensor(pickler, "FloatStorage", shape, values.into_iter().flat_map(|v| v.to_le_bytes()).collect());
    }

    fn into_archive(self, pickle: Pickler) -> zip::result::ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut put = |name: String, bytes: &[u8]| {
            let options = entry_options(CompressionMethod::Stored, bytes.len()).with_alignment(ALIGNMENT);
            archive.start_file(name, options)?;
            archive.write_all(bytes)?;
            Ok::<_, zip::result::ZipError>(())
        };
        put("archive/data.pkl".to_owned(), &pickle.finish())?;
        put("archive/byteorder".to_owned(), b"little")?;
        for (key, values) in self.0.iter().enumerate() {
            put(format!("archive/data/{key}"), values)?;
        }
        put("archive/version".to_owned(), b"3\n")?;
        Ok(archive.finish()?.into_inner())
    }
}

/// Tensors by name, as `torch.save(model.state_dict(), …)` writes them.
pub(super) fn state_dict(tensors: &BTreeMap<String, ArrayD<f32>>) -> zip::result::ZipResult<Vec<u8>> {
    let (mut pickler, mut storages) = (Pickler::new(), Storages::default());
    pickler.global("collections", "OrderedDict").empty_tuple().reduce().mark();
    for (name, tensor) in tensors {
        pickler.text(name);
        storages.floats(&mut pickler, tensor.shape(), tensor);
    }
    pickler.set_items();
    storages.into_archive(pickler)
}

/// One layer's graph as `torch_geometric.data.Data`: `edge_index` (source, target), `edge_weight`, `num_nodes`; for attention
/// `edge_attr`, the coefficient of every head; `node_id` where nodes have names.
pub(super) fn pyg_data(matrix: &StepMatrix, node_ids: Option<&[String]>) -> zip::result::ZipResult<Vec<u8>> {
    let (mut pickler, mut storages) = (Pickler::new(), Storages::default());
    let n_entries = matrix.structure.n_entries();
    let data = "torch_geometric.data.data";
    pickler.global(data, "Data").empty_tuple().new_object().remember(0).empty_dict().mark();
    pickler.text("_edge_attr_cls").global(data, "DataEdgeAttr");
    pickler.text("_tensor_attr_cls").global(data, "DataTensorAttr");
    pickler.text("_store").global("torch_geometric.data.storage", "GlobalStorage").empty_tuple().new_object();
    pickler.empty_dict().mark().text("_mapping").empty_dict().mark().text("edge_index");
    let sources = matrix.structure.indices().iter().map(|v| u64::from(*v));
    let targets = matrix.structure.entries().map(|(u, _)| u64::from(u));
    let pairs = sources.chain(targets).flat_map(u64::to_le_bytes).collect();
    storages.tensor(&mut pickler, "LongStorage", &[2, n_entries], pairs);
    pickler.text("edge_weight");
    storages.floats(&mut pickler, &[n_entries], &matrix.values);
    if let Some(coefficients) = &matrix.coefficients {
        pickler.text("edge_attr");
        storages.floats(&mut pickler, coefficients.shape(), coefficients);
    }
    pickler.text("num_nodes").whole(matrix.structure.n_nodes());
    if let Some(ids) = node_ids {
        pickler.text("node_id").empty_list().mark();
        for id in ids {
            pickler.text(id);
        }
        pickler.extend();
    }
    pickler.set_items().text("_parent").recall(0).set_items().build().set_items().build();
    storages.into_archive(pickler)
}
