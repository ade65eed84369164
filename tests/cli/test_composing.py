"""Configurations of a sweep's jobs, against Hydra's own composition of each."""

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from vaex.cli import _configuration
from vaex.cli._composing import Composer
from vaex.cli._configuration import plain
from vaex.cli._sweeping import _master

LINES = (
    ("seed=1", "objective.beta=2", "encoder.hidden=[8,4]"),
    ("seed=2", "objective.beta=1", "encoder.hidden=[16]"),  # no 4 is left of the last
    ("seed=2", "seed=2", "latent_dim=3", "data.path='a b'", "data=array"),
    ("trainer.evaluate_at=[3]", "evaluation={num_samples: 4}"),
    ("trainer.evaluate_at=null", "evaluation={block_size: 8}"),  # of 128 samples
)


def test_jobs_are_composed_as_hydra_composes_each_alone():
    _configuration.register()
    folder = str(_configuration.config_folder())
    rule = "hydra.job.config.override_dirname"
    master = [f"{rule}.kv_sep=_", f"{rule}.exclude_keys=[seed]", "run.root=here"]
    with initialize_config_dir(folder, version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        loader, sweep = hydra.config_loader, _master(hydra, master)
        composer = Composer(loader, sweep)
        for number, words in enumerate(LINES):
            found = composer.compose(words, number)
            theirs = loader.load_sweep_config(sweep, list(words))
            theirs.hydra.job.id, theirs.hydra.job.num = str(number), number
            expected = OmegaConf.to_container(theirs, resolve=False)
            assert OmegaConf.to_container(found.whole, resolve=False) == expected
            assert plain(found.own) == plain(theirs)
