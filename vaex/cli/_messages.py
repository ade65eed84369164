"""One clear message for everything a user can get wrong."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from vaex.errors import InputError


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A did-you-mean clause, or nothing."""
    words = list(words)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not near:  # the last part alone, for a right key in a wrong place
        tail = word.rpartition(".")[2]
        tails = {w.rpartition(".")[2]: w for w in words}
        near = [
            tails[t] for t in difflib.get_close_matches(tail, tails, n=1, cutoff=0.7)
        ]
    return f"; did you mean {near[0]}?" if near else ""


def explain(error: BaseException) -> str | None:
    """The message for an error of the user's, None for one of ours."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, InputError):
            return str(link)
    if not type(error).__module__.startswith(("hydra", "omegaconf")):
        return None
    return _explain_hydra(chain)


def _explain_hydra(chain: list[BaseException]) -> str:
    text = "\n".join(str(link) for link in chain)
    unknown = re.search(r"Could not override '([^']+)'", text)
    if unknown:
        key = unknown[1]
        near = did_you_mean(key, _known_keys())
        return (
            f"there is no key {key!r}{near} (+{key}=VALUE would add an argument that "
            "the configuration does not list)"
        )
    missing = re.search(r"Could not find '([^']+)/([^'/]+)'", text)
    if missing:
        options = re.findall(r"^\t([\w-]+)$", text, re.MULTILINE)
        group, option = missing.groups()
        near = did_you_mean(option, options)
        return (
            f"{group}={option}: there is no such option{near}; there are: "
            f"{', '.join(options)}"
        )
    wrong = re.search(r"Value '(.*?)'.*could not be converted to (\w+)", text, re.S)
    if wrong:
        key = re.search(r"full_key: (\S+)", text)
        where = key[1] if key else "a value"
        return f"{where} must be of type {wrong[2].lower()}, got {wrong[1]!r}"
    needed = re.search(r"Missing mandatory value: (\S+)", text)
    if needed:
        full = re.search(r"full_key: (\S+)", text)
        name = full[1] if full else needed[1]
        return f"{name} must be given: add {name}=VALUE"
    lines = [line for line in str(chain[0]).splitlines() if line.strip()]
    return " ".join(line.strip() for line in lines[:3])


def _known_keys() -> list[str]:
    """Keys and slots of the default configuration."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from vaex.cli._configuration import config_folder

    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return list(_paths(compose("config"), ""))


def _paths(node: Any, prefix: str) -> Iterable[str]:
    from omegaconf import DictConfig, OmegaConf

    for key in node:
        path = f"{prefix}{key}"
        yield path
        if not OmegaConf.is_missing(node, key):
            child = node[key]
            if isinstance(child, DictConfig):
                yield from _paths(child, path + ".")
