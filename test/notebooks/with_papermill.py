"""Executes a notebook by papermill with parameters of any kind: with_papermill.py <notebook> <parameters as JSON>."""

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
papermill.execute_notebook(
    sys.argv[1],
    sys.argv[1],
    parameters=json.loads(sys.argv[2]),
    progress_bar=False,
    execution_timeout=120,
)
