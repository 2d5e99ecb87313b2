"""What one command does."""
