"""What each image adds to a prediction that answers in steps: its semivalue, by groups drawn.

Trees answer in steps, and the mean of forty images seldom crosses one when a single image goes:
left out one by one, nearly all change nothing. A semivalue (Dubey, Neyman and Weber 1981,
Mathematics of Operations Research 6: 122-128) is what an image adds to groups of the others, on
average over their sizes. That of Shapley (1953) takes all sizes alike; here they grow in equal
ratios from one image on, since small groups tell images apart, and large ones add noise (Kwon and
Zou 2022, Beta Shapley, AISTATS 151: 8780-8802). It is found as the mean over sizes of what is
predicted of groups with the image less that of groups without, so that it sums to 0 over an area.
Groups are drawn by permutations (Castro, Gómez and Tejada 2009, Computers & Operations Research 36:
1726-1730), each turned round so that of every size every image is in as many groups.
"""

import numpy as np

MOST_TURNS = 400
SIZES = 10


def groups_of(count: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Draw groups of images, each of them in as many groups of every size; mask (m, count).

    Parameters
    ----------
    count
        Images, 2 at least.
    most
        About so many groups; more where one permutation, in all its turns and sizes, makes more.
    rng
        What permutations are drawn by.
    """
    step = -(-count // MOST_TURNS)
    turns, least = np.arange(0, count, step), min(step, count - 1)
    sizes = np.unique(np.geomspace(least, max(count - step, least), SIZES).round().astype(int))
    place = (np.arange(count) - turns[:, None]) % count
    # Of one image, and of all but one, another permutation makes the same groups again.
    again = sizes if step > 1 else sizes[(sizes > 1) & (sizes < count - 1)]
    once = np.setdiff1d(sizes, again)
    made = [place < size for size in once]
    left = most // len(turns) - len(once)
    for _ in range(max(1, left // max(len(again), 1))):
        order = rng.permutation(count)
        made += [(place < size)[:, order] for size in again]
    return np.vstack(made)


def semivalues(groups: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Give what each image adds, shape (n,).

    Parameters
    ----------
    groups
        Which images are in each group, (m, n), of every size each image in some and not in some.
    predicted
        What the model says of each group, (m,).
    """
    sizes, found = groups.sum(axis=1), []
    for size in np.unique(sizes):
        members, said = groups[sizes == size].astype(np.float64), predicted[sizes == size]
        inside, others = members.sum(axis=0), (1 - members).sum(axis=0)
        found.append(said @ members / inside - said @ (1 - members) / others)
    return np.asarray(np.mean(found, axis=0))
