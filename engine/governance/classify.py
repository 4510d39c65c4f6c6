"""What an action or an effect is, in the closed vocabulary. Pure, never raises, the same in every locale."""

from __future__ import annotations

from engine.governance.classified import Classified, Touch
from engine.governance.commands import classify_command
from engine.governance.path_classes import classify_path, holds_secrets
from engine.governance.paths import settled
from engine.vocabulary.actions import (
    Action,
    ActionClass,
    DeleteFile,
    EditFile,
    ListFiles,
    ReadFile,
    RequestAction,
    RunCommand,
    SearchFiles,
    ShowDiff,
    WriteFile,
)
from engine.vocabulary.changes import ChangeStatus, FileChange


def classify_action(action: Action) -> tuple[Classified, ...]:
    """Every piece of the action, never empty: a command has one for each program and file that it shows."""
    match action:
        case RunCommand(command=command):
            return classify_command(command)
        case WriteFile(path=path) | EditFile(path=path):
            return (Classified(classify_path(path), _tidy(path), Touch.WRITE),)
        case DeleteFile(path=path):
            return tuple(Classified(kind, _tidy(path), Touch.DELETE) for kind in _deletion(path))
        case ReadFile(path=path) | ListFiles(path=path) | SearchFiles(path=path):
            secret = holds_secrets(path) and not isinstance(action, ListFiles)
            kind = ActionClass.SECRET_READ if secret else ActionClass.CODE_READ
            return (Classified(kind, _tidy(path), Touch.READ),)
        case ShowDiff(path=path):
            return (Classified(ActionClass.CODE_READ, _tidy(path), Touch.READ),)
        case RequestAction(action=kind, detail=detail):
            return (Classified(kind, " ".join(detail.split()), Touch.ASK),)


def classify_change(change: FileChange) -> ActionClass:
    """The most dangerous class of one effect."""
    return classes_of_change(change)[0]


def classes_of_change(change: FileChange) -> tuple[ActionClass, ...]:
    """All classes of one effect, the most dangerous first: a workflow that is gone is `ci.change` and `file.delete`."""
    if change.status is ChangeStatus.DELETED:
        return _deletion(change.path)
    return (classify_path(change.path),)


def _deletion(path: str) -> tuple[ActionClass, ...]:
    kind = classify_path(path)
    ordinary = (ActionClass.CODE_WRITE, ActionClass.DOCS_WRITE, ActionClass.TESTS_WRITE, ActionClass.CONFIG_WRITE)
    return (ActionClass.FILE_DELETE,) if kind in ordinary else (kind, ActionClass.FILE_DELETE)


def _tidy(path: str) -> str:
    # A `..` that comes back is shown as where it leads; a leading `~` or `/` stays, so that the gate sees it.
    return settled(path) if path else path
