import dataclasses
import tomllib

import pytest

from isochron.files import json_sha256
from isochron.runs.configuration import config_digest, overlay, read_toml, to_toml
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.study import check


@pytest.mark.parametrize("config", [CompareConfig(), CompareConfig.quick()])
def test_the_printed_configuration_reads_back(config):
    text = to_toml(config, "title")
    assert text.startswith("# title")
    assert overlay(CompareConfig(), tomllib.loads(text)) == config
    check(config)


def test_every_setting_has_a_comment():
    for field in dataclasses.fields(CompareConfig):
        assert field.metadata["description"]
        section = getattr(CompareConfig(), field.name)
        if dataclasses.is_dataclass(section):
            assert all(inner.metadata["description"] for inner in dataclasses.fields(section))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wurm = 1", "Unknown setting 'wurm'. Did you mean worm"),
        ("DATASET_SECTION = 'x'", "Unknown setting 'DATASET_SECTION'.* Known here: seed, "),
        ("[worm]\ncurrent = 1", "Did you mean worm.current_pA"),
        ("worm = 3", r"write \[worm\]"),
        ("[worm]\ncurrent_pA = '2'", "current_pA must be a number"),
        ("[worm]\ncurrent_pA = true", "must be a number"),
        ("[worm]\ncurrent_pA = nan", "must be finite"),
        ("[worm]\ncurrent_pA = -5", r"\[worm\] current_pA must be positive"),
        ("[worm]\nstimulated = 'PLML'", "must be a list"),
        ("[worm]\ntongue_span = 1.5", "tongue_span must lie between 0 and 1"),
        ("[worm]\nstep_ms = 100", "step_ms must lie between 0.01 and 20, got 100"),
        ("[worm]\ntongue_step_ms = 1e-9", "tongue_step_ms must lie between 0.01 and 20"),
        ("[worm]\nn_starts = 10001", "n_starts must lie between 1 and 10000"),
        ("[worm]\nstimulated = ['PLML', 'PLML']", "stimulated contains PLML twice"),
        ("[worm]\ntongue_amplitudes_pA = [5, 5.0]", "tongue_amplitudes_pA contains 5.0 twice"),
        ("[training]\npairs = -1", "pairs must lie between 0 and 1000, got -1"),
        ("[training]\npairs = 0.5", "whole number"),
        ("[training]\nsteps = 0", "steps must lie between 1 and"),
        ("[training]\nstop_below = -1.0", "stop_below must be positive"),
        ("[onset]\nnull_models = ['rewired']", "Did you mean rewire"),
        ("[onset]\ndraws = -1", "draws must lie"),
        ("[onset]\nleaks_nS = [0.0]", "leaks_nS must be positive"),
        ("[onset]\nleaks_nS = [0.01, 1e300]", "leaks_nS must lie between 1e-06 and 1e"),
        ("[onset]\nlargest_pA = 0.0", "largest_pA must be positive"),
        ("[animals]\nrecordings = ['none.mat']", "none.mat does not exist"),
        ("[animals]\nrecordings = ['.']", "recordings: . is a folder"),
        ("[animals]\natlas = 'none.h5'", "atlas: none.h5 does not exist"),
        ("[substrates]\nkind = 'gru'", r"write \[\[substrates\]\]"),
        ("substrates = ['gru']", r"write \[\[substrates\]\]"),
        ("[[substrates]]\nkind = 'grue'", "Did you mean gru"),
        ("[[substrates]]\nkind = ['gru']", r"\[\[substrates\]\] Unknown network \['gru'\]"),
        ("[[substrates]]\nname = 'x'", r"substrates\[0\].kind is missing. Write one of low-rank"),
        ("[[tasks]]\nn_stimuli = 2", r"tasks\[0\].kind is missing. Write one of phase-memory"),
        (f"[[tasks]]\nkind = 'flip-flop'\nname = '{61 * 'x'}'", "at most 60 letters"),
        (
            "[[tasks]]\nkind = 'flip-flop'\n[[tasks]]\nkind = 'flip-flop'\nname = 'Flip-flop'",
            "are called flip-flop and Flip-flop",
        ),
        ("[[substrates]]\nkind = 'gru'\nn_unit = 3", "Did you mean n_units"),
        ("[[substrates]]\nkind = 'gru'\nnull_model = 'rewire'", "not on a connectome"),
        ("[[substrates]]\nname = 'a/b'\nkind = 'gru'", "letters, digits"),
        ("[[substrates]]\nkind = 'gru'\n[[substrates]]\nkind = 'gru'", "called gru"),
        ("[[tasks]]\nkind = 'phase'", "Unknown task 'phase'"),
        ("[[tasks]]\nkind = 'fixed-phase'\noffset = 1", "does not have the setting offset"),
        ("[reference]\ntongue_limits_Hz = [9, 10, 11]", "2 values"),
        ("[reference]\ntongue_limits_Hz = [9, 10]", "around frequency_Hz"),
        ("seed = -1", "seed must lie"),
        ("[worm]\nsimulated_s = 1e9", "between 1 and 3600"),
        ("[reference]\nn_starts = 1", "n_starts must lie between 2 and 100000, got 1"),
        ("[reference]\nintrinsic_starts = 1000000000", "intrinsic_starts must lie between 1 and"),
        ("[reference]\ntongue_amplitudes = [1, 1]", "tongue_amplitudes contains 1.0 twice"),
    ],
)
def test_a_wrong_value_is_refused_with_the_way_out(text, message):
    with pytest.raises(ValueError, match=message):
        overlay(CompareConfig(), tomllib.loads(text))


ALONE = "substrates = []\ntasks = []\n"  # no networks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[worm]\ndataset = 'varshney'", "Did you mean varshney2011"),
        ("[worm]\nstimulated = ['PLMX']", "Did you mean"),
        (f"{ALONE}[onset]\ndatasets = ['varshney']", "Did you mean varshney2011"),
        ("[[substrates]]\nkind = 'connectome'\ndataset = 'varshney'", "Did you mean varshney2011"),
        ("[[substrates]]\nkind = 'low-rank'\nrank = 0", "rank must lie"),
        ("[[substrates]]\nkind = 'gru'\nn_units = 1000000000", "GiB of memory"),
        (f"{ALONE}[onset]\ndatasets = ['']", "No data set ''"),
        (
            f"{ALONE}[onset]\ndatasets = ['cook2019-male']\nnull_models = ['rewire-by-distance']",
            r"\[onset\] null_models: rewire-by-distance: .* position of 89 neurons",
        ),
        (
            f"{ALONE}[worm]\ndataset = 'cook2020-pharynx'\nstimulated = ['I1L', 'I1R']\n"
            "[onset]\ndatasets = ['cook2020-pharynx']",
            "2 neurons in common, without chemical .* in_contacts = false",
        ),
        ("[reference]\ntongue_limits_Hz = [0.001, 16]", "frequency_Hz must lie in"),
        ("[reference]\nfrequency_Hz = 300\ntongue_limits_Hz = [5, 400]", "must lie in"),
    ],
)
def test_what_cannot_run_is_refused_before_any_work(text, message):
    with pytest.raises(ValueError, match=message):
        check(overlay(CompareConfig(), tomllib.loads(text)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "not a TOML file"),
        (b"[a]\nb = 1\nb = 2", "not a TOML file"),
        (b"a = " + b"[" * 100_000, "not a TOML file"),
        (b"#" * 2**21, "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, content, message):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_toml(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ValueError, match="--print-config"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="is not a file"):
        read_toml(tmp_path)


def test_byte_order_mark_and_windows_lines_are_read(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\r\n[worm]\r\ncurrent_pA = 1500\r\n")
    config = overlay(CompareConfig(), read_toml(path))
    assert (config.seed, config.worm.current_pA) == (3, 1500.0)


def test_the_digest_changes_with_every_value():
    assert config_digest(CompareConfig()) != config_digest(CompareConfig.quick())
    assert config_digest(CompareConfig()) == config_digest(CompareConfig())


def test_a_setting_added_later_counts_in_the_digest_only_if_it_is_not_at_its_default(tmp_path):
    """So the folders of runs that were made before it can be resumed."""
    config = CompareConfig()
    before = dataclasses.asdict(config)
    assert before["animals"].pop("atlas") == ""
    assert before["onset"].pop("tongue_draws") == 20
    assert config_digest(config) == json_sha256(before)
    (tmp_path / "funatlas.h5").touch()
    animals = dataclasses.replace(config.animals, atlas=str(tmp_path / "funatlas.h5"))
    assert config_digest(dataclasses.replace(config, animals=animals)) != json_sha256(before)
