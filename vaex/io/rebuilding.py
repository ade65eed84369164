"""A model from its configuration and the facts about its data, without the data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from vaex.data.spec import Spec
from vaex.io.construction import construct
from vaex.io.parts import SLOTS, _expect, _facts


class Rebuilt(NamedTuple):
    """Parts that a trained model consists of, unbound.

    Attributes:
      model: with encoder, posterior, prior, decoder and likelihood.
      preparation: stored rows to batches.
    """

    model: Any
    preparation: Any


def rebuild(config: Mapping[str, Any], stored: Spec) -> Rebuilt:
    """Builds the preparation and the model as `vaex.io.parts.assemble` does.

    Args:
      config: resolved.
      stored: of the data as they are stored.

    Raises:
      InputError: for an import path that there is not, naming its key, or arguments
        that a part refuses.
    """
    head = construct(config["likelihood"], "likelihood", _facts(stored))
    _expect(head, "likelihood", "support", "subclass vaex.likelihoods.base.Likelihood")
    facts = _facts(stored) | {"support": head.support}
    preparation = construct(config["preparation"], "preparation", facts)
    facts = _facts(preparation.spec(stored))
    slots = {name: construct(config[name], name, facts) for name in SLOTS}
    return Rebuilt(construct(config["model"], "model", facts | slots), preparation)
