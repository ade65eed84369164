"""Run directories that no training made."""

import itertools
import json
from pathlib import Path

import numpy as np

from vaex.io.sweep_record import SweepRecord

HEADS = {
    "gaussian": {"_target_": "vaex.likelihoods.gaussian.Gaussian", "min_scale": 0.1},
    "student_t": {
        "_target_": "vaex.likelihoods.student_t.StudentT",
        "min_scale": 0.2,
        "max_df": 30.0,
    },
}


def configuration(
    *, seed=0, beta=1.0, rate=1e-3, latent_dim=2, head="gaussian", **more
):
    return {
        "seed": seed,
        "latent_dim": latent_dim,
        "data": {"_target_": "vaex.data.digits.Digits", "seed": 0, "path": "a.npy"},
        "encoder": {"_target_": "vaex.nn.mlp.MLPEncoder", "hidden": [8, 8]},
        "decoder": {"_target_": "vaex.nn.mlp.MLPDecoder", "hidden": [8, 8]},
        "prior": {"_target_": "vaex.priors.a.A", "latent_dim": latent_dim},
        "likelihood": HEADS[head],
        "objective": {"_target_": "vaex.objectives.bound.elbo", "beta": beta},
        "optimizer": {
            "_target_": "vaex.training.optimizers.adam",
            "learning_rate": rate,
        },
        "trainer": {"steps": 20, "epochs": 100, "devices": 1},
        "run": {"root": "runs", "figures": True},
        "tracking": {},
    } | more


def write_run(
    folder: Path,
    config: dict,
    *,
    state: str = "finished",
    elbo: float | None = -90.0,
    words: list[str] | None = None,
    checksum: str = "abc",
    preparation: str = "Levels(num_classes=17)",
    reason: str = "",
    nll_samples: int = 128,
) -> Path:
    """One run; `elbo` of None leaves results out."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    status = {
        "state": state,
        "started": "2026-01-01T00:00:00+00:00",
        "data": {"name": "digits", "checksum": checksum},
        "preparation": preparation,
        "devices": ["cpu"],
        "versions": {"jax": "0.10.2"},
    }
    (folder / "status.json").write_text(
        json.dumps(status | ({"reason": reason} if reason else {}))
    )
    if words is not None:
        (folder / ".hydra").mkdir()
        text = "".join(f"- {word}\n" for word in words)
        (folder / ".hydra" / "overrides.yaml").write_text(text)
    if state == "finished" and elbo is not None:
        unit = {"se": 0.5, "unit": "nats/example"}
        results = {
            "split": "test",
            "elbo": {"value": elbo, **unit},
            "nll": {"value": -elbo - 2, **unit, "num_samples": nll_samples},
            "mutual_information": {"value": None, "reason": "no density"},
            "training": {"steps": 20, "seconds": 3.5},
        }
        (folder / "results.json").write_text(json.dumps(results))
    level = -90.0 if elbo is None else elbo
    rows = [
        {"step": s, "split": split, "elbo": level - 20 / s, "loss": 20 / s, "epoch": s}
        for s in (5, 10, 20 if state == "finished" else 12)
        for split in ("train", "test")
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metrics.jsonl").write_text(text)
    return folder


def write_grid(root: Path, *, record: bool = True, seeds: int = 3) -> np.ndarray:
    """Two learning rates x three betas x seeds; the ELBOs [2, 3, seeds] in nats.

    The best configuration is rate 0.003 and beta 1.
    """
    noise = np.random.default_rng(0).normal(size=(2, 3, seeds)) * 0.1
    seed_effect = np.linspace(-3, 3, seeds)  # what pairing takes out
    centre = np.array([[-97.0, -95.0, -106.0], [-97.5, -93.0, -105.0]])
    elbos = centre[..., None] + noise + seed_effect
    rates, betas = (0.001, 0.003), (0.5, 1.0, 4.0)
    jobs = []
    for i, j, seed in itertools.product(range(2), range(3), range(seeds)):
        words = [f"optimizer.learning_rate={rates[i]}", f"objective.beta={betas[j]}"]
        words += [f"seed={seed}", "trainer.steps=20"]
        config = configuration(seed=seed, beta=betas[j], rate=rates[i])
        run = root / f"digits-gaussian-{i}{j}{seed}"
        write_run(run, config, elbo=float(elbos[i, j, seed]), words=words)
        jobs.append({"number": len(jobs), "overrides": words, "run": str(run)})
    if record:
        every = ",".join(map(str, range(seeds)))
        line = ["optimizer.learning_rate=0.001,0.003", "objective.beta=0.5,1.0,4.0"]
        line += [f"seed={every}", "trainer.steps=20"]
        SweepRecord.of(root, line).write(line, jobs)
    return elbos
