"""What was swept, and under which names."""

import pytest

from tests.sweeps.made_up import configuration, write_run
from vaex.errors import InputError
from vaex.sweeps.job import Job
from vaex.sweeps.swept_keys import Keys, shown


@pytest.fixture
def keys_of(tmp_path):
    """Keys of runs of these configurations and words."""

    def make(configs, words=None, **facts):
        words = words or [None] * len(configs)
        jobs = []
        for number, (config, its) in enumerate(zip(configs, words, strict=True)):
            run = write_run(tmp_path / f"run-{number}", config, words=its, **facts)
            jobs.append(Job(run))
        return Keys(jobs)

    return make


def names(keys):
    return [key.name for key in keys.swept]


def test_leaves_that_differ_have_their_shortest_names(keys_of):
    keys = keys_of(
        [configuration(seed=s, beta=b, rate=r) for s, b, r in [(0, 1, 1e-3), (1, 4, 1)]]
    )
    assert names(keys) == ["seed", "beta", "learning_rate"]
    assert [key.path for key in keys.over] == [
        "objective.beta",
        "optimizer.learning_rate",
    ]


def test_a_name_that_another_key_ends_in_is_longer(keys_of):
    one, two = configuration(), configuration()
    two["encoder"] = {**two["encoder"], "hidden": [16]}
    keys = keys_of([one, two])
    assert names(keys) == ["encoder.hidden"]  # the decoder has one, too
    (key,) = keys.swept
    assert [shown(keys.value(job, key)) for job in keys.jobs] == ["[8, 8]", "[16]"]


def test_what_is_computed_in_the_same_way_is_no_key(keys_of):
    one, two = configuration(), configuration()
    two["run"] = {"root": "elsewhere", "figures": False}
    two["tracking"] = {"a": 1}
    two["trainer"] = {**two["trainer"], "devices": 2}
    assert names(keys_of([one, two])) == []


def test_the_same_data_may_lie_anywhere(keys_of):
    one, two = configuration(), configuration()
    two["data"] = {**two["data"], "path": "b.npy"}
    assert names(keys_of([one, two])) == []


def test_data_that_lie_elsewhere_and_are_others_are_a_key(tmp_path):
    one, two = configuration(), configuration()
    two["data"] = {**two["data"], "path": "b.npy"}
    runs = [
        write_run(tmp_path / c, config, checksum=c)
        for c, config in (("a", one), ("b", two))
    ]
    assert names(Keys([Job(run) for run in runs])) == ["path"]


def test_an_option_stands_for_its_leaves(keys_of):
    configs = [configuration(head=h, seed=s) for h in HEADS for s in (0, 1)]
    keys = keys_of(configs)
    assert names(keys) == ["likelihood", "seed"]
    key = keys.find("likelihood")
    assert keys.values(key) == ["gaussian", "student_t"]


HEADS = ("gaussian", "student_t")


def test_a_leaf_that_was_swept_within_an_option_stays(keys_of):
    configs = []
    for head in HEADS:
        for scale in (0.1, 0.5):
            config = configuration(head=head)
            config["likelihood"] = {**config["likelihood"], "min_scale": scale}
            configs.append(config)
    assert names(keys_of(configs)) == ["likelihood", "min_scale"]


def test_copies_of_a_key_are_left_out(keys_of):
    configs = [configuration(latent_dim=n, seed=s) for n in (2, 8) for s in (0, 1)]
    assert names(keys_of(configs)) == ["latent_dim", "seed"]


def test_the_order_is_that_of_the_words_and_options_have_their_names(keys_of):
    configs, words = [], []
    for rate in (1e-3, 1e-2):
        for head in HEADS:
            configs.append(configuration(rate=rate, head=head))
            words.append([f"likelihood=my_{head}", f"optimizer.learning_rate={rate}"])
    keys = keys_of(configs, words)
    assert names(keys) == ["likelihood", "learning_rate"]
    assert keys.values(keys.swept[0]) == ["my_gaussian", "my_student_t"]


def test_what_follows_from_the_words_is_left_out(keys_of):
    configs, words = [], []
    for head, beta in zip(HEADS, (1.0, 2.0), strict=True):
        configs.append(configuration(head=head, beta=beta, extra={"x": beta}))
        words.append([f"likelihood={head}"])
    assert names(keys_of(configs, words)) == ["likelihood"]


def test_values_of_a_random_search_do_not_hide_each_other(keys_of):
    """Every run has its own learning rate, of which beta is then a function."""
    pairs = [(1e-3, 0.5), (2e-3, 0.9), (7e-3, 0.7)]
    configs = [configuration(rate=r, beta=b) for r, b in pairs]
    words = [[f"optimizer.learning_rate={r}", f"objective.beta={b}"] for r, b in pairs]
    assert names(keys_of(configs, words)) == ["learning_rate", "beta"]


def test_numbers_are_sorted_and_1_is_1_point_0(keys_of):
    keys = keys_of([configuration(beta=b) for b in (4, 1.0, 0.5, 1)])
    assert keys.values(keys.find("beta")) == [0.5, 1.0, 4]
    assert [job.folder.name for job in keys.ordered] == [
        "run-2",
        "run-1",
        "run-3",
        "run-0",
    ]


def test_a_job_that_has_not_begun_has_the_values_of_its_words(tmp_path):
    begun = write_run(tmp_path / "a", configuration(beta=1.0, rate=1e-3))
    words = ("objective.beta=4", "optimizer.learning_rate=1e-3", "likelihood=student_t")
    jobs = [
        Job(begun, 0, ("objective.beta=1", "likelihood=gaussian")),
        Job(tmp_path / "b", 1, words),
    ]
    keys = Keys(jobs)
    assert names(keys) == ["beta", "likelihood"]
    assert [keys.value(jobs[1], key) for key in keys.swept] == [4, "student_t"]


def test_nothing_has_begun(tmp_path):
    jobs = [Job(tmp_path / str(b), b, (f"objective.beta={b}",)) for b in (1, 2)]
    keys = Keys(jobs)
    assert [key.path for key in keys.swept] == ["objective.beta"]
    assert keys.values(keys.swept[0]) == [1, 2]


def test_keys_are_found_by_any_end_that_is_clear(keys_of):
    keys = keys_of([configuration(beta=b) for b in (1, 2)])
    assert keys.find("objective.beta") == keys.find("beta") == keys.swept[0]
    assert keys.find("learning_rate").path == "optimizer.learning_rate"  # not swept
    with pytest.raises(InputError, match="hidden may be any of decoder.hidden, enc"):
        keys.find("hidden")
    with pytest.raises(InputError, match="no key 'betta' in these runs; swept are: b"):
        keys.find("betta")
