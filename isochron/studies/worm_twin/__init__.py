"""Can a trained network emulate the rhythm of the whole worm?"""
