"""Settings: fields of frozen dataclasses that describe themselves.

Each model, task, engine, study and command has one frozen dataclass of settings with real
defaults. Command-line options, TOML files and documentation are made from its fields, so that
name, type, unit, default, range and help are stated once.
"""

import dataclasses
import importlib
import math
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeVar

from isochron.arguments import require_instance, what_it_is
from isochron.registry import Registry
from isochron.wording import shown

T = TypeVar("T")
LEAST, LARGEST = 1e-9, 1e9  # sizes of numbers with which float32 computes
_WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "True or False",
}


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    choices: Iterable[str] | str | None = None,
    form: str = "",
    needs: str = "",
    added_later: bool = False,
    several: bool = False,
) -> Any:
    """A field of a settings dataclass.

    Parameters
    ----------
    default : any
        Default value of the field; `dataclasses.MISSING` if it must be given.
    description : str
        Description that is understood without the other settings; a noun first.
    unit : str
        Unit, such as ``"ms"``; empty for a number without unit and for other types.
    choices : iterable of str, or str, optional
        Allowed values: a list, a `isochron.registry.Registry`, or the path of one,
        ``package.module:name``, which is imported when it is used.
    form : str
        Placeholder of a value in the help of a command: ``NAME=pA``.
    needs : str
        Setting that this one depends on: ``"mode=pure"``, or ``"oscillation_Hz"`` if any value
        will do. Without it this setting must stay at its default (`check_effect`).
    added_later : bool
        Whether runs exist that were made before this setting. At its default, which must mean
        what those runs did, it does not count in the digest of a configuration, so that their
        folders can be resumed.
    several : bool
        Whether a text may be several choices with commas between them.

    Returns
    -------
    dataclasses.Field
        Field with the description in its metadata.

    Examples
    --------
    >>> from dataclasses import dataclass, fields
    >>> from isochron.settings import describe, setting
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Pulse:
    ...     amplitude_pA: float = setting(10.0, "Amplitude of the pulse", unit="pA")
    ...     shape: str = setting("square", "Shape of the pulse", choices=("square", "ramp"))
    >>> Pulse(amplitude_pA=5.0)
    Pulse(amplitude_pA=5.0, shape='square')
    >>> [describe(field) for field in fields(Pulse)]
    ['Amplitude of the pulse (pA)', 'Shape of the pulse']
    """
    metadata = {
        "description": description, "unit": unit, "choices": choices, "form": form, "needs": needs,
        "added_later": added_later, "several": several,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def settings_from(kind: type[T], given: T | None, fields: Mapping[str, Any], **usual: Any) -> T:
    """The settings of a call: a dataclass, or its fields as keywords.

    Parameters
    ----------
    kind : type
        The dataclass.
    given : instance of `kind`, optional
        Settings that the caller gave as a whole; returned unchanged.
    fields : mapping of str to any
        Fields that the caller gave as keywords.
    **usual
        Defaults of the function that differ from those of the dataclass.

    Returns
    -------
    instance of `kind`
        The settings.

    Raises
    ------
    TypeError
        If both are given, a field that the dataclass does not have, or something else than an
        instance of it.

    Examples
    --------
    >>> from isochron.ann_bridge import TrainingParameters
    >>> from isochron.settings import settings_from
    >>> settings_from(TrainingParameters, None, {"steps": 10}, learning_rate=0.1).learning_rate
    0.1
    >>> settings_from(TrainingParameters, None, {"step": 10})
    Traceback (most recent call last):
    TypeError: There is no setting 'step'. Did you mean steps? ...
    """
    known = [field.name for field in dataclasses.fields(kind)]  # pyright: ignore[reportArgumentType]
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise TypeError(
                f"There is no setting {name!r}.{hint} {kind.__name__} has {', '.join(known)}."
            )
    if given is None:
        if missing := [
            field.name
            for field in dataclasses.fields(kind)  # pyright: ignore[reportArgumentType]
            if field.init
            and field.name not in {**usual, **fields}
            and field.default is field.default_factory is dataclasses.MISSING
        ]:
            raise TypeError(f"Give {', '.join(f'{name}=...' for name in missing)}.")
        return kind(**{**usual, **fields})
    require_instance("The settings", given, kind, f"{kind.__name__}({known[0]}=...)")
    if fields:
        raise TypeError(f"Give {kind.__name__}(...) or {', '.join(fields)}, not both.")
    return given


def describe(field: dataclasses.Field) -> str:
    """Description of a field with its unit in parentheses.

    Parameters
    ----------
    field : dataclasses.Field
        Any field of a dataclass.

    Returns
    -------
    str
        The description; empty if the field was not made by `setting`.

    Examples
    --------
    >>> from isochron.settings import describe, setting
    >>> describe(setting(2.0, "Time step", unit="ms"))
    'Time step (ms)'
    """
    description, unit = field.metadata.get("description", ""), field.metadata.get("unit", "")
    return f"{description} ({unit})" if unit else description


def choices_of(field: dataclasses.Field) -> tuple[str, ...]:
    """Allowed values of a field.

    Parameters
    ----------
    field : dataclasses.Field
        Any field of a dataclass.

    Returns
    -------
    tuple of str
        The values; empty if the field does not have a list of values.

    Examples
    --------
    >>> from isochron.settings import choices_of, setting
    >>> choices_of(setting("gaba", "Sign rule", choices="isochron.connectome:SIGN_RULES"))
    ('gaba', 'transmitter', 'fenyves2020')
    """
    choices = _source(field)
    return () if choices is None else tuple(choices)


def check_choice(field: dataclasses.Field, value: str) -> None:
    """Check that a value is one of the allowed values of a field, or several with commas.

    Parameters
    ----------
    field : dataclasses.Field
        A field with `choices`.
    value : str
        Value to check.

    Raises
    ------
    ValueError
        If it is not allowed; the message is that of the registry, or lists the values.

    Examples
    --------
    >>> from isochron.settings import check_choice, setting
    >>> check_choice(setting("ramp", "Shape", choices=("square", "ramp")), "rmap")
    Traceback (most recent call last):
    ValueError: 'rmap' is not one of 'square', 'ramp'. Did you mean ramp?
    """
    if field.metadata.get("several") and "," in value:
        for part in value.split(","):
            check_choice(field, part)
        return
    source = _source(field)
    if isinstance(source, Registry):
        source.check(value)
    else:
        check_listed(value, choices_of(field))


def check_listed(value: str, choices: Sequence[str]) -> None:
    """Check that a value is one of the allowed values.

    Raises
    ------
    ValueError
        If it is not; the message lists the values and states the nearest one.
    """
    if value not in choices:
        near = get_close_matches(value.lower(), choices, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"{value!r} is not one of {', '.join(map(repr, choices))}.{hint}")


def check_list(name: str, values: Any, choices: Sequence[str], least: int = 0) -> None:
    """Check that a value is a list of some of the allowed texts.

    Raises
    ------
    ValueError
        If it is something else, such as one text, or has fewer than `least`.
    """
    listed = isinstance(values, Collection) and not isinstance(values, str)
    if (
        not listed
        or len(values) < least
        or not all(isinstance(value, str) and value in choices for value in values)
    ):
        given = " ".join(shown(values).split())[:80]
        raise ValueError(f"{name} must be a list of some of {', '.join(choices)}, got {given}.")


def _source(field: dataclasses.Field) -> Any:
    choices = field.metadata.get("choices")
    return _load(choices) if isinstance(choices, str) else choices


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def check_choices(settings: Any) -> None:
    """Check the value of each field that has choices; None counts as not given.

    Parameters
    ----------
    settings : dataclass instance
        Settings to check, often from their ``__post_init__``.

    Raises
    ------
    ValueError
        If a value is not allowed.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from isochron.settings import check_choices, setting
    >>> @dataclass(frozen=True)
    ... class Pulse:
    ...     shape: str = setting("square", "Shape of the pulse", choices=("square", "ramp"))
    ...     __post_init__ = check_choices
    >>> Pulse("round")
    Traceback (most recent call last):
    ValueError: shape must be one of square, ramp, got 'round'.
    """
    for field in dataclasses.fields(settings):
        value, choices = getattr(settings, field.name), choices_of(field)
        if value is not None and choices and value not in choices:
            raise ValueError(f"{field.name} must be one of {', '.join(choices)}, got {value!r}.")


def check_effect(settings: Any) -> None:
    """Check that each setting that is not at its default has an effect.

    Parameters
    ----------
    settings : dataclass instance
        Settings to check, often from their ``__post_init__``.

    Raises
    ------
    ValueError
        If one needs a different setting that does not have the required value.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from isochron.settings import check_effect, setting
    >>> @dataclass(frozen=True)
    ... class Decay:
    ...     kind: str = setting("none", "Decay of the learning rate")
    ...     final: float = setting(0.0, "Final learning rate", needs="kind=cosine")
    ...     __post_init__ = check_effect
    >>> Decay(final=0.1)
    Traceback (most recent call last):
    ValueError: final has no effect without kind = cosine.
    """
    for field in dataclasses.fields(settings):
        other, _, wanted = field.metadata.get("needs", "").partition("=")
        if not other or getattr(settings, field.name) == field.default:
            continue
        found = getattr(settings, other)
        if found is None or (wanted and found != wanted):
            raise ValueError(
                f"{field.name} has no effect without {other}{f' = {wanted}' if wanted else ''}."
            )


def check_types(settings: Any, largest: float = math.inf) -> None:
    """Check that numbers, texts, booleans and tuples of them have the types of their fields.

    Numbers must be finite, except those of fields that a class of a user adds. Fields of other
    types are not checked. None is allowed where the type of the field states it. Numbers and
    lists of NumPy become numbers and tuples of Python, as JSON has.

    Parameters
    ----------
    settings : dataclass instance
        Settings to check, often from their ``__post_init__``.
    largest : float
        Largest size of a number that is not a whole number.

    Raises
    ------
    ValueError
        If a value is of a different type, not finite, or too large.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from isochron.settings import check_types, setting
    >>> @dataclass(frozen=True)
    ... class Pulse:
    ...     amplitude_pA: float = setting(10.0, "Amplitude of the pulse", unit="pA")
    ...     __post_init__ = check_types
    >>> Pulse("10")
    Traceback (most recent call last):
    ValueError: amplitude_pA must be a number, got '10'.
    """
    for field in dataclasses.fields(settings):
        if not field.init:  # set later
            continue
        value, kinds = getattr(settings, field.name), _plain_types(field.type)
        if value is None and type(None) in kinds:
            continue
        limit = largest if _is_ours(type(settings), field.name) else None
        for kind in kinds if len(kinds - {type(None)}) == 1 else ():
            if kind in _WORDS:
                check_type(field.name, _plain(settings, field.name), kind, limit)
            elif typing.get_origin(kind) is tuple:
                values = _plain(settings, field.name)
                _check_tuple(field.name, values, typing.get_args(kind), limit)


def _plain(settings: Any, name: str) -> Any:
    """A value, replaced by a number or tuple of Python if it is a number or list of NumPy."""
    value = getattr(settings, name)
    n_axes = getattr(value, "ndim", None)
    if n_axes in (0, 1):
        value = value.item() if n_axes == 0 else tuple(value.tolist())
        object.__setattr__(settings, name, value)
    return value


def _is_ours(kind: type, name: str) -> bool:
    """Whether a field of a dataclass is from a class of isochron."""
    owners = (it for it in kind.__mro__ if name in it.__dict__.get("__annotations__", {}))
    return next(owners, kind).__module__.partition(".")[0] == "isochron"


def check_type(name: str, value: Any, kind: type, largest: float | None = math.inf) -> None:
    """Check that a value is a float (a whole number, too), an int, a str or a bool.

    The item of an array without axes is one, too. With None in the place of the largest size only
    the type is checked.

    Raises
    ------
    ValueError
        If it is of a different type, not finite, or too large.
    """
    allowed = {float: Real, int: Integral}.get(kind, kind)
    if not isinstance(value, allowed) and getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} must be {_WORDS[kind]}, got {shown(value)}.")
    if largest is None:
        return
    if isinstance(value, Integral) and not -(2**64) < int(value) < 2**64:
        raise ValueError(f"{name} must lie between -2**64 and 2**64, got {shown(value)}.")
    if isinstance(value, Real) and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {shown(value)}.")
    if kind is float and abs(float(value)) > largest:
        given = shown(value)
        raise ValueError(f"{name} must lie between {-largest:g} and {largest:g}, got {given}.")


def _check_tuple(name: str, values: Any, kinds: tuple[Any, ...], largest: float | None) -> None:
    n = None if kinds[-1] is Ellipsis else len(kinds)
    is_list = isinstance(values, Sequence) and not isinstance(values, str | bytes)
    if not is_list or n not in (None, len(values)):
        how_many = "values" if n is None else f"{n} values"
        raise ValueError(f"{name} must be a list of {how_many}, got {shown(values)}.")
    for value in values if kinds[0] in _WORDS else ():
        check_type(name, value, kinds[0], largest)


def _plain_types(kind: Any) -> set[Any]:
    """``{float, NoneType}`` of ``float | None``."""
    return set(typing.get_args(kind)) if isinstance(kind, types.UnionType) else {kind}


def require_seed(seed: Any) -> None:
    """Check a seed, which is saved with results as a 64-bit integer.

    Raises
    ------
    ValueError
        If it is not a whole number, Python's or NumPy's, from 0 to 2**63 - 1.
    """
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) < 2**63:
        given = shown(seed) if whole else what_it_is(seed)
        raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1, got {given}.")
