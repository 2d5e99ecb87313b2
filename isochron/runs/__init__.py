"""What every run needs: folder, pool, plan, configuration, provenance, measures."""
