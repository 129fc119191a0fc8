"""The engine of crawltui. This root stays empty so that parse workers start light."""

__version__ = "0.1.0"
