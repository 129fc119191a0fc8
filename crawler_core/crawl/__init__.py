"""The front door: open or resume a crawl, drive it, read it, export it.

The same face twice: `local.Crawl` runs the engine in this process (headless runs, the
engine process itself), `remote.RemoteCrawl` talks to an engine in a process of its own
(every screen).
"""
