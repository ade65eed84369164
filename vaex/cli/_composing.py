"""Configurations of a sweep's jobs: composed once for each choice of options."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

HYDRAS_FOLDER = ".hydra"

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Composer:
    """Composes jobs as Hydra does, and faster where they differ in values only.

    Composing takes Hydra an eighth of a second. Jobs that choose the same options are
    composed once; their values are then set in copies, in the order of the line. Words
    that add or drop keys are left to Hydra, and whatever fails is, for its message.

    Args:
      loader: Hydra's config loader.
      master: Hydra's configuration of the whole sweep.
    """

    def __init__(self, loader: Any, master: DictConfig):
        self._loader, self._master = loader, master
        self._parser = OverridesParser.create(config_loader=loader)
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._groups: dict[str, bool] = {}  # Hydra looks through files each time

    def compose(self, words: Sequence[str], number: int) -> DictConfig:
        """The configuration of a job, with `hydra` in it.

        Args:
          words: overrides of the job.
          number: of the job.

        Raises:
          hydra.errors.HydraException: if they cannot be composed.
        """
        overrides = self._parser.parse_overrides(list(words))
        config = self._from_copy(words, overrides)
        if config is None:
            config = self._loader.load_sweep_config(self._master, list(words))
        with open_dict(config):
            config.hydra.job.id, config.hydra.job.num = str(number), number
        return config

    def _from_copy(
        self, words: Sequence[str], overrides: Sequence[Override]
    ) -> DictConfig | None:
        """The job's configuration made from one composed before, where that is safe."""
        if any(o.is_delete() or o.is_add() or o.is_force_add() for o in overrides):
            return None
        pairs = list(zip(words, overrides, strict=True))
        chosen = tuple(w for w, o in pairs if o.package or self._is_group(o))
        if chosen not in self._composed:
            self._composed[chosen] = self._loader.load_sweep_config(
                self._master, list(chosen)
            )
        config = copy.deepcopy(self._composed[chosen])
        try:
            for word, override in pairs:
                if word not in chosen:
                    key = override.key_or_group
                    OmegaConf.update(config, key, override.value(), merge=True)
        except Exception:
            return None
        excluded = config.hydra.job.config.override_dirname
        name = [
            word
            for word, override in sorted(pairs)
            if override.key_or_group not in excluded.exclude_keys
        ]
        with open_dict(config):
            config.hydra.overrides.task = list(words)
            separator = excluded.item_sep
            config.hydra.job.override_dirname = separator.join(name)
        return config

    def _is_group(self, override: Override) -> bool:
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self._loader.get_group_options(key))
        return self._groups[key]


def keep_hydras_record(config: DictConfig, folder: Path) -> None:
    """Writes what Hydra writes for a job: `.hydra/` with three files."""
    target = folder / HYDRAS_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    hydra = OmegaConf.masked_copy(config, ["hydra"])
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    found = {
        "config": own,
        "hydra": hydra,
        "overrides": config.hydra.overrides.task,
    }
    for name, node in found.items():
        plain = OmegaConf.to_container(node, resolve=False, enum_to_str=True)
        # By libyaml: OmegaConf's own way takes longer than a small run's training.
        text = yaml.dump(plain, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
        (target / f"{name}.yaml").write_text(text, "utf-8")
