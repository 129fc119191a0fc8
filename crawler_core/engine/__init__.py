"""The one loop: the only thread that changes the frontier, the statistics and the store."""
