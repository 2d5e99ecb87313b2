"""What the server of a page answers: blocks of long runs, and runs that grow."""

import json
import urllib.error
import urllib.request
from threading import Thread

import numpy as np
import pytest
import xarray as xr

from isochron import sims
from isochron.view.server import PageServer
from isochron.workflows.view import BLOCK, ViewedRuns
from tests.view.browser import executable
from tests.view.test_page import data_of, unpacked

N, SHOWN = 1300, 200


@pytest.fixture(scope="module")
def long_run(crawling_run) -> xr.Dataset:
    """The crawling worm at 1300 times; the fixture has 400."""
    index = np.arange(N) % crawling_run.sizes["time"]
    run = crawling_run.isel(time=index, neuron=slice(0, 20))
    return run.assign_coords(time=("time", 20.0 * np.arange(N), {"units": "ms"}))


@pytest.fixture(scope="module")
def stored(tmp_path_factory, long_run):
    path = tmp_path_factory.mktemp("stored") / "long.zarr"
    sims.save_dataset(long_run, path)
    return path


@pytest.fixture(scope="module")
def viewed(stored):
    return ViewedRuns([stored], max_frames=SHOWN)


@pytest.fixture
def serve():
    """Serve a page; returns its address."""
    servers = []

    def start(viewed):
        server = PageServer(viewed.page(served=True), viewed.answer)
        thread = Thread(target=server.serve, args=(lambda url: None,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.url

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join(10)


def answered(viewed, path):
    found = viewed.answer(path)
    assert found is not None
    return json.loads(found)


def test_blocks_contain_all_samples_at_the_scale_of_the_page(viewed, long_run):
    data = data_of(viewed.page(served=True))
    (run,) = data["runs"]
    assert run["activity"]["shape"] == [186, 20]  # each seventh
    assert ["shown", "186 of 1300 recorded samples (1 of 7, to limit the size of the page)"] in (
        run["facts"]
    )
    assert data["served"]["blocks"] == [[0.0, 20.0 * BLOCK, 40.0 * BLOCK]]
    blocks = [answered(viewed, f"block/0/{k}") for k in range(3)]
    times = np.concatenate([unpacked(block["times"]) for block in blocks])
    np.testing.assert_array_equal(times, long_run.time)
    codes = np.concatenate([unpacked(block["activity"]) for block in blocks]).astype(float)
    values = (long_run.V - long_run.threshold).values
    scale = unpacked(run["scale"])
    np.testing.assert_allclose((codes - 128) / 127 * scale, values, atol=0.51 / 127 * scale.max())
    body = blocks[1]["body"]
    nodes = np.cumsum(unpacked(body["nodes"]), axis=1) * body["step"] + body["start"]
    np.testing.assert_allclose(nodes[:, :, 0], long_run.x[BLOCK : 2 * BLOCK], atol=1e-4)


@pytest.mark.parametrize(
    "path", ["block/0/3", "block/1/0", "block/0", "block/0/-1", "block/0/x", "../x", "", "data"]
)
def test_nothing_else_is_answered(viewed, path):
    assert viewed.answer(path) is None


def test_short_runs_have_no_blocks_and_a_file_asks_nobody(stored):
    viewed = ViewedRuns([stored])
    assert viewed.answer("block/0/0") is None
    served = viewed.page(served=True)
    assert data_of(served)["served"]["blocks"] == [None]
    assert "connect-src 'self'" in served
    assert "connect-src 'none'" in viewed.page()
    assert data_of(viewed.page())["served"] is None


def test_a_run_that_grows_has_a_new_state_and_new_data(tmp_path, long_run):
    path = tmp_path / "growing.zarr"
    sims.append_dataset(long_run.isel(time=slice(0, 100)), path)
    viewed = ViewedRuns([path], live=True)
    first = answered(viewed, "state")
    assert first == answered(viewed, "state")
    sims.append_dataset(long_run.isel(time=slice(100, 150)), path)
    second = answered(viewed, "state")
    assert second != first
    data = answered(viewed, "data")
    assert data["served"]["version"] == second["version"]
    np.testing.assert_array_equal(unpacked(data["runs"][0]["times"]), long_run.time[:150])


def test_a_run_that_cannot_be_read_is_an_answer_without_content(serve, tmp_path, long_run):
    path = tmp_path / "short.zarr"
    sims.save_dataset(long_run.isel(time=slice(0, 20)), path)
    url = serve(ViewedRuns([path], live=True))
    assert urllib.request.urlopen(url + "state").status == 200
    (path / "V" / "zarr.json").write_text("{}")
    (path / "seal" / "zarr.json").touch()
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(url + "data")


needs_browser = pytest.mark.skipif(executable() is None, reason="Chromium is not installed")


@pytest.mark.slow
@needs_browser
def test_a_long_run_is_shown_at_all_its_samples(browser, serve, viewed):
    url = serve(viewed)
    browser.open(url, fragment="#t=12.2")  # sample 610, in the second block
    browser.until("isochron.runs[0].blocks.at(isochron.time) !== null")
    browser.press("ArrowRight", 39)
    assert browser.evaluate("isochron.time") == 12_220
    found = browser.evaluate(
        "(() => { const samples = isochron.runs[0].blocks.at(isochron.time);"
        "return [samples.times[0], samples.times.length, samples.body.moving]; })()"
    )
    assert found == [20.0 * BLOCK, BLOCK, True]
    assert browser.messages == []
    asked = [item for item in browser.requests if not item.startswith("data:")]
    assert {address.split("#")[0].removeprefix(url) for address in asked} <= {
        "", "block/0/0", "block/0/1", "block/0/2",
    }  # fmt: skip


@pytest.mark.slow
@needs_browser
def test_the_page_follows_a_run_that_grows(browser, serve, tmp_path, long_run):
    path = tmp_path / "growing.zarr"
    sims.append_dataset(long_run.isel(time=slice(0, 100)), path)
    browser.open(serve(ViewedRuns([path], live=True)))
    assert browser.evaluate("isochron.time") == 1980  # the newest sample
    browser.evaluate("isochron.select(['AVAL'])")
    sims.append_dataset(long_run.isel(time=slice(100, 150)), path)
    browser.until("isochron.range[1] === 2980")
    assert browser.evaluate("[isochron.time, isochron.selected]") == [2980, ["AVAL"]]
    # A user who looks at an earlier time stays there.
    browser.evaluate("isochron.moveTo(500)")
    sims.append_dataset(long_run.isel(time=slice(150, 160)), path)
    browser.until("isochron.range[1] === 3180")
    assert browser.evaluate("isochron.time") == 500
    assert browser.messages == []
