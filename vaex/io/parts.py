"""From a resolved configuration to a data set and an experiment."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vaex.errors import InputError
from vaex.io.construction import construct, placed
from vaex.training.config import TrainConfig
from vaex.training.experiment import Experiment
from vaex.training.updates import UpdatesConfig

PRECISIONS = ("float32", "bfloat16")
"""What encoders and decoders may compute in. Not float16: below 6e-8 its gradients are
0 unless the loss is scaled, which is not done here."""

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
    _check_seed(config["seed"])
    precision = config.get("precision", "float32")  # older runs have none
    if precision not in PRECISIONS:
        allowed = " or ".join(PRECISIONS)
        raise InputError(f"precision must be {allowed}, got {precision}")
    source = open_source(config)
    try:
        dataset = source.load()
    except InputError as error:
        raise placed(error, "data", config["data"]) from error
    stored = dataset.spec()
    head = construct(config["likelihood"], "likelihood", _facts(stored))
    _expect(head, "likelihood", "support", "subclass vaex.likelihoods.base.Likelihood")
    facts = _facts(stored) | {"support": head.support}
    preparation = construct(config["preparation"], "preparation", facts)
    base = "vaex.preparations.base.Preparation"
    _expect(preparation, "preparation", "spec", f"subclass {base}")
    spec = preparation.spec(stored)
    facts = _facts(spec)
    slots = {name: construct(config[name], name, facts) for name in SLOTS}
    _check_reached(precision, slots["encoder"], slots["decoder"])
    model = construct(config["model"], "model", facts | slots)
    _expect(model, "model", "terms", "give it the methods of vaex.types.Model")
    num_examples = len(dataset.splits["train"]["x"])
    trainer = TrainConfig(**config.get("trainer", {}))
    known = facts | {"num_examples": num_examples}
    experiment = Experiment(
        model=model,
        objective=construct(config["objective"], "objective", known),
        optimizer=construct(config["optimizer"], "optimizer", facts),
        preparation=preparation,
        updates=UpdatesConfig(**config.get("updates", {})),  # older runs have none
        batch_size=trainer.batch_size_for(num_examples),
    )
    return Parts(dataset, spec, preparation, slots["likelihood"], experiment)


def assemble_like(config: Mapping[str, Any], like: Parts) -> Parts:
    """The parts of a configuration that differs from another's in numbers only.

    Args:
      config: resolved.
      like: of the other; data, model and head are shared.

    Raises:
      InputError: for numbers that cannot work.
    """
    _check_seed(config["seed"])
    facts = _facts(like.spec)
    known = facts | {"num_examples": len(like.dataset.splits["train"]["x"])}
    experiment = dataclasses.replace(
        like.experiment,
        objective=construct(config["objective"], "objective", known),
        optimizer=construct(config["optimizer"], "optimizer", facts),
    )
    return dataclasses.replace(like, experiment=experiment)


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise InputError(f"seed must lie between 0 and 2^32 - 1, got {seed}")


def open_source(config: Mapping[str, Any]) -> Any:
    """The configuration's data source, nothing read yet.

    Raises:
      InputError: if the `data` part is wrong.
    """
    source = construct(config["data"], "data", {})
    _expect(source, "data", "checksum", "subclass vaex.data.source.Source")
    return source


def _expect(part: Any, slot: str, attribute: str, fix: str) -> None:
    if not hasattr(part, attribute):
        raise InputError(
            f"{slot}._target_ must give something with {attribute!r}, got a "
            f"{type(part).__name__}; {fix}"
        )


def _check_reached(precision: str, *networks: Any) -> None:
    """Refuses a precision that no network was told of: it would change nothing."""
    if precision == "float32":
        return
    if all(getattr(network, "dtype", None) is None for network in networks):
        names = " and ".join(type(network).__name__ for network in networks)
        raise InputError(
            f"precision={precision} is told to encoders and decoders by their argument "
            f"`dtype`, which {names} were not given; give yours one, and write "
            f"+encoder.dtype={precision} +decoder.dtype={precision}"
        )


def _facts(spec: Any) -> dict[str, Any]:
    """What constructors are handed: the Spec's fields, and total_count."""
    levels = spec.num_classes
    return vars(spec) | {"total_count": None if levels is None else levels - 1}
