# Layers: heatmaps, and the words about their cells.
