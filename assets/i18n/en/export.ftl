# Exports.
