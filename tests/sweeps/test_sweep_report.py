"""What a report says: means, pairs, the best, and warnings, against numpy and scipy."""

import shlex

import numpy as np
import pytest
from scipy import stats

from tests.sweeps.made_up import configuration, write_grid, write_run
from vaex.errors import InputError
from vaex.sweeps.collection import collect
from vaex.sweeps.sweep_report import make_report


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A sweep and its ELBOs [rate, beta, seed]."""
    root = tmp_path_factory.mktemp("grid")
    elbos = write_grid(root)
    return collect(root), elbos


def test_means_are_over_seeds(grid):
    sweep, elbos = grid
    report = make_report(sweep)
    assert [table.metric for table in report.tables] == ["elbo", "nll"]
    table = report.tables[0]
    assert [group.values for group in table.groups] == [
        (rate, beta) for rate in (0.001, 0.003) for beta in (0.5, 1.0, 4.0)
    ]
    flat = elbos.reshape(6, 3)
    estimates = np.array([group.estimate for group in table.groups])
    np.testing.assert_allclose(estimates[:, 0], flat.mean(1), rtol=1e-12)
    np.testing.assert_allclose(estimates[:, 1], stats.sem(flat, axis=1), rtol=1e-9)
    assert (estimates[:, 2] == 3).all()
    assert [group.run_se for group in table.groups] == [0.5] * 6
    assert table.unit == "nats/example"
    assert report.cautions == ()


def test_pairs_are_of_the_same_seed(grid):
    sweep, elbos = grid
    report = make_report(sweep)
    assert len(report.comparisons) == 15
    first = report.comparisons[0]
    assert first.first.values == (0.003, 1.0)
    assert first.second.values == (0.001, 1.0)
    differences = elbos[1, 1] - elbos[0, 1]
    theirs = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    np.testing.assert_allclose(first.difference.mean, differences.mean(), rtol=1e-9)
    np.testing.assert_allclose(first.difference[2:4], theirs, rtol=1e-9)
    # The seeds' own effect of 3 nats is in each mean, and not in the difference.
    assert first.first.estimate.se > 1.5
    assert first.difference.se < 0.2


def test_a_baseline_is_compared_with_the_other_keys_alike(grid):
    sweep, elbos = grid
    report = make_report(sweep, baseline=["beta=1"], metrics=["elbo"])
    pairs = [(c.first.values, c.second.values) for c in report.comparisons]
    assert pairs == [
        ((rate, beta), (rate, 1.0)) for rate in (0.001, 0.003) for beta in (0.5, 4.0)
    ]
    found = report.comparisons[3].difference.mean
    np.testing.assert_allclose(found, (elbos[1, 2] - elbos[1, 1]).mean(), rtol=1e-9)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("beta", "--baseline takes KEY=VALUE, got 'beta', as in learning_rate=VALUE"),
        ("beta=2", "--baseline beta=2: beta has the values 0.5, 1, 4"),
        ("betta=2", "there is no key 'betta'"),
        ("seed=0", "keys of the table are: learning_rate, beta"),
    ],
)
def test_baselines_that_are_none(grid, word, message):
    with pytest.raises(InputError, match=message):
        make_report(grid[0], baseline=[word])


def test_keys_that_are_left_out_are_averaged_within_each_seed(grid):
    sweep, elbos = grid
    report = make_report(sweep, over=["beta"], metrics=["elbo"])
    by_seed = elbos.mean(0)  # [beta, seed]
    estimates = np.array([group.estimate for group in report.tables[0].groups])
    np.testing.assert_allclose(estimates[:, 0], by_seed.mean(1), rtol=1e-12)
    np.testing.assert_allclose(estimates[:, 1], stats.sem(by_seed, axis=1), rtol=1e-9)
    assert (estimates[:, 2] == 3).all()
    assert report.cautions == (
        "ELBO: means are over learning_rate, too, within each seed",
    )
    best = report.comparisons[0]
    theirs = stats.ttest_rel(by_seed[1], by_seed[0]).confidence_interval(0.95)
    np.testing.assert_allclose(best.difference[2:4], theirs, rtol=1e-9)


def test_where_runs_lack_the_comparison_is_of_what_both_have(tmp_path):
    values = {(1.0, 1, 0): -9, (1.0, 1, 1): -8, (1.0, 2, 0): -7, (1.0, 2, 1): -6}
    values |= {(4.0, 1, 0): -5, (4.0, 1, 1): -4}  # no latent_dim of 2
    for (beta, dims, seed), elbo in values.items():
        config = configuration(beta=beta, latent_dim=dims, seed=seed)
        write_run(tmp_path / f"{beta}-{dims}-{seed}", config, elbo=float(elbo))
    report = make_report(collect(tmp_path), over=["beta"], metrics=["elbo"])
    means = [group.estimate.mean for group in report.tables[0].groups]
    assert means == [-7.5, -4.5]
    (pair,) = report.comparisons
    assert pair.difference.mean == 4.0  # of latent_dim = 1: -4.5 + 8.5
    assert any("are of other values of it in other rows" in c for c in report.cautions)


def test_the_best_with_its_command_and_its_lead(grid):
    sweep, elbos = grid
    (best,) = make_report(sweep).bests
    assert best.group.values == (0.003, 1.0)
    assert shlex.split(best.command) == [
        "vaex", "train", "-m", "optimizer.learning_rate=0.003", "objective.beta=1.0",
        "trainer.steps=20", "seed=0,1,2",
    ]  # fmt: skip
    assert best.lead.second.values == (0.001, 1.0)
    lead = (elbos[1, 1] - elbos[0, 1]).mean()
    np.testing.assert_allclose(best.lead.difference.mean, lead, rtol=1e-9)
    assert best.condition == ""


def test_lower_may_be_better(grid):
    sweep, _ = grid
    for options in ({"metrics": ["nll"]}, {"lower_is_better": False}):
        assert make_report(sweep, **options).bests[0].group.values == (0.003, 1.0)
    worst = make_report(sweep, lower_is_better=True).bests[0]
    assert worst.group.values == (0.001, 4.0)


def test_metrics_by_path_and_by_column(grid):
    sweep, elbos = grid
    report = make_report(sweep, metrics=["elbo.value", "training.seconds", "loss"])
    assert [table.metric for table in report.tables] == [
        "elbo",
        "training.seconds",
        "loss",
    ]
    seconds, loss = report.tables[1:]
    assert (seconds.unit, seconds.groups[0].estimate.mean) == ("s", 3.5)
    assert loss.groups[0].estimate.mean == 1.0  # 20 / 20, the last row
    (best,) = report.bests
    np.testing.assert_allclose(best.group.estimate.mean, elbos[1, 1].mean())


def test_a_metric_that_is_not_there(grid):
    with pytest.raises(InputError, match=r"--metric elbow: no .* there are: elbo, nll"):
        make_report(grid[0], metrics=["elbow"])
    with pytest.raises(InputError, match="--metric mutual_information: no finished"):
        make_report(grid[0], metrics=["mutual_information"])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_none(grid, level):
    with pytest.raises(InputError, match="--level must be between 0 and 1, got"):
        make_report(grid[0], level=level)


# What cannot be compared.


def heads(root, **other):
    for head in ("gaussian", "student_t"):
        for seed in (0, 1):
            facts = other if head == "student_t" else {}
            elbo = -90.0 + seed + 50 * (head == "student_t")
            config = configuration(head=head, seed=seed)
            write_run(root / f"{head}-{seed}", config, elbo=elbo, **facts)
    return collect(root)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"checksum": "xyz"}, "different data: digits abc (2 runs), digits xyz (2"),
        ({"preparation": "Binarize()"}, "different preparations: Levels(num_classes"),
    ],
)
def test_other_data_or_preparations_are_said_and_not_compared(tmp_path, other, words):
    report = make_report(heads(tmp_path, **other))
    assert report.comparisons == ()
    assert len(report.bests) == 2
    assert all(best.lead is None and best.condition for best in report.bests)
    assert any(words in caution for caution in report.cautions)
    assert sum("not compared with each other" in c for c in report.cautions) == 1


def test_other_numbers_of_importance_samples_matter_to_the_nll_alone(tmp_path):
    report = make_report(heads(tmp_path, nll_samples=5000))
    assert len(report.comparisons) == 1  # of the ELBO
    (caution,) = report.cautions
    assert caution.startswith("NLL: different numbers of importance samples: 128 (2")
    assert make_report(heads(tmp_path / "b"), metrics=["nll"]).cautions == ()
    nll = make_report(collect(tmp_path), metrics=["nll"])
    assert nll.comparisons == ()


def test_what_repeats_counts_once_and_what_lacks_is_said(tmp_path):
    for number, (seed, elbo) in enumerate([(0, -1.0), (0, -3.0), (1, -4.0)]):
        write_run(tmp_path / str(number), configuration(seed=seed), elbo=elbo)
    write_run(tmp_path / "bad", configuration(seed=2), state="diverged", elbo=None)
    report = make_report(collect(tmp_path))
    (group,) = report.tables[0].groups
    assert group.estimate == (-3.0, 1.0, 2)  # of -2 and -4
    assert report.cautions[0] == "1 of 4 jobs are in no mean: 1 diverged"
    assert any("1 of 3 runs have the keys and the seed" in c for c in report.cautions)
    assert "(seed" not in report.bests[0].command


def test_nothing_is_finished(tmp_path):
    write_run(tmp_path / "a", configuration(), state="failed", reason="no")
    report = make_report(collect(tmp_path))
    assert (report.tables, report.bests, report.comparisons) == ((), (), ())


def test_a_command_without_words_has_the_swept_keys(tmp_path):
    for beta in (1.0, 4.0):
        write_run(tmp_path / str(beta), configuration(beta=beta), elbo=-beta)
    (best,) = make_report(collect(tmp_path)).bests
    assert best.command == "vaex train objective.beta=1"


def test_hydras_own_words_are_no_part_of_the_command(tmp_path):
    words = ["hydra/launcher=x", "hydra.job.name=y", "seed=3", "encoder.hidden=[5,5]"]
    write_run(tmp_path / "a", configuration(seed=3), words=words)
    (best,) = make_report(collect(tmp_path)).bests
    assert best.command == "vaex train 'encoder.hidden=[5,5]' seed=3"


def test_seeds_of_the_command_are_in_their_order(tmp_path):
    for seed in (10, 2, 0):
        words = ["trainer.steps=20", f"seed={seed}"]
        write_run(tmp_path / str(seed), configuration(seed=seed), words=words, elbo=0.0)
    (best,) = make_report(collect(tmp_path)).bests
    assert best.command == "vaex train -m trainer.steps=20 seed=0,2,10"


@pytest.mark.parametrize(
    ("pairs", "lines"),
    [
        (
            [(1, 16), (1, 32), (2, 16), (2, 32)],
            ["-m objective.beta=1,2 trainer.batch_size=16,32 seed=0,1"],
        ),
        (
            [(1, 16), (2, 32)],
            [
                "-m objective.beta=1 trainer.batch_size=16 seed=0,1",
                "-m objective.beta=2 trainer.batch_size=32 seed=0,1",
            ],
        ),
    ],
)
def test_a_mean_over_other_keys_is_trained_by_all_of_its_lines(tmp_path, pairs, lines):
    for head in ("gaussian", "student_t"):
        for beta, size in pairs:
            for seed in (0, 1):
                words = [f"objective.beta={beta}", f"likelihood={head}"]
                words += [f"trainer.batch_size={size}", f"seed={seed}"]
                config = configuration(head=head, beta=beta, batch=size, seed=seed)
                name = f"{head} {beta} {size} {seed}"
                elbo = -1.0 if head == "gaussian" else -2.0
                write_run(tmp_path / name, config, words=words, elbo=elbo)
    (best,) = make_report(collect(tmp_path), over=["likelihood"]).bests
    lines = [line.replace(" trainer", " likelihood=gaussian trainer") for line in lines]
    assert best.command.splitlines() == [f"vaex train {line}" for line in lines]


def test_runs_of_one_configuration_in_other_words_are_one_line(tmp_path):
    for seed, more in ((0, ["run.figures=false"]), (1, [])):
        words = ["objective.beta=2", *more, f"seed={seed}"]
        write_run(tmp_path / str(seed), configuration(beta=2.0, seed=seed), words=words)
    (best,) = make_report(collect(tmp_path)).bests
    assert best.command == "vaex train -m objective.beta=2 run.figures=false seed=0,1"
