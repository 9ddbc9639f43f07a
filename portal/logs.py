"""One event, one line of JSON: control characters are escaped, so that nobody writes a line of their own."""

import json
import logging
from datetime import UTC, datetime

#: What a log call may add by `extra`; everything else a record carries is ours or Python's business.
EXTRAS = ("status_code", "method", "path", "person", "task")


class Line(logging.Formatter):
    """Format a record as one parseable line: `at` (UTC), `level`, `logger`, `message`, extras, `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, ASCII only: what a terminal obeys or a reader takes for a new line is escaped."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = getattr(record, "request", None)
        if request is not None and hasattr(request, "path"):
            line |= {"method": request.method, "path": request.path}
            # Only when somebody has asked already: a log line makes no query.
            person = getattr(getattr(request, "_cached_user", None), "pk", None)
            if person is not None:
                line["person"] = person
        line |= {name: value for name in EXTRAS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=True)
