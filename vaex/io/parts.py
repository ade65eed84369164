"""From a resolved configuration to a data set and an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.training.experiment import Experiment

SLOTS = ("encoder", "posterior", "prior", "decoder", "likelihood")


@dataclass(frozen=True, eq=False)
class Parts:
    """What a configuration stands for.

    Attributes:
      dataset: see `vaex.data.dataset.Dataset`.
      spec: of prepared values.
      preparation: stored rows to batches.
      likelihood: the head, unbound.
      experiment: model, objective, optimizer, preparation.
    """

    dataset: Any
    spec: Any
    preparation: Any
    likelihood: Any
    experiment: Experiment


def assemble(config: Mapping[str, Any]) -> Parts:
    """Opens the data and builds the parts for it.

    The head is built once for the stored data, for the preparation to see its
    support, and again for prepared values.

    Args:
      config: resolved, plain dicts and lists.

    Returns:
      The parts, nothing compiled yet.

    Raises:
      InputError: for anything in the configuration or the data that cannot work,
        naming the key.
    """
    if not 0 <= config["seed"] < 2**32:
        raise InputError(f"seed must lie between 0 and 2^32 - 1, got {config['seed']}")
    dataset = construct(config["data"], "data", {}).load()
    stored = dataset.spec()
    head = construct(config["likelihood"], "likelihood", _facts(stored))
    if not hasattr(head, "support"):
        raise InputError(
            f"likelihood: {type(head).__name__} is no likelihood head; subclass "
            "vaex.likelihoods.base.Likelihood"
        )
    facts = _facts(stored) | {"support": head.support}
    preparation = construct(config["preparation"], "preparation", facts)
    spec = preparation.spec(stored)
    facts = _facts(spec)
    slots = {name: construct(config[name], name, facts) for name in SLOTS}
    model = construct(config["model"], "model", facts | slots)
    experiment = Experiment(
        model=model,
        objective=construct(config["objective"], "objective", facts),
        optimizer=construct(config["optimizer"], "optimizer", facts),
        preparation=preparation,
    )
    return Parts(dataset, spec, preparation, slots["likelihood"], experiment)


def _facts(spec: Any) -> dict[str, Any]:
    """What constructors are handed: the Spec's fields, and total_count."""
    levels = spec.num_classes
    return vars(spec) | {"total_count": None if levels is None else levels - 1}
