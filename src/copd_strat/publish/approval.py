"""The approval that makes a run lawful: recorded in the configuration, refused when it has lapsed."""

from __future__ import annotations

from datetime import date, timedelta

from copd_strat.config import Governance
from copd_strat.errors import ApprovalError

# The national data opt-out is to be applied at most this long before data are used
# (published data model of the One London data service: cached lists no older than 7 days).
NATIONAL_OPT_OUT_MAX_AGE = timedelta(days=7)


def check_approval(governance: Governance, *, as_of: date) -> None:
    """ApprovalError if the approval has expired, or opt-outs were applied in the future."""
    if governance.approval_expires < as_of:
        raise ApprovalError(
            f"governance.approval_expires: the approval '{governance.approval_reference}' expired on "
            f"{governance.approval_expires}, before the run date {as_of}",
            fix="renew the approval and enter its new reference and expiry date",
        )
    applied = governance.opt_out_applied_on
    if applied > as_of:
        raise ApprovalError(
            f"governance.opt_out_applied_on: {applied} is after the run date {as_of}",
            fix="enter the date on which opt-outs were removed from these extracts",
        )


def check_opt_outs(governance: Governance, *, index: date) -> None:
    """ApprovalError if the national opt-outs were applied too long before the extract's last day."""
    applied = governance.opt_out_applied_on
    if governance.opt_out_regime != "type1_and_national" or applied >= index - NATIONAL_OPT_OUT_MAX_AGE:
        return
    raise ApprovalError(
        f"governance.opt_out_applied_on: {applied} is more than 7 days before the extract's last day {index}",
        fix="have the national data opt-out applied afresh to this extract",
    )
