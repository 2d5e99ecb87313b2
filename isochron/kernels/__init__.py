"""Parts of compiled code that several packages share: arithmetic, vectors, tanh."""
