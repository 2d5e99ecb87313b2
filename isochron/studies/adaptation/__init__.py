"""`isochron study adaptation`: a trained network learns a second task by a low-rank term."""
