# Nodes and matrices that are looked at closely.
