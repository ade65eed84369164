"""Draws every head's density, and one model under six heads.

python scripts/draw_heads.py [--folder docs/images] [--data digits] [--epochs 60]
"""

import argparse
import functools
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np

import vaex.likelihoods
from vaex import data, models, nn, objectives, posteriors, priors, training
from vaex.errors import InputError
from vaex.evaluation.generate import reconstruct, sample_prior
from vaex.figures.density_panels import DensityPanel, draw_densities
from vaex.figures.model_comparison import ComparedModel, draw_comparison
from vaex.figures.saving import save_figure
from vaex.likelihoods.base import Likelihood
from vaex.preparations.automatic import fit_preparation

DRAWS, POINTS, SHOWN = 4000, 800, 8
COMPARED = {
    "Gaussian, scale 1": vaex.likelihoods.FixedScaleGaussian,
    "Gaussian, one scale": vaex.likelihoods.SharedScaleGaussian,
    "optimal sigma": vaex.likelihoods.OptimalSigmaGaussian,
    "Gaussian": vaex.likelihoods.Gaussian,
    "binomial": vaex.likelihoods.Binomial,
    "discretised logistic": vaex.likelihoods.DiscretizedLogistic,
}


def scalar_head(kind: type[Likelihood]) -> Likelihood | None:
    """The head for one number, None where it scores several together."""
    fields = kind.__dataclass_fields__
    sizes = {"num_classes": 17, "total_count": 16}
    given: dict[str, Any] = {k: v for k, v in sizes.items() if k in fields}
    try:
        head = kind(event_shape=(), **given) if given else kind.example(())
    except InputError:
        return None
    is_scalar = head.support.event_rank == 0 and head.raw_shape == (head.num_params,)
    return head if head.is_normalized and is_scalar else None


def panel(kind: type[Likelihood]) -> DensityPanel | None:
    """Densities at three settings of the raw numbers."""
    head = scalar_head(kind)
    if head is None:
        return None
    raw = settings(head.num_params)
    variables = head.init(jax.random.key(0), np.zeros((1, 1), np.float32))

    def sampled(module: Likelihood, raw: Any) -> Any:
        elements = module.elements(None, raw=raw)
        return elements.sample(seed=jax.random.key(0), sample_shape=(DRAWS,))

    def scored(module: Likelihood, raw: Any, x: Any) -> Any:
        return module.elements(None, raw=raw).log_prob(x[:, None])

    drawn = np.asarray(head.apply(variables, raw, method=sampled), np.float64)
    low, high = np.quantile(drawn, [0.02, 0.98], axis=0)
    # A setting with a heavy tail does not set the range for the others.
    low, high = low.min(), min(high.max(), 4.0 * np.median(high) - 3.0 * low.min())
    if head.support.is_discrete:
        x = np.arange(low, high + 1.0)
    else:
        x = np.linspace(low - 0.05 * (high - low), high + 0.05 * (high - low), POINTS)
    x = x[head.support.contains(x)].astype(np.float32)
    density = np.exp(np.asarray(head.apply(variables, raw, x, method=scored))).T
    labels = ["raw 0", *(_words(row) for row in raw[1:])]
    return DensityPanel(kind.__name__, x, density, labels, head.support.is_discrete)


def settings(num_params: int) -> np.ndarray:
    """[3, P] raw numbers: 0, and two that differ in every parameter."""
    if num_params > 3:
        rows = np.random.default_rng(1).normal(size=(2, num_params))
    else:
        signs = np.resize([1.0, -1.0], num_params)
        rows = np.stack([-1.2 * signs, 1.5 * signs])
    return np.concatenate([np.zeros((1, num_params)), rows]).astype(np.float32)


def _words(row: np.ndarray) -> str:
    if len(row) > 3:
        return "random raw"
    return "raw " + ", ".join(f"{value:.1f}" for value in row)


def all_heads() -> list[type[Likelihood]]:
    """The library's heads by name."""
    found = [getattr(vaex.likelihoods, name) for name in dir(vaex.likelihoods)]
    kinds = {h for h in found if isinstance(h, type) and issubclass(h, Likelihood)}
    return sorted(kinds - {Likelihood}, key=lambda kind: kind.__name__)


def compared(
    name: str, kind: type[Likelihood], dataset: Any, epochs: int
) -> tuple[np.ndarray, ComparedModel]:
    """Held-out originals, and what the model with this head makes of them."""
    spec = dataset.spec()
    levels = spec.num_classes
    sizes = {"num_classes": levels, "total_count": levels - 1}
    given = {k: v for k, v in sizes.items() if k in kind.__dataclass_fields__}
    head = kind(event_shape=dataset.event_shape, **given)
    preparation = fit_preparation(
        head.support, spec.event_shape, levels, spec.train_mean, spec.train_std
    )
    model = models.VAE(
        encoder=nn.MLPEncoder(hidden=(256,)),
        posterior=posteriors.DiagonalGaussian(latent_dim=8),
        prior=priors.StandardGaussian(latent_dim=8),
        decoder=nn.MLPDecoder(hidden=(256,)),
        likelihood=head,
    )
    optimizer = functools.partial(training.adam, learning_rate=1e-3)
    experiment = training.Experiment(model, objectives.elbo, optimizer, preparation)
    state, _ = training.fit(experiment, dataset.splits["train"], epochs=epochs)
    variables, key = training.model_variables(state), jax.random.key(1)
    rows = {k: v[:256] for k, v in dataset.splits["test"].items()}
    x, mean, z = reconstruct(model, variables, preparation, key, rows)

    @jax.jit
    def draws(z: Any, key: Any) -> Any:
        def call(bound: Any) -> Any:
            return bound.decode(z).sample(seed=key, sample_shape=(64,))

        return preparation.inverse(
            model.apply(variables, method=call).astype(np.float32)
        )

    stated = np.sqrt(np.mean((np.asarray(draws(z, key)) - mean) ** 2))
    residual = np.sqrt(np.mean((x - mean) ** 2))
    samples, _, _ = sample_prior(model, variables, preparation, key, SHOWN)
    print(f"{name}: states sd {stated:.3f}, residuals have {residual:.3f}")
    return x[:SHOWN], ComparedModel(name, mean[:SHOWN], samples, stated, residual)


def main(argv: list[str] | None = None) -> int:
    """Writes heads.png and head_comparison.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--data", choices=("digits", "freyfaces"), default="digits")
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    panels = [found for kind in all_heads() if (found := panel(kind)) is not None]
    path = save_figure(draw_densities(panels), options.folder / "heads.png")
    print(f"figure  {path}")
    source = {"digits": data.Digits, "freyfaces": data.FreyFaces}[options.data]
    dataset = source().load()
    found = [compared(n, k, dataset, options.epochs) for n, k in COMPARED.items()]
    figure = draw_comparison(found[0][0], [model for _, model in found], (0.0, 1.0))
    path = save_figure(figure, options.folder / "head_comparison.png")
    print(f"figure  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
