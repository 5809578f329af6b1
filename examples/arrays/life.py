"""Conway's game of life, by slices of an array.

    rpy examples/arrays/life.py [SIDE] [GENERATIONS]
"""

import sys

import numpy as np


def run(side=48, generations=100):
    board = np.zeros((side + 2, side + 2), np.int8)
    rng = np.random.default_rng(3)
    board[1:-1, 1:-1] = rng.random((side, side)) < 0.3
    for _ in range(generations):
        near = (board[:-2, :-2] + board[:-2, 1:-1] + board[:-2, 2:] + board[1:-1, :-2] + board[1:-1, 2:]
                + board[2:, :-2] + board[2:, 1:-1] + board[2:, 2:])
        alive = board[1:-1, 1:-1]
        board[1:-1, 1:-1] = (near == 3) | ((near == 2) & (alive == 1))
    return board[1:-1, 1:-1]


if __name__ == "__main__":
    for row in run(*map(int, sys.argv[1:])):
        print("".join(".#"[cell] for cell in row))
