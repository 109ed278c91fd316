"""What a check says when it does not hold."""

from dataclasses import dataclass


class Refused(Exception):
    """Bytes that are not what the specification says, with the code of why."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Unusable(Exception):
    """The question could not be put: a file that does not open, words that are none (exit code 2)."""


@dataclass(frozen=True)
class Fault:
    """One fault of a record: its cause, the entry (or a checkpoint's size), and who is at fault."""

    code: str
    log: int | None
    index: int | None
    # ("post", number), ("party", number), or None for whoever made or carried the file.
    blame: tuple[str, int] | None

    def row(self) -> dict:
        blame = "file" if self.blame is None else dict([self.blame])
        return {"code": self.code, "blame": blame, "log": self.log, "index": self.index}
