"""Bytes to facts and links, in a worker process: see `crawler_core.parse.worker`."""
