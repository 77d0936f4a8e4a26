# What the command line says of the main job.
