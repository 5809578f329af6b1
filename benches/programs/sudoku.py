"""Sudoku by constraint propagation and search: bit masks, lists of lists, recursion with copying."""

SIZE = 12
CHECK = {
    2: (['527463981', '874961325'], 12),
    12: (['527463981', '874961325', '392875164', '527463981', '874961325', '392875164', '527463981',
          '874961325', '392875164', '527463981', '874961325', '392875164'],
         96),
}

PUZZLES = [
    "5..4...8...6..9..5..8...36...431...9....468.3.8............4....1.....277..63....",
    ".7..6.....1....4872...4....4......32...3..5....1..8......7..9..13..2...6.....3..4",
    ".92...16....3....7.......9..8....4....5.6.2..4.6....1.6....7....7..14.2.5..6....8",
]

UNITS = ([[r * 9 + c for c in range(9)] for r in range(9)] + [[r * 9 + c for r in range(9)] for c in range(9)]
         + [[(b // 3 * 3 + i // 3) * 9 + b % 3 * 3 + i % 3 for i in range(9)] for b in range(9)])
PEERS = [sorted({other for unit in UNITS if cell in unit for other in unit} - {cell}) for cell in range(81)]
UNITS_OF = [[unit for unit in UNITS if cell in unit] for cell in range(81)]


class Solver:
    def __init__(self):
        self.tried = 0

    def assign(self, grid, cell, bit):
        """Leave only `bit` in the cell, and follow what that means; False where it cannot be."""
        others = grid[cell] & ~bit
        while others:
            other = others & -others
            others ^= other
            if not self.eliminate(grid, cell, other):
                return False
        return True

    def eliminate(self, grid, cell, bit):
        if not grid[cell] & bit:
            return True
        grid[cell] &= ~bit
        left = grid[cell]
        if left == 0:
            return False
        if left & (left - 1) == 0:
            for peer in PEERS[cell]:
                if not self.eliminate(grid, peer, left):
                    return False
        for unit in UNITS_OF[cell]:
            places = [other for other in unit if grid[other] & bit]
            if not places:
                return False
            if len(places) == 1 and not self.assign(grid, places[0], bit):
                return False
        return True

    def search(self, grid):
        best, fewest = None, 10
        for cell, options in enumerate(grid):
            count = bin(options).count("1")
            if 1 < count < fewest:
                best, fewest = cell, count
        if best is None:
            return grid
        for value in range(9):
            bit = 1 << value
            if grid[best] & bit:
                self.tried += 1
                copy = grid[:]
                if self.assign(copy, best, bit):
                    solved = self.search(copy)
                    if solved:
                        return solved
        return None

    def solve(self, text):
        grid = [511] * 81
        for cell, char in enumerate(text):
            if char != "." and not self.assign(grid, cell, 1 << (int(char) - 1)):
                return None
        return self.search(grid)


def run(n):
    results = []
    solver = Solver()
    for i in range(n):
        puzzle = PUZZLES[i % len(PUZZLES)]
        grid = solver.solve(puzzle)
        text = "".join(str(options.bit_length()) for options in grid)
        assert all(sorted(text[c] for c in unit) == list("123456789") for unit in UNITS)
        results.append(text[:9])
    return results, solver.tried


if __name__ == "__main__":
    from driver import main
    main(globals())
