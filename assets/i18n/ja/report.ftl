# The report.
