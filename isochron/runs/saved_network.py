"""A saved network as `cycles` and `tongue` take it: its map, its task, and which input to force."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron import ann_bridge
from isochron.ann_bridge.checkpoint import net_files
from isochron.ann_bridge.tasks import ReferenceInput

SUFFIXES = (".safetensors", ".json")
USUAL_HZ = 8.4
FEWEST_STEPS = 4  # in a period of the usual frequency


def list_nets(path: Path) -> list[Path]:
    """The networks at a path, without suffix: one, or all of a folder and of its folder ``nets``.

    Empty if there is none.
    """
    weights, _ = net_files(path)
    if weights.is_file():
        return [weights.with_suffix("")]
    found = sorted([*path.glob("*.safetensors"), *path.glob("nets/*.safetensors")])
    return [file.with_suffix("") for file in found]


@dataclass(frozen=True)
class SavedNet:
    """A network from a file.

    Attributes
    ----------
    path : Path
    net : RecurrentNet
    mapped : RecurrentNet or ReducedNet
        What its maps are made of: of a low-rank network the exact reduction.
    reference : ReferenceInput, optional
        The reference input of its task; None if there is none, or it is not known.
    training : TrainingSummary
        Task, loss and chance level as the file records them, and whether it learned.
    task_text : str
        The task with its settings, as the file records it; empty if it does not.
    """

    path: Path
    net: ann_bridge.RecurrentNet
    mapped: Any
    reference: ReferenceInput | None
    training: "TrainingSummary"
    task_text: str = ""

    @classmethod
    def load(cls, path: Path) -> "SavedNet":
        """Read a network that `save_net` wrote."""
        net, notes = ann_bridge.load_net(path)
        mapped = ann_bridge.reduce_low_rank(net) if ann_bridge.is_reducible(net) else net
        return cls(
            path, net, mapped, _read_reference(notes), TrainingSummary.read(notes),
            str(notes.get("task", "")),
        )  # fmt: skip

    @property
    def description(self) -> str:
        """Kind and size, and how many variables are analyzed."""
        text = f"{self.net.kind} network, {self.net.settings.n_units} units"
        if self.mapped is not self.net:
            n_variables = self.mapped.embedding.shape[1]
            text += f", in the {n_variables} variables of their exact reduction"
        return text

    @property
    def task(self) -> str | None:
        """Name of the task, if the file records one."""
        return self.training.task

    def choose_reference(
        self,
        frequency_Hz: float | None = None,
        amplitude: float | None = None,
        channel: int | None = None,
    ) -> ReferenceInput | None:
        """Reference for the analysis: that of the task, with the given changes.

        None, for no forcing, if the amplitude is 0, or if nothing was asked for and the task has
        no reference or is not known.

        Raises
        ------
        ValueError
            If a reference is asked for, the task has none and no input is given.
        """
        declared = self.reference
        if amplitude == 0 or (declared is None and frequency_Hz is amplitude is channel is None):
            return None
        if declared is None and self.task is not None and channel is None:
            inputs = self.net.settings.n_inputs
            raise ValueError(
                f"{self.path} was trained on {self.task}, whose inputs are not a reference "
                f"oscillation. Name the input to force (--input 0 to {inputs - 1}), or analyze "
                "it without forcing (isochron cycles without --frequency and --amplitude)."
            )
        slow = 1e3 / (FEWEST_STEPS * self.net.settings.step_ms)
        usual = declared or ReferenceInput(0, min(USUAL_HZ, slow), 1.0)
        return ReferenceInput(
            usual.channel if channel is None else channel,
            usual.frequency_Hz if frequency_Hz is None else frequency_Hz,
            usual.amplitude if amplitude is None else amplitude,
        )

    def assumed_reference(
        self, reference: ReferenceInput | None, channel: int | None, frequency_Hz: float | None
    ) -> list[str]:
        """Notes on what neither the file nor the user states of a reference that is forced."""
        if reference is None or self.reference is not None:
            return []
        assumed = []
        if channel is None:
            last = self.net.settings.n_inputs - 1
            assumed.append(
                f"input {reference.channel} is forced"
                + (f" (--input 0 to {last} for a different one)" if last else "")
            )
        if frequency_Hz is None:
            assumed.append(
                f"the frequency is {reference.frequency_Hz:g} Hz (--frequency for a different one)"
            )
        notes = []
        if self.task is not None:
            notes.append(
                f"{self.task} does not have a reference input: input {reference.channel} is forced "
                f"at {reference.frequency_Hz:g} Hz, as the network was not trained to be."
            )
        if assumed:
            why = "The file records no task. " * (self.task is None)
            notes.append(f"{why}Assumed: {'; '.join(assumed)}.")
        return notes

    def map_under(self, reference: ReferenceInput | None) -> ann_bridge.TrainedMap:
        """The map under a reference, or without inputs."""
        if reference is None:
            return ann_bridge.TrainedMap(self.mapped)
        return ann_bridge.TrainedMap(
            self.mapped,
            frequency_Hz=reference.frequency_Hz,
            amplitude=reference.amplitude,
            channel=reference.channel,
        )


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """Training of a network, as its file records it.

    Attributes
    ----------
    task : str or None
    loss, standard_error, chance : float or None
        None if not recorded; a loss without a standard error counts as known exactly.
    learned : str or None
        As of `Evaluation`; None without a loss or a chance level.
    """

    task: str | None = None
    loss: float | None = None
    standard_error: float | None = None
    chance: float | None = None
    learned: str | None = None

    @classmethod
    def read(cls, notes: Mapping[str, Any]) -> "TrainingSummary":
        """Read the summary from the notes of a file."""
        task = str(notes.get("task", "")).partition("(")[0] or None
        loss, error, chance, chance_error = (
            _number(notes.get(name))
            for name in ("loss", "standard_error", "chance", "chance_error")
        )
        if chance is None and task == "PhaseMemory":
            chance = ann_bridge.tasks.PhaseMemory().chance
        learned = None
        if loss is not None and chance:
            learned = ann_bridge.Evaluation(
                loss=loss,
                standard_error=error or 0.0,
                chance=chance,
                n_trials=0,
                chance_error=chance_error or 0.0,
            ).learned
        return cls(task=task, loss=loss, standard_error=error, chance=chance, learned=learned)

    @property
    def line(self) -> str:
        """Task, loss and chance level in words; empty if the task is not recorded."""
        if self.task is None:
            return ""
        values = {"loss": self.loss, "chance": self.chance}
        known = [f"{name} {value:.4g}" for name, value in values.items() if value]
        return ", ".join([f"trained on {self.task}", *known])

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the training."""
        if self.learned not in ("no", "in part"):
            return ()
        how = "Not learned" if self.learned == "no" else "Learned in part"
        error = self.standard_error
        known = " (standard error not recorded)" if error is None else f" ± {error:.2g}"
        return (f"{how}: loss {self.loss:.4g}{known}, chance {self.chance:.4g}.",)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _read_reference(notes: Mapping[str, Any]) -> ReferenceInput | None:
    """The reference input of the task of a saved network, from what its file records."""
    saved = notes.get("reference")
    if isinstance(saved, dict) and set(saved) == set(ReferenceInput._fields):
        return ReferenceInput(**saved)
    return _from_text(str(notes.get("task", "")))


def _from_text(task: str) -> ReferenceInput | None:
    """The reference of a task that older files record as a text only."""
    if not task.startswith("PhaseMemory("):
        return None
    values = {}
    for name, usual in (("frequency_Hz", USUAL_HZ), ("amplitude", 1.0)):
        found = re.search(rf"\b{name}=([-+.\deE]+)", task)
        values[name] = float(found.group(1)) if found else usual
    return ReferenceInput(0, **values)
