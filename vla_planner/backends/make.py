"""The backend that a profile names; torch is imported only where a model runs here."""

from __future__ import annotations

from pathlib import Path

from vla_planner.backends.backend import Backend
from vla_planner.profile import Profile


def make_backend(profile: Profile) -> Backend:
    """Return the backend of a profile, its model loaded; see `Profile`.

    Raises GaeError with what is missing and how to get it.
    """
    if profile.backend == 'hf':
        from vla_planner.backends.hf import HfBackend

        return HfBackend(profile)
    if profile.backend == 'http':
        from vla_planner.backends.http import HttpBackend

        return HttpBackend(profile)
    from vla_planner.backends.file import FileBackend

    return FileBackend.of_file(Path(profile.model))
