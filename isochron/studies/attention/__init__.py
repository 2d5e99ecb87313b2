"""`isochron study attention`: a causal transformer as the control that is not recurrent."""
