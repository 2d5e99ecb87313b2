"""The method "multistep" of the engine "numba".

Backward differentiation for the potentials, Adams–Bashforth and Adams–Moulton for the activations
(Hairer, Nørsett and Wanner, 1993, chapter III). In a step

    s is predicted           Adams–Bashforth of order k
    V is solved              backward differentiation of order k: linear, as s is known
    s is corrected           Adams–Moulton of order k + 1: one logistic function of each neuron

The matrix of the potentials, b_0 C / h + G_c + Laplacian + diag(g), is factorized at conductances
g^ of an earlier step; the rest, (g - g^) V, is taken at extrapolated potentials. The matrix is an
M-matrix, so max |g - g^| / (b_0 C / h + G_c + g^) bounds the error that this feeds back, in the
maximum norm. Where it exceeds `coefficients.LARGEST_SHIFT`, the matrix is factorized again.

Only the activations limit the step. Where it is too long for them, predicted and corrected
activations differ, and the segment is repeated with half the step (`runs`).

A run starts with small steps that double (`schedule`), and again at every jump or kink of the
input, because the fastest potentials relax within a fraction of a step.
"""
