"""``resume``: resumes all interrupted work now."""

from infra.operate.functions import RESUME, invoke
from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_line, progress
from infra.operate.stack import find_stack


def resume(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Resume all interrupted work.

    Hands out every refund, fee refund and charge that has not ended. Workers then ask Stripe about
    each, and move it on. Repeating does no harm.
    """
    operated = find_stack(stack)
    with progress.stage("resume"):
        result = invoke(operated, RESUME, {})
    if as_json:
        print_json(result)
    elif announced := result["announced"]:
        print_line(
            f"Handed out: {announced}. Workers resume them now. The log of resume_pending has the "
            "outcome of each, and ResumeFailedAlarm tells of errors."
        )
    else:
        print_line("Nothing was interrupted.")
