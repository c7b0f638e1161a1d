"""Personal data found, and what is taken for it: ``python -m benchmarks.triage.personal [--real FOLDER]``.

Numbers, addresses and names are drawn from a seed with the right checksums, written in many ways and set into
sentences; so are numbers that are nobody's. What is found in real tips is nearly all mistaken, for phone and identity
numbers are masked there; plates and names were left. Of these tips only ids are shown.
"""

import argparse
import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table
from stdnum import luhn
from stdnum.cn import ric

from model.personal import LABELS, find_personal, redact
from model.text import normalise

SEED = 0
N_CONTEXTS = 50_000
MIN_RECALL = 0.995  # of valid identity, mobile and bank card numbers
MAX_FALSE_ALARMS = 0.001  # of real tips, by numbers
NUMBERS = ("id_card", "mobile", "landline", "bank_card", "passport", "qq")
REAL_FILES = ("practice.csv", "hotline_notes.csv")

PROVINCES = (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66))
# How the numbers of banks' cards begin: their length.
CARDS = dict.fromkeys(("622202", "621226", "621700", "622848", "621661", "955880", "621799", "623052"), 19)
CARDS |= dict.fromkeys(("622588", "622155", "436742", "518710", "356895", "622689"), 16) | {"622260": 17, "622908": 18}
AREAS = ("010", "021", "022", "025", "028", "029", "0311", "0431", "0512", "0574", "0755", "0898", "0971", "0991")
PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范"
    "方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文车全时岩"
)
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉兰红建国志文斌波辉鹏飞浩宇轩涵梓欣慧雪梅俊峰海林永福德才贵根生"
WORDS = ("zhang", "wang", "lili", "chen", "gongyou", "dagong", "xiao", "happy", "ming", "sunny")
SCRIPTS: tuple[dict[int, int], ...] = (  # as it is, full width, and as it is spoken
    {},
    str.maketrans("0123456789X-+ ", "０１２３４５６７８９Ｘ－＋　"),
    str.maketrans("0123456789", "零一二三四五六七八九"),
    str.maketrans("0123456789", "零幺二三四五六七八九"),
)
GROUPED: dict[
    str, list[tuple[tuple[int, ...], Sequence[str]]]
] = {  # besides run together: sizes of groups, and what stands between them
    "id_card": [((6, 8, 4), " -\u200b"), ((6, 4, 4, 4), " -"), ((4, 4, 4, 4, 2), " "), ((3, 3, 4, 4, 4), " ")],
    "mobile": [
        ((3, 4, 4), (" ", "-", ".", "  ", "—", "·")),
        ((4, 4, 3), " -"),
        ((4, 3, 4), " -"),
        ((3, 2, 2, 2, 2), " -"),
        ((3, 3, 5), " "),
        ((1,) * 11, " "),
    ],
    "bank_card": [((4, 4, 4, 4, 3), (" ", "-", "  ")), ((6, 13), " ")],
}
PREFIXES = ("+86", "86", "+86 ", "+86-", "0086", "（+86）")

BEFORE = (
    "",
    "老板欠我三个月工资，",
    "我在工地上摔伤了，住院二十天，",
    "您好，我想问一下社保断缴的事。",
    "2023年5月进厂，月薪6500元，",
    "公司一直拖着不签合同,",
    "我是外卖骑手,每天跑12个小时 ",
    "孩子要上学，家里困难。",
    "工伤认定书编号2023-118，",
    "工友们都不敢说（",
    "厂里今年裁了一百三十人!\n",
    "打12351没人接，打12345也没人接，",
)
AFTER = (
    "",
    "。",
    "，请尽快处理",
    " 谢谢",
    "，一共12个人，欠86000元。",
    "，望回复",
    "）",
    "；公司在高新区88号",
    "一直没人管",
    "\n急急急",
)
CUES = {
    "id_card": "身份证号|身份证：|我的身份证号码是|身份证号为 ||本人证件 |（|号码：",
    "mobile": "电话|手机号：|我的手机是|联系方式 ||打我这个号|可以联系我|号码是|（|请回电:",
    "bank_card": "卡号|工资卡号是|银行卡：|打到这张卡||尾款请转 |农行卡|账户:",
    "landline": "座机|固话：|家里电话||单位的电话是|请打",
    "passport": "护照|护照号：|我的护照是||证件 ",
    "plate": "车牌|车牌号：|我开的车是||货车|牌照",
    "email": "邮箱|邮箱：|发到|email:||我的邮箱是",
    "wechat": "微信号是|微信：|加我微信|加微信 |vx：|微信号|V信:|微信号为",
    "qq": "QQ|QQ号是|qq：|加我QQ|扣扣|QQ号码",
    "name": "我叫|联系人|联系人：|姓名：|本人|我的名字叫|投诉人：|申请人:",
}
AFTER_NAME = (
    "，",
    "。",
    "，男，45岁",
    " 电话随后补充",
    "在工地干活",
    "，是木工",
    "来电反映欠薪",
    "（木工）",
    "",
    "是保洁员",
)
# Each # is drawn.
NOBODYS = (
    "订单号##################",
    "合同编号：############",
    "合同编号：2###############",
    "工单号2021##########",
    "运单号是75#############",
    "工资4000-8000元，补贴###",
    "2023-0#-1# 09:35:1#",
    "202#031#到202#111#",
    "打了12345和12333，还有95588、400-820-####",
    "一共######.##元",
    "二零二三年三月一号到二零二四年一月",
    "在微信群里发了####元红包，qq群也退了",
    "我叫他给####块，老板叫我走，本人于2019年1#月入职",
    "负责人说安全员高工不在，经理高度重视，联系人王女士和李师傅都没回",
)


def digits(rng: random.Random, n: int) -> str:
    """Return `n` figures."""
    return "".join(rng.choices("0123456789", k=n))


def day(rng: random.Random) -> date:
    """Return a day on which a worker may be born."""
    return date(1950, 1, 1) + timedelta(days=rng.randrange(365 * 57))


def identity(rng: random.Random) -> str:
    """Return an identity number."""
    head = f"{rng.choice(PROVINCES)}{rng.randint(1, 20):02}{rng.randint(1, 30):02}{day(rng):%Y%m%d}{digits(rng, 3)}"
    return head + ric.calc_check_digit(f"{head}0")


def card(rng: random.Random) -> str:
    """Return the number of a bank card."""
    head, length = rng.choice(list(CARDS.items()))
    head += digits(rng, length - len(head) - 1)
    return head + luhn.calc_check_digit(head)


def written(kind: str, number: str, rng: random.Random) -> str:
    """Return `number` in one of the ways in which people write it."""
    if rng.random() < 0.5:
        sizes, gaps = rng.choice(GROUPED[kind])
        figures = iter(number)
        number = rng.choice(gaps).join(filter(None, ("".join(islice(figures, size)) for size in sizes)))
    if kind == "mobile" and rng.random() < 0.15:
        return rng.choice(PREFIXES) + number
    return number.translate(rng.choices(SCRIPTS, (7, 1, 1, 1))[0])


def landline(rng: random.Random) -> str:
    """Return a landline number."""
    area = rng.choice(AREAS)
    local = rng.choice("2345678") + digits(rng, 7 if len(area) == 3 else rng.choice((6, 7)))
    return rng.choice(("{}-{}", "{}{}", "{} {}", "({}){}", "（{}）{}", "{}—{}")).format(area, local)


def plate(rng: random.Random) -> str:
    """Return a number plate, of every third one that of an electric car."""
    tail = "".join(rng.choices(f"{PLATE_LETTERS}{'0123456789' * 12}", k=2)) + digits(rng, 3)
    if rng.random() < 0.3:
        tail = rng.choice("DF") + rng.choice(f"{PLATE_LETTERS}0123456789") + digits(rng, 4)
    plate = rng.choice(PLATE_PROVINCES) + rng.choice(PLATE_LETTERS) + rng.choice(("", "", "·", " ")) + tail
    return rng.choice((plate, plate, plate.lower()))


def account(rng: random.Random) -> str:
    """Return an identifier of WeChat."""
    return rng.choice(WORDS) + rng.choice(("", "_", "-")) + digits(rng, rng.randint(3, 8))


def name(rng: random.Random) -> str:
    """Return a name of two or three characters, now and then one that hides the given name."""
    surname = rng.choice(SURNAMES) if rng.random() < 0.97 else rng.choice(("欧阳", "司马", "上官", "诸葛"))
    return surname + (
        rng.choice(("某", "某某")) if rng.random() < 0.1 else "".join(rng.sample(GIVEN, rng.choice((1, 2, 2))))
    )


DRAW: dict[str, Callable[[random.Random], str]] = {
    "id_card": lambda rng: written("id_card", identity(rng), rng),
    "mobile": lambda rng: written("mobile", f"1{rng.choice('3456789')}{digits(rng, 9)}", rng),
    "bank_card": lambda rng: written("bank_card", card(rng), rng),
    "landline": landline,
    "passport": lambda rng: rng.choice(("E", "G", "e", "EA", "EJ")).ljust(2, rng.choice("0123456789")) + digits(rng, 7),
    "plate": plate,
    "email": lambda rng: f"{account(rng)}@{rng.choice(('qq.com', '163.com', 'mail.example.com.cn'))}",
    "wechat": account,
    "qq": lambda rng: rng.choice("123456789") + digits(rng, rng.randint(5, 9)),
    "name": name,
}


def mistyped(number: str, rng: random.Random) -> str:
    """Return `number` with one of its last figures another, so that a checksum fails."""
    place = len(number) - rng.randint(2, 4)
    return number[:place] + str((int(number[place]) + rng.randint(1, 9)) % 10) + number[place + 1 :]


# What is also to be found, though it has no right checksum.
MISTYPED: dict[str, tuple[str, Callable[[random.Random], str], str]] = {
    "id_card, a figure mistyped": ("id_card", lambda rng: mistyped(identity(rng), rng), CUES["id_card"]),
    "bank_card behind its cue, a figure mistyped": ("bank_card", lambda rng: mistyped(card(rng), rng), "卡号|账号："),
}


def measure(
    kind: str, draw: Callable[[random.Random], str], cues: str, n: int, rng: random.Random
) -> tuple[float, float]:
    """Return the share of drawn data of which nothing is left in the redacted text, and that with the right label."""
    hidden = right = 0
    for _ in range(n):
        before = rng.choice(BEFORE) + rng.choice(cues.split("|"))
        after = rng.choice(AFTER_NAME if kind == "name" else AFTER)
        redacted = redact(before + draw(rng) + after)
        left = redacted.removeprefix(before).removesuffix(after)
        for label in LABELS.values():
            left = left.replace(f"〔{label}〕", "")
        hidden += not any(char.isalnum() for char in left)
        right += redacted == f"{before}〔{LABELS[kind]}〕{after}"
    return hidden / n, right / n


def show_drawn() -> None:
    """Print what is found of drawn data, and what is taken for it."""
    rng = random.Random(SEED)
    cases = {kind: (kind, draw, CUES[kind]) for kind, draw in DRAW.items()} | MISTYPED
    n = N_CONTEXTS // (len(cases) + 1)
    table = Table(f"{n:,} contexts each", "hidden", "with the right label", "wanted", title="drawn from a seed")
    for title, (kind, draw, cues) in cases.items():
        hidden, right = measure(kind, draw, cues, n, rng)
        wanted = f"{MIN_RECALL}" if title in ("id_card", "mobile", "bank_card") else ""
        table.add_row(title, f"{hidden:.4f}", f"{right:.4f}", wanted)
    mistaken = 0
    for _ in range(n):
        text = rng.choice(BEFORE) + re.sub("#", lambda _: digits(rng, 1), rng.choice(NOBODYS)) + rng.choice(AFTER)
        mistaken += redact(text) != text
    Console().print(table, f"nobody's numbers, and cues without a name: {mistaken / n:.4f} of {n:,} texts mistaken")


def show_real(folder: Path) -> None:
    """Print what is found in real tips: counts, and for numbers the ids of the tips."""
    paths = [folder / name for name in REAL_FILES]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        Console().print(f"real tips skipped: {', '.join(missing)} not found")
        return
    tips, chars, n_tips, n_chars = Counter[str](), Counter[str](), 0, 0
    alarms: list[str] = []
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                text = normalise(row["text"])
                found = find_personal(text)
                kinds = {datum.kind for datum in found}
                n_tips, n_chars = n_tips + 1, n_chars + len(text)
                tips.update(kinds)
                for datum in found:
                    chars[datum.kind] += datum.end - datum.start
                if kinds & set(NUMBERS):
                    tips["numbers"] += 1
                    alarms.append(f"{row['id']} {' '.join(sorted(kinds & set(NUMBERS)))}")
    table = Table("found", "tips", "of all tips", "of all characters", "wanted", title=f"{n_tips:,} real tips")
    for kind in [*LABELS, "numbers"]:
        wanted = f"at most {MAX_FALSE_ALARMS:.2%}" if kind == "numbers" else ""
        share = f"{chars[kind] / n_chars:.4%}" if kind in LABELS else ""
        table.add_row(kind, f"{tips[kind]}", f"{tips[kind] / n_tips:.3%}", share, wanted)
    Console().print(table, "numbers in:", *alarms, sep="\n")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, default=Path("../shared/real_tips"), help="folder of the real tips")
    folder = parser.parse_args().real
    show_drawn()
    show_real(folder)


if __name__ == "__main__":
    main()
