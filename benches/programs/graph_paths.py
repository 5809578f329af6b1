"""Graphs: shortest paths with a heap, breadth-first search with a deque, depth-first order, connected groups."""

import heapq
from collections import defaultdict, deque

SIZE = 4000
CHECK = {
    200: (200, 113, 13214, 4, 200, 2878, 41),
    4000: (4000, 193, 425405, 6, 4000, 1184435, 766),
}


def make(n):
    edges = defaultdict(list)
    seed = 17
    for node in range(n):
        for _ in range(4):
            seed = (seed * 48271) % 2147483647
            other = seed % n
            weight = seed // n % 100 + 1
            edges[node].append((other, weight))
            edges[other].append((node, weight))
    return edges


def shortest(edges, start):
    best = {start: 0}
    heap = [(0, start)]
    done = set()
    while heap:
        cost, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        for other, weight in edges[node]:
            reached = cost + weight
            if other not in best or reached < best[other]:
                best[other] = reached
                heapq.heappush(heap, (reached, other))
    return best


def levels(edges, start):
    depth = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for other, _ in edges[node]:
            if other not in depth:
                depth[other] = depth[node] + 1
                queue.append(other)
    return depth


def topological(n):
    """Depth-first order of the numbers up to n, each depending on its proper divisors."""
    seen = set()
    order = []

    def visit(number):
        if number in seen:
            return
        seen.add(number)
        for divisor in range(1, int(number ** 0.5) + 1):
            if number % divisor == 0:
                visit(divisor)
                if divisor * divisor != number and divisor != 1:
                    visit(number // divisor)
        order.append(number)

    for number in range(n, 0, -1):
        visit(number)
    return order


def groups(n):
    """Numbers joined when they share a small prime factor: a union-find forest."""
    parent = list(range(n))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for prime in (2, 3, 5, 7, 11, 13):
        for multiple in range(2 * prime, n, prime):
            parent[find(multiple)] = find(prime)
    return len({find(x) for x in range(2, n)})


def run(n):
    edges = make(n)
    costs = shortest(edges, 0)
    depth = levels(edges, 0)
    order = topological(n)
    return len(costs), max(costs.values()), sum(costs.values()), max(depth.values()), len(order), sum(order[::7]), groups(n)


if __name__ == "__main__":
    from driver import main
    main(globals())
