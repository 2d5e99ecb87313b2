"""Words of messages that depend on a number."""


def counted(number: int, what: str, several: str = "") -> str:
    """A number of things: ``1 muscle``, ``2 muscles``.

    Parameters
    ----------
    number : int
    what : str
        One of them, such as ``"muscle"`` or ``"start comes to rest"``.
    several : str, optional
        More than one of them, ``"starts come to rest"``; by default with an ``s`` at the end.
    """
    return f"{number} {what if number == 1 else several or f'{what}s'}"
