"""Conway's Game of Life: once on a grid of lists, once on a set of cells."""

SIZE = 60
CHECK = {
    4: (4, True, 8, 12),
    60: (1224, True, 605, 524907),
}


def start(n):
    seed = 1
    cells = []
    for y in range(n):
        for x in range(n):
            seed = (seed * 75 + 74) % 65537
            if seed % 3 == 0:
                cells.append((x, y))
    return cells


def on_grid(cells, n, steps):
    grid = [[0] * n for _ in range(n)]
    for x, y in cells:
        grid[y][x] = 1
    for _ in range(steps):
        following = []
        for y in range(n):
            above, here, below = grid[y - 1], grid[y], grid[(y + 1) % n]
            row = []
            for x in range(n):
                left = x - 1
                right = (x + 1) % n
                count = (above[left] + above[x] + above[right] + here[left] + here[right]
                         + below[left] + below[x] + below[right])
                row.append(1 if count == 3 or (count == 2 and here[x]) else 0)
            following.append(row)
        grid = following
    return {(x, y) for y in range(n) for x in range(n) if grid[y][x]}


def on_set(cells, n, steps):
    alive = set(cells)
    for _ in range(steps):
        counts = {}
        for x, y in alive:
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    if dx or dy:
                        cell = ((x + dx) % n, (y + dy) % n)
                        counts[cell] = counts.get(cell, 0) + 1
        alive = {cell for cell, count in counts.items() if count == 3 or (count == 2 and cell in alive)}
    return alive


def run(n):
    cells = start(n)
    one = on_grid(cells, n, 20)
    two = on_set(cells, n, 20)
    return len(cells), one == two, len(one), sum(x * y for x, y in one)


if __name__ == "__main__":
    from driver import main
    main(globals())
