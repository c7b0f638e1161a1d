"""Personal data in tips: where numbers, addresses and names of persons stand, and texts without them."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple, NoReturn

from model.text import align, normalise

# What stands for each kind in a text that is stored or handed on.
LABELS = {
    "id_card": "身份证号",
    "mobile": "手机号",
    "landline": "固定电话",
    "bank_card": "银行卡号",
    "passport": "证件号",
    "plate": "车牌号",
    "email": "邮箱",
    "wechat": "微信号",
    "qq": "QQ号",
    "name": "姓名",
}
_QUOTED = "原文"  # the label of what looked like a pseudonym in the text as received
_PSEUDONYM = re.compile(f"(〔(?:{'|'.join([*LABELS.values(), _QUOTED])})[0-9]+(?:-[0-9]+)?〕)")
_FOUND = "\0"  # stands for what a pattern has found, while others look on
_NOT_ALNUM = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PersonalDatum:
    """One piece of personal data: its kind (a key of `LABELS`) and its span ``[start, end)`` in code points."""

    kind: str
    start: int
    end: int


class _Pattern(NamedTuple):
    """Where a kind stands: the group `datum` of `regex`, if `accepts` says so of its figures and letters."""

    kind: str
    regex: str
    accepts: Callable[[str], bool] | None


class _Group(NamedTuple):
    """Patterns, and what must occur in a line for any of them to match.

    Several gates that have few characters to begin with search a batch in less time than one that knows all of it.
    """

    gate: str
    patterns: tuple[_Pattern, ...]


_SPOKEN = dict(zip("零〇○一二三四五六七八九幺", "0001234567891", strict=True))
_TO_FIGURES = str.maketrans(_SPOKEN)
# Normalised text has no capitals, so that in patterns they can stand for what all of them are made of.
_SIGNS = {
    "F": "[0-9]",
    "G": "[ -]{0,2}",  # a gap
    "W": "[ ,、.·_—–)-]{0,3}",  # a wide gap
    "D": f"[0-9{''.join(_SPOKEN)}]",  # a digit, spoken or not
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern compiled when it is first needed: most texts pass no gate, and all take 50 ms at start-up."""
    for sign, meaning in _SIGNS.items():
        pattern = pattern.replace(sign, meaning)
    return re.compile(pattern)


def _pattern(kind: str, datum: str, cue: str = "", accepts: Callable[[str], bool] | None = None) -> _Pattern:
    regex = f"{cue}(?P<datum>{datum})"
    # What was matched but not accepted may hide what is wanted: look from each of its characters again.
    return _Pattern(kind, f"(?={regex})" if accepts else regex, accepts)


def _passes_luhn(card: str) -> bool:
    from stdnum import luhn  # takes longer to import than a tip to route, and hardly any text holds such a number

    return luhn.checksum(card) == 0


def _passes_checksum(identity: str) -> bool:
    from stdnum.cn import ric

    return ric.calc_check_digit(identity) == identity[-1].upper()


# Chinese text has no word boundary around digits, so each pattern looks at its neighbours itself. All are linear: what
# repeats without bound is possessive and cannot begin inside of itself.

# A digit that opens a word behind a number ("…一一直打不通", "…一三天没人接") or counts ("第一", "三百") is mostly none
# of it. What is not found without it is looked for with it.
_SPOKEN_NUMBERS = tuple(
    ("D(?:[ -]{0,2}D){2,}+".replace("D", f"[{''.join(_SPOKEN)}]{limits}"))
    for limits in (
        "(?<![第十百千万].)(?![十百千万岁天个次年月块元回遍点号人家名位])(?:(?<!一)|(?![直下定起样些共]))",
        "",
    )
)
_REGION = "(?:1G[1-5]|2G[1-3]|3G[1-7]|4G[1-6]|5G[0-4]|6G[1-5]|7G1|8G[1-3])(?:GF){4}"
_BORN = "(?:1G9|2G0)GFGFG(?:0G[1-9]|1G[0-2])G(?:0G[1-9]|[12]GF|3G[01])"
_IDENTITY = f"{_REGION}G{_BORN}"
_SOLID_IDENTITY = _IDENTITY.replace("G", "")
_MOBILE = (
    "(?:1[3-9]F(?:WF{4}WF{4}|"
    # Amounts and years begin with four figures, too; then the gaps must be alike.
    "F(?P<gap>[ -])(?:F{4}(?P=gap)F{3}|F{3}(?P=gap)F{4})|(?!F[ -])(?:[ -]?F){8})|"
    "1(?P<each>[ -])[3-9](?P=each)F(?:(?P=each){1,2}F){8})"
)
_AREA = "(?:10|2[0-57-9]|[3-9]F{2})"
_LOCAL_PART = "[a-z0-9._%+-]"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NO_ORDER = "(?<![单编同水工票]号)(?<![单编同水工票]号[:是为 ])"
_NO_AMOUNT = "(?! ?[元块万人个])"
_NO_DATE = "(?!(?:19|20)F{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]F|3[01]))"

# Cues, each beginning with a plain character: regular expressions find such lists fast.
_WECHAT = r"微信|薇信|威信|v信|加v|\+v|vx|wx|wechat|weixin"
_QQ = "qq|扣扣|企鹅"
_IDENTITY_CUES = "身份证|身分证|身份号|证件号|sfz"
_CARD_CUES = "卡号|银行卡|工资卡|储蓄卡|存折|账号|账户|帐号|帐户"
_PASSPORT_CUES = "护照|通行证|回乡证|台胞证|居留证"
_PHONE_CUES = "电话|手机|联系方式|联系号码|座机|固话|tel"
# Numbers without area code behind 电话 alone are mostly those of offices and shops.
_OWN_PHONE_CUES = "联系电话|联系方式|联系号码|座机|固话|家[里中]?的?电话|[我他她人]的?电话"
_ALONE = "(?:(?<![a-z0-9])|(?![a-z]))"  # before a cue: its letters are no part of another word
_IS = "(?:号码|账号|号|id|也是|就是|同号|[:是为])"


def _behind(cues: str, chars: int) -> str:
    """Return the pattern of a cue and at most so many characters that are no figure and not found yet."""
    return f"(?:{cues})[^0-9{_FOUND}]{{0,{chars}}}"


# Groups and patterns are tried in this order, and what one has found the following do not see.
_NUMBERS = (
    _Group(
        "@",
        (
            _pattern(
                "email", rf"{_LOCAL_PART}++@[a-z0-9-]{{1,63}}(?:[.。][a-z0-9-]{{1,63}}){{1,4}}", f"(?<!{_LOCAL_PART})"
            ),
        ),
    ),
    _Group(
        (f"[0-9eg{''.join(_SPOKEN)}](?<!F.)(?:(?:GD){{15}}|(?<=[018零〇○八一幺])(?:WD){{9}}|(?<=[eg])[a-z]?D{{7}})"),
        (
            # The checksum tells an identity number also where it is run together with others.
            _pattern("id_card", f"{_SOLID_IDENTITY}F{{3}}[0-9x]", accepts=_passes_checksum),
            # One mistyped figure breaks the checksum. Region and date of birth are in one number of 4,000 by chance.
            _pattern("id_card", f"{_IDENTITY}(?:GF){{3}}G[0-9x](?!F)", f"(?<!F){_NO_ORDER}"),
            _pattern("bank_card", "[3-9]F{3}(?:GF{4}){3}GF{1,3}(?!F)", f"(?<!F){_NO_ORDER}", _passes_luhn),
            _pattern("bank_card", "[3-9]F{3}(?:GF{4}){3}(?!F)", f"(?<!F){_NO_ORDER}", _passes_luhn),
            _pattern("bank_card", "[3-9]F{5}[ -]F{10,13}(?!F)", f"(?<!F){_NO_ORDER}", _passes_luhn),
            # A figure too few or too many.
            _pattern("id_card", f"{_SOLID_IDENTITY}(?:F{{2}}|F{{4}})[0-9x](?!F)", f"(?<!F){_NO_ORDER}"),
            _pattern("mobile", rf"(?:(?:\(\+86\)|(?:\+|00)?86)G|{_NO_ORDER}0)?{_MOBILE}(?!F)", "(?<!F)"),
            _pattern(
                "landline",
                rf"(?:\(0{_AREA}\)|0{_AREA}|(?:\+|00)86G{_AREA})[ —–-]{{0,3}}[2-8]F{{2,3}}GF{{4}}(?!F)",
                f"(?<!F){_NO_ORDER}",
            ),
            _pattern("passport", "(?:[eg]F{8}|e[a-z]F{7})(?![a-z0-9])", f"(?<![a-z0-9]){_NO_ORDER}"),
        ),
    ),
    _Group(
        (f"(?:{_WECHAT}|{_QQ})[^\n]{{0,9}}?[a-z0-9_{''.join(_SPOKEN)}-]{{5}}"),
        (
            _pattern("wechat", "wxid_[a-z0-9_-]{6,30}"),
            _pattern(
                "wechat",
                "(?:[a-z][a-z0-9_-]{5,19}|F{5,12})(?![a-z0-9_-])",
                f"{_ALONE}(?:{_WECHAT}) ?{_IS}[:是为,( ]{{0,3}}",
            ),
            # Nothing says that an identifier follows: then it has a figure.
            _pattern(
                "wechat",
                "(?=[a-z_-]{1,19}F)[a-z][a-z0-9_-]{5,19}(?![a-z0-9_-])",
                f"{_ALONE}(?:{_WECHAT})[, +(]{{0,2}}",
            ),
            _pattern("qq", f"[1-9]F{{4,10}}(?!F){_NO_AMOUNT}", f"{_ALONE}(?:{_QQ})(?:邮箱)?{_IS}?[:是为,( ]{{0,3}}"),
        ),
    ),
    _Group(
        (f"(?:{_IDENTITY_CUES}|{_CARD_CUES}|{_PASSPORT_CUES}|{_PHONE_CUES})[^0-9\n]{{0,12}}D(?:GD){{6}}"),
        (
            # Whatever has about the length: old identity numbers of 15 figures, and mistyped ones.
            _pattern("id_card", "(?:F{14,39}|F(?:GF){13,19}G)[0-9x](?!F)", _behind(_IDENTITY_CUES, 10)),
            _pattern("bank_card", "(?:F{12,25}|F{4}(?:[ -]{1,2}F{2,6}){2,6})(?!F)", _behind(_CARD_CUES, 10)),
            _pattern("passport", "(?<![a-z])(?:[a-z]{1,3} ?)?F{7,12}(?!F)", _behind(_PASSPORT_CUES, 8)),
            _pattern("mobile", "1[3-9]F[ -]?F{4}[ -]?(?:F{3}|F{5})(?!F)", _behind(_PHONE_CUES, 6)),
            _pattern("landline", f"{_NO_DATE}[2-8]F{{2,3}}GF{{4}}(?!F){_NO_AMOUNT}", _behind(_OWN_PHONE_CUES, 6)),
        ),
    ),
    _Group(
        f"[{_PROVINCES}] ?[a-z][ ·.-]?[a-z0-9]{{4}}",
        (
            _pattern(
                "plate",
                f"[{_PROVINCES}] ?[a-hj-z][ ·.-]?"
                "(?:(?=(?:[a-z]{0,3}F){3})[a-z0-9]{5,6}(?![a-z0-9])|[a-z0-9]{4}[挂学警港澳])",
            ),
        ),
    ),
)

# What features never see. They do see names: a name is found by its cue, which is missed or mistaken more often than a
# number is, and no text is to be scored otherwise because of that.
MASKED_KINDS = frozenset(pattern.kind for group in _NUMBERS for pattern in group.patterns)

# The surnames of nearly everybody; left out are rare ones that mostly begin a word (全, 时, 车 …).
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董潘袁于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭赖陆"
    "汪范金石廖贾夏韦傅付方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍"
    "庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻"
    "祁蒲房滕屈饶解牟艾尤阳穆农卓古吉缪简连芦麦褚娄窦戚岑景宫费卜冷晏席卫米柏宗瞿桂佟应臧闵苟邬边卞姬仇栾隋刁沙荣巫寇桑郎"
    "甄丛仲虞敖巩明佘麻苑迟邝封谈匡鞠惠荆乐冀郁胥栗燕楚鄢劳谌奚皮粟冼蔺楼伊郜阚屠豆朴练廉禹井祖漆巴狄索晋洪庹揭"
)
_COMPOUND_SURNAMES = "欧阳|上官|司马|诸葛|司徒|皇甫|尉迟|夏侯|东方|慕容|令狐|公孙|长孙|宇文|轩辕|端木|百里|南宫"
# What begins like a name and is none: words, and a surname with a title.
_NO_NAME = (
    "高[血尔考中层管空温薪级速校铁度]|安[全徽装排置检保]|包[工吃装括]|单[位方身独亲价]|成[都立年功为员]|程序|方[面便案向式]|万[元人一分]|"
    "金[融额钱]|江[苏西]|宁[波夏]|温州|武汉|常[年常务]|曾[经在于任被]|应[该聘当届]|于[是今本]|何[时人种处必]|任[何职意]|关[于系机]|"
    "左[右手脚腿]|向[来您你贵]|文[化员案]|毛利|毕业|季度|管[理事]|连[续襟]|祖籍|农[民村转业]|石家庄|白[天干领]|马[上路鞍]|明[天明确年]|路[过上]|"
    "房[屋产主东]|解[除决释散]|谈[话单]|边[上干缘]|简[历单]|费用|席位|卫生|符合|尚未|黄[金色]|龙岩|许[多可]|甘肃|严[重格]|周[边围末日]|"
    "付[款钱出]|施工|田地|钱[款都]|易于|游客|沙子|劳[动务]|乐意|索[要赔]|谢谢|凌晨|荣[誉获]|申[请报诉]|苗族|鞠躬|孙[女子]|辛苦|麻烦|古董|张口|常坐"
)
_TITLE = (
    "先生|女士|小姐|师傅|老师|经理|老板|主任|[队班组厂院校局科处部]长|书记|医生|律师|警官|同志|阿姨|"
    "[大小][姐哥妹]|[总哥姐叔姨]|工(?!$)"
)
_HAN = "[\u4e00-\u9fa5]"
_GIVEN = f"(?![的了是在我你他她们不没就都也被把]){_HAN}"
# What ends a name for sure: the end of the line, whatever is no Chinese character, or the next field.
_END = f"(?:(?!{_HAN})|(?=[男女]|电话|手机|联系|身份证|性别|家住|住址|现[在年住]|今年|在|来电|反映|是))"
_LAST = f"(?![于在自从是和与]){_HAN}{_END}"
# Where nothing ends a name for sure, a second character that rather begins what follows.
_GOES_ON = (
    "[的了是在我你他她它们不没就都也被把于和与及跟来说有到已从因给将向要想上下做去这那对岁等]|打工|反[映应]|投诉|举报|工[作资地人]|"
    "原[来是]|出生|毕业|退休|[职员]工|农民|目前|之前|为了|曾[经在]|今年|去年|本人|家[住里]|电话|手机|身份|现[在年]|一[直个名]"
)
_NAME = f"(?!{_NO_NAME})(?:{_COMPOUND_SURNAMES}|[{_SURNAMES}])(?!{_TITLE})"
_HALF_NAME = f"{_NAME}某(?:[某甲乙丙丁]|{_LAST})?"
_FIELDS = (
    "姓名|名字|署名|联系人|投诉人|举报人|反映人|申请人|当事人|报案人|来电人|来信人|负责人|法定代表人|法人代表|法人|"
    "包工头|工头|老板|经理"
)
_NAMES = _Group(
    f"叫|本人|我是|{_FIELDS}",
    (
        _pattern(
            "name",
            f"{_HAN}{{1,8}}(?:[·•‧・]{_HAN}{{1,8}}){{1,3}}|{_HALF_NAME}|"
            f"{_NAME}{_GIVEN}(?:{_LAST}|{_END}|(?!{_GOES_ON}){_HAN}|)",
            f"(?:(?:[我他她名]|名字|老板|工头|经理)叫[做作]?|(?:姓名|名字)[是为]|(?:{_FIELDS})[是为]?[:叫]) ?",
        ),
        # A weak cue: only what surely ends is a name.
        _pattern(
            "name", f"{_HALF_NAME}|{_NAME}{_GIVEN}(?:{_LAST}|{_END})", f"(?:本人|我是|(?:{_FIELDS})[是为]?)[ ,(]?"
        ),
    ),
)


def find_personal(text: str) -> tuple[PersonalDatum, ...]:
    """Return the personal data in normalised `text`, in order; none overlaps another or reaches across a line feed."""
    return tuple(_find(text, (*_NUMBERS, _NAMES)))


def mask(text: str) -> str:
    """Return normalised `text` with each character of a personal number or address (`MASKED_KINDS`) replaced by ``*``.

    The length stays, so spans stay valid. Many texts may come at once, one a line: each is masked as it would be alone.
    """
    return _blank(text, _find(text, _NUMBERS), "*")


def redact(text: str) -> str:
    """Return `text`, as received, with a label such as 〔手机号〕 for each piece of personal data, for good."""
    return _replace(text, lambda kind, _: f"〔{LABELS[kind]}〕")


class Pseudonyms:
    """Takes personal data out of texts and puts it back: ``reveal(hide(text)) == text``.

    The same datum has the same number in all texts, such as 〔手机号1〕; where it is written in another way, with
    blanks for instance, that way is numbered too: 〔手机号1-2〕. It lives in memory only and cannot be pickled.
    """

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._data: defaultdict[str, dict[str, _Datum]] = defaultdict(dict)

    def hide(self, text: str) -> str:
        """Return `text`, as received, with a pseudonym for each piece of personal data.

        What looks like a pseudonym already gets one itself, so that no text can call up what another one held.
        """
        parts = _PSEUDONYM.split(text)  # every second one is a match
        parts[::2] = [
            _replace(part, lambda kind, written: self._pseudonym(LABELS[kind], written)) for part in parts[::2]
        ]
        parts[1::2] = [self._pseudonym(_QUOTED, part) for part in parts[1::2]]
        return "".join(parts)

    def reveal(self, text: str) -> str:
        """Return `text` with what its pseudonyms stand for; what `hide` did not give out stays as it is."""
        return _PSEUDONYM.sub(lambda match: self._originals.get(match.group(), match.group()), text)

    def _pseudonym(self, label: str, written: str) -> str:
        if (label, written) not in self._pseudonyms:
            known = self._data[label]
            datum = known.setdefault(_canonical(written), _Datum(len(known) + 1))
            datum.ways += 1
            way = f"-{datum.ways}" if datum.ways > 1 else ""
            pseudonym = f"〔{label}{datum.number}{way}〕"
            self._pseudonyms[label, written] = pseudonym
            self._originals[pseudonym] = written
        return self._pseudonyms[label, written]

    def __repr__(self) -> str:
        return f"<Pseudonyms: {len(self._originals)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Pseudonyms cannot be pickled: personal data stays in memory; store the text redacted instead")


@dataclass(slots=True)
class _Datum:
    number: int
    ways: int = 0  # in which it was written


def _canonical(written: str) -> str:
    """Return what is the same for all ways to write a datum."""
    figures = _NOT_ALNUM.sub("", normalise(written).translate(_TO_FIGURES))
    return re.sub("^(?:00)?86(?=1[0-9]{10}$)", "", figures)


def _replace(text: str, replacement: Callable[[str, str], str]) -> str:
    """Return `text`, as received, with ``replacement(kind, original)`` for each piece of personal data."""
    normalised = normalise(text)
    if not (found := find_personal(normalised)):  # the way back takes ten times as long to find
        return text
    aligned = align(text, normalised)
    pieces, end = [], 0
    for datum in found:
        # Two data may touch inside one received character: the first has it.
        first, last = aligned.received(datum.start, datum.end)
        start = max(first, end)
        pieces.append(text[end:start])
        end = max(last, end)
        pieces.append(replacement(datum.kind, text[start:end]))
    return "".join([*pieces, text[end:]])


def _find(text: str, groups: Iterable[_Group]) -> list[PersonalDatum]:
    """Return what the patterns of `groups` find in normalised `text`, line by line, in order."""
    patterns: defaultdict[tuple[int, int], list[_Pattern]] = defaultdict(list)  # of each line that passes a gate
    for group in groups:
        gate = _compiled(group.gate)
        match = gate.search(text)
        while match:
            start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
            end = len(text) if end < 0 else end
            patterns[start, end] += group.patterns
            match = gate.search(text, end)
    return [
        PersonalDatum(datum.kind, start + datum.start, start + datum.end)
        for start, end in sorted(patterns)
        for datum in _find_in_line(text[start:end], patterns[start, end])
    ]


def _find_in_line(line: str, patterns: Iterable[_Pattern]) -> list[PersonalDatum]:
    readings = [
        _compiled(spoken).sub(lambda match: match.group().translate(_TO_FIGURES), line) for spoken in _SPOKEN_NUMBERS
    ]
    readings = list(dict.fromkeys(readings))  # one, where nothing is spoken
    found: list[PersonalDatum] = []
    for pattern, which in product(patterns, range(len(readings))):
        of_pattern = _match(pattern, readings[which])
        if of_pattern:
            found += of_pattern
            readings = [_blank(reading, of_pattern, _FOUND) for reading in readings]
    return sorted(found, key=lambda datum: datum.start)


def _match(pattern: _Pattern, line: str) -> list[PersonalDatum]:
    found: list[PersonalDatum] = []
    end = 0
    for match in _compiled(pattern.regex).finditer(line):
        start = match.start("datum")
        if start >= end and (not pattern.accepts or pattern.accepts(_NOT_ALNUM.sub("", match["datum"]))):
            end = match.end("datum")
            found.append(PersonalDatum(pattern.kind, start, end))
    return found


def _blank(text: str, found: Iterable[PersonalDatum], char: str) -> str:
    pieces, end = [], 0
    for datum in found:
        pieces += [text[end : datum.start], char * (datum.end - datum.start)]
        end = datum.end
    return "".join([*pieces, text[end:]])
