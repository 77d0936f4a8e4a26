# Runs: their table, groups, comparison of two.
