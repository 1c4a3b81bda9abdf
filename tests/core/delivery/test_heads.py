"""Which message a chat waits for; a message in work keeps its successors waiting, whoever works on it."""

from __future__ import annotations

from tests.core.delivery.desk import Desk
from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.recovery import recover


async def _claim_first(desk: Desk) -> None:
    head = (await store.heads(desk.db))[0]
    work = await store.work_of(desk.db, head.message_id)
    assert work is not None
    claimed = store.Claim(rule_id="r1", rule_revision=1, platform_id="p1", is_repeatable=True)
    assert await desk.db.run(lambda tx: store.claim(tx, work, claimed, run_id="run1", now_us=1)) is not None


async def test_a_claim_that_nobody_works_on_does_not_let_its_successor_overtake(desk: Desk) -> None:
    # A lane that broke off on a full disk leaves the claim; until that is recovered nobody may pass.
    await desk.receive("a", "b")
    await desk.receive("c", chat="李四")
    chat_id = (await store.heads(desk.db))[0].chat_id
    await _claim_first(desk)

    assert [head.message_id for head in await store.heads(desk.db)] == [3]
    assert await store.head_of(desk.db, chat_id) is None

    await recover(desk.db, clock=desk.clock)
    assert [head.message_id for head in await store.heads(desk.db)] == [1, 3]
