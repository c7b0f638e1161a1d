"""Time for texts of 100,000 characters that were made to be slow: ``python -m benchmarks.triage.hostile``."""

from time import perf_counter

from rich.console import Console
from rich.table import Table

from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router

N_CHARS = 100_000
MOST_SECONDS = 1.0
PIECES = {
    "one digit": "1",
    "figures and blanks": "1 3 8 ",
    "card numbers": "4444 ",
    "addresses": "a@a.",
    "spoken figures": "一三五",
    "numerals and units": "三万五千块",
    "heads": "3人",
    "dates": "3月5日去年",
    "denials": "没有受伤要是差点",
    "threats": "跳楼不跳楼",
    "everybody": "我们全厂几十号人",
    "companies": "长沙市有限公司",
    "bosses": "老板王",
    "places": "长沙市岳麓区",
    "marks": "，。！？",
    "brackets": "((((",
    "full width": "１２３，",
    "joined marks": "e\u0301\u0327",
    "hidden": "工\u200b资",
    "traditional": "老闆拖欠工資",
    "emoji": "😀👩\u200d🔧",
    "Latin": "aaaaaaaaab",
    "a tip": "老板拖欠我们三个月工资,一共十二个人,",
}


def main() -> None:
    """Print how long each takes to be routed with everything on."""
    router = Router.load(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    router.route(["我们三个人在长沙受伤,欠五千块"])  # so that everything is built
    table = Table("text", "seconds", title=f"{N_CHARS:,} characters, everything on, asked: under {MOST_SECONDS:g} s")
    for name, piece in PIECES.items():
        text = (piece * (N_CHARS // len(piece) + 1))[:N_CHARS]
        began = perf_counter()
        router.route([text])
        seconds = perf_counter() - began
        table.add_row(name, f"{seconds:.2f}" + (" missed" if seconds > MOST_SECONDS else ""))
    Console().print(table)


if __name__ == "__main__":
    main()
