"""`isochron compare`: do trained networks develop the rhythms of the connectome?"""
