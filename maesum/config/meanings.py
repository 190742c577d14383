"""What each key means, read from the comments behind the fields of the schemas, where it is written once."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from functools import cache
from textwrap import dedent


@cache
def meanings(schema: type) -> dict[str, str]:
    """The meaning of each key of a dataclass that says one, those of its bases included.

    The meaning is the comment at the end of the field's last line, with the comment lines right below it.
    """
    found: dict[str, str] = {}
    for part in reversed(schema.__mro__[:-1]):
        found |= _comments_behind_fields(dedent(inspect.getsource(part)))
    return found


def heading(schema: type) -> str:
    """The first line of a dataclass's docstring: what its keys are about."""
    return (inspect.getdoc(schema) or "").split("\n")[0]


def _comments_behind_fields(source: str) -> dict[str, str]:
    comments, alone = dict[int, str](), set[int]()  # by line; those that share their line with no code
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.string.lstrip("#").strip()
            if token.line.lstrip().startswith("#"):
                alone.add(token.start[0])
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            line = statement.end_lineno or statement.lineno
            if line in comments:
                lines = [comments[line]]
                while (line := line + 1) in alone:
                    lines.append(comments[line])
                found[statement.target.id] = " ".join(lines)
    return found
