"""The vendored tables; see PROVENANCE.toml for where each comes from."""
