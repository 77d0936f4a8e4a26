# Pages of checks and of stress.
