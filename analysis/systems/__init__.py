"""Systems that the analysis accepts: vector fields, maps, and what is derived from them."""
