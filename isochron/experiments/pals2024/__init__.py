"""`isochron reproduce pals2024`: Pals, Macke and Barak (2024), with statistics."""
