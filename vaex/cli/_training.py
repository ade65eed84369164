"""The training of one run by itself: chunks, looks at held-out data, checkpoints."""

from collections.abc import Mapping

import jax

from vaex.cli import _garbage
from vaex.cli._following import agreed, led
from vaex.cli._progress import TrainingProgress
from vaex.cli._session import Session
from vaex.cli._setup import Position, Setup
from vaex.cli._signals import Interrupted, StopRequest
from vaex.training.loop import iterate
from vaex.training.state import model_variables


def train(
    setup: Setup, data: Mapping[str, jax.Array], at: Position, stop: StopRequest
) -> Position:
    """Trains from a position to the end, or until patience has run out.

    Args:
      setup: of the run.
      data: the training split on the device.
      at: where to start; what is done is entered here.
      stop: looked at after every chunk.

    Returns:
      The last position, saved.

    Raises:
      Interrupted: after the position was saved.
      vaex.training.loop.Diverged: if the loss is not finite.
      vaex.errors.RunError: if the last checkpoint cannot be saved.
    """
    trainer, order = setup.trainer, setup.order
    if at.step == setup.num_steps or at.stopping.is_over:
        return at
    chunks = iterate(
        setup.parts.experiment,
        data,
        order,
        at.state,
        num_steps=setup.num_steps,
        boundaries=setup.boundaries,
        max_skipped=trainer.max_skipped,
        skipped=len(at.skipped),
        placement=setup.placement,
    )
    number = 0
    with (
        TrainingProgress(setup.num_steps, order.batch_size) as progress,
        Session(setup, at) as session,
    ):
        with led(len(at.skipped)):
            for chunk in chunks:
                progress.advance(chunk.step, session.take(chunk))
                _garbage.take_up()
                if session.looks_now:
                    variables = model_variables(chunk.state)
                    examples = trainer.evaluate_examples
                    held_out = setup.estimator.quick(variables, examples)
                    session.look(held_out)
                    progress.note(held_out)
                number, _ = agreed(stop, at.stopping.is_over)
                if session.is_over or number:
                    session.end()
                    break
                session.save_if_due()
        session.finish()
        if number and not session.is_over:
            raise Interrupted(
                number,
                f"saved at step {at.step} of {setup.num_steps}; the same line again "
                "goes on from there",
            )
    return at
