"""Changes cells of a workbook in LibreOffice Calc itself. Run by the Python that has its bridge: calc.py FILE CHANGES.json SOCKET."""

import contextlib
import json
import sys
import time
from pathlib import Path


def main(file: str, changes: str, pipe: str) -> None:
    """Open `file`, type what `changes` says into cells (title of the column, what tells the row apart, text), and save it as Excel does."""
    import uno
    from com.sun.star.beans import PropertyValue

    def said(name, value):
        one = PropertyValue()
        one.Name, one.Value = name, value
        return one

    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    url = uno.systemPathToFileUrl(str(Path(file).resolve()))
    for wait in (*[0.5] * 120, None):  # the first start of a new profile may answer and start again
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
            document = desktop.loadComponentFromURL(url, "_blank", 0, (said("Hidden", True),))
            break
        except Exception:
            if wait is None:
                raise
            time.sleep(wait)
    sheet = document.Sheets.getByIndex(0)
    titles, row = {}, 0
    while title := sheet.getCellByPosition(len(titles), 0).String:
        titles[title] = len(titles)
    rows = {}
    while key := sheet.getCellByPosition(0, row + 1).String:
        row += 1
        rows[key] = row
    for key, title, text in json.loads(Path(changes).read_text(encoding="utf-8")):
        cell = sheet.getCellByPosition(titles[title], rows[key])
        if isinstance(text, int):
            cell.Value = text
        else:
            cell.String = text
    document.storeToURL(url, (said("FilterName", "Calc MS Excel 2007 XML"),))
    document.close(True)
    with contextlib.suppress(Exception):  # it hangs up before it answers
        desktop.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
