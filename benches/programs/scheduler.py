"""A small operating system passing packets between tasks: classes, method calls, linked lists, state changes."""

SIZE = 15000
CHECK = {
    200: (959589, 362, 175, [173, 179, 181, 201]),
    15000: (638345, 27666, 13827, [13831, 13825, 13833, 15001]),
}

CLOCK, WORKER, DISK, NET = range(4)


class Packet:
    def __init__(self, kind, owner):
        self.kind = kind
        self.owner = owner
        self.next = None
        self.payload = [0, 0, 0, 0]


class Queue:
    """A singly linked queue of packets."""

    def __init__(self):
        self.head = None
        self.tail = None
        self.length = 0

    def push(self, packet):
        packet.next = None
        if self.tail is None:
            self.head = packet
        else:
            self.tail.next = packet
        self.tail = packet
        self.length += 1

    def pop(self):
        packet = self.head
        self.head = packet.next
        if self.head is None:
            self.tail = None
        self.length -= 1
        return packet


class Task:
    def __init__(self, system, identity, priority):
        self.system = system
        self.identity = identity
        self.priority = priority
        self.inbox = Queue()
        self.waiting = True
        self.held = False
        self.runs = 0

    def runnable(self):
        return not self.held and (not self.waiting or self.inbox.length > 0)

    def step(self):
        self.runs += 1
        packet = self.inbox.pop() if self.inbox.length else None
        self.waiting = self.act(packet)

    def act(self, packet):
        raise NotImplementedError


class ClockTask(Task):
    """Wakes the devices in an irregular order, until its ticks are used up."""

    def __init__(self, system, ticks):
        super().__init__(system, CLOCK, 0)
        self.ticks = ticks
        self.register = 1
        self.waiting = False

    def act(self, packet):
        self.ticks -= 1
        if self.ticks < 0:
            self.system.running = False
            return True
        if self.register & 1:
            self.register = (self.register >> 1) ^ 0xB400
            self.system.release(DISK)
        else:
            self.register >>= 1
            self.system.release(NET)
        return False


class WorkerTask(Task):
    """Fills packets with letters and sends them alternately to the two devices."""

    def __init__(self, system):
        super().__init__(system, WORKER, 10)
        self.turn = 0
        self.letter = 0

    def act(self, packet):
        if packet is None:
            return True
        self.turn = 1 - self.turn
        for i in range(4):
            self.letter = self.letter % 26 + 1
            packet.payload[i] = 64 + self.letter
        packet.owner = WORKER
        self.system.send(packet, DISK if self.turn else NET)
        return True


class DeviceTask(Task):
    """Takes a packet, rests until the clock wakes it, and gives the packet back."""

    def __init__(self, system, identity):
        super().__init__(system, identity, 20 + identity)
        self.current = None

    def act(self, packet):
        if self.current is None:
            if packet is None:
                return True
            self.current = packet
            self.system.checksum = (self.system.checksum * 31 + sum(packet.payload) + self.identity) % 1000003
            self.held = True
            return False
        done, self.current = self.current, None
        if packet is not None:
            self.inbox.push(packet)
        self.system.send(done, WORKER)
        return self.inbox.length == 0


class System:
    def __init__(self, ticks):
        self.running = True
        self.checksum = 0
        self.sent = 0
        self.holds = 0
        self.tasks = {
            CLOCK: ClockTask(self, ticks),
            WORKER: WorkerTask(self),
            DISK: DeviceTask(self, DISK),
            NET: DeviceTask(self, NET),
        }
        self.order = sorted(self.tasks.values(), key=lambda task: -task.priority)

    def send(self, packet, identity):
        self.sent += 1
        self.tasks[identity].inbox.push(packet)

    def release(self, identity):
        task = self.tasks[identity]
        if task.held:
            self.holds += 1
            task.held = False

    def schedule(self):
        while self.running:
            for task in self.order:
                if task.runnable():
                    task.step()
                    break


def run(n):
    system = System(n)
    for kind in range(6):
        system.send(Packet(kind, None), WORKER)
    system.schedule()
    return system.checksum, system.sent, system.holds, [task.runs for task in system.order]


if __name__ == "__main__":
    from driver import main
    main(globals())
