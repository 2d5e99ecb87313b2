"""Words of messages that depend on a number."""


def counted(number: int, what: str, several: str = "") -> str:
    """A number of things: ``1 muscle``, ``2 muscles``.

    Parameters
    ----------
    number : int
    what : str
        One of them. More than one have an ``s`` at the end, or where ``(s)`` is:
        ``"connection(s) without a sign"``.
    several : str, optional
        More than one of them, if an ``s`` is not enough: ``"starts come to rest"``.
    """
    if number == 1:
        return f"1 {what.replace('(s)', '')}"
    return f"{number} {several or (what.replace('(s)', 's') if '(s)' in what else f'{what}s')}"
