"""Ties the application's services to view-models and pages: the window's part of the composition.

Owns no behaviour. Called by the bootstrap, the screenshots and tests.
"""

from __future__ import annotations


@dataclass(frozen=True)
class Assembled:
    """The window and what lives as long as it."""

    window: MainWindow
    desk: Desk
    words: Words
    shell: ShellViewModel
    view_models: tuple[QObject, ...]


def assemble(application: Application, *, theme: Theme, detected: Language, is_demo: bool) -> Assembled:
    """Build the window for an application that is open, in the language and theme that are stored.

    Args:
        detected: the machine's language, for where the operator chose none.
    """
    folders = application.platform_types.text_folders()
    words = Words({one: Catalogue(one, extra_folders=folders) for one in Language}, detected)
    commands = Commands(spawn=application.supervisor.spawn, words=words)
    backstage = Backstage(words, commands, EventBridge(application.bus))
    desk = Desk(theme=theme, backstage=backstage)
    editing = ConfigEditing(config=application.config, notifier=application.notifier)
    preferences = Preferences(backstage, editing=editing, detected=detected)
    preferences.theme_chosen.connect(lambda value: theme.set_mode(ThemeChoice(value)))
    preferences.follow()
    shell = ShellViewModel(backstage, health=application.monitor, is_demo=is_demo)
    pages, models = _pages(application, desk, editing)
    window = MainWindow(desk, shell=shell, preferences=preferences, pages=pages)
    return Assembled(window, desk, words, shell, (preferences, *models))


def _pages(
    application: Application, desk: Desk, editing: ConfigEditing
) -> tuple[list[PageEntry], tuple[QObject, ...]]:
    stage, clock, monitor = desk.backstage, application.clock, application.monitor
    listener = application.listener
    overview = OverviewViewModel(
        stage,
        clock=clock,
        monitor=monitor,
        metrics=application.metrics,
        controls=Controls(
            pause=listener.pause,
            resume=listener.resume,
            start=listener.start,
            restart=listener.restart,
            reload=application.config.reload,
        ),
        editing=editing,
    )
    instances = InstancesViewModel(
        stage, registry=application.registry, monitor=monitor, editing=editing, clock=clock
    )
    listeners = ListenersViewModel(stage, listeners=listener, editing=editing)
    messages = MessagesViewModel(stage, browser=application.browser, editing=editing)
    platforms = PlatformsViewModel(
        stage, platforms=application.platforms, types=application.platform_types, editing=editing
    )
    rules = RulesViewModel(stage, editing=editing)
    logs = LogsViewModel(application.logs)
    settings = SettingsViewModel(stage, editing=editing)
    entries = [
        PageEntry("overview", "overview", lambda: OverviewPage(desk, overview)),
        PageEntry("instances", "instances", lambda: InstancesPage(desk, instances)),
        PageEntry("listeners", "listeners", lambda: ListenersPage(desk, listeners)),
        PageEntry("messages", "messages", lambda: MessagesPage(desk, messages)),
        PageEntry("platforms", "platforms", lambda: PlatformsPage(desk, platforms)),
        PageEntry("rules", "rules", lambda: RulesPage(desk, rules)),
        PageEntry("logs", "logs", lambda: LogsPage(desk, logs)),
        PageEntry("settings", "settings", lambda: SettingsPage(desk, settings)),
    ]
    return entries, (overview, instances, listeners, messages, platforms, rules, logs, settings)
