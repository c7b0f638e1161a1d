"""What permissions, audit entries, settings and figures are called in Chinese."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from service.access import Permission
from service.store.vocabulary import ROLE_NAMES

PERMISSION_NAMES: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.ROUTE: "分派建议",
        Permission.CASES_READ: "查看工单",
        Permission.CASES_WRITE: "登记和办理工单",
        Permission.STATISTICS_READ: "查看统计",
        Permission.REVIEW: "标注",
        Permission.MODELS_READ: "查看模型和受理席",
        Permission.MODELS_WRITE: "训练和发布模型",
        Permission.METRICS_READ: "读取运行指标",
        Permission.ADMIN: "管理账号、密钥和审计",
    }
)

ACTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "user.create": "新增账号",
        "user.change": "修改账号",
        "user.reset_password": "重置密码",
        "user.set_password": "设置密码",
        "key.issue": "发放密钥",
        "key.revoke": "吊销密钥",
        "webhook.add": "新增推送地址",
        "webhook.remove": "删除推送地址",
        "retention.set": "修改保存期限",
        "cases.purge": "清除过期工单",
        "cases.export": "导出工单",
        "model.promote": "发布模型",
        "model.rollback": "回退模型",
        "job.train": "开始训练",
        "job.compare": "比较模型",
        "job.drift": "查看漂移",
        "job.cancel": "取消任务",
        "job.score": "批量分派",
        "batch.remove": "删除批量表格",
    }
)
"""By action of the audit trail; what is not here is shown as it is."""

_DETAIL_NAMES = {
    "role": "角色",
    "disabled": "停用",
    "name": "名称",
    "scopes": "用途",
    "url": "网址",
    "days": "天数",
    "before": "早于",
    "cases": "件数",
    "why": "理由",
    "force": "强制",
    "files": "表格",
    "own": "自有标注",
    "report": "写报告",
    "publish": "通过就发布",
}
_WORD_NAMES: dict[str, Mapping[Any, str]] = {"role": ROLE_NAMES, "scopes": PERMISSION_NAMES}


def details(detail: Mapping[str, Any]) -> list[str]:
    """Return the detail of an audit entry in words."""
    return [
        f"{_DETAIL_NAMES.get(name, name)}：{_in_words(value, _WORD_NAMES.get(name, {}))}"
        for name, value in detail.items()
        if value != []
    ]


def _in_words(value: Any, names: Mapping[Any, str]) -> str:
    if isinstance(value, list):
        return "、".join(_in_words(item, names) for item in value)
    if value is None or isinstance(value, bool):
        return "是" if value else "无" if value is None else "否"
    return names.get(value, str(value))


SETTING_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "home": "数据目录：模型、数据库和任务都在这里",
        "database_url": "PostgreSQL 地址；不设则用数据目录里的 SQLite",
        "mask_personal": "保存前是否遮盖诉求里的个人信息",
        "max_body_bytes": "一次提交最多多少字节",
        "max_upload_bytes": "上传的表格最多多少字节",
        "auth": "是否要登录；off 只供本机试用",
        "rate_limit_per_minute": "每个账号或密钥每分钟最多请求几次",
        "access_log": "每次请求记一行日志（没有诉求内容）",
        "webhook_allow_private": "推送能不能发到本机和内网",
    }
)
"""By field of the settings; what is not here is described as the settings do."""

METRIC_NAMES: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "accuracy": ("准确率", True),
        "macro_f1": ("各席平均 F1", True),
        "top3_accuracy": ("前三候选里有", True),
        "auto_coverage": ("可直接派单的占比", True),
        "auto_precision": ("可直接派单的准确率", True),
        "set_coverage": ("粗体候选里有", True),
        "mean_set_size": ("粗体候选平均几个", False),
        "log_loss": ("对数损失", False),
        "ece": ("校准误差 ECE", False),
        "labour_auroc": ("分清是否劳动诉求（AUROC）", True),
    }
)
"""By figure of an evaluation, and whether more is better."""
