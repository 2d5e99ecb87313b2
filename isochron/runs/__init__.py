"""Parts of every run: folder, pool, plan, configuration, provenance, measures."""
