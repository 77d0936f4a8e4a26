"""Runs what `unifews export` wrote with PyTorch and PyTorch Geometric's own layers, and compares with the bundle's logits.

    python torch_exports.py BUNDLE EXPORTS [BUNDLE EXPORTS ...]

Needs numpy, scipy, torch and torch_geometric. The weights come from model-pyg.pt (`torch.load`, weights only, loaded strictly), the
graph of every layer from graphs-pyg/. The layers add no self-loops and normalise nothing: the files hold the finished entries.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import GATConv, GATv2Conv, GCN2Conv, GCNConv, GINConv, MLP, SAGEConv

ROUNDING = 1e-5


def adjacency(data):
    """Row = target, column = source."""
    source, target = data.edge_index
    shape = (data.num_nodes, data.num_nodes)
    return torch.sparse_coo_tensor(torch.stack([target, source]), data.edge_weight, shape).coalesce().to_sparse_csr()


class Network(nn.Module):
    """The layers that the state dict's names and shapes say, with ReLU (and batch normalisation) between."""

    def __init__(self, state, note):
        super().__init__()
        self.family, self.convs, self.norms = note["family"], nn.ModuleList(), nn.ModuleList()
        self.note = note
        layer = 0
        while any(name.startswith((f"convs.{layer}.", f"fcs.{layer}.")) for name in state):
            self.add_layer(state, layer)
            layer += 1
        norm = "bns" if self.family in ("sgc", "appnp", "gbp", "mlp") else "norms"
        if f"{norm}.0.weight" in state:
            sizes = [state[name].numel() for name in state if name.startswith(f"{norm}.") and name.endswith(".weight")]
            setattr(self, norm, nn.ModuleList(nn.BatchNorm1d(size) for size in sizes))
        for name in ("lin_in", "lin_out"):
            if f"{name}.weight" in state:
                weight = state[f"{name}.weight"]
                setattr(self, name, nn.Linear(weight.shape[1], weight.shape[0], bias=f"{name}.bias" in state))

    def add_layer(self, state, l):
        has = lambda part: f"convs.{l}.{part}" in state  # noqa: E731
        size = lambda part: state[f"convs.{l}.{part}"].shape  # noqa: E731
        if self.family in ("sgc", "appnp", "gbp", "mlp"):
            if not hasattr(self, "fcs"):
                self.fcs = nn.ModuleList()
            out, into = state[f"fcs.{l}.weight"].shape
            self.fcs.append(nn.Linear(into, out, bias=f"fcs.{l}.bias" in state))
        elif self.family == "gcn":
            out, into = size("lin.weight")
            self.convs.append(GCNConv(into, out, normalize=False, add_self_loops=False, bias=has("bias")))
        elif self.family == "sage":
            out, into = size("lin_l.weight")
            conv = SAGEConv(into, out, aggr="sum", root_weight=has("lin_r.weight"), bias=has("lin_l.bias"))
            self.convs.append(conv)
        elif self.family == "gin":
            out, into = size("nn.lins.0.weight")
            inner = MLP([into, out, size("nn.lins.1.weight")[0]], norm=None, bias=has("nn.lins.0.bias"))
            self.convs.append(GINConv(inner, train_eps=False))
        elif self.family == "gcn2":
            betas = self.note["betas"]
            # PyG takes theta and the number of the layer, and finds beta = log(theta / layer + 1).
            theta = float(np.exp(betas[l]) - 1) * (l + 1)
            conv = GCN2Conv(size("weight1")[0], self.note["alpha"], theta, l + 1, normalize=False, add_self_loops=False)
            self.convs.append(conv)
        else:
            is_v2 = has("att")
            _, heads, channels = size("att" if is_v2 else "att_src")
            into = size("lin_l.weight" if is_v2 else "lin.weight")[1]
            is_last = not any(name.startswith(f"convs.{l + 1}.") for name in state)
            options = {"heads": heads, "concat": not is_last, "add_self_loops": False, "bias": has("bias")}
            if is_v2:
                self.convs.append(GATv2Conv(into, channels, share_weights=not has("lin_r.weight"), **options))
            else:
                self.convs.append(GATConv(into, channels, **options))

    def forward(self, x, graphs):
        if hasattr(self, "fcs"):
            for l, linear in enumerate(self.fcs):
                x = linear(x)
                if l + 1 < len(self.fcs):
                    x = F.relu(x)
                    x = self.bns[l](x) if hasattr(self, "bns") else x
            return x
        if hasattr(self, "lin_in"):
            x = self.lin_in(x)
            x = F.relu(self.norms[len(self.convs) - 1](x) if len(self.norms) else x)
        first = x
        for l, conv in enumerate(self.convs):
            data = graphs[l]
            if self.family == "gcn":
                x = conv(x, data.edge_index, data.edge_weight)
            elif self.family == "gcn2":
                x = conv(x, first, data.edge_index, data.edge_weight)
            elif self.family == "sage":
                x = conv(x, adjacency(data))
            else:
                x = conv(x, data.edge_index)
            if l + 1 < len(self.convs):
                x = F.relu(self.norms[l](x) if len(self.norms) else x)
        return self.lin_out(x) if hasattr(self, "lin_out") else x


def check(bundle, exports):
    note = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["forward"]
    state = torch.load(exports / "model-pyg.pt", weights_only=True)
    paths = sorted((exports / "graphs-pyg").glob("*.pt"))
    graphs = [torch.load(path, weights_only=False) for path in paths]
    scaler = {name: state.pop(name) for name in list(state) if name.startswith("scaler.")}
    model = Network(state, note).eval()
    model.load_state_dict(state, strict=True)
    if (exports / "embedding.npy").exists():
        x = np.load(exports / "embedding.npy")
    elif (bundle / "features.npz").exists():
        x = scipy.sparse.load_npz(bundle / "features.npz").toarray()
    else:
        x = np.load(bundle / "features.npy")
    x = torch.from_numpy(x.astype(np.float32))
    if scaler:
        x = (x - scaler["scaler.mean"]) / scaler["scaler.scale"]
    with torch.no_grad():
        logits = model(x, graphs).numpy()
    expected = np.load(bundle / "logits.npy")
    largest = float(np.abs(logits - expected).max())
    scale = max(1.0, float(np.abs(expected).max()))
    edges = ", ".join(str(data.num_edges) for data in graphs) or "none"
    title = json.loads((exports / "exports.json").read_text(encoding="utf-8"))["title"]
    print(f"{title}: {len(state)} tensors, edges {edges}, largest difference {largest:.1e}")
    return largest <= ROUNDING * scale


import torch_geometric  # noqa: E402

print(f"torch {torch.__version__}, torch_geometric {torch_geometric.__version__}")
pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
if not all([check(Path(bundle), Path(exports)) for bundle, exports in pairs]):
    sys.exit("a difference is more than rounding")
