"""The text of the page: safe, small, the same each time; what it contains of a run."""

import base64
import hashlib
import json
import re
import time
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from isochron import connectome, view
from isochron.view import page as page_module
from isochron.view.packing import TYPES, inert_json, pack, pack_differences, quantize
from isochron.view.page import LARGEST_BYTES
from tests.view.conftest import HOSTILE

DTYPES = {name: np.dtype(f"<{kind}") for kind, name in TYPES.items()}


def unpacked(packed):
    data = packed["data"]
    bytes_ = zlib.decompress(data if isinstance(data, bytes) else base64.b64decode(data))
    values = np.frombuffer(bytes_, DTYPES[packed["type"]]).reshape(packed["shape"])
    return np.cumsum(values, axis=packed["sum"], dtype=int) if "sum" in packed else values


def data_of(page):
    return json.loads(page.split('id="data">')[1].split("</script>")[0])


@pytest.fixture(scope="module")
def worm_page(worm_run):
    return view.build_page(worm_run)


def test_sizes(worm_page, crawling_run, network_run):
    assert len(worm_page) < 1_000_000
    assert len(view.build_page(crawling_run)) < 1_000_000
    assert len(view.build_page(network_run)) < 2_000_000


def test_a_page_is_built_in_a_second_of_the_processor(worm_page, crawling_run):
    """After the shapes, which `worm_page` has read."""
    start = time.process_time()
    view.build_page(crawling_run)
    assert time.process_time() - start < 1


def test_the_same_run_gives_the_same_page(worm_page, worm_run):
    assert view.build_page(worm_run) == worm_page


def test_nothing_but_the_hashed_script_may_run(worm_page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', worm_page)
    assert policy is not None
    rules = policy[1]
    assert rules.startswith("default-src 'none';")
    assert "unsafe" not in rules
    for tag, kind in (("script", "script-src"), ("style", "style-src")):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", worm_page, re.DOTALL)
        assert len(text) == 1
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in rules
    assert not re.search(r"<[^>]* (on\w+|style)=", worm_page.split('<script type="application')[0])
    assert not re.search(r"\b(eval|Function)\(|innerHTML|document\.write", worm_page)
    assert not re.search(r"(src|href)=\"https?:", worm_page)


def test_hostile_names_are_inert(network_run):
    page = view.build_page({HOSTILE: network_run}, title=HOSTILE)
    assert page.lower().count("<script") == page.lower().count("</script>") == 2
    assert "<!--" not in page
    assert "<img src=x" not in page
    data = data_of(page)
    assert data["runs"][0]["title"] == data["runs"][0]["names"][0] == HOSTILE


def test_inert_json_is_json():
    value = {"<!--<script>": ["</script>", "a&b", "é\u2028"]}
    text = inert_json(value)
    assert not set("<>&") & set(text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        inert_json(float("nan"))


@pytest.mark.parametrize("kind", TYPES)
def test_arrays_come_back(kind):
    values = np.arange(12).reshape(3, 4).astype(kind)
    np.testing.assert_array_equal(unpacked(pack(values, kind)), values)


def test_differences_come_back_and_take_the_smaller_type():
    rng = np.random.default_rng(1)
    for size, kind in ((100, "Int16Array"), (100_000, "Int32Array")):
        values = rng.integers(-size, size, (20, 3, 2))
        packed = pack_differences(values, axis=0)
        assert packed["type"] == kind
        np.testing.assert_array_equal(unpacked(packed), values)


def test_quantization_is_within_half_a_step_and_keeps_zero():
    values = np.array([[-2.0, 0.0, 0.0], [1.0, 0.0, 1e-9], [0.0, 0.0, 5e-10]])
    codes, scale = quantize(values)
    assert codes[2, 0] == 128
    assert (codes[:, 1] == 128).all()
    restored = (codes.astype(float) - 128) / 127 * scale
    np.testing.assert_allclose(restored, values, atol=0.5 / 127 * scale.max(), rtol=0)
    assert scale.tolist() == [2.0, 0.0, 1e-9]


def test_the_block_of_a_worm(worm_page, worm_run):
    (run,) = data_of(worm_page)["runs"]
    assert run["worm"]
    assert (run["label"], run["unit"]) == ("V − Vth", "mV")
    assert len(run["names"]) == 279
    assert run["types"][run["names"].index("VB6")] == "motor"
    # The wave of the fixture; five periods of it are in the window.
    assert run["rhythm"]["period"] == pytest.approx(800, rel=1e-3)
    lag = np.linspace(0, 4 * np.pi, 279)
    error = np.angle(np.exp(1j * (unpacked(run["rhythm"]["phase"]) + np.pi / 2 + lag)))
    assert np.abs(error).max() < 0.02
    assert sum(run["portrait"]["shares"]) == pytest.approx(1, abs=1e-6)
    # As the connectome that the run states.
    worm = connectome.load("varshney2011")
    chemical = unpacked(run["connections"]["gap"]) == 0
    assert chemical.sum() == np.count_nonzero(worm.chemical)
    assert (~chemical).sum() == np.count_nonzero(np.triu(worm.gap, 1))
    pre, post = (unpacked(run["connections"][key])[chemical] for key in ("pre", "post"))
    weight = unpacked(run["connections"]["weight"])[chemical]
    np.testing.assert_array_equal(worm.chemical[post, pre], weight)


def test_a_body_comes_back_to_a_tenth_of_a_micrometer(crawling_run):
    (run,) = data_of(view.build_page(crawling_run))["runs"]
    along = unpacked(run["body"]["nodes"])
    nodes = np.cumsum(along, axis=1) * run["body"]["step"] + run["body"]["start"]
    np.testing.assert_allclose(nodes[..., 0], crawling_run.x, atol=1e-4)
    np.testing.assert_allclose(nodes[..., 1], crawling_run.y, atol=1e-4)
    assert run["body"]["dorsal"] == 1
    mirrored = crawling_run.assign(y=-crawling_run.y)
    assert data_of(view.build_page(mirrored))["runs"][0]["body"]["dorsal"] == -1
    bare = crawling_run.drop_vars("curvature")
    assert data_of(view.build_page(bare))["runs"][0]["curvature"]["scale"] == pytest.approx(
        float(np.abs(crawling_run.curvature).max()), rel=1e-6
    )


def test_long_runs_are_thinned_and_the_page_says_so(worm_run):
    (run,) = data_of(view.build_page(worm_run, max_frames=150))["runs"]
    assert run["activity"]["shape"] == [134, 279]
    assert ["shown", "134 of 400 recorded samples (1 of 3, to limit the size of the page)"] in (
        run["facts"]
    )


def test_a_cycle_is_drawn_in_the_plane_of_the_run(worm_run):
    one = worm_run.isel(time=slice(0, 81))
    cycle = SimpleNamespace(
        found=True, period=800.0, states=one.V.values, multipliers=np.array([1, 0.5 + 0.1j])
    )
    (run,) = data_of(view.build_page(worm_run, cycle=cycle))["runs"]
    scores = unpacked(run["portrait"]["scores"])
    np.testing.assert_allclose(unpacked(run["portrait"]["cycle"]), scores[:81], atol=1e-4)
    assert run["portrait"]["multipliers"] == ["1", "0.5 + 0.1i"]


def test_runs_that_cannot_be_shown_are_named(worm_run, monkeypatch):
    with pytest.raises(ValueError, match="one to four runs, got 5"):
        view.build_page([worm_run] * 5)
    with pytest.raises(TypeError, match=r"a must be an xarray.Dataset.*from_states"):
        view.build_page({"a": np.zeros((3, 2))})
    with pytest.raises(ValueError, match=r"cut: .*\(time, neuron\).*its variables: threshold"):
        view.build_page({"cut": worm_run[["threshold", "time"]]})
    with pytest.raises(ValueError, match="dimension time"):
        view.build_page(worm_run.isel(time=0))
    with pytest.raises(ValueError, match="The run has no sample"):
        view.build_page(worm_run.isel(time=slice(0, 0)))
    with pytest.raises(ValueError, match=r"run.isel\(member=0\)"):
        view.build_page(worm_run.expand_dims("member"))
    broken = worm_run.assign(V=worm_run.V.where(worm_run.time != 100))
    with pytest.raises(ValueError, match=r"V − Vth of 'ADAL' is nan at sample 5.*slice\(0, 5\)"):
        view.build_page(broken)
    with pytest.raises(ValueError, match=r"sample 4, .*slice\(0, 4\)"):
        view.build_page(worm_run.assign(V=worm_run.V.where(worm_run.time < 80)), max_frames=200)
    with pytest.raises(ValueError, match="at sample 0.*a member of the ensemble that did not fail"):
        view.build_page(worm_run.assign(V=worm_run.V * np.nan))
    with pytest.raises(ValueError, match="V − Vth of 'ADAL' is 1e.*below 1e[+]30"):
        view.build_page(worm_run.assign(V=worm_run.V * 0 + 1e200))
    with pytest.raises(ValueError, match=r"time must increase.*after sample 0. Sort the run"):
        view.build_page(worm_run.isel(time=slice(None, None, -1)))
    with pytest.raises(ValueError, match="time must be finite"):
        view.build_page(worm_run.assign_coords(time=worm_run.time * np.nan))
    with pytest.raises(ValueError, match=r"Several units have the name 'x{40}…'"):
        view.build_page(view.from_states(np.eye(2), step_ms=1, names=["x" * 999] * 2))
    with pytest.raises(ValueError, match="max_frames must be 2 or more, got 1"):
        view.build_page(worm_run, max_frames=1)
    monkeypatch.setattr(page_module, "LARGEST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"more than 0 MB. Lower max_frames=2000"):
        view.build_page(worm_run)
    assert LARGEST_BYTES == 20_000_000


def test_a_rewired_connectome_is_not_taken_for_the_published_one(worm_run):
    rewired = worm_run.assign_attrs(connectome_history="rewire(seed=0)")
    assert data_of(view.build_page(rewired))["runs"][0]["connections"] is None
    given = connectome.load("varshney2011")
    assert data_of(view.build_page(rewired, connectome=given))["runs"][0]["connections"]


def test_units_that_are_not_neurons_lie_on_a_plane():
    rng = np.random.default_rng(0)
    wave = np.sin(np.linspace(0, 60, 300)[:, None] + rng.uniform(0, 6, 20))
    (run,) = data_of(view.build_page(view.from_states(wave, step_ms=10)))["runs"]
    places = unpacked(run["places"])
    assert not run["worm"]
    assert np.abs(places).max() == 0.5
    assert (places[:, 2] == 0).all()
    assert run["connections"] is None
    noise = view.from_states(rng.normal(size=(300, 20)), step_ms=10)
    assert data_of(view.build_page(noise))["runs"][0]["rhythm"] is None


def test_units_that_are_connected_are_near_each_other():
    """Two groups with connections only inside them are apart."""
    weights = np.kron(np.eye(2), np.ones((10, 10)))
    states = np.random.default_rng(0).normal(size=(50, 20))
    run = view.from_states(states, step_ms=1, weights=weights)
    places = unpacked(data_of(view.build_page(run))["runs"][0]["places"])
    first, second = places[:10, 0], places[10:, 0]
    assert first.max() < second.min() or second.max() < first.min()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"states": [1, 2], "step_ms": 1}, "n_times, n_units"),
        ({"states": [[np.nan]], "step_ms": 1}, "finite"),
        ({"states": [[1.0]], "step_ms": 0}, "positive"),
        ({"states": [[1.0]], "step_ms": np.inf}, "positive and finite"),
        ({"states": [[1.0]], "step_ms": 1, "names": ["a", "b"]}, "2 names for 1 units"),
        ({"states": [[1.0]], "step_ms": 1, "weights": [[1, 2]]}, r"\(1, 1\), got \(1, 2\)"),
    ],
)
def test_wrong_states(arguments, said):
    with pytest.raises(ValueError, match=said):
        view.from_states(arguments.pop("states"), **arguments)


@pytest.mark.parametrize("states", [np.ones((1, 9)), np.zeros((50, 9))])
def test_units_that_do_not_move_are_on_a_grid(states):
    places = unpacked(
        data_of(view.build_page(view.from_states(states, step_ms=1)))["runs"][0]["places"]
    )
    assert places[:, 0].tolist() == [-0.5, 0, 0.5] * 3
    assert places[:, 1].tolist() == [-0.5] * 3 + [0] * 3 + [0.5] * 3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_units_with_connections_have_places(n):
    run = view.from_states(np.eye(5)[:, :n], step_ms=1, weights=np.ones((n, n)))
    places = unpacked(data_of(view.build_page(run))["runs"][0]["places"])
    assert places.shape == (n, 3)
    assert np.isfinite(places).all()


def test_activations_that_are_missing_are_none(crawling_run):
    muscles = np.full((crawling_run.sizes["time"], 2), 0.5)
    muscles[3] = np.nan
    run = crawling_run.assign(activation=(("time", "muscle"), muscles))
    run = run.assign_coords(muscle=["MDL01", "MDL02"])
    codes = unpacked(data_of(view.build_page(run))["runs"][0]["muscles"]["codes"])
    assert codes[3].tolist() == [0, 0]
    assert codes[4].tolist() == [128, 128]


def test_a_damaged_script_is_not_shipped_on(worm_run, monkeypatch):
    monkeypatch.setattr(page_module, "sha256", lambda content: "0" * 64)
    with pytest.raises(ValueError, match="Install isochron again"):
        view.build_page(worm_run)


def test_other_variables_are_shown_about_their_mean():
    rates = xr.Dataset({"rate": (("time", "neuron"), [[1.0, 2.0], [3.0, 2.0]], {"units": "Hz"})},
                       coords={"time": [0.0, 1.0]})  # fmt: skip
    (run,) = data_of(view.build_page(rates))["runs"]
    assert (run["label"], run["unit"]) == ("rate − mean", "Hz")
    assert unpacked(run["activity"]).tolist() == [[1, 128], [255, 128]]
    assert run["names"] == ["0", "1"]


def test_a_worm_with_muscles_has_the_connections_of_its_neurons(worm_run):
    history = "signs: GabaInhibitory(); body-wall muscles of cook2019-hermaphrodite by the names"
    run = worm_run.assign_attrs(connectome_history=history)
    assert data_of(view.build_page(run))["runs"][0]["connections"]
