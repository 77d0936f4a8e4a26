//! A pruned network as ONNX (operators of version 18).
//!
//! ```text
//! input    features   [nodes, d_in]      a network whose layers propagate: the graph of every layer is inside
//!          embedding  [nodes, d_in]      a decoupled one: what its propagation gives; any number of rows
//! output   logits     [nodes, classes]
//! T̂ x      = Gather(x, sources) · values, added up at the targets by ScatterND; a maximum of neighbours as the largest of them
//! α        = exp(score - max) / sum of these, over the entries of a target; or the stored coefficients
//! ```
//! Parameters have PyG's names and orientation. The operations are those of the model's [`Program`], so that a new family needs nothing
//! here.

use ndarray::ArrayD;
use prost::Message as _;

use super::names::pyg_name;
use super::source::ExportSource;
use crate::engine::EngineError;
use crate::engine::kernels::Nonlinearity;
use crate::engine::model::batch_norm::EPS;
use crate::engine::model::{Coefficient, Instruction, Model, Normalisation, Op, Program, widths};
use crate::io::bundle::StepMatrix;
use crate::io::onnx::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ShapeProto, TensorProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Protobuf ends at 2 GiB; the rest is for names.
const MAX_BYTES: usize = (1 << 31) - (1 << 20);
/// Version of the operators: the first in which `ScatterND` finds a maximum.
const OPSET: i64 = 18;
const IR_VERSION: i64 = 8;
/// Slope of LeakyReLU below 0, as in attention.
const SLOPE: f32 = 0.2;
const FLOAT: i32 = 1;
const INT64: i32 = 7;

/// The bytes of the file.
///
/// # Errors
/// Why there is no such file, for people.
pub(super) fn encode(source: &ExportSource<'_>) -> Result<Vec<u8>, String> {
    let model = source.model();
    let is_decoupled = model.architecture.is_decoupled();
    let mut graph = Graph::new(model, source.dataset().n_nodes());
    let program = model.program().inference();
    let widths = widths(&program, &model.parameters, model.d_in()).map_err(|error: EngineError| error.to_string())?;
    graph.value(Program::INPUT, if is_decoupled { "embedding" } else { "features" });
    if model.scaler.is_some() {
        let centred = graph.op("Sub", &[graph.name(Program::INPUT), "scaler.mean".to_owned()]);
        let scaled = graph.op("Div", &[centred, "scaler.scale".to_owned()]);
        graph.value(Program::INPUT, &scaled);
    }
    let n_steps = if is_decoupled { 0 } else { source.n_steps() };
    let n_bytes = graph.n_bytes() + source.entry_bytes(n_steps, 8 + 8 + 4);
    if n_bytes > MAX_BYTES {
        let why = "an ONNX file ends at 2 GB, and the graphs of the layers are part of it";
        return Err(format!("{why}: about {n_bytes} bytes"));
    }
    for (at, instruction) in program.instructions.iter().enumerate() {
        let out = graph.instruction(instruction, widths[at + 1], source)?;
        graph.value(at + 1, &out);
    }
    let rows = if graph.propagates { Some(source.dataset().n_nodes()) } else { None };
    let input = info(if is_decoupled { "embedding" } else { "features" }, rows, model.d_in());
    Ok(graph.finish(program.output, input, info("logits", rows, model.n_classes()), model))
}

/// A graph that is being written.
struct Graph<'a> {
    model: &'a Model,
    n_nodes: usize,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    /// Name of every value of the program, by its number.
    names: Vec<(usize, String)>,
    /// Whether entries of a graph are inside.
    propagates: bool,
    /// Steps whose entries are there already.
    steps: Vec<usize>,
}

impl<'a> Graph<'a> {
    fn new(model: &'a Model, n_nodes: usize) -> Self {
        let tensors = model.state_dict().into_iter();
        let initializers = tensors.map(|(name, tensor)| floats(&pyg_name(&name), &tensor)).collect();
        Self {
            model,
            n_nodes,
            nodes: Vec::new(),
            initializers,
            names: Vec::new(),
            propagates: false,
            steps: Vec::new(),
        }
    }

    fn n_bytes(&self) -> usize {
        self.initializers.iter().map(|t| t.raw_data.len()).sum()
    }

    /// Value `id` is called `name`.
    fn value(&mut self, id: usize, name: &str) {
        self.names.push((id, name.to_owned()));
    }

    fn name(&self, id: usize) -> String {
        self.names.iter().rev().find(|(known, _)| *known == id).map_or_else(String::new, |(_, name)| name.clone())
    }

    /// Adds a node; returns the name of what it gives.
    fn op(&mut self, op_type: &str, input: &[String]) -> String {
        self.op_with(op_type, input, Vec::new())
    }

    fn op_with(&mut self, op_type: &str, input: &[String], attribute: Vec<AttributeProto>) -> String {
        let output = format!("v{}", self.nodes.len());
        self.nodes.push(NodeProto {
            input: input.to_vec(),
            output: vec![output.clone()],
            name: format!("{op_type}_{}", self.nodes.len()),
            op_type: op_type.to_owned(),
            attribute,
        });
        output
    }

    fn whole(&mut self, name: &str, dims: &[usize], values: impl IntoIterator<Item = i64>) -> String {
        let raw_data = values.into_iter().flat_map(i64::to_le_bytes).collect();
        self.initializers.push(tensor(name, INT64, dims, raw_data));
        name.to_owned()
    }

    fn number(&mut self, value: f32) -> String {
        let name = format!("constant_{:08x}", value.to_bits());
        if !self.initializers.iter().any(|t| t.name == name) {
            self.initializers.push(tensor(&name, FLOAT, &[], value.to_le_bytes().to_vec()));
        }
        name
    }

    /// `[rows, …]` of one number.
    fn filled(&mut self, shape: &[usize], value: f32) -> String {
        let name = format!("shape_{}", shape.iter().map(usize::to_string).collect::<Vec<_>>().join("_"));
        if !self.initializers.iter().any(|t| t.name == name) {
            self.whole(&name, &[shape.len()], shape.iter().map(|d| whole(*d)));
        }
        let value = AttributeProto {
            name: "value".to_owned(),
            t: Some(tensor("", FLOAT, &[1], value.to_le_bytes().to_vec())),
            r#type: 4,
            ..AttributeProto::default()
        };
        self.op_with("ConstantOfShape", &[name], vec![value])
    }

    /// What is added up (or the largest) of `updates` at every target of `step`.
    fn scatter(&mut self, step: usize, onto: String, updates: String, reduction: &str) -> String {
        let reduction = AttributeProto {
            name: "reduction".to_owned(),
            s: reduction.as_bytes().to_vec(),
            r#type: 3,
            ..AttributeProto::default()
        };
        self.op_with("ScatterND", &[onto, format!("step_{step}_at"), updates], vec![reduction])
    }

    fn reshaped(&mut self, x: String, shape: &[i64]) -> String {
        let name = format!("reshape_{}", shape.iter().map(i64::to_string).collect::<Vec<_>>().join("_"));
        let name = name.replace('-', "m");
        if !self.initializers.iter().any(|t| t.name == name) {
            self.whole(&name, &[shape.len()], shape.iter().copied());
        }
        self.op("Reshape", &[x, name])
    }

    /// The entries of `step` as initialisers, once.
    fn entries(&mut self, step: usize, matrix: &StepMatrix) {
        self.propagates = true;
        if self.steps.contains(&step) {
            return;
        }
        self.steps.push(step);
        let n = matrix.structure.n_entries();
        let targets = matrix.structure.entries().map(|(u, _)| i64::from(u));
        self.whole(&format!("step_{step}_sources"), &[n], matrix.structure.indices().iter().map(|v| i64::from(*v)));
        self.whole(&format!("step_{step}_at"), &[n, 1], targets);
    }

    /// What `instruction` gives, `width` columns of it.
    fn instruction(
        &mut self,
        instruction: &Instruction,
        width: usize,
        source: &ExportSource<'_>,
    ) -> Result<String, String> {
        let inputs: Vec<String> = instruction.inputs.iter().map(|id| self.name(*id)).collect();
        let x = inputs.first().cloned().unwrap_or_default();
        Ok(match &instruction.op {
            Op::Matmul { weight, transposed } => {
                let trans_b =
                    AttributeProto { name: "transB".to_owned(), i: 1, r#type: 2, ..AttributeProto::default() };
                // What multiplies from the right is stored as it multiplies.
                if *transposed {
                    self.op_with("Gemm", &[x, pyg_name(weight)], vec![trans_b])
                } else {
                    self.op("MatMul", &[x, pyg_name(weight)])
                }
            }
            Op::Bias { bias } => self.op("Add", &[x, bias.clone()]),
            Op::Propagate { step } => {
                let matrix = source.matrix(*step);
                self.entries(*step, &matrix);
                let values = format!("step_{step}_values");
                let bytes = matrix.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                self.initializers.push(tensor(&values, FLOAT, &[matrix.values.len(), 1], bytes));
                let rows = self.op("Gather", &[x, format!("step_{step}_sources")]);
                let messages = self.op("Mul", &[rows, values]);
                let zero = self.filled(&[self.n_nodes, width], 0.0);
                self.scatter(*step, zero, messages, "add")
            }
            Op::PropagateMax { step } => {
                let matrix = source.matrix(*step);
                self.entries(*step, &matrix);
                let messages = self.op("Gather", &[x, format!("step_{step}_sources")]);
                let lowest = self.filled(&[self.n_nodes, width], f32::MIN);
                let largest = self.scatter(*step, lowest, messages, "max");
                // A row without entries is 0.
                let (lowest, zero) = (self.number(f32::MIN), self.number(0.0));
                let is_there = self.op("Greater", &[largest.clone(), lowest]);
                self.op("Where", &[is_there, largest, zero])
            }
            Op::Attention { step, vectors } => {
                let matrix = source.matrix(*step);
                self.entries(*step, &matrix);
                let target = inputs.get(1).cloned().unwrap_or_else(|| x.clone());
                self.attention(*step, x, target, vectors, &matrix, source.has_fixed_attention())?
            }
            Op::MeanHeads { heads } => {
                let wide = self.reshaped(x, &[-1, whole(*heads), whole(width)]);
                self.reduced("ReduceMean", wide, 1)
            }
            Op::Combine { a, b } => {
                let y = inputs.get(1).cloned().unwrap_or_default();
                let (a, b) = (self.coefficient(a), self.coefficient(b));
                let (x, y) = (self.times(a, x), self.times(b, y));
                self.op("Add", &[x, y])
            }
            Op::Scale { a } => self.times(*a, x),
            Op::BatchNorm { name } => {
                let epsilon =
                    AttributeProto { name: "epsilon".to_owned(), f: EPS, r#type: 1, ..AttributeProto::default() };
                let part = |part: &str| format!("{name}.{part}");
                let inputs = [x, part("weight"), part("bias"), part("running_mean"), part("running_var")];
                self.op_with("BatchNormalization", &inputs, vec![epsilon])
            }
            Op::Normalise { kind, name } => self.normalised(*kind, name, x, width),
            Op::Relu => self.op("Relu", &[x]),
            Op::Nonlinearity { function } => self.activated(*function, x),
            Op::Prelu { slope } => self.op("PRelu", &[x, slope.clone()]),
            Op::Concatenate => {
                let axis = AttributeProto { name: "axis".to_owned(), i: 1, r#type: 2, ..AttributeProto::default() };
                self.op_with("Concat", &inputs, vec![axis])
            }
            Op::Maximum => self.op("Max", &inputs),
            // Nothing at inference.
            Op::Dropout { .. } => x,
        })
    }

    fn activated(&mut self, function: Nonlinearity, x: String) -> String {
        let alpha =
            |f: f32| vec![AttributeProto { name: "alpha".to_owned(), f, r#type: 1, ..AttributeProto::default() }];
        match function {
            Nonlinearity::Elu => self.op_with("Elu", &[x], alpha(1.0)),
            Nonlinearity::LeakyRelu => self.op_with("LeakyRelu", &[x], alpha(Nonlinearity::LEAKY_SLOPE)),
            Nonlinearity::Tanh => self.op("Tanh", &[x]),
            Nonlinearity::Sigmoid => self.op("Sigmoid", &[x]),
            Nonlinearity::Silu => {
                let sigmoid = self.op("Sigmoid", std::slice::from_ref(&x));
                self.op("Mul", &[x, sigmoid])
            }
            // `Gelu` by itself came with version 20.
            Nonlinearity::Gelu => {
                let scaled = self.times(std::f32::consts::FRAC_1_SQRT_2, x.clone());
                let erf = self.op("Erf", &[scaled]);
                let one = self.number(1.0);
                let sum = self.op("Add", &[erf, one]);
                let product = self.op("Mul", &[x, sum]);
                self.times(0.5, product)
            }
        }
    }

    /// A normalisation by statistics of the values at hand.
    fn normalised(&mut self, kind: Normalisation, name: &str, x: String, width: usize) -> String {
        let part = |part: &str| format!("{name}.{part}");
        if kind == Normalisation::Layer {
            let epsilon = AttributeProto { name: "epsilon".to_owned(), f: EPS, r#type: 1, ..AttributeProto::default() };
            return self.op_with("LayerNormalization", &[x, part("weight"), part("bias")], vec![epsilon]);
        }
        let normalised = match kind {
            Normalisation::GraphSize => self.times((1.0 / (self.n_nodes.max(1) as f64).sqrt()) as f32, x),
            Normalisation::LayerGraph => {
                let mean = self.mean_of_all(x.clone());
                let centred = self.op("Sub", &[x, mean]);
                let square = self.op("Mul", &[centred.clone(), centred.clone()]);
                let variance = self.mean_of_all(square);
                let deviation = self.op("Sqrt", &[variance]);
                let eps = self.number(EPS);
                let deviation = self.op("Add", &[deviation, eps]);
                self.op("Div", &[centred, deviation])
            }
            _ => {
                let mean = self.reduced("ReduceMean", x.clone(), 0);
                let mean = match kind {
                    Normalisation::Graph => self.op("Mul", &[mean, part("mean_scale")]),
                    _ => mean,
                };
                let centred = self.op("Sub", &[x, mean]);
                if kind == Normalisation::MeanSubtraction {
                    return centred;
                }
                let square = self.op("Mul", &[centred.clone(), centred.clone()]);
                let mut variance = self.reduced("ReduceMean", square, 0);
                if matches!(kind, Normalisation::Pair | Normalisation::PairWidth) {
                    variance = self.reduced("ReduceSum", variance, 0);
                }
                let eps = self.number(EPS);
                let variance = self.op("Add", &[variance, eps]);
                let deviation = self.op("Sqrt", &[variance]);
                self.op("Div", &[centred, deviation])
            }
        };
        if kind == Normalisation::PairWidth {
            return self.times(width as f32, normalised);
        }
        if !kind.has_affine() {
            return normalised;
        }
        let scaled = self.op("Mul", &[normalised, part("weight")]);
        self.op("Add", &[scaled, part("bias")])
    }

    /// One number: the mean of a matrix.
    fn mean_of_all(&mut self, x: String) -> String {
        let of_columns = self.reduced("ReduceMean", x, 0);
        self.reduced("ReduceMean", of_columns, 0)
    }

    /// A number of the program.
    fn coefficient(&self, coefficient: &Coefficient) -> f32 {
        match coefficient {
            Coefficient::Number(value) => *value,
            Coefficient::OnePlus(name) => {
                let at = self.model.position(name);
                1.0 + at.map_or(0.0, |at| self.model.parameters[at].values[[0, 0]])
            }
        }
    }

    fn times(&mut self, a: f32, x: String) -> String {
        if a.to_bits() == 1.0f32.to_bits() {
            return x;
        }
        let a = self.number(a);
        self.op("Mul", &[x, a])
    }

    /// Over axis `axis`, which is then gone.
    fn reduced(&mut self, op_type: &str, x: String, axis: i64) -> String {
        let name = format!("axis_{axis}");
        if !self.initializers.iter().any(|t| t.name == name) {
            self.whole(&name, &[1], [axis]);
        }
        let keep = AttributeProto { name: "keepdims".to_owned(), i: 0, r#type: 2, ..AttributeProto::default() };
        self.op_with(op_type, &[x, name], vec![keep])
    }

    fn attention(
        &mut self,
        step: usize,
        source: String,
        target: String,
        vectors: &[String],
        matrix: &StepMatrix,
        is_fixed: bool,
    ) -> Result<String, String> {
        let shape = vectors.first().and_then(|name| self.model.position(name)).map(|at| {
            let (heads, channels) = self.model.parameters[at].values.dim();
            (heads, channels)
        });
        let Some((heads, channels)) = shape else { return Err("a model without its attention vectors".to_owned()) };
        let wide = [-1, whole(heads), whole(channels)];
        let sources = format!("step_{step}_sources");
        // The targets once more, as one axis.
        let targets = format!("step_{step}_targets");
        if !self.initializers.iter().any(|t| t.name == targets) {
            let n = matrix.structure.n_entries();
            self.whole(&targets, &[n], matrix.structure.entries().map(|(u, _)| i64::from(u)));
        }
        let from = self.reshaped(source, &wide);
        let messages = self.op("Gather", &[from.clone(), sources.clone()]);
        let alpha = if is_fixed {
            let Some(coefficients) = &matrix.coefficients else { return Err("no stored coefficients".to_owned()) };
            let name = format!("step_{step}_coefficients");
            let bytes = coefficients.iter().flat_map(|v| v.to_le_bytes()).collect();
            self.initializers.push(tensor(&name, FLOAT, coefficients.shape(), bytes));
            name
        } else {
            let to = self.reshaped(target, &wide);
            let slope = AttributeProto { name: "alpha".to_owned(), f: SLOPE, r#type: 1, ..AttributeProto::default() };
            let scores = if let [att] = vectors {
                let at_targets = self.op("Gather", &[to, targets.clone()]);
                let sum = self.op("Add", &[messages.clone(), at_targets]);
                let leaky = self.op_with("LeakyRelu", &[sum], vec![slope]);
                let weighted = self.op("Mul", &[leaky, att.clone()]);
                self.reduced("ReduceSum", weighted, 2)
            } else {
                let mut of_nodes = |x: String, att: &String, at: &String| {
                    let weighted = self.op("Mul", &[x, att.clone()]);
                    let score = self.reduced("ReduceSum", weighted, 2);
                    self.op("Gather", &[score, at.clone()])
                };
                let (of_source, of_target) =
                    (of_nodes(from, &vectors[0], &sources), of_nodes(to, &vectors[1], &targets));
                let sum = self.op("Add", &[of_source, of_target]);
                self.op_with("LeakyRelu", &[sum], vec![slope])
            };
            let lowest = self.filled(&[self.n_nodes, heads], f32::MIN);
            let largest = self.scatter(step, lowest, scores.clone(), "max");
            let largest = self.op("Gather", &[largest, targets.clone()]);
            let below = self.op("Sub", &[scores, largest]);
            let powers = self.op("Exp", &[below]);
            let zero = self.filled(&[self.n_nodes, heads], 0.0);
            let sums = self.scatter(step, zero, powers.clone(), "add");
            let sums = self.op("Gather", &[sums, targets]);
            self.op("Div", &[powers, sums])
        };
        let alpha = self.reshaped(alpha, &[-1, whole(heads), 1]);
        let messages = self.op("Mul", &[messages, alpha]);
        let zero = self.filled(&[self.n_nodes, heads, channels], 0.0);
        let out = self.scatter(step, zero, messages, "add");
        Ok(self.reshaped(out, &[-1, whole(heads * channels)]))
    }

    fn finish(mut self, last: usize, input: ValueInfoProto, output: ValueInfoProto, model: &Model) -> Vec<u8> {
        self.nodes.push(NodeProto {
            input: vec![self.name(last)],
            output: vec!["logits".to_owned()],
            name: "logits".to_owned(),
            op_type: "Identity".to_owned(),
            attribute: Vec::new(),
        });
        let graph = GraphProto {
            node: self.nodes,
            name: model.title(),
            initializer: self.initializers,
            doc_string: "Pruned by Unifews; removed weights are 0, removed entries are not there".to_owned(),
            input: vec![input],
            output: vec![output],
        };
        let proto = ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        };
        proto.encode_to_vec()
    }
}

fn floats(name: &str, values: &ArrayD<f32>) -> TensorProto {
    tensor(name, FLOAT, values.shape(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn tensor(name: &str, data_type: i32, dims: &[usize], raw_data: Vec<u8>) -> TensorProto {
    let dims = dims.iter().map(|d| whole(*d)).collect();
    TensorProto { dims, data_type, name: name.to_owned(), raw_data, ..TensorProto::default() }
}

/// ONNX counts in signed numbers.
fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A matrix of `rows` rows, or of any number.
fn info(name: &str, rows: Option<usize>, width: usize) -> ValueInfoProto {
    let fixed = |n: usize| DimensionProto { dim_value: Some(whole(n)), dim_param: None };
    let any = DimensionProto { dim_value: None, dim_param: Some("nodes".to_owned()) };
    let shape = ShapeProto { dim: vec![rows.map_or(any, fixed), fixed(width)] };
    let tensor_type = TensorTypeProto { elem_type: FLOAT, shape: Some(shape) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}
