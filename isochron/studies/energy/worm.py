"""The connectome and its rewirings as sign networks."""

from typing import Any

import numpy as np

from isochron.analysis import sign_networks
from isochron.connectome.statistics import symmetry_degree
from isochron.runs.measures import Report
from isochron.runs.null_models import NO_NULL, draw_connectome
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.sign_couplings import LAYERS, connectome_couplings
from isochron.studies.energy.configuration import EnergyConfig
from isochron.studies.energy.ensembles import TIE, follow_energy
from isochron.studies.energy.results import WormRow

BLOCK = 10  # draws of a step


def measure_worm(config: EnergyConfig, block: int, report: Report) -> Any:
    """The connectome (block -1), or a block of draws; a list of `WormRow` as JSON values."""
    draws: list[int | None] = [None]
    if block >= 0:
        draws = [*range(BLOCK * block, min(config.worm.draws, BLOCK * (block + 1)))]
    rows = []
    for k, draw in enumerate(draws):
        report(k / len(draws), "connectome" if draw is None else f"draw {draw + 1}")
        rows.append(_measure(config, draw))
    return to_json_values(tuple(rows))


def _measure(config: EnergyConfig, draw: int | None) -> WormRow:
    null = NO_NULL if draw is None else config.worm.null_model
    couplings = connectome_couplings(draw_connectome(config.worm.dataset, null, draw or 0), LAYERS)
    # The same starts for the connectome and every draw.
    rng = np.random.default_rng(derive_seed(config.seed, "worm"))
    shares = follow_energy(couplings, config.worm.n_starts, rng)
    sample = sign_networks.sample_attractors(
        couplings, 0, TIE, n_starts=config.worm.n_starts, rng=rng
    )
    return WormRow(
        draw=draw,
        symmetry_degree=symmetry_degree(couplings),
        uphill_share=float(np.mean(shares)),
        longest=max(one.length for one in sample.attractors),
    )
