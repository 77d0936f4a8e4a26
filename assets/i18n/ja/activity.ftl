# What the program does and did: jobs, notices, undo.
