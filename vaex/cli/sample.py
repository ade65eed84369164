"""Draw from a trained run: vaex sample RUN --num 64 [--sampler NAME [key=value]]."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from vaex.errors import InputError


def run(argv: list[str]) -> int:
    """Writes RUN/samples-SEED-N.npz (x, mean) and a figure."""
    parser = argparse.ArgumentParser(prog="vaex sample", description=__doc__)
    parser.add_argument("run", help="a run directory")
    parser.add_argument("--num", type=int, default=64, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument(
        "--sampler",
        help="fit z to the encoded training set instead of drawing from the prior: "
        "gaussian, gaussian_mixture, flow, two_stage, or an import path of yours",
    )
    parser.add_argument(
        "settings", nargs="*", metavar="key=value", help="arguments of the sampler"
    )
    options = parser.parse_intermixed_args(argv)
    if options.settings and options.sampler is None:
        raise InputError(
            f"{options.settings[0]!r} is an argument of a sampler: add --sampler NAME"
        )
    if options.num < 1:
        raise InputError(f"--num must be at least 1, got {options.num}")
    if not 0 <= options.seed < 2**32:
        raise InputError(f"--seed must lie between 0 and 2^32 - 1, got {options.seed}")

    import numpy as np

    from vaex.cli import _console
    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._drawing import draw_fitted_samples, draw_prior_samples
    from vaex.figures.saving import save_figure
    from vaex.io.atomic import replacing
    from vaex.io.load import load_run

    use_compilation_cache()
    loaded = load_run(options.run)
    name = f"samples-{options.seed}-{options.num}"
    if options.sampler is None:
        figure, x, mean = draw_prior_samples(loaded, options.num, options.seed)
    else:
        sampler = _sampler(options.sampler, options.settings, _console.say)
        _check_space(loaded.model, options.sampler)
        drawn = draw_fitted_samples(loaded, sampler, options.num, options.seed)
        figure, x, mean = drawn
        name += f"-{type(sampler).__name__}"
    path = loaded.directory.path / f"{name}.npz"
    with replacing(path) as file:
        np.savez_compressed(file, x=x, mean=mean)
    _console.say(f"samples  {path}: x ~ p(x), mean E[x|z], shape {x.shape}")
    picture = save_figure(figure, loaded.directory.figures / f"{name}.png")
    _console.say(f"figure   {picture}")
    return 0


def _sampler(name: str, settings: Sequence[str], say: Callable[[str], None]) -> Any:
    """The sampler of an option of conf/sampler, a class there is, or an import path.

    One that takes `say` is given it, for its progress.

    Args:
      name: of the option, of the class in vaex.samplers, or a path.
      settings: key=value, arguments other than the option's.
      say: prints a line.
    """
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from vaex.cli._configuration import config_folder
    from vaex.io.construction import construct, locate

    for word in settings:
        if not word.partition("=")[0] or "=" not in word:
            raise InputError(f"{word!r} is no argument of a sampler: write key=value")
    option = config_folder() / "sampler" / f"{name}.yaml"
    if "." in name or not option.is_file():
        path = name if "." in name else f"vaex.samplers.{_class_name(name)}"
        locate(path, "--sampler")
        node = OmegaConf.create({"_target_": path})
    else:
        node = OmegaConf.load(option)
    try:
        node = OmegaConf.merge(node, OmegaConf.from_dotlist(list(settings)))
        plain = OmegaConf.to_container(node, resolve=True)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        words = " ".join(settings)
        raise InputError(
            f"sampler {name}: {words!r} cannot be read: {error}"
        ) from error
    return construct(plain, "sampler", {"say": say})


def _class_name(name: str) -> str:
    return "".join(map(str.capitalize, name.split("_"))) if name.islower() else name


def _check_space(model: Any, name: str) -> None:
    """Refuses a posterior of other than real vectors: draws would lie elsewhere."""
    posterior = getattr(model, "posterior", None)
    space = getattr(posterior, "space", "real vectors")
    if space != "real vectors":
        raise InputError(
            f"--sampler {name} draws real vectors, but the space of posterior "
            f"{type(posterior).__name__} is {space}; leave it out"
        )
