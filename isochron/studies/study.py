"""A study: configuration, steps, typed results, report; and its run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from isochron._version import __version__
from isochron.files import DataFileError
from isochron.report import load_results
from isochron.runs.executors.work import Limits
from isochron.runs.plan import count_workers, run_plan
from isochron.runs.progress import Progress
from isochron.runs.results import from_json_values
from isochron.runs.run_folder import RunFolder
from isochron.runs.steps import Execution, Step

Config = TypeVar("Config")
Results = TypeVar("Results")


@dataclass(frozen=True, kw_only=True)
class Study(Generic[Config, Results]):
    """A study.

    Attributes
    ----------
    command : str
        The command that runs it, as the head of the configuration in its run folders.
    results : type
        Frozen dataclass of everything in ``results.json``.
    check : callable
        Rejects a configuration that cannot be run, before any work is done: ``check(config)``.
    inputs : callable
        Files of the user that the results depend on: ``inputs(config)``, as `RunFolder` takes it.
    plan : callable
        The steps: ``plan(config, folder)``.
    assemble : callable
        The results from those of the finished steps: ``assemble(config, folder, steps)``.
    build_report : callable
        The report of a finished run as HTML: ``build_report(folder, results)``.
    build_view : callable, optional
        A page of `isochron.view` with the systems of a finished run, in the same way.
    format_results : callable
        The results for a terminal.
    """

    command: str
    results: type[Results]
    check: Callable[[Config], None]
    inputs: Callable[[Config], Mapping[str, str]]
    plan: Callable[[Config, RunFolder], list[Step]]
    assemble: Callable[[Config, RunFolder, Sequence[Step]], Results]
    build_report: Callable[[Path, Results], str]
    build_view: Callable[[Path, Results], str] | None = None
    format_results: Callable[[Results], str]

    def run(
        self,
        config: Config,
        out: Path,
        *,
        progress: Progress,
        force: bool = False,
        workers: int | None = None,
        executor: str = "local",
        limits: Limits | None = None,
        **options: Any,
    ) -> Results:
        """Run the study into a folder, or resume a run; return what ``results.json`` has.

        Parameters
        ----------
        config : frozen dataclass
        out : Path
            Run folder. One with a part of the same run is completed.
        progress : Progress
        force : bool
            Start from scratch in a run folder of a different configuration.
        workers : int, optional
            Processes; by default as many as cores. Results do not depend on it.
        executor : {"local", "dask", "slurm"}
            Where the steps run. Results do not depend on it.
        limits : Limits, optional
            Time and memory of a step.
        **options
            Options of the executor: ``scheduler`` of Dask, the settings of SLURM.

        Raises
        ------
        ValueError
            If the configuration or the folder is rejected; nothing has been done then.
        OSError
            If the folder cannot be written to.
        ArithmeticError
            If a simulation or a training leaves the finite numbers. This and other errors of
            steps are raised after all steps that do not need the failed ones.
        """
        self.check(config)
        if executor == "slurm":
            options["wait"] = True
        execution = Execution(
            executor=executor,
            workers=count_workers(workers),
            limits=limits or Limits(),
            options=options,
        )
        inputs = self.inputs(config)
        with RunFolder(
            out, config, __version__, force=force, title=self.command, inputs=inputs
        ) as folder:
            steps = self.plan(config, folder)
            run_plan(
                folder,
                steps,
                lambda: self.assemble(config, folder, steps),
                self.pages,
                progress=progress,
                execution=execution,
            )
        return self.read(out)

    def read(self, run: Path) -> Results:
        """The results of a finished run.

        Raises
        ------
        ValueError
            If the folder does not contain a finished run of this version, or it is incomplete.
        """
        values = load_results(run)
        try:
            return from_json_values(values, self.results)
        except ValueError as error:
            raise DataFileError(
                f"{run / 'results.json'} is not a whole result of a run: {error}. The command that "
                "made the run writes it again."
            ) from error

    def report(self, run: Path) -> str:
        """The report of a finished run, as HTML.

        Raises
        ------
        ValueError
            As of `read`.
        """
        return self.build_report(run, self.read(run))

    def pages(self, run: Path) -> dict[str, str]:
        """The pages of a finished run by file name: ``report.html``, and ``view.html`` if any.

        Raises
        ------
        ValueError
            As of `read`.
        """
        results = self.read(run)
        found = {"report.html": self.build_report(run, results)}
        if self.build_view is not None:
            found["view.html"] = self.build_view(run, results)
        return found
