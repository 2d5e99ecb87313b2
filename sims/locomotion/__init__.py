"""Crawling: closed loops of neurons, muscles and body, their onset, and gait numbers."""
