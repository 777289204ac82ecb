"""A real Airflow parses the DAG; run by `make airflow` in Airflow's own environment."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "deploy" / "airflow"


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        }
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(FOLDER))
        assert not bag.import_errors, bag.import_errors
        dag = bag.dags["copd_strat_night"]
        assert [task.task_id for task in dag.tasks] == ["run"]
        assert dag.max_active_runs == 1
        assert not dag.catchup
        print(
            f"Airflow {sys.modules['airflow'].__version__} parses {', '.join(bag.dags)}: {len(dag.tasks)} task"
        )


if __name__ == "__main__":
    main()
