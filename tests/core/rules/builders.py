"""Rules and messages for tests, by name and by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.core.rules.section import rule_section
from wxauto_mgt.core.wire import ChatKind

PARSE = rule_section().parse


def rule(rule_id: str = "r1", **fields: JSON) -> RuleConfig:
    return PARSE({"id": rule_id, "platforms": ["kw"], **fields})


def facts(
    content: str = "你好",
    *,
    instance: str = "pc1",
    chat: str = "张三",
    chat_kind: ChatKind = ChatKind.UNKNOWN,
    sender: str = "张三",
    kind: str = "text",
) -> MessageFacts:
    return MessageFacts(instance, chat, chat_kind, sender, content, kind)


NAMES = st.sampled_from(["张三", "李四", "客户群", "Ann, Bob"])
PATTERNS = st.sampled_from(["*", "张三", "张三,李四", "Ann, Bob", "regex:^客户", "regex:三$", "regex:.*"])
CONTENTS = st.sampled_from(["*", "退款", "退款,发票", "regex:^\\d+$", "regex:退", "OK"])
RULES = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "priority": st.integers(0, 2),
        "instance": st.sampled_from(["*", "pc1", "pc2"]),
        "chat": PATTERNS,
        "sender": PATTERNS,
        "content": CONTENTS,
        "content_match": st.sampled_from(["any", "all"]),
        "chat_kind": st.sampled_from(["any", "group", "friend"]),
        "only_at": st.booleans(),
        "at_names": st.sampled_from([["小助手"], ["小助手", "助理"]]),
    }
)
MESSAGES = st.builds(
    MessageFacts,
    instance_id=st.sampled_from(["pc1", "pc2", "pc3"]),
    chat=NAMES,
    chat_kind=st.sampled_from(ChatKind),
    sender=NAMES,
    content=st.sampled_from(["退款", "退款和发票", "12", "ok", "@小助手\u2005退款", "@助理", ""]),
    kind=st.sampled_from(["text", "image"]),
)
