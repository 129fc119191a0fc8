"""The only door to SQLite: one crawl is one file, with one writer and many readers."""
