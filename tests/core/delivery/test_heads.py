"""Which message a chat waits for; a message in work keeps its successors waiting, whoever works on it."""

from __future__ import annotations

from tests.core.delivery.desk import Desk
from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.recovery import recover
from wxauto_mgt.core.messages.replies.store import NewReply


async def _claim_first(desk: Desk) -> int:
    head = (await store.heads(desk.db))[0]
    work = await store.work_of(desk.db, head.message_id)
    assert work is not None
    claimed = store.Claim(rule_id="r1", rule_revision=1, platform_id="p1", is_repeatable=True)
    attempt_id = await desk.db.run(lambda tx: store.claim(tx, work, claimed, run_id="run1", now_us=1))
    assert attempt_id is not None
    return attempt_id


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


async def test_a_message_that_was_answered_after_it_looked_abandoned_is_not_asked_about_again(
    desk: Desk,
) -> None:
    # The worker looks for claims without a lane, then asks who has a lane: in between one may have answered.
    await desk.receive("a")
    attempt_id = await _claim_first(desk)
    (orphan,) = await store.abandoned(desk.db)
    reply = NewReply(
        message_id=orphan.message_id,
        chat_id=orphan.chat_id,
        instance_id="pc1",
        text="b",
        at_name=None,
        due_at_us=2,
    )
    await desk.db.run(lambda tx: store.answered(tx, attempt_id, [reply], now_us=2))

    assert await desk.db.run(lambda tx: store.recover_message(tx, orphan.message_id, now_us=3)) == []
    assert await store.heads(desk.db) == []
    rows = await desk.db.fetch_all("SELECT state, answered FROM message")
    assert [tuple(row) for row in rows] == [("delivering", 1)]
