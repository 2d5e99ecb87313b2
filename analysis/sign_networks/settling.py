"""Sequential update of a sign network, compiled."""

from isochron.compilation import compiled


@compiled()
def settle(couplings, state, order):
    """Update neurons in this order until none changes, in place.

    The couplings must be symmetric with a diagonal of 0: each change lowers the energy.
    """
    n = state.size
    field = couplings[0] * 0
    for j in range(n):
        for i in range(n):
            field[i] += couplings[j, i] * state[j]
    changed = True
    while changed:
        changed = False
        for i in order:
            if field[i] * state[i] < 0:
                state[i] = -state[i]
                for j in range(n):
                    field[j] += 2 * couplings[i, j] * state[i]
                changed = True
