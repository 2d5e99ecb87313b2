"""`isochron reproduce pals2024`: Pals, Macke and Barak (2024) as claims that are tested."""
