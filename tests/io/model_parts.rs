//! What model files are made of: types of numbers, layouts, protocols, files beside them, parts beside the network, order in sequences.

use std::fmt::Write as _;
use std::path::Path;

use unifews::engine::model::Model;
use unifews::io::{LoadReport, read_model};

use crate::files::{Arrays, Folder, floats, npz, safetensors};
use crate::pickles::{
    archive, bytes_field, call, dict, global, int, ints, longs, singles, string, tensor, tuple, varint_field,
};
use crate::support::fact;

fn read(path: &Path) -> Result<(Model, LoadReport), String> {
    read_model(path.to_str().expect("UTF-8")).map_err(|error| error.to_string())
}

fn read_bytes(bytes: &[u8]) -> Result<(Model, LoadReport), String> {
    let folder = Folder::new();
    read(&folder.file("model.pt", bytes))
}

fn read_arrays(arrays: &Arrays) -> Result<(Model, LoadReport), String> {
    let folder = Folder::new();
    read(&folder.file("model.npz", npz(arrays)))
}

/// The values of `fcs.0.weight` as PyTorch stores them, `[out, in]`.
fn first_weight(model: &Model) -> Vec<f32> {
    model.state_dict()["fcs.0.weight"].iter().copied().collect()
}

/// An archive with one weight.
fn one_weight(value: Vec<u8>, storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    archive(&dict(&[("fcs.0.weight", value)]), storages)
}

/// A tensor that says its type itself.
fn typed(dtype: &str, n_bytes: u64, size: &[u64]) -> Vec<u8> {
    let class = global("torch.storage", "UntypedStorage");
    let storage = tuple(&[string("storage"), class, string("0"), string("cpu"), int(n_bytes)]);
    let stride: Vec<u64> = (0..size.len()).map(|axis| size[axis + 1..].iter().product()).collect();
    let hooks = call(global("collections", "OrderedDict"), &[]);
    let storage = [storage, b"Q".to_vec()].concat();
    let args = [storage, int(0), ints(size), ints(&stride), b"\x89".to_vec(), hooks, global("torch", dtype)];
    call(global("torch._utils", "_rebuild_tensor_v3"), &args)
}

/// Names in PyTorch and safetensors, number in ONNX, bytes and their values.
type EightBits = (&'static str, &'static str, u64, [u8; 4], [f32; 4]);

/// 1, -0.5, 448 or the like, and the smallest number.
const EIGHT_BITS: [EightBits; 4] = [
    ("float8_e4m3fn", "F8_E4M3", 17, [0x38, 0xb0, 0x7e, 0x01], [1.0, -0.5, 448.0, 0.001_953_125]),
    ("float8_e4m3fnuz", "F8_E4M3FNUZ", 18, [0x40, 0xb8, 0x7f, 0x01], [1.0, -0.5, 240.0, 0.000_976_562_5]),
    ("float8_e5m2", "F8_E5M2", 19, [0x3c, 0xb8, 0x7b, 0x01], [1.0, -0.5, 57344.0, 1.525_878_9e-5]),
    ("float8_e5m2fnuz", "F8_E5M2FNUZ", 20, [0x40, 0xbc, 0x7f, 0x01], [1.0, -0.5, 57344.0, 7.629_394_5e-6]),
];

#[test]
fn floats_of_eight_bits_are_read_in_every_container() {
    for (torch, tensors, onnx, bytes, expected) in EIGHT_BITS {
        let file = one_weight(typed(torch, 4, &[2, 2]), &[("0", bytes.to_vec())]);
        assert_eq!(first_weight(&read_bytes(&file).expect(torch).0), expected, "{torch}");
        let header = format!("{{\"fcs.0.weight\":{{\"dtype\":\"{tensors}\",\"shape\":[2,2],\"data_offsets\":[0,4]}}}}");
        assert_eq!(first_weight(&read_bytes(&safetensors(&header, &bytes)).expect(tensors).0), expected, "{tensors}");
        let fields = [varint_field(1, 2), varint_field(1, 2), varint_field(2, onnx), bytes_field(8, b"fcs.0.weight")];
        for values in
            [bytes_field(9, &bytes), bytes_field(5, &bytes.iter().flat_map(|b| varint(*b)).collect::<Vec<_>>())]
        {
            let tensor = [fields.concat(), values].concat();
            let file = [varint_field(1, 10), bytes_field(7, &bytes_field(5, &tensor))].concat();
            assert_eq!(first_weight(&read_bytes(&file).expect("ONNX").0), expected, "ONNX {onnx}");
        }
    }
    let file = one_weight(typed("uint16", 8, &[2, 2]), &[("0", vec![1, 0, 2, 0, 3, 0, 0, 1])]);
    assert_eq!(first_weight(&read_bytes(&file).expect("16 bits").0), [1.0, 2.0, 3.0, 256.0]);
}

/// A small number in protobuf's packed form.
fn varint(byte: u8) -> Vec<u8> {
    if byte < 0x80 { vec![byte] } else { vec![byte, 1] }
}

/// `torch._utils._rebuild_sparse_tensor` of this layout.
fn sparse(layout: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let layout = call(global("torch.serialization", "_get_layout"), &[string(layout)]);
    call(global("torch._utils", "_rebuild_sparse_tensor"), &[layout, tuple(parts)])
}

#[test]
fn sparse_tensors_of_every_layout_are_one_matrix() {
    // [[0, 1, 0, 0], [0, 0, 0, 2]]
    let expected = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0];
    let size = || call(global("torch", "Size"), &[ints(&[2, 4])]);
    let long = |key: &str, n: u64| tensor("LongStorage", key, n, 0, &[n], &[1]);
    let values = || tensor("FloatStorage", "v", 2, 0, &[2], &[1]);
    let v = || ("v", singles(&[1.0, 2.0]));
    let check = |name: &str, parts: &[Vec<u8>], storages: &[(&str, Vec<u8>)]| {
        let (model, report) = read_bytes(&one_weight(sparse(name, parts), storages)).expect(name);
        assert_eq!(first_weight(&model), expected, "{name}");
        let kind = name.trim_start_matches("torch.");
        assert_eq!(fact(&report, "sparse, written out in full"), format!("fcs.0.weight ({kind})"));
    };
    let indices = tensor("LongStorage", "i", 4, 0, &[2, 2], &[2, 1]);
    check("torch.sparse_coo", &[indices, values(), size(), b"\x88".to_vec()], &[("i", longs(&[0, 1, 1, 3])), v()]);
    // What stands twice adds up.
    let twice =
        [tensor("LongStorage", "i", 6, 0, &[2, 3], &[3, 1]), tensor("FloatStorage", "w", 3, 0, &[3], &[1]), size()];
    check("torch.sparse_coo", &twice, &[("i", longs(&[0, 1, 1, 1, 3, 3])), ("w", singles(&[1.0, 0.5, 1.5]))]);
    check(
        "torch.sparse_csr",
        &[long("p", 3), long("i", 2), values(), size()],
        &[("p", longs(&[0, 1, 2])), ("i", longs(&[1, 3])), v()],
    );
    check(
        "torch.sparse_csc",
        &[long("p", 5), long("i", 2), values(), size()],
        &[("p", longs(&[0, 0, 1, 1, 2])), ("i", longs(&[0, 1])), v()],
    );
    // Blocks of 1 by 2.
    let blocks = || tensor("FloatStorage", "b", 4, 0, &[2, 1, 2], &[2, 2, 1]);
    let b = || ("b", singles(&[0.0, 1.0, 0.0, 2.0]));
    check(
        "torch.sparse_bsr",
        &[long("p", 3), long("i", 2), blocks(), size()],
        &[("p", longs(&[0, 1, 2])), ("i", longs(&[0, 1])), b()],
    );
    check(
        "torch.sparse_bsc",
        &[long("p", 3), long("i", 2), blocks(), size()],
        &[("p", longs(&[0, 1, 2])), ("i", longs(&[0, 1])), b()],
    );
    let wrong = [long("p", 3), long("i", 2), values(), size()];
    let error = read_bytes(&one_weight(
        sparse("torch.sparse_csr", &wrong),
        &[("p", longs(&[0, 1, 2])), ("i", longs(&[1, 4])), v()],
    ));
    let error = error.map(|_| ()).expect_err("an index beyond the columns");
    assert!(
        error.starts_with("tensor fcs.0.weight: expected ascending pointers of 2 lines and indices below 4"),
        "{error}"
    );
}

/// Writes the same state dict in the instructions of a protocol.
struct Protocol(u8);

impl Protocol {
    fn text(&self, text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).expect("a short text");
        match self.0 {
            0 => format!("V{text}\n").into_bytes(),
            1..=3 => [b"X", &[length, 0, 0, 0][..], text.as_bytes()].concat(),
            _ => [&[0x8c, length], text.as_bytes(), b"\x94"].concat(),
        }
    }

    fn int(&self, value: u8) -> Vec<u8> {
        if self.0 == 0 { format!("I{value}\n").into_bytes() } else { vec![b'K', value] }
    }

    fn tuple(&self, values: &[Vec<u8>]) -> Vec<u8> {
        match (self.0, values.len()) {
            (2.., n @ 1..=3) => [values.concat(), vec![0x84 + n as u8]].concat(),
            _ => [b"(".to_vec(), values.concat(), b"t".to_vec()].concat(),
        }
    }

    fn global(&self, module: &str, name: &str) -> Vec<u8> {
        if self.0 < 4 {
            global(module, name)
        } else {
            [self.text(module), self.text(name), b"\x93\x94".to_vec()].concat()
        }
    }

    fn call(&self, function: Vec<u8>, args: &[Vec<u8>]) -> Vec<u8> {
        [function, self.tuple(args), b"R".to_vec()].concat()
    }

    fn tensor(&self, n: u8, size: [u8; 2]) -> Vec<u8> {
        let storage = if self.0 == 0 {
            format!("P('storage', <class 'torch.FloatStorage'>, '0', 'cpu', {n})\n").into_bytes()
        } else {
            let class = self.global("torch", "FloatStorage");
            [self.tuple(&[self.text("storage"), class, self.text("0"), self.text("cpu"), self.int(n)]), b"Q".to_vec()]
                .concat()
        };
        let no = if self.0 < 2 { b"I00\n".to_vec() } else { b"\x89".to_vec() };
        let hooks = self.call(self.global("collections", "OrderedDict"), &[]);
        let sizes = self.tuple(&size.map(|n| self.int(n)));
        let strides = self.tuple(&[self.int(size[1]), self.int(1)]);
        self.call(self.global("torch._utils", "_rebuild_tensor_v2"), &[storage, self.int(0), sizes, strides, no, hooks])
    }

    /// A whole pickle.
    fn whole(&self, body: Vec<u8>) -> Vec<u8> {
        let body = [body, b".".to_vec()].concat();
        match self.0 {
            0 | 1 => body,
            2 | 3 => [&[0x80, self.0][..], &body].concat(),
            _ => [&[0x80, self.0, 0x95][..], &(body.len() as u64).to_le_bytes(), &body].concat(),
        }
    }

    fn state_dict(&self) -> Vec<u8> {
        let pair = [self.text("fcs.0.weight"), self.tensor(4, [2, 2])].concat();
        let object = self.call(self.global("collections", "OrderedDict"), &[]);
        if self.0 == 0 {
            [object, pair, b"s".to_vec()].concat()
        } else {
            [object, b"(".to_vec(), pair, b"u".to_vec()].concat()
        }
    }
}

#[test]
fn pickles_of_every_protocol_are_read_in_both_containers() {
    let values = [1.0, 2.0, 3.0, 4.0];
    for number in 0..=5 {
        let protocol = Protocol(number);
        let object = protocol.whole(protocol.state_dict());
        let entries = [("m/data.pkl".to_owned(), object.clone()), ("m/data/0".to_owned(), singles(&values))];
        let file = crate::pickles::zipped(&entries, zip::CompressionMethod::Stored);
        assert_eq!(first_weight(&read_bytes(&file).expect("an archive").0), values, "archive, protocol {number}");
        let magic = match number {
            0 | 1 => b"L119547037146038801333356L\n".to_vec(),
            _ => b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19".to_vec(),
        };
        let version = if number == 0 { b"I1001\n".to_vec() } else { b"M\xe9\x03".to_vec() };
        let keys = [b"]".to_vec(), protocol.text("0"), b"a".to_vec()].concat();
        let file = [
            protocol.whole(magic),
            // Short pickles have no frame.
            if number < 4 { protocol.whole(version) } else { [&[0x80, number][..], &version, b"."].concat() },
            protocol.whole(b"}".to_vec()),
            object,
            protocol.whole(keys),
            4u64.to_le_bytes().to_vec(),
            singles(&values),
        ];
        assert_eq!(
            first_weight(&read_bytes(&file.concat()).expect("a sequence").0),
            values,
            "sequence, protocol {number}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_named_before_names_are_judged() {
    let complex = || tensor("ComplexFloatStorage", "1", 2, 0, &[2], &[1]);
    let real = || tensor("FloatStorage", "0", 4, 0, &[2, 2], &[2, 1]);
    let storages = [("0", singles(&[1.0, 2.0, 3.0, 4.0])), ("1", singles(&[0.0; 4]))];
    // Beside the network it is left out and named, within it a reason to refuse.
    let file = archive(&dict(&[("fcs.0.weight", real()), ("freqs", complex())]), &storages);
    let (_, report) = read_bytes(&file).expect("the network beside it");
    assert_eq!(report.ignored, ["freqs: expected a storage of real numbers, found ComplexFloatStorage"]);
    assert!(
        report.warnings.iter().any(|warning| warning.starts_with("a tensor that cannot be read is left out: freqs:")),
        "{report:?}"
    );
    for name in ["fcs.0.bias", "fcs.1.weight"] {
        let file = archive(&dict(&[("fcs.0.weight", real()), (name, complex())]), &storages);
        let error = read_bytes(&file).map(|_| ()).expect_err("a part of the network");
        assert!(error.starts_with(&format!("tensor {name}: expected a storage of real numbers")), "{error}");
    }
    let quantised = call(global("torch._utils", "_rebuild_qtensor"), &[int(1)]);
    let error =
        read_bytes(&archive(&dict(&[("fcs.0.weight", quantised)]), &storages)).map(|_| ()).expect_err("quantised");
    assert!(error.contains("a quantised tensor (dequantize() before saving"), "{error}");
    let header = "{\"fcs.0.weight\":{\"dtype\":\"C64\",\"shape\":[1,1],\"data_offsets\":[0,8]}}";
    let error = read_bytes(&safetensors(header, &[0; 8])).map(|_| ()).expect_err("complex");
    assert!(error.starts_with("tensor fcs.0.weight: expected real numbers of 8 to 64 bits, found C64"), "{error}");
}

/// An ONNX file with one weight whose values lie elsewhere.
fn external(entries: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| {
        bytes_field(13, &[bytes_field(1, key.as_bytes()), bytes_field(2, value.as_bytes())].concat())
    };
    let shape = [varint_field(1, 2), varint_field(1, 2), varint_field(2, 1), bytes_field(8, b"fcs.0.weight")];
    let tensor = [shape.concat(), entries.iter().flat_map(entry).collect(), varint_field(14, 1)].concat();
    [varint_field(1, 10), bytes_field(7, &bytes_field(5, &tensor))].concat()
}

#[test]
fn values_in_a_file_beside_an_onnx_model_are_read_from_there_alone() {
    let folder = Folder::new();
    folder.file("inner/weights.bin", [singles(&[9.0]), singles(&[1.0, 2.0, 3.0, 4.0])].concat());
    folder.file("outside.bin", singles(&[1.0; 4]));
    let check = |entries: &[(&str, &str)]| read(&folder.file("inner/model.onnx", external(entries)));
    let (model, report) = check(&[("location", "weights.bin"), ("offset", "4"), ("length", "16")]).expect("beside it");
    assert_eq!(first_weight(&model), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(fact(&report, "values in"), "weights.bin (20 bytes)");
    // Length and offset may be left out.
    assert_eq!(first_weight(&check(&[("location", "weights.bin")]).expect("from its start").0), [9.0, 1.0, 2.0, 3.0]);
    let absolute = folder.path().join("outside.bin").display().to_string();
    for (entries, expected) in [
        (
            &[("location", "gone.data")][..],
            "its values in the file gone.data beside the model (external data: keep both together), found no such file",
        ),
        (
            &[("location", "../outside.bin")],
            "external data in a file beside the model, named without .. or a leading /, found \"../outside.bin\"",
        ),
        (&[("location", absolute.as_str())], "external data in a file beside the model"),
        (&[], "external data in a file beside the model"),
        (
            &[("location", "weights.bin"), ("offset", "8")],
            "16 bytes from byte 8 of weights.bin, found a file of 20 bytes",
        ),
        (&[("location", "weights.bin"), ("length", "8")], "16 bytes of external data, found a length of 8"),
        (&[("location", "weights.bin"), ("offset", "x")], "a number of bytes as offset, found x"),
    ] {
        let error = check(entries).map(|_| ()).expect_err(expected);
        assert!(error.starts_with(&format!("tensor fcs.0.weight: expected {expected}")), "{error}");
    }
}

fn square() -> Vec<u8> {
    floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0])
}

fn pair() -> Vec<u8> {
    floats(&[2], &[1.0, 2.0])
}

#[test]
fn a_network_is_found_among_its_companions() {
    // A loss with class weights, a metric's matrix, counters.
    let (model, report) = read_arrays(&vec![
        ("trainer.gnn.conv1.lin.weight", square()),
        ("trainer.gnn.conv1.bias", pair()),
        ("trainer.gnn.conv2.lin.weight", square()),
        ("trainer.gnn.conv2.bias", pair()),
        ("loss_fn.weight", pair()),
        ("val_confusion.confmat", square()),
        ("val_acc.correct", floats(&[1], &[3.0])),
    ])
    .expect("the network");
    assert_eq!(model.title(), "GCN 2-2-2");
    assert_eq!(fact(&report, "network found at"), "trainer.");
    assert_eq!(fact(&report, "taken off every name"), "gnn.");
    assert_eq!(report.ignored, ["loss_fn.weight", "val_acc.correct", "val_confusion.confmat"]);

    // Copies with averaged weights.
    let (_, report) = read_arrays(&vec![
        ("ema_model.conv1.lin.weight", square()),
        ("ema_model.conv2.lin.weight", square()),
        ("model.conv1.lin.weight", square()),
        ("model.conv2.lin.weight", square()),
    ])
    .expect("one of two");
    assert_eq!(fact(&report, "network found at"), "model.");
    assert_eq!(report.warnings[0], "the file holds several networks: the one at model. is read, ema_model. left out");

    // What may be the network's head is not left out.
    let error = read_arrays(&vec![
        ("encoder.conv1.lin.weight", square()),
        ("encoder.conv2.lin.weight", square()),
        ("readout.weight", square()),
    ])
    .map(|_| ())
    .expect_err("a head");
    assert!(error.starts_with("tensor readout.weight: expected weights of the network at encoder. alone"), "{error}");
    let error = read_arrays(&vec![
        ("encoder.conv1.lin.weight", square()),
        ("encoder.conv2.lin.weight", square()),
        ("decoder.fc1.weight", square()),
        ("decoder.fc2.weight", square()),
    ])
    .map(|_| ())
    .expect_err("a network behind it");
    assert!(error.starts_with("layer decoder: expected one network"), "{error}");

    // The reason is that of the network, not of what stands beside it.
    let error = read_arrays(&vec![
        ("net.conv1.lin.weight", square()),
        ("net.conv1.lin_edge.weight", square()),
        ("criterion.weight", pair()),
    ])
    .map(|_| ())
    .expect_err("edge features");
    assert!(error.starts_with("tensor net.conv1.lin_edge.weight: "), "{error}");
}

#[test]
fn order_in_a_sequence_is_read_off_its_numbers() {
    // BN(x) = 2 x + 1: scale 2, no spread, mean 0, shift 1.
    let norm = |name: &'static [&'static str; 4]| {
        let variance = 1.0 - 1e-5;
        [
            (name[0], floats(&[2], &[2.0; 2])),
            (name[1], floats(&[2], &[1.0; 2])),
            (name[2], floats(&[2], &[0.0; 2])),
            (name[3], floats(&[2], &[variance; 2])),
        ]
    };
    const BEHIND: [&str; 4] = ["1.weight", "1.bias", "1.running_mean", "1.running_var"];
    const AFTER: [&str; 4] = ["2.weight", "2.bias", "2.running_mean", "2.running_var"];
    let sequence = |norm: [(&'static str, Vec<u8>); 4], last: [&'static str; 2]| {
        let mut arrays = vec![("0.weight", square()), ("0.bias", pair()), (last[0], square()), (last[1], pair())];
        arrays.extend(norm);
        read_arrays(&arrays)
    };
    let close = |model: &Model, name: &str, expected: &[f32]| {
        let values: Vec<f32> = model.state_dict()[name].iter().copied().collect();
        assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{name}: {values:?}");
    };
    let (model, report) = sequence(norm(&BEHIND), ["3.weight", "3.bias"]).expect("a linear layer, then the norm");
    assert_eq!(fact(&report, "folded into the linear layer in front of it"), "1");
    close(&model, "fcs.0.weight", &[2.0, 4.0, 6.0, 8.0]);
    close(&model, "fcs.0.bias", &[3.0, 5.0]);
    let (model, report) = sequence(norm(&AFTER), ["3.weight", "3.bias"]).expect("an activation, then the norm");
    assert_eq!(fact(&report, "folded into the linear layer behind it"), "2");
    close(&model, "fcs.0.weight", &[1.0, 2.0, 3.0, 4.0]);
    close(&model, "fcs.1.weight", &[2.0, 4.0, 6.0, 8.0]);
    close(&model, "fcs.1.bias", &[4.0, 9.0]);
    let (_, report) = sequence(norm(&AFTER), ["4.weight", "4.bias"]).expect("one of two places");
    assert!(report.warnings.iter().any(|w| w.starts_with("2 is read as standing behind the ReLU")), "{report:?}");
    let error = sequence(norm(&BEHIND), ["2.weight", "2.bias"]).map(|_| ()).expect_err("no activation at all");
    assert!(error.starts_with("layer 2: expected an activation between 1 and 2, found none"), "{error}");

    // Convolutions of PyG's Sequential: a normalisation behind the ReLU cannot be folded into a layer that sums over neighbours.
    const MODULE: [&str; 4] = ["module_2.weight", "module_2.bias", "module_2.running_mean", "module_2.running_var"];
    let mut arrays = vec![("module_0.lin.weight", square()), ("module_3.lin.weight", square())];
    arrays.extend(norm(&MODULE));
    let error = read_arrays(&arrays).map(|_| ()).expect_err("behind the ReLU");
    assert!(error.starts_with("layer module_2: expected a normalisation directly behind every convolution"), "{error}");

    // The inner MLP of GIN as a list, without normalisations, has a ReLU in between; as a sequence without a gap it has none.
    let gin = |names: [&'static str; 2]| read_arrays(&names.into_iter().map(|name| (name, square())).collect());
    for names in [
        ["convs.0.nn.lins.0.weight", "convs.0.nn.lins.1.weight"],
        ["ginlayers.0.apply_func.linears.0.weight", "ginlayers.0.apply_func.linears.1.weight"],
        ["convs.0.nn.0.weight", "convs.0.nn.2.weight"],
    ] {
        assert_eq!(gin(names).expect("GIN").0.title(), "GIN 2-2", "{names:?}");
    }
    let error = gin(["convs.0.nn.0.weight", "convs.0.nn.1.weight"]).map(|_| ()).expect_err("no activation");
    assert!(error.starts_with("layer convs.0.nn.1: expected an activation between"), "{error}");

    // A list of linear layers with gaps is a sequence, whatever its word says about convolutions.
    let (model, _) = read_arrays(&vec![
        ("layers.0.weight", floats(&[3, 2], &[1.0; 6])),
        ("layers.2.weight", floats(&[4, 3], &[1.0; 12])),
    ])
    .expect("an MLP");
    assert_eq!(model.title(), "SGC 2-3-4");
}

#[test]
fn thousands_of_layers_are_counted_and_not_searched() {
    // Every layer was once looked for among all names: hours for a file of this size.
    let n = 60_000;
    let names = (0..n).flat_map(|l| {
        [(format!("convs.{l}.lin.weight"), 4), (format!("convs.{l}.bias"), 1)].into_iter().take(1 + usize::from(l == 0))
    });
    let mut header = String::from("{");
    let mut end = 0;
    for (name, length) in names {
        let shape = if length == 4 { "[2,2]" } else { "[1]" };
        let begin = end;
        end += 4 * length;
        write!(header, "\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{begin},{end}]}},")
            .expect("text");
    }
    header.pop();
    header.push('}');
    let error = read_bytes(&safetensors(&header, &vec![0; end])).map(|_| ()).expect_err("too many layers");
    assert!(error.starts_with("tensor names: expected at most 64 layers, found 60000"), "{error}");

    // A name of many parts, and many keys for one long name.
    let long = vec!["a"; 400_000].join(".");
    let weight = || tensor("FloatStorage", "0", 4, 0, &[2, 2], &[2, 1]);
    let storages = [("0", singles(&[1.0; 4]))];
    let file = archive(&dict(&[("fcs.0.weight", weight()), (&long, weight())]), &storages);
    let (_, report) = read_bytes(&file).expect("the network beside it");
    assert_eq!(report.ignored.len(), 1);
    assert!(report.ignored[0].len() < 200, "{}", report.ignored[0].len());
}

#[test]
fn shape_errors_name_the_tensor_of_the_file() {
    let cases: [(Arrays, &str); 4] = [
        (
            vec![("gcn1.weight", floats(&[3, 2], &[1.0; 6])), ("gcn2.weight", floats(&[4, 2], &[1.0; 8]))],
            "shape of gcn2.weight: expected [2, 2], found [4, 2]",
        ),
        (
            vec![("lin1.weight", floats(&[3, 2], &[1.0; 6])), ("lin2.weight", floats(&[2, 4], &[1.0; 8]))],
            "shape of lin2.weight: expected [2, 3], found [2, 4]",
        ),
        (
            vec![("net.conv1.lin.weight", square()), ("net.conv1.bias", floats(&[3], &[1.0; 3]))],
            "shape of net.conv1.bias: expected [2], found [3]",
        ),
        (vec![("lin1.weight", floats(&[1, 2], &[1.0, f32::NAN]))], "lin1.weight: "),
    ];
    for (arrays, expected) in cases {
        let error = read_arrays(&arrays).map(|_| ()).expect_err(expected);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn masks_alone_are_no_weights() {
    let mask: Vec<f32> = (0u8..16).map(|at| f32::from(at % 2)).collect();
    let error = read_arrays(&vec![("convs.0.lin.weight", floats(&[4, 4], &mask))]).map(|_| ()).expect_err("masks");
    assert!(error.contains("found masks alone, zeros and ones"), "{error}");
    let error = read_arrays(&vec![("lin1.weight_mask", floats(&[2, 2], &[1.0; 4]))]).map(|_| ()).expect_err("masks");
    assert!(error.contains("found masks alone") || error.contains("not a known format"), "{error}");
}
