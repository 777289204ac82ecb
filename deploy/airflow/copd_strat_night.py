"""One night as an Airflow DAG: docs/schedule.md. Put this file into the DAG folder.

The program stands in an environment of its own on the worker, not in Airflow's. A night is made of one task: it is
published whole or not at all, so there is nothing to resume half way.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROGRAM = "/opt/copd-strat/bin/copd-strat"
CONFIG = "/etc/copd-strat/nightly.yaml"
# Another run holds the lock: the task is skipped, since that other run does the work.
LOCKED = 17

with DAG(
    dag_id="copd_strat_night",
    schedule="30 3 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    # No retry: what stops a night is put right by a person (see the exit code), not by trying again.
    default_args={"retries": 0, "execution_timeout": timedelta(hours=6)},
    tags=["copd-strat"],
) as dag:
    BashOperator(
        task_id="run",
        bash_command=f"exec {PROGRAM} run --config {CONFIG} --as-of {{{{ data_interval_end | ds }}}}",
        skip_on_exit_code=LOCKED,
        # Airflow's own variables stay outside; the reference key is in a file that the configuration names.
        append_env=False,
    )
