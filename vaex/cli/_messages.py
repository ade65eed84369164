"""One clear message for everything a user can get wrong."""

import re
from collections.abc import Sequence

from vaex.cli._suggestions import did_you_mean, paths
from vaex.errors import InputError, RunError

KINDS = {
    "integer": "an integer",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
}
"""Names of types in Hydra's messages -> what a value must be."""


def explain(error: BaseException, chosen: Sequence[str] = ()) -> str | None:
    """The message for an error that a user can mend, None for one of ours.

    Args:
      error: that ended the command.
      chosen: the words of the line that choose options, for the keys there are.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, InputError | RunError):
            return str(link)
    if not type(error).__module__.startswith(("hydra", "omegaconf")):
        return None
    return _explain_hydra("\n".join(str(link) for link in chain), chosen)


def _explain_hydra(text: str, chosen: Sequence[str]) -> str:
    full = re.search(r"full_key: (\S+)", text)
    brings = re.search(
        r"In '([\w-]+)/([\w-]+)': Could not override '(\w+)@([\w.]+)\.\3'", text
    )
    if brings:
        group, option, other, place = brings.groups()
        return (
            f"{group}@{place}={option}: this option brings a {other} of its own, for "
            f"the slot {group} alone; use {group}@{place}=plain/{option}"
        )
    unknown = re.search(r"Could not override '([^']+)'", text)
    if unknown:
        return _unknown_key(unknown[1], chosen)
    missing = re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", text)
    if missing:
        group, option = missing.groups()
        options = re.findall(r"^\t([\w-]+)$", text, re.MULTILINE)
        options = options or _options(group)  # not told where the line gave a list
        near = did_you_mean(option, options)
        return (
            f"{group}={option}: there is no such option{near}; there are: "
            f"{', '.join(options)}"
        )
    wrong = re.search(r"Value '(.*?)'[^\n]* (?:converted to|valid) (\w+)", text, re.S)
    if wrong and full:
        kind = KINDS.get(wrong[2].lower(), wrong[2])
        return f"{full[1]} must be {kind}, got {wrong[1]!r}"
    if full and re.search("cannot be assigned None|is not Optional", text):
        return f"{full[1]} must have a value, got null"
    if full and "does not support deletion" in text:
        return f"{full[1]} cannot be dropped; give it another value"
    present = re.search(r"already at '([^']+)'", text)
    if present:
        return f"{present[1]} is listed already; write {present[1]}=VALUE without +"
    needed = re.search(r"Missing mandatory value: (\S+)", text)
    if needed:
        name = full[1] if full else needed[1]
        return f"{name} must be given: add {name}=VALUE"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(dict.fromkeys(lines[:3]))


def _options(group: str) -> list[str]:
    from vaex.cli._configuration import slots

    return slots().get(group, [])


def _unknown_key(key: str, chosen: Sequence[str]) -> str:
    """The message for a key that the configuration of these options lacks."""
    from hydra import compose, initialize_config_dir

    from vaex.cli._configuration import config_folder, slots

    hydras = key.startswith("hydra.")  # of its sweeper or its launcher
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("config", list(chosen), return_hydra_config=hydras)
    if hydras:
        near = did_you_mean(key, paths(config.hydra, "hydra."))
        group = "/".join(key.split(".")[:2])
        option = config.hydra.runtime.choices.get(group)
        where = f" with {group}={option}" if option else ""
        return f"there is no key {key!r}{where}{near}"
    near = did_you_mean(key, paths(config))
    slot = key.partition(".")[0]
    if slot == key or slot not in slots():
        return f"there is no key {key!r}{near}"
    return (
        f"there is no key {key!r}{near} (+{key}=VALUE would add an argument that the "
        "configuration does not list)"
    )
