# Checks in operation.
