"""Prune a graph and its graph neural network together, and run what is left with NumPy and SciPy.

``prune`` hands a graph and a trained model to the program and gives its bundle back; ``load`` opens a bundle that was exported before.

Two groups of nodes that know one another, and a GCN of one layer:

>>> import numpy as np
>>> from types import SimpleNamespace
>>> import unifews
>>> pairs = [(a, b) for group in (range(8), range(8, 16)) for a in group for b in group if a != b] + [(7, 8), (8, 7)]
>>> known = np.arange(16) % 4
>>> data = SimpleNamespace(
...     x=np.repeat(np.eye(2, dtype=np.float32), 8, axis=0), edge_index=np.array(pairs).T, y=np.repeat([0, 1], 8),
...     train_mask=known < 2, val_mask=known == 2, test_mask=known == 3)
>>> weights = {"convs.0.lin.weight": np.eye(2, dtype=np.float32), "convs.0.bias": np.zeros(2, np.float32)}
>>> bundle = unifews.prune(data, weights, edge_mode="target", delta_a=0.5, weight_mode="target", delta_w=0.25, no_timing=True)
>>> bundle.edges[0].shape, len(bundle.edges)
((16, 16), 1)
>>> bundle.metrics["totals"]["edge_sparsity"] >= 0.5
True
>>> (bundle.predict().argmax(axis=1) == data.y).all().item()
True
>>> np.allclose(bundle.predict(), bundle.logits, atol=1e-5)
True
"""

from ._bundle import Bundle, load
from ._program import UnifewsError, program, run
from ._prune import prune

__all__ = ["Bundle", "UnifewsError", "load", "program", "prune", "run"]
