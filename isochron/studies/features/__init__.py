"""`isochron study features`: sparse features of the states of networks, the worm and animals."""
