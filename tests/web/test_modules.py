"""The page's modules, joined into one. That it does what they do, tests/page sees in a browser."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from iotagg.web.modules import joined
from iotagg.web.pages import Assets

NUMBERS = "const ONE = 1;\n\nexport const TWO = ONE + 1;\n\nexport async function later() {\n  return TWO;\n}\n"


def test_each_comes_once_before_those_that_need_it() -> None:
    main = 'import { TWO as two, later } from "./numbers.js";\nimport * as table from "./table.js";\n\nlater(two);\n'
    table = 'import { TWO } from "./numbers.js";\nexport class Table {}\n'
    assert joined({"main": main, "table": table, "numbers": NUMBERS}, "main").split("\n") == [
        "// numbers.js",
        "const $numbers = (() => {",
        "const ONE = 1;",
        "",
        "const TWO = ONE + 1;",
        "",
        "async function later() {",
        "  return TWO;",
        "}",
        "",
        "return { TWO, later };",
        "})();",
        "",
        "// table.js",
        "const $table = (() => {",
        "const { TWO } = $numbers;",
        "class Table {}",
        "",
        "return { Table };",
        "})();",
        "",
        "// main.js",
        "const { TWO: two, later } = $numbers;",
        "const table = $table;",
        "",
        "later(two);",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('import { b } from "./other.js";\n', "modules need each other: main, other, main"),
        ('import { ONE } from "./numbers.js";\n', "main.js imports ONE, which numbers.js does not export"),
        ('import { a } from "./nothing.js";\n', "there is no module nothing.js"),
        ('import "./numbers.js";\n', 'main.js has a form that is not known here: import "./numbers.js";'),
        (
            'import all from "./numbers.js";\n',
            'main.js has a form that is not known here: import all from "./numbers.js";',
        ),
        ("export default 1;\n", "main.js has a form that is not known here: export default 1;"),
        ("export let a = 1;\n", "main.js has a form that is not known here: export let a = 1;"),
        ('const a = await import("./numbers.js");\n', "main.js has a form that is not known here: import("),
    ],
)
def test_what_it_does_not_know_is_refused(text: str, why: str) -> None:
    others = {"numbers": NUMBERS, "other": 'import { a } from "./main.js";\nexport const b = 1;\n'}
    with pytest.raises(ValueError, match=re.escape(why)):
        joined({"main": text, **(others if "other" in text else {"numbers": NUMBERS})}, "main")


def test_the_page_loads_one_module_that_holds_all() -> None:
    assets = Assets.read()
    own = {file.name for file in files("iotagg.web").joinpath("page").iterdir() if file.name.endswith(".js")}
    assert {name for name in assets.by_name if name.endswith(".js")} == {"main.js", "first.js", "Chart.bundle.js"}
    parts = re.findall(r"^// (\w+\.js)$", assets.by_name["main.js"].content.decode(), re.MULTILINE)
    assert sorted(parts) == sorted(own - {"first.js"})
    assert len(own) > 30
    assert assets.shell.count(b'type="module"') == 1
