"""The model card: what people should know of a model before they use it, from the facts of its manifest alone."""

from collections.abc import Iterable, Sequence

from model.artefact import Manifest
from model.taxonomy import Taxonomy

_METRICS = {
    "accuracy": "准确率（首选受理席正确）",
    "macro_f1": "宏平均 F1（各受理席同等看待）",
    "top3_accuracy": "前三命中率",
    "labour_auroc": "是否劳动事项，AUROC",
    "ece": "概率误差（ECE）",
    "log_loss": "对数损失",
    "auto_coverage": "可直接派单的比例",
    "auto_precision": "直接派单的准确率",
    "set_coverage": "候选集含正确受理席的比例",
    "mean_set_size": "候选集平均席数",
}


def write_model_card(manifest: Manifest, taxonomy: Taxonomy) -> str:
    """Return the card, in Markdown. Equal manifests give equal cards: no time, no path."""
    corpus, policy, metrics, recipe = manifest.corpus, manifest.policy, manifest.metrics, manifest.recipe
    names = {desk.id: desk.name for desk in taxonomy.desks}
    measured_on = "本热线自己的工单" if corpus["own"] else "起步语料"
    return f"""# 模型说明：职工诉求分派

A linear text classifier that suggests, for what a worker tells a Chinese labour hotline (12351), the desk that should
open the case, with a calibrated probability. It suggests; a person decides.

## 用途

读一条职工诉求（电话记录、网上留言、短信），建议由哪个受理席立案，并给出概率、依据、另涉受理席和诉求类型。供热线接线员参考，由人确认。

共 {len(names)} 个受理席：{"、".join(f"{name}（{desk}）" for desk, name in names.items())}。
诉求类型：{"、".join(kind.name for kind in taxonomy.kinds)}。

## 不适用

- 不代替人作决定：不据此拒收、结案或者评价诉求人、被诉单位、接线员。
- 不判断诉求是否属实，也不是法律意见。
- 不是热线诉求的文字（新闻、合同、外文）、过短或者读不通的文字：一律转人工研判。
- 紧急程度、事实、法条由规则给出，不是这个模型学来的，下面的指标不包括它们。

## 数据

- 起步语料 {corpus["tips"]} 条（SHA-256 `{corpus["sha256"]}`）。
- 本热线自己的工单 {corpus["own"]} 条{_own_digest(manifest)}。
- 身份证号、手机号、银行卡号等号码在提取特征之前一律遮去。

## 怎么训练

结巴分词（{manifest.segmenter["name"]} {manifest.segmenter["version"]}）的词和 \
{manifest.char_ngrams[0]} 至 {manifest.char_ngrams[1]} 个字的片段，TF-IDF 加权，\
开头 {manifest.opening_chars} 字计两次；每个受理席一个线性分类器。\
随机种子 {recipe["random_state"]}。同样的数据、种子和程序库得到逐字节相同的模型。

程序库：{"、".join(f"{name} {version}" for name, version in sorted(manifest.libraries.items()))}。

## 指标

在{measured_on} {metrics["n"]} 条上交叉验证（{recipe["n_folds"]} 折，近似重复和相邻的诉求不分开）：\
每条诉求都由没有学过它的模型打分。

{_table(["指标", "数值"], [[label, _number(metrics[name])] for name, label in _METRICS.items()], "lr")}

{_desk_table(manifest, names)}

## 概率和阈值

概率和阈值的来历：{manifest.calibration}。

- 直接派单：概率达到该受理席的阈值。阈值取得使准确率以 95% 的把握达到目标；“从不”表示没有阈值做得到。
- 候选集：概率达到 {policy.set_threshold:.4f} 的受理席（保形预测，目标覆盖率 {policy.coverage:.1%}）；\
超过 {policy.max_confirm} 席的转人工研判。
- 另涉受理席：概率达到 {policy.also_threshold:.2f}。
- 紧急程度：除规则外，用词像急件的概率达到 {policy.urgent_threshold:.2f} 也算加急。

## 局限

- 指标来自{measured_on}；实际来电的说法和各席占比不同，数值会有出入。\
上线前请用本热线的工单另行评估（`tipdesk evaluate`）。
- 样本少的受理席（见上表“条数”）指标不稳。
- 只认训练时见过的说法；新政策、新行业、新词出现后要补充工单、重新训练。
- 依据给出的是哪些词起了作用，不是事情的因果。
"""


def _own_digest(manifest: Manifest) -> str:
    return f"（SHA-256 `{manifest.corpus['own_sha256']}`）" if manifest.corpus["own"] else ""


def _desk_table(manifest: Manifest, names: dict[str, str]) -> str:
    policy = manifest.policy
    rows = []
    for desk, name in names.items():
        figures, threshold = manifest.metrics["per_desk"][desk], policy.auto_thresholds[desk]
        rows.append(
            [
                name,
                *(_number(figures[figure]) for figure in ("precision", "recall", "f1")),
                str(figures["support"]),
                f"{policy.precision_targets[desk]:.1%}",
                f"{threshold:.4f}" if threshold <= 1 else "从不",
            ]
        )
    return _table(["受理席", "精确率", "召回率", "F1", "条数", "直接派单目标", "直接派单阈值"], rows, "lrrrrrr")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], alignments: str) -> str:
    rule = [{"l": "---", "r": "---:"}[alignment] for alignment in alignments]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
