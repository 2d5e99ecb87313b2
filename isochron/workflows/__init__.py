"""The work of each command, without options and printing."""
