# The welcome page, samples, and what stands beside them.
