"""`isochron study pruning`: networks of as many weights as a connectome, chosen in several ways."""
