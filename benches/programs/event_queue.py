"""A bank simulated by events in a priority queue: heapq, tuples, small objects, a random generator of its own."""

import heapq
from collections import deque

SIZE = 9000
CHECK = {
    450: ((450, 17076, 149, 7834, [7561, 7560, 7301]), (225, 195194, 1676, 5637, [5637, 5598])),
    9000: ((9000, 693132, 416, 152863, [150225, 149321, 147154]), (4500, 80381690, 35263, 112056, [112056, 112036])),
}


class Random:
    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 18446744073709551616
        return (self.state >> 33) % limit


class Customer:
    __slots__ = ("number", "arrived", "work", "priority")

    def __init__(self, number, arrived, work, priority):
        self.number = number
        self.arrived = arrived
        self.work = work
        self.priority = priority


class Bank:
    def __init__(self, customers, tellers, seed):
        self.random = Random(seed)
        self.left = customers
        self.free = list(range(tellers))
        self.line = deque()
        self.urgent = []
        self.events = []
        self.order = 0
        self.served = self.waited = self.longest = self.now = 0
        self.busy = [0] * tellers

    def at(self, time, action, *details):
        self.order += 1
        heapq.heappush(self.events, (time, self.order, action, details))

    def run(self):
        self.at(0, self.arrive)
        while self.events:
            self.now, _, action, details = heapq.heappop(self.events)
            action(*details)
        return self.served, self.waited, self.longest, self.now, self.busy

    def arrive(self):
        self.left -= 1
        customer = Customer(self.left, self.now, 20 + self.random.below(60), self.random.below(10))
        if customer.priority == 0:
            heapq.heappush(self.urgent, (customer.work, customer.number, customer))
        else:
            self.line.append(customer)
        if self.left:
            self.at(self.now + 5 + self.random.below(25), self.arrive)
        self.serve()

    def serve(self):
        while self.free and (self.urgent or self.line):
            customer = heapq.heappop(self.urgent)[2] if self.urgent else self.line.popleft()
            teller = heapq.heappop(self.free)
            wait = self.now - customer.arrived
            self.waited += wait
            self.longest = max(self.longest, wait)
            self.busy[teller] += customer.work
            self.at(self.now + customer.work, self.finish, teller)

    def finish(self, teller):
        self.served += 1
        heapq.heappush(self.free, teller)
        self.serve()


def run(n):
    return Bank(n, 3, 1).run(), Bank(n // 2, 2, 99).run()


if __name__ == "__main__":
    from driver import main
    main(globals())
