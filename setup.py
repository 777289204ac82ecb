"""What pyproject.toml cannot say: two folders stand at the top level and travel inside the package."""

from setuptools import find_namespace_packages, setup

# Folders of SQL, code lists and policies count as packages, so that setuptools takes what is in them.
_PROGRAM = find_namespace_packages("src", include=["copd_strat", "copd_strat.*"], exclude=["*.__pycache__*"])
_LAYOUTS = [f"copd_strat.data_contracts.{name}" for name in find_namespace_packages("data_contracts")]

setup(
    packages=[*_PROGRAM, "copd_strat.pipelines", "copd_strat.data_contracts", *_LAYOUTS],
    package_dir={
        "": "src",
        "copd_strat.pipelines": "pipelines",
        "copd_strat.data_contracts": "data_contracts",
    },
)
