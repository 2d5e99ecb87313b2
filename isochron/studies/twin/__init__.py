"""How many artificial units emulate one neuron of the worm?"""
