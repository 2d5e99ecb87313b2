"""Packages whose names are imported when they are used."""

import importlib
import subprocess
import sys

import pytest

from isochron.ann_bridge.registry import NETWORKS, TASKS

FRONTS = ("isochron.connectome", "isochron.sims", "isochron.ann_bridge", "isochron.ann_bridge.nets",
          "isochron.ann_bridge.tasks", "isochron.sims.neuroml", "isochron.analysis",
          "isochron.analysis.features", "isochron.analysis.sign_networks")  # fmt: skip
SUBPACKAGES = {
    # The function cells replaces its module, which the front itself imports first.
    "isochron.connectome": {"cells", "plotting", "recordings", "statistics"},
    "isochron.sims": {"neuroml", "spiking", "storage"},
    "isochron.ann_bridge": {"fitting", "nets", "tasks"},
    "isochron.analysis": {"features", "limit_cycles", "plotting", "sign_networks"},
}


@pytest.mark.parametrize("name", FRONTS)
def test_every_name_is_there(name):
    package = importlib.import_module(name)
    assert set(package.__all__) <= set(dir(package))
    for exported in package.__all__:
        assert getattr(package, exported) is not None
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'Lowrank'"):
        _ = package.Lowrank


@pytest.mark.parametrize("name", FRONTS)
def test_no_module_hides_a_name(name):
    """Importing ``package.x`` would put the module where a function x is expected."""
    package = importlib.import_module(name)
    hidden = []
    for exported in package.__all__:
        try:
            importlib.import_module(f"{name}.{exported}")
        except ModuleNotFoundError:
            continue
        hidden.append(exported)
    assert set(hidden) == SUBPACKAGES.get(name, set())


def test_settings_of_all_kinds_need_nothing_heavy():
    code = """
import sys
from isochron.ann_bridge.registry import NETWORKS, TASKS
for registry in (NETWORKS, TASKS):
    for kind in registry:
        assert registry.load_settings(kind)().__dataclass_fields__
print(*{"numpy", "torch", "numba", "scipy"} & set(sys.modules))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "\n"


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_class_has_the_parameters_of_its_entry(kind):
    assert NETWORKS.load(kind).parameters_type is NETWORKS.load_settings(kind)


def test_names_of_activations_stand_for_functions():
    from isochron.ann_bridge.activations import ACTIVATIONS
    from isochron.ann_bridge.nets.leaky_parameters import ACTIVATION_NAMES

    assert tuple(ACTIVATIONS) == ACTIVATION_NAMES


@pytest.mark.parametrize("kind", TASKS)
def test_settings_of_a_task_make_it(kind):
    settings = TASKS.load_settings(kind)()
    task = settings.task() if hasattr(settings, "task") else settings
    assert task == TASKS.load(kind)()
