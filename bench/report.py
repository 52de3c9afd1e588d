"""Tables on the terminal, in Markdown, so that a run can be kept as it was printed."""

from collections.abc import Sequence


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    print(f"\n## {title}\n", flush=True)
    for number, row in enumerate(cells):
        first, *rest = zip(row, widths, strict=True)
        print(f"| {first[0]:<{first[1]}} | {' | '.join(f'{cell:>{width}}' for cell, width in rest)} |", flush=True)
        if number == 0:
            print(f"| {'-' * widths[0]} | {' | '.join('-' * (width - 1) + ':' for width in widths[1:])} |", flush=True)
