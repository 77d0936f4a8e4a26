"""Runs what `unifews export` wrote with DGL's own layers, and compares with the bundle's logits.

    python dgl_exports.py BUNDLE EXPORTS [BUNDLE EXPORTS ...]

Needs numpy (before 2), scipy, torch and DGL 1.1. The weights come from model-dgl.pt (`torch.load`, weights only, loaded strictly), the graph of
every layer from graphs-npz/. The layers normalise nothing: the files hold the finished entries.
"""

import json
import os
import sys
from pathlib import Path

os.environ["DGLBACKEND"] = "pytorch"

import dgl  # noqa: E402
import numpy as np  # noqa: E402
import scipy.sparse  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from dgl.nn import GATConv, GATv2Conv, GCN2Conv, GINConv, GraphConv, SAGEConv  # noqa: E402
from dgl.nn.pytorch.conv import gcn2conv  # noqa: E402
from torch import nn  # noqa: E402

ROUNDING = 1e-5
# The layer has no switch for it: it normalises whatever weights it is given.
gcn2conv.EdgeWeightNorm = lambda _: lambda _, weight: weight


class Mlp(nn.Module):
    """What GINConv applies to its sums."""

    def __init__(self, sizes, bias):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(i, o, bias=bias) for i, o in zip(sizes, sizes[1:]))

    def forward(self, x):
        for l, linear in enumerate(self.linears):
            x = linear(x)
            x = F.relu(x) if l + 1 < len(self.linears) else x
        return x


class Network(nn.Module):
    """The layers that the state dict's names and shapes say, with ReLU (and batch normalisation) between."""

    def __init__(self, state, note):
        super().__init__()
        self.family, self.note, self.layers = note["family"], note, nn.ModuleList()
        n_layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
        for l in range(n_layers):
            self.layers.append(self.layer(state, l, l + 1 == n_layers))
        if "norms.0.weight" in state:
            sizes = [state[name].numel() for name in state if name.startswith("norms.") and name.endswith(".weight")]
            self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes)
        for name in ("lin_in", "lin_out"):
            if f"{name}.weight" in state:
                out, into = state[f"{name}.weight"].shape
                setattr(self, name, nn.Linear(into, out, bias=f"{name}.bias" in state))

    def layer(self, state, l, is_last):
        has = lambda part: f"layers.{l}.{part}" in state  # noqa: E731
        size = lambda part: state[f"layers.{l}.{part}"].shape  # noqa: E731
        if self.family == "gcn":
            return GraphConv(*size("weight"), norm="none", bias=has("bias"))
        if self.family == "sage":
            out, into = size("fc_neigh.weight")
            assert has("fc_self.weight"), "a layer without a root weight is another one in DGL"
            return SAGEConv(into, out, "mean", bias=has("fc_self.bias"))
        if self.family == "gin":
            out, into = size("apply_func.linears.0.weight")
            inner = Mlp([into, out, size("apply_func.linears.1.weight")[0]], has("apply_func.linears.0.bias"))
            return GINConv(inner, "sum", learn_eps=True)
        if self.family == "gcn2":
            theta = float(np.exp(self.note["betas"][l]) - 1) * (l + 1)
            return GCN2Conv(size("weight1")[0], l + 1, alpha=self.note["alpha"], lambda_=theta, bias=has("bias"))
        if has("attn"):
            _, heads, channels = size("attn")
            return GATv2Conv(size("fc_src.weight")[1], channels, heads, bias=has("fc_src.bias"))
        _, heads, channels = size("attn_l")
        return GATConv(size("fc.weight")[1], channels, heads, bias=has("bias"))

    def forward(self, x, graphs):
        if hasattr(self, "lin_in"):
            x = self.lin_in(x)
            x = F.relu(self.norms[len(self.layers) - 1](x) if hasattr(self, "norms") else x)
        first = x
        for l, layer in enumerate(self.layers):
            g, weight = graphs[l]
            if self.family == "gcn":
                x = layer(g, x, edge_weight=weight)
            elif self.family == "sage":
                # Its means divide by the entries once more.
                x = layer(g, x, edge_weight=weight * g.in_degrees()[g.edges()[1]])
            elif self.family == "gcn2":
                x = layer(g, x, first, edge_weight=weight)
            elif self.family == "gin":
                x = layer(g, x)
            else:
                x = layer(g, x)
                x = x.flatten(1) if l + 1 < len(self.layers) else x.mean(1)
            if l + 1 < len(self.layers):
                x = F.relu(self.norms[l](x) if hasattr(self, "norms") else x)
        return self.lin_out(x) if hasattr(self, "lin_out") else x


def read_graph(path):
    """A DGL graph of the stored entries, row = target; zeros that are stored count, too."""
    entries = scipy.sparse.load_npz(path).tocoo()
    g = dgl.graph((torch.from_numpy(entries.col), torch.from_numpy(entries.row)), num_nodes=entries.shape[0])
    return g, torch.from_numpy(entries.data.astype(np.float32))


def check(bundle, exports):
    note = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["forward"]
    state = torch.load(exports / "model-dgl.pt", weights_only=True)
    graphs = [read_graph(path) for path in sorted((exports / "graphs-npz").glob("*.npz"))]
    model = Network(state, note).eval()
    model.load_state_dict(state, strict=True)
    if (bundle / "features.npz").exists():
        x = scipy.sparse.load_npz(bundle / "features.npz").toarray()
    else:
        x = np.load(bundle / "features.npy")
    with torch.no_grad():
        logits = model(torch.from_numpy(x.astype(np.float32)), graphs).numpy()
    expected = np.load(bundle / "logits.npy")
    largest = float(np.abs(logits - expected).max())
    scale = max(1.0, float(np.abs(expected).max()))
    edges = ", ".join(str(g.num_edges()) for g, _ in graphs)
    title = json.loads((exports / "exports.json").read_text(encoding="utf-8"))["title"]
    print(f"{title}: {len(state)} tensors, edges {edges}, largest difference {largest:.1e}")
    return largest <= ROUNDING * scale


print(f"torch {torch.__version__}, DGL {dgl.__version__}")
pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
if not all([check(Path(bundle), Path(exports)) for bundle, exports in pairs]):
    sys.exit("a difference is more than rounding")
