import pytest

from isochron import connectome, sims


@pytest.fixture(scope="session")
def varshney():
    return sims.GradedNetwork(connectome.load("varshney2011"))


@pytest.fixture(scope="session")
def cook():
    return sims.GradedNetwork(connectome.load("cook2019-hermaphrodite"))
