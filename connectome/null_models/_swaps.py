"""Compiled loops of the rewiring null models. Imported on first use: numba is heavy.

One step changes two connections, or three that form a directed triangle, or nothing. A step
and its reverse are equally likely, and steps that change nothing count, so all the connectomes
that can be reached become equally likely (see `isochron.connectome.null_models`).
"""

from isochron.compilation import compiled


@compiled()
def swap_directed(post, pre, place, kind, chosen):
    """Walk through the directed connectomes of the same degrees, in place.

    Parameters
    ----------
    post, pre : ndarray of int, shape (m,)
        Ends of each connection; `pre` stays, `post` is overwritten.
    place : ndarray of int, shape (n, n)
        Number of the connection at ``[post, pre]``, -1 where there is none; overwritten.
    kind : ndarray of int, shape (n, n)
        Class of each pair ``[post, pre]``; the number of connections of each class stays.
    chosen : ndarray of int, shape (n_steps, 2)
        In each row a connection e, from 0 to m - 1, and f from 0 to m + n - 1: the other
        connection, or from m on the third neuron of a triangle.

    Returns
    -------
    int
        Number of steps that changed something.
    """
    m, changed = post.size, 0
    for step in range(len(chosen)):
        e, f = chosen[step]
        if f < m:
            changed += _cross(post, pre, place, kind, e, f)
        else:
            changed += _reverse_triangle(post, pre, place, kind, e, f - m)
    return changed


@compiled()
def swap_reciprocal(post, pre, place, kind, chosen):
    """Walk through the directed connectomes of the same degrees and reciprocal degrees, in place.

    Parameters
    ----------
    post, pre, place, kind : ndarray of int
        As in `swap_directed`; the classes are used for triangles only.
    chosen : ndarray of int, shape (n_steps, 2)
        In each row a connection e, from 0 to m - 1, and f from 0 to 2 m + n - 1: the other
        connection of two pairs, from m on that of a path, and from 2 m on the third neuron of
        a triangle.

    Returns
    -------
    int
        Number of steps that changed something.
    """
    m, changed = post.size, 0
    for step in range(len(chosen)):
        e, f = chosen[step]
        if f < m:
            changed += _exchange_pairs(post, place, pre[e], post[e], pre[f], post[f])
        elif f < 2 * m:
            f -= m
            changed += _turn_path(post, place, pre[e], post[e], pre[f], post[f])
        else:
            changed += _reverse_triangle(post, pre, place, kind, e, f - 2 * m)
    return changed


@compiled()
def swap_undirected(left, right, joined, kind, chosen):
    """Walk through the undirected connectomes of the same degrees, in place.

    Parameters
    ----------
    left, right : ndarray of int, shape (m,)
        Ends of each pair; overwritten.
    joined : ndarray of bool, shape (n, n)
        Symmetric; overwritten.
    kind : ndarray of int, shape (n, n)
        Class of each pair, symmetric; the number of pairs of each class stays.
    chosen : ndarray of int, shape (n_steps, 2)
        In each row a pair e, from 0 to m - 1, and f from 0 to 2 m - 1: the other pair, from m
        on with its ends exchanged.

    Returns
    -------
    int
        Number of steps that changed something.
    """
    m, changed = left.size, 0
    for step in range(len(chosen)):
        e, f = chosen[step]
        turned = f >= m
        if turned:
            f -= m
        a, b, c, d = left[e], right[e], left[f], right[f]
        if turned:
            c, d = d, c
        if a == d or c == b or joined[a, d] or joined[c, b]:
            continue
        if not _same_two(kind[a, b], kind[c, d], kind[a, d], kind[c, b]):
            continue
        joined[a, b] = joined[b, a] = joined[c, d] = joined[d, c] = False
        joined[a, d] = joined[d, a] = joined[c, b] = joined[b, c] = True
        right[e] = d
        left[f], right[f] = c, b
        changed += 1
    return changed


@compiled()
def _cross(post, pre, place, kind, e, f):
    """a→b and c→d become a→d and c→b."""
    a, b, c, d = pre[e], post[e], pre[f], post[f]
    if a == d or c == b or place[d, a] >= 0 or place[b, c] >= 0:
        return 0
    if not _same_two(kind[b, a], kind[d, c], kind[d, a], kind[b, c]):
        return 0
    place[b, a] = place[d, c] = -1
    post[e], post[f] = d, b
    place[d, a], place[b, c] = e, f
    return 1


@compiled()
def _exchange_pairs(post, place, a, b, c, d):
    """Pairs a-b and c-d, connected alike, and a-d and c-b, also alike, exchange their connections.

    Each of the four neurons then has with one of its two partners what it had with the other.
    """
    if a in (c, d) or b == d or c == b:
        return 0
    if (place[a, b] >= 0) != (place[c, d] >= 0):
        return 0
    if (place[d, a] >= 0) != (place[b, c] >= 0) or (place[a, d] >= 0) != (place[c, b] >= 0):
        return 0
    _exchange_outputs(post, place, a, b, d)
    _exchange_outputs(post, place, c, d, b)
    _exchange_outputs(post, place, b, a, c)
    _exchange_outputs(post, place, d, c, a)
    return 1


@compiled()
def _turn_path(post, place, a, b, c, d):
    """a→b→c→d, all one-way, becomes a→c→b→d, if b-d and c-a are alike; these are exchanged."""
    if a in (c, d) or b in (d, c) or place[c, b] < 0:
        return 0
    if place[a, b] >= 0 or place[b, c] >= 0 or place[c, d] >= 0:
        return 0
    if (place[d, b] >= 0) != (place[a, c] >= 0) or (place[b, d] >= 0) != (place[c, a] >= 0):
        return 0
    _exchange_outputs(post, place, a, b, c)
    _exchange_outputs(post, place, d, b, c)
    _exchange_outputs(post, place, b, d, a)
    _exchange_outputs(post, place, b, c, d)
    _exchange_outputs(post, place, c, d, b)
    _exchange_outputs(post, place, c, a, d)
    return 1


@compiled()
def _exchange_outputs(post, place, pre, b, d):
    """What `pre` sends to b goes to d, and the reverse; -1 is no connection."""
    e, f = place[b, pre], place[d, pre]
    place[b, pre], place[d, pre] = f, e
    if e >= 0:
        post[e] = d
    if f >= 0:
        post[f] = b


@compiled()
def _reverse_triangle(post, pre, place, kind, e, c):
    """a→b→c→a become a→c→b→a, if none of these three exists."""
    a, b = pre[e], post[e]
    f, g = place[c, b], place[a, c]
    if f < 0 or g < 0 or place[c, a] >= 0 or place[b, c] >= 0 or place[a, b] >= 0:
        return 0
    if not _same_three(kind[b, a], kind[c, b], kind[a, c], kind[c, a], kind[b, c], kind[a, b]):
        return 0
    place[b, a] = place[c, b] = place[a, c] = -1
    post[e], post[f], post[g] = c, a, b
    place[c, a], place[a, b], place[b, c] = e, f, g
    return 1


@compiled()
def _same_two(a, b, c, d):
    return (a == c and b == d) or (a == d and b == c)


@compiled()
def _same_three(a, b, c, d, e, f):
    return (
        (a == d and _same_two(b, c, e, f))
        or (a == e and _same_two(b, c, d, f))
        or (a == f and _same_two(b, c, d, e))
    )
