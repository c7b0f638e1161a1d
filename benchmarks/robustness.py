"""How much damage to a text costs: ``python -m benchmarks.robustness``.

The champion routes the dev tips as they are and in seven damaged forms. Damage is drawn from a seed.
"""

import random
from collections import defaultdict
from collections.abc import Callable

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin
from rich.console import Console
from rich.table import Table

from benchmarks.real import DEV, read_real_tips
from model.featuretext import feature_text
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router
from model.text import normalise
from training.corpus import Tip
from training.evaluate import desk_metrics

SEED = 0
TYPO_SHARE = 0.05
TRUNCATED = 60
FILLERS = ("嗯", "呃", "那个", "就是", "就是说", "然后", "这个", "对吧", "啊", "你知道吧")
PREAMBLE = (
    "您好您好,是热线吗?哎呀终于打通了,我打了好几遍都是占线,等了有十几分钟了。先麻烦您听我说完行不行,我这个人说话有点慢,您别嫌我啰嗦。"
    "我姓什么您先别问,我怕说出来不好,等会儿再告诉您。我是经别人介绍才晓得有这么个电话的,之前也不知道该找哪里,问来问去都说不归他们管,"
    "我跑了好几个地方腿都跑细了,心里头实在是憋得慌。今天正好有空,就想跟您这边好好反映反映情况,您给记一下。事情是这样的:"
)
# Characters that are taken for each other by shape, in groups.
LOOKALIKES = """
已己巳 未末 土士 人入八 日曰目 干千于 大太犬 天夫无 王玉主 工土 力刀 又叉 木本术 田由甲申 午牛 大丈
儿几 今令 仓仑 免兔 治冶 拔拨 扣和 押抻 辛幸 贷货 侯候 晴睛 清情请 蓝篮 辩辨 欠久
休体 住往 位泣 何河 作昨 份纷 保堡 伤份 钱线 绩续 资货 拆折 折析 报服 板版 班斑
裁栽 签鉴 历厉 劳荣 动功 合台 同司 问间 间闻 关美 没设 说悦 找我 买卖 孕孔 厂广
乍作 氏民 贝见 处外 名各 右石
"""


def main() -> None:
    """Print the table."""
    router = Router.load(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    tips = read_real_tips(DEV, router.taxonomy)
    alike = lookalikes([tip.text for tip in tips])
    convert = OpenCC("s2t").convert
    damages: dict[str, Callable[[str, random.Random], str]] = {
        "as they are": lambda text, _: text,
        "5% of characters mistyped": lambda text, rng: mistype(text, alike, rng),
        "without punctuation": lambda text, _: "".join(char for char in text if char.isalnum()),
        "traditional characters": lambda text, _: convert(text),
        "transcript noise": transcribe,
        f"first {TRUNCATED} characters": lambda text, _: text[:TRUNCATED],
        f"behind {len(PREAMBLE)} characters of preamble": lambda text, _: PREAMBLE + text,
    }
    table = Table("dev tips", "accuracy", "macro-F1", "points lost", title=f"model {router.version}")
    whole = None
    for name, damage in damages.items():
        rng = random.Random(SEED)
        texts = [damage(tip.text, rng) for tip in tips]
        figures = _measure(router, texts, tips)
        whole = whole or figures
        table.add_row(name, f"{figures[0]:.3f}", f"{figures[1]:.3f}", f"{100 * (whole[0] - figures[0]):.1f}")
    Console().print(table)


def _measure(router: Router, texts: list[str], tips: list[Tip]) -> tuple[float, float]:
    metrics = desk_metrics(router.predict_proba(texts), tips, router.taxonomy)
    return metrics["accuracy"], metrics["macro_f1_min12"]


def lookalikes(texts: list[str]) -> dict[str, str]:
    """Return for each character those that sound or look like it; sounds are taken from the texts' own characters."""
    by_sound: defaultdict[str, set[str]] = defaultdict(set)
    for char in {char for text in texts for char in feature_text(normalise(text)) if char.isalpha()}:
        by_sound[lazy_pinyin(char, style=Style.NORMAL)[0]].add(char)
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for group in [*by_sound.values(), *map(set, LOOKALIKES.split())]:
        for char in group:
            alike[char] |= group - {char}
    return {char: "".join(sorted(others)) for char, others in alike.items() if others}


def mistype(text: str, alike: dict[str, str], rng: random.Random) -> str:
    """Return the text with one character in twenty taken for one of those that sound or look like it."""
    return "".join(rng.choice(alike[char]) if char in alike and rng.random() < TYPO_SHARE else char for char in text)


def transcribe(text: str, rng: random.Random) -> str:
    """Return the text as a recogniser would write it: no marks, fillers, now and then a piece said twice."""
    out: list[str] = []
    for char in text:
        if not char.isalnum():
            continue
        out.append(char)
        if rng.random() < 0.06:
            out.append(rng.choice(FILLERS))
        if rng.random() < 0.02:
            out += out[-3:]
    return "".join(out)


if __name__ == "__main__":
    main()
