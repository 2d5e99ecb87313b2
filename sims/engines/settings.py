"""Settings of the engines; a module without heavy imports."""

from dataclasses import dataclass, fields
from typing import ClassVar

from isochron.settings import check_choices, choices_of, setting


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Settings that every engine has; an engine with different defaults has a subclass.

    Attributes
    ----------
    step_ms : float
        Default time step. Engines with explicit methods take less where a network needs it;
        see `isochron.sims.engines.default_step`.
    method : str
        One of the choices of the field; the default is the first.
    adaptive : bool
        Whether it stops at every jump of the stimulus, whatever the step.
    explicit : bool
        Whether its methods are explicit: stable only below a step that depends on the network.
    ensembles : bool
        Whether it has a function ``run_many``, for `simulate_many`.
    sampling : tuple of str
        Methods that choose their steps, whose samples may lie between steps.
    orders : dict
        Order of each method of which `isochron.sims.estimate_step_error` estimates the error.
    chunk : int
        Default number of members that ``run_many`` receives at a time.
    """

    step_ms: float = setting(0.5, "Time step", unit="ms")
    method: str = setting("strang", "Method of integration", choices=("strang",))
    adaptive: ClassVar[bool] = False
    explicit: ClassVar[bool] = False
    ensembles: ClassVar[bool] = False
    sampling: ClassVar[tuple[str, ...]] = ()
    orders: ClassVar[dict[str, int]] = {}
    chunk: ClassVar[int] = 512

    def __post_init__(self) -> None:
        check_choices(self)

    @classmethod
    def methods(cls) -> tuple[str, ...]:
        """Names of the methods, the default first."""
        return next(choices_of(field) for field in fields(cls) if field.name == "method")


@dataclass(frozen=True, kw_only=True, slots=True)
class StrangSettings(EngineSettings):
    """Settings of the second-order method, on processors and GPUs."""

    ensembles: ClassVar[bool] = True
    orders: ClassVar[dict[str, int]] = {"strang": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class NumbaSettings(StrangSettings):
    """Settings of the compiled methods: of second order, and the faster multistep method."""

    method: str = setting("strang", "Method of integration", choices=("strang", "multistep"))
    sampling: ClassVar[tuple[str, ...]] = ("multistep",)
    orders: ClassVar[dict[str, int]] = {"strang": 2, "multistep": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class TritonSettings(StrangSettings):
    """Settings of the second-order method in one kernel of a GPU."""

    chunk: ClassVar[int] = 65536


@dataclass(frozen=True, kw_only=True, slots=True)
class ScipySettings(EngineSettings):
    """Settings of adaptive implicit methods; the step determines the sample times only."""

    method: str = setting("BDF", "Method of integration", choices=("BDF", "Radau"))
    adaptive: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Brian2Settings(EngineSettings):
    """Settings of Brian2."""

    step_ms: float = setting(0.05, "Time step", unit="ms")
    method: str = setting(
        "exponential_euler", "Method of integration", choices=("exponential_euler", "euler")
    )
    explicit: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class JNeuroMLSettings(EngineSettings):
    """Settings of jNeuroML."""

    step_ms: float = setting(0.05, "Time step", unit="ms")
    method: str = setting("euler", "Method of integration", choices=("euler",))
    explicit: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class NeuronSettings(EngineSettings):
    """Settings of NEURON."""

    step_ms: float = setting(0.05, "Time step", unit="ms")
    method: str = setting("backward_euler", "Method of integration", choices=("backward_euler",))
    explicit: ClassVar[bool] = True
