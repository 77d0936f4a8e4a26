# Opening files: the summary of an import, inputs, typed paths.
