# The recipe: thresholds, rules, recovery, entries by hand, budget.
