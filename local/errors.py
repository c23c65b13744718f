"""What can go wrong on a developer's machine, each told in a sentence that says what to do."""


class LocalEngineError(Exception):
    """The local engine, or what is built on it, cannot be had."""


class EngineFilesError(LocalEngineError):
    """Something that the engine needs is neither on this machine nor to be fetched."""


class EngineStartError(LocalEngineError):
    """The engine did not start, or started and ended."""


class FolderError(LocalEngineError):
    """A folder or file of this checkout cannot be written to."""


class DataFolderError(LocalEngineError):
    """The data folder was written by an engine that this one cannot follow."""
