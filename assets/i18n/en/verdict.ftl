# The verdict, with what its numbers mean.
