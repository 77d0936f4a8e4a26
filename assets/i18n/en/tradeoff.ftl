# Trade-off: sweeps, methods, layers, noise.
