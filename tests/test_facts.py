"""What an operator's form needs is found in what callers say."""

import datetime
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import TaxonomyError
from model.facts.finder import FactFinder
from model.facts.places import read_places
from model.text import normalise
from tests.conftest import DATA

TODAY = datetime.date(2026, 11, 18)
PIECES = [
    "2019年",
    "3月",
    "三万五",
    "元",
    "12",
    "个工人",
    "长沙市",
    "鑫源",
    "公司",
    "老板",
    "王",
    "在",
    "上班",
    "没有签",
]
PIECES += [
    "合同",
    "-",
    "、",
    "多",
    "半",
    "号",
    "上个月",
    "去年",
    "年底",
    "拖欠",
    "一百",
    "k",
    ".",
    "个",
    "人",
    "镇",
    "路",
]


def shipped_content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DATA / "facts.yaml").read_text(encoding="utf-8"))
    return {**content, "divisions": read_places(DATA / "places.csv")}


@pytest.fixture(scope="session")
def finder() -> FactFinder:
    return FactFinder.from_dict(shipped_content())


def found(finder: FactFinder, kind: str, text: str) -> list[tuple[str, object]]:
    return [(fact.text, fact.value) for fact in finder.find([normalise(text)], TODAY)[0] if fact.kind == kind]


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("老板欠我三万五千元", [("三万五千元", 35_000)]),
        ("还差3.5万没结", [("3.5万", 35_000)]),
        ("押了我五千多块钱", [("五千多块钱", 5_000)]),
        ("每个月3000-5000元不等", [("3000-5000元", (3_000, 5_000))]),
        ("一年到手2万元到3万元", [("2万元到3万元", (20_000, 30_000))]),
        ("包工头拖欠三、四万元", [("三、四万元", (30_000, 40_000))]),
        ("谈好一百八一天", [("一百八", 180)]),
        ("试用期底薪三千转正4500", [("三千", 3_000), ("4500", 4_500)]),
        ("招聘写的3-4k,到手只有2500", [("3-4k", (3_000, 4_000)), ("2500", 2_500)]),
        ("欠薪上百万", [("上百万", 1_000_000)]),
        ("罚款2百块", [("2百块", 200)]),
        ("涨了百分之两百,投诉到12345,住3栋501房", []),
        ("2019元旦放假,大家一块儿走", []),
    ],
)
def test_money(finder: FactFinder, text: str, sums: list[tuple[str, object]]) -> None:
    assert found(finder, "money", text) == sums


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("我们厂被欠薪的有12人", [("12人", 12)]),
        ("我们几十号人没拿到工资", [("几十号人", (20, 90))]),
        ("二三十个工人堵在门口", [("二三十个工人", (20, 39))]),
        ("一起干活的十来个人都没工资", [("十来个人", (10, 19))]),
        ("公司拖着40多名员工的工资", [("40多名员工", (40, 49))]),
        ("五个同事被辞退", [("五个同事", 5)]),
        ("拖欠全体员工工资", [("全体员工", None)]),
        ("现有职工240名,都没社保", [("240名", 240)]),
        ("员工人数80人,民工40多个,", [("80人", 80), ("40多个", (40, 49))]),
        ("公司的两个人事都走了", [("两个人事", 2)]),
        ("车队停运,两百多个司机下岗", [("两百多个司机", (200, 299))]),
        ("我等20人都没有社保", [("20人", 20)]),
        ("全体干部职工都没加班费,只在全体员工大会上说过", [("全体干部职工", None)]),
        ("我们小区14个人去投票,工地噪音影响上千人住房", []),
        ("一行10人去吃饭,1000多名学生及教职工,大多数职工", []),
        ("两个人的活一个人干,三个人用一台电脑", []),
        ("我一个人在工地,每人发一套工服,第三人民医院", []),
        ("我们夫妻两人在厂里上班", []),
        ("全体环卫女工的补贴没发,全部由公司承担", [("全体环卫女工", None)]),
        ("医院500多名医务人员没有编制", [("500多名医务人员", (500, 599))]),
        ("公司拖欠工资,来了两个人谈,厂里只有两个人", [("两个人", 2)]),
        ("矿上欠了230万职工医保,一个员工没交", []),
        ("大家都走了,我们前后20多人还在等", [("20多人", (20, 29))]),
        ("最后就剩我们这一百多人没着落", [("一百多人", (100, 199))]),
        ("请为我们七十多个大家庭做主", [("七十多个大家庭", (70, 79))]),
        ("我们四十多个业主在等", []),
        ("总部 18 人,公司账户被封", [("18 人", 18)]),
    ],
)
def test_headcount(finder: FactFinder, text: str, heads: list[tuple[str, object]]) -> None:
    assert found(finder, "headcount", text) == heads


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("在这里干了三年", [("三年", 3, "year")]),
        ("拖欠两个月工资", [("两个月", 2, "month")]),
        ("培训了两个半月", [("两个半月", 2.5, "month")]),
        ("每天要站12小时", [("12小时", 12, "hour")]),
        ("做了一年多", [("一年多", 1, "year")]),
        ("拖了好几个月", [("好几个月", (2, 9), "month")]),
        ("等了小半年", [("小半年", 0.5, "year")]),
        ("工作了七至十年", [("七至十年", (7, 10), "year")]),
        ("一个月3000,每两天轮班,第三年涨薪,上三年级", []),
    ],
)
def test_durations(finder: FactFinder, text: str, lengths: list[tuple[object, ...]]) -> None:
    facts = [fact for fact in finder.find([normalise(text)], TODAY)[0] if fact.kind == "duration"]
    assert [(fact.text, fact.value, fact.unit) for fact in facts] == lengths


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("长沙市宏达机械有限公司拖欠我工资", ["长沙市宏达机械有限公司"]),
        ("我在鑫源鞋厂上班,公司不交社保", ["鑫源鞋厂"]),
        ("我是岳麓区环卫所的职工,没有加班费", ["岳麓区环卫所"]),
        ("投诉滨江路88号二楼金福来酒店乱扣工资", ["金福来酒店"]),
        ("其在城北新区三期工地干活,受伤没人管", ["城北新区三期工地"]),
        ("包工头张大山欠我们工钱,张大山电话也不接", ["张大山", "张大山"]),
        ("工资找王老板要,他一直推", ["王老板"]),
        ("宏福老板李国强跑了,工资没发", ["宏福", "李国强"]),
        ("公司不发工资,老板也不见人,找别的工厂上班", []),
        ("去年在市中心医院住院,请劳动局核实处理拖欠工资", []),
        ("这家黑心公司天天加班,一家外包公司也一样", []),
        ("我是岳麓区环卫所一名聘用在职女职工,没有加班费", ["岳麓区环卫所"]),
        ("和高创科技公司员工谈工资", ["高创科技公司"]),
        ("进厂前叫“洪湾农机厂”,后来改制,工资没发", ["洪湾农机厂"]),
        ("在农场工作,农场职工没有加班费", []),
        ("工资没发,我在恒远工程咨询有限公司上班", ["恒远工程咨询有限公司"]),
        ("拖欠工资,顺鑫达就是一家没有诚信的公司", ["顺鑫达"]),
        ("请解决长沙市原锅炉厂下岗职工的社保", ["锅炉厂"]),
        ("路边的宏峰工地欠我们工钱", ["宏峰工地"]),
        ("公司让我们转入新公司,说是一家关联公司,不发工资", []),
        ("投诉双峰县荷叶镇青山石材厂拖欠工资", ["青山石材厂"]),
        ("衡阳市天桥机电下岗工人怎样安排", ["衡阳市天桥机电"]),
        ("A市公务员工资什么时候涨,各个卫生院的员工等着", []),
    ],
)
def test_employers(finder: FactFinder, text: str, names: list[str]) -> None:
    assert [name for name, _ in found(finder, "employer", text)] == names


@pytest.mark.parametrize(
    ("again", "name"),
    [
        ("瑞柏德公司说没钱", "瑞柏德公司"),
        ("长沙市瑞柏德拒不支付", "长沙市瑞柏德"),
        ("他也在瑞柏德,没有合同", "瑞柏德"),
        ("瑞柏德电气有限公司没人管", "瑞柏德电气有限公司"),
        ("瑞柏拖欠的不只我一个", "瑞柏"),
        ("瑞柏那边没人接电话", None),
    ],
)
def test_an_employer_that_is_named_again_in_short(finder: FactFinder, again: str, name: str | None) -> None:
    names = [name for name, _ in found(finder, "employer", f"长沙市瑞柏德电气有限公司拖欠工资,{again}")]
    assert names == ["长沙市瑞柏德电气有限公司", *([name] if name else [])]


def test_who_is_named_in_a_tip_of_another_matter_is_no_employer(finder: FactFinder) -> None:
    text = "长沙市宏达房地产有限公司至今不给小区业主办房产证,开发商承诺的交房日期早过了,业主都要上班"
    assert found(finder, "employer", text) == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("我是长沙市岳麓区的居民", [("长沙市岳麓区", "430104")]),
        ("户口在湖南,人在深圳打工", [("湖南", "430000"), ("深圳", "440300")]),
        ("住在雨花区圭塘街道", [("雨花区圭塘街道", "430111")]),
        ("想去鼓楼区办社保", [("鼓楼区", None)]),
        ("户籍南京市鼓楼区", [("南京市鼓楼区", "320106")]),
        ("老家在C9县松溪镇", [("c9县松溪镇", None)]),
        ("从北京路走到中山大道", []),
    ],
)
def test_places(finder: FactFinder, text: str, places: list[tuple[str, object]]) -> None:
    assert found(finder, "place", text) == places


def test_a_place_in_an_employers_name_is_not_told_again(finder: FactFinder) -> None:
    assert found(finder, "place", "长沙市宏达机械有限公司拖欠我工资") == []


@pytest.mark.parametrize(
    ("text", "occupations"),
    [
        ("我做保安,老婆当老师", ["保安", "老师"]),
        ("应聘前台,结果去开叉车", ["前台"]),
        ("外卖骑手和快递员都没有社保", ["外卖骑手", "快递员"]),
        ("人事说公司前台没人,找老师问问", []),
    ],
)
def test_occupations(finder: FactFinder, text: str, occupations: list[str]) -> None:
    assert [word for word, _ in found(finder, "occupation", text)] == occupations


@pytest.mark.parametrize(
    ("text", "wages"),
    [
        ("月薪4500元", [4_500]),
        ("工资三千一个月,押金五百元", [3_000]),
        ("底薪3-4k", [(3_000, 4_000)]),
        ("拖欠工资8000元,加班费一天100元", []),
    ],
)
def test_wages_are_told_a_month(finder: FactFinder, text: str, wages: list[object]) -> None:
    assert [value for _, value in found(finder, "wage", text)] == wages


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("contract", "进厂两年没有签劳动合同", [False]),
        ("contract", "签了三年的合同,现在要辞退我", [True]),
        ("contract", "从来没有签过合同", [False]),
        ("insurance", "公司一直不给我们交社保", [False]),
        ("insurance", "社保都没缴", [False]),
        ("insurance", "我已经交了十年社保", [True]),
        ("claim", "求你们帮我们讨回血汗钱", ["pay_wages"]),
        ("claim", "请问这算工伤吗", ["recognise_injury"]),
        ("claim", "要求公司补缴社保,并支付经济补偿金", ["compensation", "pay_insurance"]),
        ("claim", "我想恢复工作", ["reinstate"]),
        ("claim", "今天天气不错", []),
    ],
)
def test_what_is_stated_and_wanted(finder: FactFinder, kind: str, text: str, values: list[object]) -> None:
    assert sorted((value for _, value in found(finder, kind, text)), key=str) == values


def test_facts_come_in_the_order_of_the_text(finder: FactFinder) -> None:
    text = normalise("去年5月我们12个工人在长沙市宏达机械有限公司干了三个月,欠我们8万元")
    facts = finder.find([text], TODAY)[0]
    assert [fact.kind for fact in facts] == ["date", "headcount", "employer", "duration", "money"]
    assert [fact.text for fact in facts] == [text[fact.start : fact.end] for fact in facts]


def test_the_words_survive_the_json_of_a_published_model(finder: FactFinder) -> None:
    text = normalise("去年5月欠我们12个工人8万元,一直不签合同")
    again = FactFinder.from_dict(json.loads(json.dumps(finder.to_dict())))
    assert again.to_dict() == finder.to_dict()
    assert again.find([text], TODAY) == finder.find([text], TODAY)


def test_all_faults_are_named_at_once() -> None:
    content = shipped_content()
    content["colour"] = "red"
    content["dates"]["years"]["去年"] = "last"
    content["money"]["reach"] = 0
    content["headcount"]["nouns"].append("人员")
    content["headcount"]["nouns"].append("人员")
    del content["durations"]["units"]
    content["claims"][0]["id"] = content["claims"][1]["id"]
    content["claims"][2]["patterns"] = ["(工伤"]
    content["divisions"][4] = ["12", "某"]
    with pytest.raises(TaxonomyError) as caught:
        FactFinder.from_dict(content)
    message = str(caught.value)
    for part in (
        "has unknown colour",
        "dates: years must be a mapping from texts to whole numbers",
        "money: reach must be a whole number above 0",
        "headcount: nouns has 人员 twice",
        "durations lacks units",
        f"claim id '{content['claims'][1]['id']}' is there twice",
        "'(工伤' is no RE2 pattern",
        "division 5 is not",
    ):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [None, [], {}, {"claims": 1}, {"statements": [], "divisions": "x"}])
def test_no_words_at_all_are_refused(content: object) -> None:
    with pytest.raises(TaxonomyError):
        FactFinder.from_dict(content)


def test_every_division_is_listed_once() -> None:
    rows = read_places(DATA / "places.csv")
    assert len(rows) > 3_000
    assert len({code for code, _, _ in rows}) == len(rows)


def test_a_table_of_other_columns_is_refused(tmp_path: Any) -> None:
    (tmp_path / "places.csv").write_text("code,name\n110000,北京市\n", encoding="utf-8")
    with pytest.raises(TaxonomyError, match="code,name,short"):
        read_places(tmp_path / "places.csv")


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(
        st.one_of(
            st.text(max_size=5),
            st.sampled_from(PIECES),
        ),
        max_size=12,
    )
)
def test_any_text_is_read(finder: FactFinder, parts: list[str]) -> None:
    text = "".join(parts)
    facts = finder.find([text], TODAY)[0]
    assert all(0 <= fact.start < fact.end <= len(text) and fact.text == text[fact.start : fact.end] for fact in facts)
    assert [fact.start for fact in facts] == sorted(fact.start for fact in facts)


@pytest.mark.parametrize(
    "unit",
    ["1", "百", "3-", "3月", "公司", "北京市", "在钢", "鑫泰公司拖欠,", "老板王", "没有签", "\x00", "👷"],
)
def test_a_hundred_thousand_hostile_characters_are_read(finder: FactFinder, unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert all(fact.text == text[fact.start : fact.end] for fact in finder.find([text], TODAY)[0])
