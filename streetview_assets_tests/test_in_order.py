"""Work shared out to a pool: in order, a little ahead, and dropped where nobody takes it."""

import threading
from concurrent.futures import ThreadPoolExecutor

from streetview_assets.processes.in_order import in_order


def test_results_come_in_the_order_of_their_tasks_and_never_far_ahead():
    taken = []

    def tasks():
        for number in range(20):
            taken.append(number)
            yield number

    first_may_end = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            first_may_end.wait(5)
        return number * number

    with ThreadPoolExecutor(4) as pool:
        results = in_order(pool, work, tasks(), ahead=3)
        first_may_end.set()
        assert next(results) == 0
        assert len(taken) == 4, "three ahead, and one in the place of what was taken"
        assert list(results) == [number * number for number in range(1, 20)]


def test_what_is_not_taken_is_not_begun():
    done, may_end = [], threading.Event()

    def work(number: int) -> int:
        done.append(number)
        may_end.wait(5)
        return number

    with ThreadPoolExecutor(1) as pool:
        results = in_order(pool, work, range(100), ahead=10)
        may_end.set()
        next(results)
        may_end.clear()
        results.close()
        may_end.set()
    assert len(done) < 11
