"""Importance-weighted objectives on probabilistic PCA: exact log p(x), exact KL."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.oracles.ppca import LATENT, ppca
from vaex.bounds import estimators
from vaex.bounds.alpha_divergence import renyi_bound
from vaex.bounds.grouped_weights import combined_bound, multiply_weighted_bound
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.objectives.combination_weighted import ciwae
from vaex.objectives.importance_weighted import iwae
from vaex.objectives.multiply_weighted import miwae, piwae
from vaex.objectives.renyi_bound import renyi
from vaex.types import Terms, log_weights

# float32 log-densities of order 10 summed over six dimensions.
ROUNDING = 3e-5
SHIFT, STRETCH = 0.5, 1.4
partial = functools.partial

FAMILY = {
    "iwae": partial(iwae, num_samples=6),
    "miwae": partial(miwae, num_groups=2, num_samples=3),
    "piwae": partial(piwae, num_groups=3, num_samples=2),
    "ciwae": partial(ciwae, num_samples=6, beta=0.3),
    "renyi": partial(renyi, num_samples=6, alpha=0.5),
    "renyi at 1": partial(renyi, num_samples=6, alpha=1.0),
    "renyi below 0": partial(renyi, num_samples=6, alpha=-2.0),
}
BOUNDS = {
    "iwae": (importance_weighted_bound, 6),
    "iwae of one": (importance_weighted_bound, 1),
    "miwae": (partial(multiply_weighted_bound, num_groups=2), 6),
    "ciwae": (partial(combined_bound, elbo_share=0.3), 6),
    "renyi": (partial(renyi_bound, alpha=0.5), 6),
    "renyi at 1": (partial(renyi_bound, alpha=1.0), 6),
}
ESTIMATORS = {
    function.__name__: function
    for function in (
        estimators.reparameterised,
        estimators.sticking_the_landing,
        estimators.doubly_reparameterised,
        estimators.reweighted,
    )
}


class Fixed:
    """A model whose split terms were drawn before; it counts what is asked of it."""

    is_importance = True

    def __init__(self, terms):
        self._terms, self.asked = terms, []

    def terms(self, batch, *, num_samples, train, split=False):
        del batch, train
        self.asked.append((num_samples, split))
        terms = jax.tree.map(lambda leaf: leaf[:num_samples], self._terms)
        return terms if split else terms._replace(aux={})


@functools.cache
def drawn(shift=0.0, stretch=1.0, num_samples=6) -> Terms:
    oracle = ppca(shift, stretch)

    @quick_jit
    def terms(key):
        return oracle.model.apply(
            oracle.variables,
            {"x": jnp.asarray(oracle.x)},
            num_samples=num_samples,
            train=True,
            split=True,
            rngs={"sample": key},
            method="terms",
        )

    return terms(jax.random.key(7))


def loss_of(objective, terms, **options):
    return float(objective(Fixed(terms), {}, train=True, **options)[0])


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=list(ESTIMATORS))
@pytest.mark.parametrize("name", FAMILY)
def test_at_the_exact_posterior_every_loss_is_the_exact_likelihood(name, estimator):
    model = Fixed(drawn())
    loss, metrics = FAMILY[name](model, {}, train=True, estimator=estimator)
    assert float(loss) == pytest.approx(-ppca().log_px.mean(), abs=ROUNDING)
    is_whole = name != "piwae" and estimator is estimators.reparameterised
    assert model.asked == [(6, not is_whole)]
    assert set(metrics) == {"elbo", "distortion", "rate"}


@pytest.mark.parametrize("name", FAMILY)
def test_the_ledger_and_the_value_do_not_depend_on_the_estimator(name):
    terms = drawn(SHIFT, STRETCH)
    found = [
        FAMILY[name](Fixed(terms), {}, train=True, estimator=estimator)
        for estimator in ESTIMATORS.values()
    ]
    for other in found[1:]:
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), other, found[0]
        )
    ledger = found[0][1]
    rate = ppca(SHIFT, STRETCH).kl.sum(-1).mean()
    np.testing.assert_allclose(ledger["rate"], rate, rtol=1e-5)
    np.testing.assert_allclose(
        ledger["distortion"], -np.asarray(terms.log_px_z).mean(), rtol=1e-5
    )


@pytest.mark.slow
def test_the_objectives_meet_in_their_limits():
    terms = drawn(SHIFT, STRETCH)
    log_w = np.asarray(log_weights(terms), np.float64)
    sampled_elbo = -log_w.mean()
    whole = -np.log(np.exp(log_w).mean(0)).mean()
    close = partial(pytest.approx, rel=1e-5)
    assert loss_of(iwae, terms, num_samples=6) == close(whole)
    assert loss_of(iwae, terms, num_samples=1) == close(-log_w[0].mean())
    assert loss_of(miwae, terms, num_groups=1, num_samples=6) == close(whole)
    assert loss_of(miwae, terms, num_groups=6, num_samples=1) == close(sampled_elbo)
    assert loss_of(piwae, terms, num_groups=3, num_samples=2) == close(whole)
    assert loss_of(ciwae, terms, num_samples=6, beta=0.0) == close(whole)
    assert loss_of(ciwae, terms, num_samples=6, beta=1.0) == close(sampled_elbo)
    assert loss_of(renyi, terms, num_samples=6, alpha=0.0) == close(whole)
    assert loss_of(renyi, terms, num_samples=6, alpha=1.0) == close(sampled_elbo)
    two = -np.log(np.exp(log_w.reshape(3, 2, -1)).mean(1)).mean()
    assert loss_of(miwae, terms, num_groups=3, num_samples=2) == close(two)


@pytest.mark.slow
def test_bounds_rise_with_the_samples_from_the_exact_elbo_to_the_likelihood():
    """Paired on the same samples; every order holds by more than 4 standard errors."""
    terms = drawn(SHIFT, STRETCH, 2048)
    oracle = ppca()
    # KL(q || p(z|x)) of a Gaussian STRETCH wider and moved by SHIFT of its own scale.
    moved = SHIFT * STRETCH
    gap = LATENT * (0.5 * (STRETCH**2 + moved**2 - 1.0) - np.log(STRETCH))
    exact = oracle.log_px.mean()

    def replicates(size):
        """[32] values of -L_K, each the mean over 64 rows and 64 / K groups."""
        values = []
        for start in range(0, 2048, 64):
            part = jax.tree.map(
                lambda leaf, start=start: leaf[start : start + 64], terms
            )
            values.append(loss_of(miwae, part, num_groups=64 // size, num_samples=size))
        return -np.array(values)

    def mean_and_error(values):
        return values.mean(), values.std(ddof=1) / np.sqrt(len(values))

    bounds = {size: replicates(size) for size in (1, 2, 4, 8, 16)}
    mean, error = mean_and_error(bounds[1])
    assert abs(mean - (exact - gap)) < 4 * error
    for size in (1, 2, 4, 8):
        rise, error = mean_and_error(bounds[2 * size] - bounds[size])
        assert rise > 4 * error, size
    mean, error = mean_and_error(bounds[16])
    assert mean < exact - 4 * error
    assert exact - mean < 0.1 * gap


@functools.cache
def slopes(shift, stretch):
    """Name of the objective -> gradient of its loss, all with the same samples."""
    oracle = ppca(shift, stretch)
    batch = {"x": jnp.asarray(oracle.x[:4])}

    def gradient(params, objective):
        def loss(params):
            run = nn.apply(lambda m: objective(m, batch, train=True)[0], oracle.model)
            return run({"params": params}, rngs={"sample": jax.random.key(2)})

        return jax.grad(loss)(params)

    objectives = FAMILY | {
        f"{name} by {estimator}": partial(FAMILY[name], estimator=ESTIMATORS[estimator])
        for name in ("miwae", "piwae", "ciwae", "renyi")
        for estimator in ("sticking_the_landing", "doubly_reparameterised")
    }
    objectives["piwae as iwae"] = partial(iwae, num_samples=6)
    objectives["piwae as miwae"] = partial(miwae, num_groups=3, num_samples=2)
    objectives["iwae of one"] = partial(iwae, num_samples=1)

    @quick_jit
    def everything(params):
        found = {name: gradient(params, f) for name, f in objectives.items()}
        for name, (bound, size) in BOUNDS.items():
            found[f"autodiff of {name}"] = jax.grad(plain)(params, bound, size)
        return found

    def plain(params, bound, size):
        """Minus the bound of whole terms, differentiated as it is."""

        def value(model):
            terms = model.terms(batch, num_samples=size, train=True)
            return -bound(log_weights(terms)).mean()

        run = nn.apply(value, oracle.model)
        return run({"params": params}, rngs={"sample": jax.random.key(2)})

    return jax.device_get(everything(oracle.variables["params"]))


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_the_gradient_is_that_of_the_bound_without_a_split(name):
    found = slopes(SHIFT, STRETCH)
    jax.tree.map(
        # Differences of terms of order 10 and more, in float32.
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4),
        found[name],
        found[f"autodiff of {name}"],
    )


@pytest.mark.slow
def test_piwae_moves_the_model_as_iwae_and_the_posterior_as_miwae():
    found = slopes(SHIFT, STRETCH)
    for part, other, wrong in (
        ("likelihood", "piwae as iwae", "piwae as miwae"),
        ("posterior", "piwae as miwae", "piwae as iwae"),
    ):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
            found["piwae"][part],
            found[other][part],
        )
        gaps = jax.tree.map(
            lambda a, b: np.abs(a - b).max(),
            found["piwae"][part],
            found[wrong][part],
        )
        assert max(jax.tree.leaves(gaps)) > 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["miwae", "piwae", "ciwae", "renyi"])
def test_path_estimators_have_no_variance_at_the_exact_posterior(name):
    found = slopes(0.0, 1.0)
    for estimator in ("sticking_the_landing", "doubly_reparameterised"):
        for leaf in jax.tree.leaves(found[f"{name} by {estimator}"]["posterior"]):
            # Sums of cancelling slopes of order 10, in float32.
            np.testing.assert_allclose(leaf, 0.0, atol=1e-4)
    noisy = found[name]["posterior"]
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(noisy)) > 0.05


@pytest.mark.parametrize("name", FAMILY)
def test_a_duplicated_batch_has_the_same_loss_and_ledger(name):
    terms = drawn(SHIFT, STRETCH)
    twice = jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf], 1), terms)
    one, two = (FAMILY[name](Fixed(t), {}, train=True) for t in (terms, twice))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), one, two)
