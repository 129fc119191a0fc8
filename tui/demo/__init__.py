"""The built-in demo site: a harbour with faults on purpose, served on loopback."""
