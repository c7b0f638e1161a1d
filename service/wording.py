"""How results are called in Chinese, for the people of a hotline."""

URGENCIES = {"critical": "紧急", "high": "加急", "normal": "一般"}
DECISIONS = {"auto": "可直接派单", "confirm": "请在候选中确认", "review": "请人工研判"}
