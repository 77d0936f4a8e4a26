# Pages of numbers that window and command line share.
