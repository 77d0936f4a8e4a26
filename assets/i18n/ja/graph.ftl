# The graph as a drawing, and the distribution of entries.
