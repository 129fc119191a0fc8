"""The terminal face of crawltui: command line, dashboard, headless runner and demo site."""
