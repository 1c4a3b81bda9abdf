"""Shows the notices of the in-app channel as toasts of the window. Called by the assembly."""

from __future__ import annotations

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import NotificationKind
from wxauto_mgt.core.notifications.surfaces import IN_APP, Surfaces
from wxauto_mgt.ui.bridge.events import end_with
from wxauto_mgt.ui.desk import Desk


def show_notices(desk: Desk, surfaces: Surfaces) -> None:
    """Let notices appear in the window as long as the desk lives; bad news stays until it is closed."""

    def show(notice: Notice) -> None:
        is_bad = notice.kind is NotificationKind.FIRING
        (desk.failed if is_bad else desk.done).emit(notice.title)

    end_with(desk, surfaces.attach(IN_APP, show))
