"""
Sets parameters of any kind by papermill, and executes if asked:
with_papermill.py <JSON of [{path, parameters}]> execute|prepare
"""

import json
import sys

import papermill
from papermill.translators import Translator, papermill_translators


class TypeScript(Translator):
    """JSON is TypeScript."""

    @classmethod
    def translate(cls, val):
        return json.dumps(val)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}"

    @classmethod
    def assign(cls, name, str_val):
        return f"var {name} = {str_val};"


papermill_translators.register("typescript", TypeScript)
for job in json.loads(sys.argv[1]):
    papermill.execute_notebook(
        job["path"],
        job["path"],
        parameters=job["parameters"],
        prepare_only=sys.argv[2] == "prepare",
        progress_bar=False,
        execution_timeout=120,
    )
