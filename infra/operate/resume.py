"""``resume``: resumes all interrupted work now."""

from infra.failure import Failure
from infra.operate.functions import NOT_RESUMED, RESUME, invoke
from infra.operate.options import AsJson, StackName
from infra.operate.output import print_counts, print_json, print_line, progress
from infra.operate.stack import find_stack


def resume(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Resume all interrupted work.

    Asks Stripe about every refund that has not ended, and moves it on. Repeating does no harm.
    """
    operated = find_stack(stack)
    with progress.stage("resume") as stage:
        stage.progress("this can take five minutes")
        result = invoke(operated, RESUME, {})
    done = result["done"]
    if as_json:
        print_json(result)
    elif done:
        print_counts(done)
    else:
        print_line("Nothing was interrupted.")
    if not result["complete"]:
        raise Failure("There was no time for all of it. Run `resume` again to go on.")
    if left := sum(done.get(name, 0) for name in NOT_RESUMED):
        raise Failure(f"Not resumed: {left}. The function's log has the reason.")
