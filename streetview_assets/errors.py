"""The errors that people are meant to read; each names the file, the place and the remedy."""


class StreetviewError(Exception):
    """Something a person can put right; its text is the whole message shown to them."""


class StudyError(StreetviewError):
    """The study file, an argument or a file that the study names is wrong (exit code 2)."""


class ContractError(StreetviewError):
    """A table breaks its contract of `tables/`; nothing was written."""


class DamagedError(StreetviewError):
    """A file of ours is not what was written there."""


class StorageError(StreetviewError):
    """A file of ours cannot be written: no room, no right, or a disk for reading alone."""


class EncoderError(StreetviewError):
    """The encoder's weights cannot be had or loaded."""


class EngineError(StreetviewError):
    """The machines that compute for a study cannot be reached, or do not see its folder."""


class UnavailableError(StreetviewError):
    """A service does not answer as it should now: it may come right, and nothing was paid for."""


class EngineUnavailableError(EngineError, UnavailableError):
    """The machines that compute for a study do not answer, or were lost; what they did is kept."""


class ImageryError(StreetviewError):
    """The imagery provider refuses all service, or every image failed."""


class ImageryUnavailableError(ImageryError, UnavailableError):
    """The imagery provider is not well or wants to be left alone, and has billed for nothing."""


class BudgetSpentError(ImageryError):
    """The next request would cost more than the study may still spend."""


class LedgerError(StreetviewError):
    """The ledger cannot be read, or does not know what was bought."""


class WorkerError(StreetviewError):
    """A process that worked for this one was ended from outside; what is finished is kept."""


class StoppedError(StreetviewError):
    """A signal asked for the end before this was begun: no failure, and no row of its own."""
