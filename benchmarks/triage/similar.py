"""Search for similar cases at full size: ``python -m benchmarks.triage.similar [--n 1000000]``.

A million cases are made from the corpus: clauses of tips of one desk put together anew, with other numbers, names and
employers. Among them stand originals whose matter is told a second time: by hand (`retold.csv`), or by a program from
corpus tips and from made cases. Beside each made original stands a colleague's case: the same employer, another
matter. Everything is drawn from a seed.
"""

import argparse
import csv
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.robustness import lookalikes, mistype
from model.artefact import load_artefact
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.segment import Segmenter
from model.similar import Match, SimilarIndex, Sketcher, normalise_employer
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound
from training.noise import read_preambles

DATA = Path("data")
RETOLD = Path(__file__).with_name("retold.csv")
SEED = 0
BATCH = 2048
N_PLANTED = 500

CLAUSE = re.compile(r"[^，。；！？,;!?\s]{4,40}")
NUMBER = re.compile(r"\d+|[一二三四五六七八九十两百千万]{2,}|[二三四五六七八九两](?=[个年月天人块元名岁次])")
SURNAME = re.compile(r"(?<=姓)[一-龥]|[一-龥](?=先生|女士|师傅)")
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜"
    "范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)
DIGITS = "零一二三四五六七八九"
PLACES = re.findall(
    r"\S+",
    "长沙岳麓区 长沙雨花区 武汉洪山区 武汉青山区 郑州中原区 洛阳涧西区 东莞长安镇 东莞厚街镇 深圳宝安区 "
    "深圳龙岗区 广州番禺区 佛山顺德区 苏州昆山市 苏州太仓市 无锡惠山区 杭州余杭区 宁波北仑区 温州瓯海区 "
    "泉州晋江市 厦门集美区 合肥肥西县 芜湖弋江区 南昌青山湖区 济南历城区 青岛黄岛区 石家庄藁城区 唐山丰润区 "
    "太原小店区 西安雁塔区 兰州七里河区 成都双流区 绵阳涪城区 重庆渝北区 贵阳花溪区 昆明官渡区 南宁江南区 "
    "沈阳铁西区 大连金州区 长春宽城区 哈尔滨松北区",
)
CITIES = {city for place in PLACES for city in (place[:-3], f"{place[:-3]}市")}
BRAND_FIRST = "鸿华盛金恒永泰瑞信德嘉宏兴隆天海龙凯富新中东长安康利丰顺明佳联世创博宇星润百万同益通正诚祥"
BRAND_LAST = "达通源盛泰隆辉宝丰顺利和昌兴业邦特诚信光腾飞翔宇鑫磊铭杰豪博雅美宁康力帆航远景峰程锦"
INDUSTRIES = re.findall(
    "..",
    "电子科技服装建筑劳务物流餐饮家具食品塑胶五金印刷鞋业纺织机械物业保洁酒店医药化工汽配模具包装装饰商贸传媒教育陶瓷"
    "玩具光电",
)
SUFFIXES = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司", "公司", "厂", "")
SAID = ("我在{}上班", "{}", "我是{}的员工", "投诉{}", "关于{}的问题", "我们单位是{}", "{}的老板")
SYNONYMS = [
    group.split()
    for group in (
        "公司 单位 厂里",
        "老板 负责人 当家的",
        "工资 工钱 薪水",
        "拖欠 欠着 压着",
        "没有发 没给 不发",
        "请问 想问下 问一下",
        "要求 希望 请",
        "反映 投诉 举报",
        "现在 目前 如今",
        "员工 工人 职工",
        "告诉 讲 说",
        "领导 上面 上级",
        "受伤 伤了 弄伤",
        "医院 医院里",
        "赔偿 赔 补偿",
        "辞职 离职 不干了",
        "辞退 开除 炒掉",
        "合同 劳动合同",
        "社保 社会保险 五险",
        "加班 加点",
        "休息 放假 歇",
        "孩子 小孩 娃",
        "爸爸 父亲 我爸",
        "妈妈 母亲 我妈",
        "丈夫 老公 爱人",
        "老婆 妻子 媳妇",
        "怎么办 咋办 该如何处理",
        "多少钱 几多钱",
        "一直 始终 到现在都",
        "拒绝 不肯 不同意",
        "派出所 公安",
        "电话 手机",
        "昨天 前两天",
        "晚上 夜里",
        "早上 早晨",
        "必须 一定要 非要",
        "不合理 不公平 没道理",
        "安排 叫 让",
    )
]
SAME_AS = {word: [other for other in group if other != word] for group in SYNONYMS for word in group}
SYNONYM = re.compile("|".join(sorted(SAME_AS, key=len, reverse=True)))


@dataclass(frozen=True)
class Case:
    """What is known of a stored case or a new tip."""

    text: str
    employer: str | None = None
    place: str | None = None


class Maker:
    """Makes cases, re-tellings and colleagues' cases from clauses of tips."""

    def __init__(self, tips: Sequence[tuple[str, str]], n_employers: int, rng: random.Random) -> None:
        self._rng = rng
        self._clauses: dict[str, list[list[str]]] = {}
        for desk, text in tips:
            clauses = CLAUSE.findall(text)
            if clauses:
                self._clauses.setdefault(desk, []).append(clauses)
        self._desks = list(self._clauses)
        self._sizes = [len(tips) for tips in self._clauses.values()]
        self._n_employers = n_employers
        self._alike = lookalikes([text for _, text in tips[::20]])
        self._preambles = read_preambles(DATA / "preambles.txt")

    def case(self, desk: str = "", employer: tuple[str, str, str] | None = None) -> tuple[str, Case]:
        """Return a desk and a made case of it: one or two clauses each of three to five tips."""
        rng = self._rng
        desk = desk or rng.choices(self._desks, self._sizes)[0]
        clauses = [
            self._renumber(clause) for _ in range(rng.randint(3, 5)) for clause in self._run(desk, rng.randint(1, 2))
        ]
        if employer or rng.random() < 0.6:
            city, district, core = employer or self.employer()
            name = self._name(city, core)
            clauses.insert(rng.choice((0, 0, 1)), rng.choice(SAID).format(name))
            return desk, Case("，".join(clauses), name, district)
        return desk, Case("，".join(clauses), None, rng.choice((None, rng.choice(PLACES)[2:])))

    def employer(self) -> tuple[str, str, str]:
        """Return city, district and core of an employer's name, the first ones far more often than the rest."""
        number = int(self._n_employers ** self._rng.random())
        fixed = random.Random(number)
        place = fixed.choice(PLACES)
        core = fixed.choice(BRAND_FIRST) + fixed.choice(BRAND_LAST) + fixed.choice(INDUSTRIES)
        return place[:-3], place[-3:], core

    def retell(self, desk: str, case: Case, employer: tuple[str, str, str] | None = None) -> Case:
        """Return the same matter told again: other order, other words, less of one thing and more of another."""
        rng = self._rng
        clauses = [clause for clause in CLAUSE.findall(case.text) if not employer or employer[2] not in clause]
        rng.shuffle(clauses)
        clauses = clauses[: max(round(len(clauses) * rng.uniform(0.6, 0.85)), 1)]
        clauses = [self._reword(clause) for clause in clauses]
        clauses += self._run(desk, rng.randint(0, 2))
        rng.shuffle(clauses)
        name, place = None, case.place if rng.random() < 0.7 else None
        if employer and rng.random() < 0.7:
            name = self._name(employer[0], employer[2])
            clauses.insert(0, rng.choice(SAID).format(name))
        if rng.random() < 0.2:
            clauses.insert(0, rng.choice(self._preambles)[: rng.randint(30, 120)])
        return Case(mistype("，".join(clauses), self._alike, rng), name, place)

    def colleague(self, text: str, case: Case, employer: tuple[str, str, str]) -> Case:
        """Return a tip told by a colleague of a case's caller, with one grievance in common."""
        shared = self._rng.choice([clause for clause in CLAUSE.findall(case.text) if employer[2] not in clause])
        name = self._name(employer[0], employer[2])
        clauses = [self._rng.choice(SAID).format(name), text, self._reword(shared)]
        return Case("，".join(clauses), name, case.place)

    def _run(self, desk: str, n: int) -> list[str]:
        clauses = self._rng.choice(self._clauses[desk])
        first = self._rng.randrange(max(len(clauses) - n + 1, 1))
        return clauses[first : first + n]

    def _name(self, city: str, core: str) -> str:
        return self._rng.choice((city, city + "市", "")) + core + self._rng.choice(SUFFIXES)

    def _renumber(self, clause: str) -> str:
        rng = self._rng
        clause = NUMBER.sub(lambda match: _another(match.group(), rng), clause)
        return SURNAME.sub(lambda _: rng.choice(SURNAMES), clause)

    def _reword(self, clause: str) -> str:
        rng = self._rng
        clause = NUMBER.sub(lambda match: _other_script(match.group()) if rng.random() < 0.5 else match.group(), clause)
        return SYNONYM.sub(
            lambda match: rng.choice(SAME_AS[match.group()]) if rng.random() < 0.7 else match.group(), clause
        )


def _another(number: str, rng: random.Random) -> str:
    """Return a number of the same length in the same script; a year stays one of this century."""
    if number.isdigit():
        if len(number) == 4 and number.startswith("20"):
            return f"20{rng.randint(5, 25):02}"
        return "".join(rng.choice("123456789") if i == 0 else rng.choice("0123456789") for i in range(len(number)))
    return "".join(rng.choice("二三四五六七八九") if char in DIGITS + "两" else char for char in number)


def _other_script(number: str) -> str:
    """Return digits as Chinese numerals and the other way round."""
    if number.isdigit():
        if len(number) > 8 or number.startswith("0"):
            return number
        return _chinese(int(number))
    total = section = digit = 0
    for char in number.replace("两", "二"):
        if char in DIGITS:
            digit = DIGITS.index(char)
        elif char == "万":
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char], 0
    return str(total + section + digit)


def _chinese(number: int) -> str:
    if number >= 10_000:
        return _chinese(number // 10_000) + "万" + (_chinese(number % 10_000) if number % 10_000 else "")
    out = ""
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            out += ("" if digit == 1 and unit == "十" and not out else DIGITS[digit]) + unit
        elif out and number % power and not out.endswith("零"):
            out += "零"
    return out or DIGITS[0]


@dataclass(frozen=True)
class Asked:
    """A new tip, how it was made, and the number of the case that tells the same matter; 0 where none does."""

    how: str
    case: Case
    original: int


def plant(maker: Maker, retold: Sequence[dict[str, str]], tips: Sequence[Tip]) -> tuple[list[Case], list[Asked]]:
    """Return cases to be stored, numbered from 1, and tips to be asked about."""
    stored = [Case(row["text"]) for row in retold]
    asked = [Asked("told again by hand", Case(row["retold"]), number) for number, row in enumerate(retold, 1)]
    for told, colleagues, colleagues_later, new in zip(*[iter(tips)] * 4, strict=True):
        stored.append(Case(told.text))
        asked.append(Asked("corpus tips told again", maker.retell(told.desk, stored[-1]), len(stored)))
        employer = maker.employer()
        desk, case = maker.case(employer=employer)
        stored.append(case)
        asked.append(Asked("made cases told again", maker.retell(desk, case, employer), len(stored)))
        stored.append(maker.colleague(colleagues.text, case, employer))
        asked.append(Asked("colleagues' tips", maker.colleague(colleagues_later.text, case, employer), 0))
        asked.append(Asked("new matters", Case(new.text), 0))
    return stored, asked


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000, help="stored cases")
    n = parser.parse_args().n
    rng = random.Random(SEED)
    tips, problems = read_corpus([DATA / "corpus"], read_taxonomy(DATA / "desks.yaml"))
    require_sound(problems)
    with RETOLD.open(encoding="utf-8", newline="") as file:
        retold = list(csv.DictReader(file))
    # What is planted occurs nowhere else: cases are made from the other tips.
    by_hand = {row["text"] for row in retold}
    long = [tip for tip in tips if 40 <= len(tip.text) <= 300 and tip.text not in by_hand]
    planted = rng.sample(long, 4 * N_PLANTED)
    gone = by_hand | {tip.text for tip in planted}
    maker = Maker([(tip.desk, tip.text) for tip in tips if tip.text not in gone], n // 10, rng)
    stored, asked = plant(maker, retold, planted)

    artefact = load_artefact(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    sketcher = Sketcher(Segmenter(artefact.user_words), artefact.words, artefact.idf)
    index, built_s = SimilarIndex(), 0.0
    for first in range(0, n, BATCH):
        cases = stored[first : first + BATCH]
        cases += [maker.case()[1] for _ in range(min(BATCH, n - first) - len(cases))]
        start = time.perf_counter()
        sketches = sketcher.sketch([case.text for case in cases])
        employers, places = [_employer(case) for case in cases], [case.place for case in cases]
        index.append(range(first + 1, first + len(cases) + 1), sketches, employers, places, [None] * len(cases))
        built_s += time.perf_counter() - start

    found: list[list[Match]] = []
    latencies: list[float] = []
    for tip in asked:
        start = time.perf_counter()
        [sketch] = sketcher.sketch([tip.case.text])
        found.append(index.find(sketch, employer=_employer(tip.case), place=tip.case.place))
        latencies.append(1000 * (time.perf_counter() - start))

    recall = Table(f"{n:,} cases", "asked", "recall@1", "recall@5", "proposed for merging", "of these right")
    for how in [*dict.fromkeys(tip.how for tip in asked), "all"]:
        pairs = [(tip, matches) for tip, matches in zip(asked, found, strict=True) if how in (tip.how, "all")]
        known = [(tip.original, [match.case_id for match in matches]) for tip, matches in pairs if tip.original]
        proposed = [match.case_id == tip.original for tip, matches in pairs for match in matches if match.duplicate]
        recall.add_row(
            how,
            f"{len(pairs)}",
            f"{np.mean([original in ids[:1] for original, ids in known]):.3f}" if known else "",
            f"{np.mean([original in ids for original, ids in known]):.3f}" if known else "",
            f"{len(proposed)}",
            f"{np.mean(proposed):.3f}" if proposed else "",
        )
    Console().print(recall)
    p50, p95, most = np.percentile(latencies, [50, 95, 100])
    Console().print(f"a search: p50 {p50:.1f} ms, p95 {p95:.1f} ms, at most {most:.1f} ms")
    Console().print(f"built: {n / built_s:,.0f} cases a second; {index.n_bytes / n:.1f} bytes a case")


def _employer(case: Case) -> str | None:
    return normalise_employer(case.employer, CITIES) if case.employer else None


if __name__ == "__main__":
    main()
