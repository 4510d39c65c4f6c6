"""What a planner is told of a repository before it plans: the survey, and the project's own instructions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.planning.instructions import ProjectInstructions, instructions_of
from engine.planning.survey import Tree, survey_of

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.workspaces import WorkspaceInfo


@dataclass(frozen=True, slots=True)
class Ground:
    """A repository as a planner sees it."""

    survey: str
    instructions: ProjectInstructions

    def text(self) -> str:
        """Both as one text for the record, as `read_ground` takes it."""
        return json.dumps({"survey": self.survey, "instructions": self.instructions.text})


def ground_of(core: Core, workspace: WorkspaceInfo) -> Ground:
    """Look at the committed files of a workspace; writes nothing."""
    files = core.adapters.users.committed(workspace.root, workspace.head)
    tree = Tree(workspace.root.name, workspace.branch, files.sizes, files.read)
    return Ground(survey_of(tree), instructions_of(tree))
