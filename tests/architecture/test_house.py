# SPDX-License-Identifier: Apache-2.0
"""The house: what may import, mint, encode, read the clock or speak of what, read from the source itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import countenance
from countenance import errors
from countenance.cli.exits import exit_code
from countenance.model.event import EventTag
from countenance.policy.permit import PermitKind

PACKAGE = Path(countenance.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def names(tree: ast.AST) -> Iterator[str]:
    """Yield every identifier of a module: names, attributes, arguments, definitions, keywords, imports."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield value


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    """Return the calls of a function or method of this name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if getattr(called, "attr", getattr(called, "id", None)) == name:
                found.append(node)
    return found


def modules_where(condition) -> set[str]:
    return {module for module, tree in MODULES.items() if condition(tree)}


def test_imports_run_downwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import contracts of pyproject.toml are kept."""
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("logging.config.dictConfig", lambda _settings: None)  # it would silence every other logger
    assert lint_imports(cache_dir=None) == EXIT_STATUS_SUCCESS


def test_only_the_policy_engine_makes_permits() -> None:
    """The token that a permit needs is touched by its own module and the policy engine only, as is `Permit(...)`."""
    assert modules_where(lambda tree: "_MINT" in names(tree)) == {"policy/permit.py", "policy/engine.py"}
    assert modules_where(lambda tree: calls(tree, "Permit")) == {"policy/engine.py"}
    assert modules_where(lambda tree: calls(tree, "PermittedCrop")) == {"policy/permit.py"}
    minted = {node.attr for node in ast.walk(MODULES["policy/engine.py"]) if isinstance(node, ast.Attribute)}
    assert {kind.name for kind in PermitKind} <= minted


def test_only_services_call_the_encoder() -> None:
    """`encoder.encode(...)` is called by the two services that hold permits, and by nothing else."""

    def encodes(tree: ast.AST) -> bool:
        return any("encoder" in ast.unparse(call.func) for call in calls(tree, "encode"))

    assert modules_where(encodes) == {
        "bench/vision.py",
        "services/dataset.py",
        "services/enrolment.py",
        "services/search.py",
    }


def test_nothing_is_inferred_from_a_face() -> None:
    """No identifier of the package speaks of age, sex, origin, feelings or the like that a face might show."""
    words = re.compile(
        r"(^|_)(gender|sex|male|female|race|racial|ethnic\w*|emotion\w*|mood|age_estimat\w*|estimate_age|"
        r"attractive\w*|beauty|religio\w*|nationality|sentiment)(_|$)"
    )
    found = {name for tree in MODULES.values() for name in names(tree) if words.search(name.lower())}
    assert found == set()


def test_only_the_clock_reads_the_time() -> None:
    """No module but `clock` asks for the present; measuring a duration is another matter."""
    asks = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}

    def reads(tree: ast.AST) -> bool:
        spoken = [ast.unparse(call.func) for name in asks for call in calls(tree, name)]
        return any(re.match(r"(datetime(\.\w+)?|date|time)\.", text) for text in spoken)

    assert modules_where(reads) == {"clock.py"}


def test_nothing_is_pickled_or_evaluated() -> None:
    """No module uses pickle, marshal, shelve, eval or exec: nothing read from a file can run."""
    banned = {"pickle", "marshal", "shelve", "dill", "joblib", "eval", "exec"}
    assert modules_where(lambda tree: banned & set(names(tree))) == set()
    assert not [
        module
        for module, tree in MODULES.items()
        for call in [*calls(tree, "load"), *calls(tree, "save")]
        if any(word.arg == "allow_pickle" for word in call.keywords)
    ]


def test_every_error_has_a_code_and_an_exit_code() -> None:
    """Every error has a stable code of its own, an exit code of its branch, and a place in the drawn tree."""
    classes = [errors.CountenanceError]
    for parent in classes:
        classes += parent.__subclasses__()
    assert len(classes) == len(set(classes))
    codes = Counter(kind.code for kind in classes)
    assert [code for code, times in codes.items() if times > 1] == []
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)
    for kind in classes[1:]:
        assert kind.__module__ == "countenance.errors"
        assert f"+-- {kind.__name__} " in (errors.__doc__ or "")
        assert exit_code(kind.__new__(kind)) in (3, 4, 5, 6, 7)
    branches = {exit_code(kind.__new__(kind)) for kind in errors.CountenanceError.__subclasses__()}
    assert branches == {3, 4, 5, 6, 7}


def test_every_event_has_one_tag() -> None:
    """Every tag reads `who:what:action`, is used once, and something in the package logs it."""
    values = [tag.value for tag in EventTag]
    assert len(EventTag.__members__) == len(set(values))
    assert all(re.fullmatch(r"[a-z]+:[a-z]+:[a-z]+", value) for value in values)
    used = {name for module, tree in MODULES.items() if module != "model/event.py" for name in names(tree)}
    assert {tag.name for tag in EventTag} <= used


def test_modules_and_functions_stay_short() -> None:
    """No module has more than 400 lines, no function more than 45 of code, none is a utils; made lists may."""
    code = [module for module in MODULES if "migrations" not in module and module != "client/models.py"]
    long = {module for module in code if len((PACKAGE / module).read_text().splitlines()) > 400}
    assert long == set()
    functions = {
        f"{module}:{node.name}"
        for module, tree in MODULES.items()
        if "migrations" not in module
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _lines(node) > 45
    }
    assert functions == set()
    assert not [module for module in MODULES if Path(module).stem in {"utils", "helpers", "common", "misc"}]


def _lines(node: ast.FunctionDef) -> int:
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def test_no_door_holds_a_rule() -> None:
    """The command line decides nothing: it neither imports the policy engine nor touches the store."""
    doors = {module: tree for module, tree in MODULES.items() if module.startswith("cli/")}
    for module, tree in doors.items():
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        banned = ("countenance.policy.engine", "countenance.store", "countenance.backends", "sqlalchemy", "sqlite3")
        assert not [name for name in imported if name.startswith(banned)], module


def test_importing_the_package_runs_nothing() -> None:
    """`import countenance` loads no model, opens no file of its own and imports no heavy library."""
    heavy = ("faiss", "numba", "onnxruntime", "cv2", "sqlalchemy")
    script = f"import sys, countenance; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
