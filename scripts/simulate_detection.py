"""Which score finds which anomalies: simulated tables, of which everything is known.

    python scripts/simulate_detection.py                 # about five minutes
    python scripts/simulate_detection.py --seeds 1 --makes gaussian levels

Tables of twelve makes have a few latent variables z. `VAEDetector` with one model is
fitted to 1000 normal rows of each (60 of `few`, a twentieth anomalies in
`contaminated`), and the AUROC of 150 anomalies of each of six kinds against 500 new
rows is printed, in percent: means over the makes for each kind, and over the kinds for
each make. The columns:

- `elbo`: minus the ELBO;
- `distortion`, `rate`: its two parts, -E log p(x|z) and KL(q(z|x) || p(z));
- `sum`, `larger`: of the two parts, each less its mean and divided by its standard
  deviation over the training rows;
- `fisher`: the sum of minus the logarithms of the parts' p-values, by their ranks among
  the training rows; beyond nine tenths of these by an exponential tail;
- `neighbour`: distance to the fifth neighbour, of standardised columns;
- `norm`: of the standardised row.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from vaex.sklearn.detector import VAEDetector

ROWS, FEW, NEW, ODD = 1000, 60, 500, 150
BINARY = slice(5, 8)
"""Columns of `mixed` that are 0 or 1."""

Generator = np.random.Generator
Noisy = Callable[[np.ndarray, np.ndarray, Generator], np.ndarray]


def clusters(s: np.ndarray, e: np.ndarray, generator: Generator) -> np.ndarray:
    """Four of one shape, in places that depend on the number of columns alone."""
    centers = 2.5 * np.random.default_rng(s.shape[1]).normal(size=(4, s.shape[1]))
    return centers[generator.integers(4, size=len(s))] + 0.7 * s + 0.3 * e


def heavy(s: np.ndarray, e: np.ndarray, generator: Generator) -> np.ndarray:
    """Noise of Student's t with 2.5 degrees of freedom."""
    return s + 0.3 * generator.standard_t(2.5, size=e.shape)


def mixed(s: np.ndarray, e: np.ndarray, generator: Generator) -> np.ndarray:
    """Normal, binary and lognormal columns."""
    del generator
    x = s + 0.3 * e
    x[:, BINARY] = x[:, BINARY] > 0.3
    x[:, BINARY.stop :] = np.exp(x[:, BINARY.stop :])
    return x


MAKES: dict[str, tuple[int, int, Noisy]] = {
    "gaussian": (10, 3, lambda s, e, g: s + 0.3 * e),
    "gaussian, wide": (40, 4, lambda s, e, g: s + 0.3 * e),
    "full rank": (10, 10, lambda s, e, g: s + 0.05 * e),
    "clusters, wide": (40, 3, clusters),
    "curved": (10, 2, lambda s, e, g: 1.5 * np.sin(1.8 * s + np.arange(10)) + 0.2 * e),
    "heavy tails": (10, 3, heavy),
    "zeros": (10, 3, lambda s, e, g: np.maximum(0.0, s + 0.5 * e - 0.7)),
    "levels": (10, 3, lambda s, e, g: np.clip(np.rint(1.2 * s + 0.5 * e), -3, 3)),
    "lognormal": (10, 3, lambda s, e, g: np.exp(0.8 * s + 0.24 * e)),
    "mixed": (10, 3, mixed),
    "few": (10, 3, lambda s, e, g: s + 0.3 * e),
    "contaminated": (10, 3, clusters),
}
"""Name -> columns, latent variables L, and rows of s = z W and standard normal e."""

KINDS = ("latent", "global", "local", "cell", "cluster", "permuted")


class Make:
    """Rows of one make: x = f(z W, noise), z ~ N(0, I).

    Args:
      name: of MAKES.
      seed: of W and of all draws.
    """

    def __init__(self, name: str, seed: int):
        self.name = name
        self.columns, self.latents, self.noisy = MAKES[name]
        self.generator = np.random.default_rng([seed, list(MAKES).index(name)])
        size = (self.latents, self.columns)
        self.weights = self.generator.normal(size=size) / np.sqrt(self.latents)

    def rows(self, count: int, shift: float = 0.0) -> np.ndarray:
        """[count, columns], with z moved by `shift` in a random direction each."""
        z = self.generator.normal(size=(count, self.latents))
        way = self.generator.normal(size=z.shape)
        z += shift * way / np.linalg.norm(way, axis=1, keepdims=True)
        noise = self.generator.normal(size=(count, self.columns))
        return self.noisy(z @ self.weights, noise, self.generator)

    def anomalies(self, kind: str, count: int, known: np.ndarray) -> np.ndarray:
        """Rows of one of KINDS, in units of the standard deviations of known rows.

        latent: z moved by 3; global: all cells uniform between the 2nd and the 98th
        percentile of their columns; local: noise of 0.4 on all cells; cell: one cell 4
        from its median; cluster: near one row, moved by 0.6 in all columns; permuted:
        each third column of other rows.
        """
        generator, scale = self.generator, known.std(0)
        x = self.rows(count, 3.0 if kind == "latent" else 0.0)
        if kind == "global":
            low, high = np.quantile(known, [0.02, 0.98], axis=0)
            x = generator.uniform(low, high, size=x.shape)
        elif kind == "local":
            x += 0.4 * scale * generator.normal(size=x.shape)
        elif kind == "cell":
            places = np.arange(count), generator.integers(self.columns, size=count)
            middle = np.median(known, 0) + 4 * scale * generator.choice(
                [-1, 1], x.shape
            )
            x[places] = middle[places]
        elif kind == "cluster":
            way = generator.choice([-1, 1], self.columns)
            spread = 0.15 * generator.normal(size=x.shape)
            x = x[:1] + scale * (0.6 * way + spread)
        elif kind == "permuted":
            x[:, ::3] = generator.permuted(x[:, ::3], axis=0)
        if self.name == "mixed":
            x[:, BINARY] = x[:, BINARY] > 0.5
        return x

    def training(self) -> np.ndarray:
        """Rows to fit to, [N, columns]."""
        x = self.rows(FEW if self.name == "few" else ROWS)
        if self.name != "contaminated":
            return x
        odd = [self.anomalies(kind, ROWS // 120, x) for kind in KINDS]
        return np.concatenate([x, *odd])


def surprise(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the p-values of values [N] among known ones, [N]."""
    edge = np.quantile(known, 0.9)
    tail = np.log(10.0) + (values - edge) / (known[known > edge] - edge).mean()
    below = np.searchsorted(np.sort(known), values, side="left")
    ranked = -np.log1p(-below / (len(known) + 1.0))
    return np.where(values > edge, tail, ranked)


def scores(
    train: np.ndarray, rows: np.ndarray, seed: int, **options: object
) -> dict[str, np.ndarray]:
    """Each score of rows, [N]; options are of `VAEDetector`."""
    facts: dict = {"num_models": 1, "num_samples": 16, "random_state": seed, **options}
    detector = VAEDetector(**facts).fit(train)

    def parts(x: np.ndarray) -> np.ndarray:
        distortion = detector.attribution(x, occlusion=False).sum(1)
        return np.stack([distortion, -detector.score_samples(x) - distortion], 1)

    found, known = parts(rows), parts(train)
    standard = (found - known.mean(0)) / known.std(0)
    scale = train.std(0)
    scale[scale == 0] = 1.0
    old, new = ((x - train.mean(0)) / scale for x in (train, rows))
    neighbours = NearestNeighbors(n_neighbors=5).fit(old)
    return {
        "elbo": found.sum(1),
        "distortion": found[:, 0],
        "rate": found[:, 1],
        "sum": standard.sum(1),
        "larger": standard.max(1),
        "fisher": surprise(found[:, 0], known[:, 0])
        + surprise(found[:, 1], known[:, 1]),
        "neighbour": neighbours.kneighbors(new)[0][:, -1],
        "norm": np.linalg.norm(new, axis=1),
    }


def measured(name: str, seed: int, **options: object) -> dict[str, list[float]]:
    """AUROC in percent of each score, one for each of KINDS."""
    make = Make(name, seed)
    train, new = make.training(), make.rows(NEW)
    odd = [make.anomalies(kind, ODD, train) for kind in KINDS]
    found = scores(train, np.concatenate([new, *odd]), seed, **options)
    label = np.repeat([0, 1], [NEW, ODD])

    def percent(values: np.ndarray, number: int) -> float:
        own = values[NEW + number * ODD :][:ODD]
        return 100 * float(roc_auc_score(label, np.concatenate([values[:NEW], own])))

    return {
        score: [percent(values, number) for number in range(len(KINDS))]
        for score, values in found.items()
    }


def report(found: np.ndarray, makes: Sequence[str], names: Sequence[str]) -> str:
    """A table of means.

    Args:
      found: [makes, seeds, scores, kinds] percent.
      makes: their names.
      names: of the scores.
    """
    lines = [f"{'':16}" + "".join(f"{name:>11}" for name in names)]

    def line(name: str, values: np.ndarray, digits: int = 1) -> None:
        lines.append(f"{name:16}" + "".join(f"{v:11.{digits}f}" for v in values))

    for number, kind in enumerate(KINDS):
        line(kind, found[..., number].mean((0, 1)))
    for make, own in zip(makes, found, strict=True):
        line(make, own.mean((0, 2)))
    by_seed = found.mean((0, 3))
    line("mean", by_seed.mean(0), 2)
    if len(by_seed) > 1:
        above = by_seed - by_seed[:, :1]
        line(f"above {names[0]}", above.mean(0), 2)
        line("its error", above.std(0, ddof=1) / np.sqrt(len(above)), 2)
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Runs all and prints the table."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--makes", nargs="+", choices=list(MAKES), default=list(MAKES))
    given = parser.parse_args(arguments)
    found, names = [], []
    for make in given.makes:
        for seed in range(given.seeds):
            one = measured(make, seed)
            names = list(one)
            found.append(list(one.values()))
            sys.stderr.write(f"{make}, seed {seed}: elbo {np.mean(one['elbo']):.1f}\n")
    shape = (len(given.makes), given.seeds, len(names), len(KINDS))
    sys.stdout.write(report(np.reshape(found, shape), given.makes, names) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
