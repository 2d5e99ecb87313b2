"""Registries: names of classes, functions and modules that are imported when they are used.

Networks, tasks, engines, sign rules, null models and studies are each one `Registry`. The command
line, configurations, reports and docs read it; nothing lists its entries a second time.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from isochron.extras import missing_extra


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a registry, not imported yet.

    Attributes
    ----------
    path : str
        ``package.module:name`` of the class or function, or ``package.module`` of a module.
    summary : str
        One line for lists and help texts.
    settings : str
        The path of the frozen dataclass with its settings, or of one of its instances, in a module
        without heavy imports; empty if it has none.
    package : str
        Distribution, with its extra, that installs the packages that it needs.

    Examples
    --------
    >>> from isochron.ann_bridge.registry import TASKS
    >>> TASKS["flip-flop"].summary
    'Last sign of each of three inputs.'
    """

    path: str
    summary: str
    settings: str = ""
    package: str = "isochron"


AnyEntry = TypeVar("AnyEntry", bound=Entry)


class Registry(Mapping[str, AnyEntry]):
    """Names and their entries.

    Parameters
    ----------
    noun : str
        Noun for an entry in messages: ``"network"``.
    entries : mapping of str to Entry
        Entries by name, in the order of lists and help texts.

    Examples
    --------
    >>> from isochron.registry import Entry, Registry
    >>> decoders = Registry("decoder", {"json": Entry("json.decoder:JSONDecoder", "Reads JSON.")})
    >>> decoders.load("json")().decode("[1, 2]")
    [1, 2]
    >>> decoders.load("jsn")
    Traceback (most recent call last):
    ValueError: Unknown decoder 'jsn'. Did you mean json? Available: json.
    """

    def __init__(self, noun: str, entries: Mapping[str, AnyEntry]) -> None:
        self.noun = noun
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> AnyEntry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def check(self, name: str) -> str:
        """Check that a name is in the registry.

        Parameters
        ----------
        name : str
            Name to check.

        Returns
        -------
        str
            The same name.

        Raises
        ------
        ValueError
            If it is not; the message states close names and all names.
        """
        if isinstance(name, str) and name in self._entries:
            return name
        near = get_close_matches(str(name).lower(), self._entries, n=2)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(
            f"Unknown {self.noun} {name!r}.{hint} Available: {', '.join(self._entries)}."
        )

    def load(self, name: str) -> Any:
        """Import the class, function or module of an entry.

        Parameters
        ----------
        name : str
            Name of the entry.

        Returns
        -------
        any
            The class, function or module.

        Raises
        ------
        ValueError
            If the registry does not contain the name.
        ModuleNotFoundError
            If a package that it needs is not installed; the message states what installs it.
        """
        return self._load(name, self[self.check(name)].path)

    def load_settings(self, name: str) -> Any:
        """Import the dataclass with the settings of an entry.

        Parameters
        ----------
        name : str
            Name of the entry.

        Returns
        -------
        type, dataclass instance or None
            The dataclass, or one of its instances; None if the entry does not have settings.

        Raises
        ------
        ValueError, ModuleNotFoundError
            As `load`.
        """
        path = self[self.check(name)].settings
        return self._load(name, path) if path else None

    def _load(self, name: str, path: str) -> Any:
        module, _, attribute = path.partition(":")
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] == "isochron":
                raise
            what = f"The {self.noun} {name!r}"
            raise missing_extra(error.name or module, what, self[name].package) from error
        return getattr(loaded, attribute) if attribute else loaded
