"""Writes what PyTorch Geometric's own models compute, with every normalisation, activation and jumping knowledge that they take.

    python pyg_models.py OUTPUT.safetensors

Needs torch, torch_geometric and safetensors; made with torch 2.15.0 and torch_geometric 2.8.1. Random weights, nothing downloaded.

One file, so that it stays small: what has the same tensors in several settings is there once.

    features [12, 5], edges [2, m]      the graph, directed, one node without incoming edges
    {group}:{name}                      tensors by the names that PyG gives them
    l{k} [settings, 12, 3]              the logits of every setting of entry k
    metadata "entries"                  of every entry: its layers; the groups that its state dicts are made of, with "prelu" the group
                                        that goes with a PReLU; the values of every setting in our words, the last one changing fastest
"""

import json
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch_geometric.nn import GATConv, GATv2Conv, GCNConv, GraphSizeNorm, LayerNorm, MeanSubtractionNorm, PairNorm, SAGEConv
from torch_geometric.nn.models import GAT, GCN, GIN, GraphSAGE

N, D_IN, HIDDEN, LAYERS, CLASSES, SLOPE = 12, 5, 8, 3, 3, 0.3

# Our word: what PyG calls it, and its arguments; those with the same tensors stand together.
NORMS = [
    {
        "none": (None, {}),
        "instance": ("instance_norm", {}),
        # By name, PyG's models give it their width as its scale.
        "pair-width": ("pair_norm", {}),
        # These take no width, so they are given as modules, which the inner MLP of GIN does not get.
        "pair": (PairNorm(), {}),
        "mean-subtraction": (MeanSubtractionNorm(), {}),
        "graph-size": (GraphSizeNorm(), {}),
    },
    {"batch": ("batch_norm", {})},
    {
        "layer-graph": ("layer_norm", {}),
        "layer": ("layer_norm", {"mode": "node"}),
        "instance": ("instance_norm", {"affine": True}),
    },
    {"graph": ("graph_norm", {})},
]
ACTIVATIONS = {
    "relu": "relu",
    "elu": "elu",
    "leaky-relu": "leaky_relu",
    "gelu": "gelu",
    "tanh": "tanh",
    "prelu": "prelu",
}
JUMPING = [{"none": None}, {"last": "last", "max": "max"}, {"cat": "cat"}]
MODELS = {
    "GCN": (GCN, {"": {}}),
    "GAT": (GAT, {"": {"heads": 2}}),
    "GATv2": (GAT, {"": {"heads": 2, "v2": True}}),
    "GraphSAGE": (GraphSAGE, {"mean": {}, "max": {"aggr": "max"}}),
    "GIN": (GIN, {"": {}}),
}


def graph(generator):
    features = torch.randn(N, D_IN, generator=generator)
    pairs = {(u, v) for u in range(N) for v in torch.randperm(N, generator=generator)[:3].tolist() if u != v and v != 11}
    return features, torch.tensor(sorted(pairs)).t().contiguous()


def randomise(module, generator):
    """Biases, normalisations and statistics that are not those of a fresh model."""
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(1.0 + 0.5 * noise.abs())
            elif "act" in name.split("."):
                tensor.fill_(SLOPE)
            elif "norm" in name and name.endswith(("weight", "mean_scale")):
                tensor.copy_(1.0 + 0.3 * noise)
            elif tensor.dim() == 1:
                tensor.copy_(0.3 * noise)
            else:
                tensor.copy_(noise / tensor.shape[-1] ** 0.5)
    return module.eval()


class Convolutions(nn.Module):
    """Networks with skip connections, as people write them."""

    def __init__(self, form):
        super().__init__()
        self.form = form
        first = HIDDEN if form in ("linear", "before") else D_IN
        widths = [first + l * HIDDEN if form == "dense" else (first if l == 0 else HIDDEN) for l in range(LAYERS)]
        self.convs = nn.ModuleList(GCNConv(into, HIDDEN) for into in widths)
        if form in ("linear", "before"):
            self.lin_in = nn.Linear(D_IN, HIDDEN)
        if form == "linear":
            self.lins = nn.ModuleList(nn.Linear(into, HIDDEN) for into in widths)
        self.lns = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in widths)
        self.lin_out = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x, edges):
        x = F.elu(self.lin_in(x)) if self.form in ("linear", "before") else x
        seen = [x]
        for l, (conv, norm) in enumerate(zip(self.convs, self.lns)):
            before = x
            x = conv(torch.cat(seen, 1) if self.form == "dense" else x, edges)
            if self.form == "linear":
                x = x + self.lins[l](before)
            x = norm(x)
            if self.form == "before":
                x = x + before
            x = F.elu(x)
            if self.form == "after" and x.shape == before.shape:
                x = x + before
            seen.append(x)
        return self.lin_out(x)


class ResidualAttention(nn.Module):
    """Attention layers with `residual=True`."""

    def __init__(self, conv):
        super().__init__()
        self.convs = nn.ModuleList(
            conv(D_IN if l == 0 else HIDDEN, CLASSES if l + 1 == LAYERS else HIDDEN // 2, heads=2, concat=l + 1 < LAYERS, residual=True)
            for l in range(LAYERS)
        )

    def forward(self, x, edges):
        for conv in self.convs[:-1]:
            x = F.elu(conv(x, edges))
        return self.convs[-1](x, edges)


class ResidualMean(nn.Module):
    """The mean of the neighbours, with the input of every layer added where it is as wide."""

    def __init__(self):
        super().__init__()
        widths = [D_IN] + [HIDDEN] * (LAYERS - 1) + [CLASSES]
        self.convs = nn.ModuleList(SAGEConv(into, to) for into, to in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(LayerNorm(HIDDEN) for _ in range(LAYERS - 1))

    def forward(self, x, edges):
        for conv, norm in zip(self.convs, self.norms):
            before = x
            x = F.gelu(norm(conv(x, edges)))
            x = x + before if x.shape == before.shape else x
        return self.convs[-1](x, edges)


def main(output):
    generator = torch.Generator().manual_seed(15)
    torch.manual_seed(15)
    features, edges = graph(generator)
    tensors, entries = {"features": features, "edges": edges}, []

    def group_of(name):
        return "prelu" if "act" in name.split(".") else "norms" if "norms" in name.split(".") else "layers"

    def take(entry, net):
        """The state dict of `net`, of tensors that are there already where they are; new ones are drawn."""
        fresh = randomise(net, generator).state_dict()
        state = {}
        for name, tensor in fresh.items():
            key = f"{entry['groups'][group_of(name)]}:{name}"
            state[name] = tensors.setdefault(key, tensor.clone()) if tensor.is_floating_point() else tensor
        net.load_state_dict(state, strict=True)
        return net.eval()

    def add(entry, logits):
        tensors[f"l{len(entries)}"] = torch.stack(logits).contiguous()
        entries.append(entry)

    for title, (model, variants) in MODELS.items():
        for nth_jumping, jumping in enumerate(JUMPING):
            for nth_norm, norms in enumerate(NORMS):
                name = f"{title}{nth_jumping}"
                activations = ACTIVATIONS | ({"sigmoid": "sigmoid", "silu": "swish"} if title == "GCN" else {})
                settings = {"norm": list(norms), "activation": list(activations), "jumping": list(jumping)}
                if "" not in variants:
                    settings["aggregation"] = list(variants)
                if title == "GIN":
                    settings["inner_norm"] = None
                entry = {
                    "layers": title,
                    "groups": {"layers": name, "norms": f"{name}n{nth_norm}", "prelu": f"{name}p"},
                    "settings": {words: values for words, values in settings.items() if values},
                }
                if title == "GIN":
                    entry["inner_norm"] = [norm if norm_name is None or isinstance(norm_name, str) else "none" for norm, (norm_name, _) in norms.items()]
                logits = []
                for norm_name, norm_kwargs in norms.values():
                    for act in activations.values():
                        for jk in jumping.values():
                            for kwargs in variants.values():
                                net = model(D_IN, HIDDEN, LAYERS, CLASSES, act=act, norm=norm_name, norm_kwargs=norm_kwargs, jk=jk, **kwargs)
                                with torch.no_grad():
                                    logits.append(take(entry, net)(features, edges))
                add(entry, logits)

    skips = {
        "after": {"skip": "residual"},
        "before": {"skip": "residual-before-activation", "input_layer": "activated"},
        "linear": {"skip": "linear", "input_layer": "activated"},
        "dense": {"skip": "dense"},
    }
    nets = [
        ("GCN", Convolutions(form), {"norm": "layer", "activation": "elu", "jumping": "last", **settings})
        for form, settings in skips.items()
    ]
    nets += [
        ("GAT", ResidualAttention(GATConv), {"activation": "elu"}),
        ("GATv2", ResidualAttention(GATv2Conv), {"activation": "elu"}),
        ("GraphSAGE", ResidualMean(), {"norm": "layer-graph", "activation": "gelu", "skip": "residual"}),
    ]
    for nth, (title, net, settings) in enumerate(nets):
        entry = {
            "layers": title,
            "groups": dict.fromkeys(("layers", "norms", "prelu"), f"skip{nth}"),
            "settings": {word: [value] for word, value in settings.items()},
        }
        with torch.no_grad():
            add(entry, [take(entry, net)(features, edges)])
    save_file(tensors, output, metadata={"entries": json.dumps(entries, separators=(",", ":"))})
    print(f"{len(entries)} entries, {sum(len(tensors[f'l{k}']) for k in range(len(entries)))} networks")


if __name__ == "__main__":
    main(sys.argv[1])
