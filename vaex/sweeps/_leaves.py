"""Configurations as flat tables: dotted path -> value that can be compared."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vaex.io.run_identity import RUN_ONLY, RUN_ONLY_KEYS

HIDDEN = ("_target_", "_partial_", "_convert_", "_recursive_")


def leaves(config: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted path -> value, without what does not change what is computed.

    >>> leaves({"seed": 0, "run": {"root": "x"}, "encoder": {"hidden": [5, 5]}})
    {'seed': 0, 'encoder.hidden': '[5, 5]'}
    """
    found = _walk(config, "") if config else ()
    return {path: value for path, value in found if not is_run_only(path)}


def is_run_only(path: str) -> bool:
    """Whether a key changes nothing of what is computed.

    >>> is_run_only("run.root"), is_run_only("trainer.devices"), is_run_only("seed")
    (True, True, False)
    """
    part, _, rest = path.partition(".")
    return part in RUN_ONLY or rest in RUN_ONLY_KEYS.get(part, ())


def _walk(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, Mapping | list | tuple):
        yield path, json.dumps(node)
    else:
        yield path, node


def split_word(word: str) -> tuple[str, str]:
    """Path and value of an override; a slot's path has dots, too.

    >>> split_word("+optimizer/schedule=cosine")
    ('optimizer.schedule', 'cosine')
    """
    key, _, value = word.lstrip("+~").partition("=")
    group, _, package = key.partition("@")
    return (package or group).replace("/", "."), value.strip("'\"")


def as_value(text: str) -> Any:
    """What a word of the command line stands for, where it is simple.

    >>> as_value("1e-3"), as_value("true"), as_value("null"), as_value("mlp")
    (0.001, True, None, 'mlp')
    """
    if text.lower() in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    try:  # a list, as `leaves` has it
        return json.dumps(json.loads(text)) if text.startswith("[") else text
    except ValueError:
        return text


def option_name(target: str) -> str:
    """Short name of an option by its import path.

    >>> option_name("vaex.likelihoods.student_t.StudentT")
    'student_t'
    >>> option_name("vaex.training.optimizers.adam"), option_name("lab.heads.MyHead")
    ('adam', 'MyHead')
    """
    module, _, name = target.rpartition(".")
    is_part = target.startswith("vaex.") and name[:1].isupper()
    return module.rpartition(".")[2] if is_part else name
