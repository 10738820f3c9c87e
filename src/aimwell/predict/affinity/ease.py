"""EASE: how much having bought one product speaks for another, in closed form from the item-by-item Gram matrix.

References
----------
Steck, H. (2019). Embarrassingly Shallow Autoencoders for Sparse Data. The World Wide Web Conference, 3251-3257.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from aimwell.predict.affinity.arrays import FloatArray

__all__ = ["RIDGE_SHARE", "ease", "related"]

RIDGE_SHARE = 0.1  # of the people: a few hundred for a few thousand people, as in the paper
_MIN_RIDGE = 5.0


def ease(gram: FloatArray, *, n_people: int) -> FloatArray:
    """Return the weights B that minimise |X - XB|^2 + ridge |B|^2 with a diagonal of zeros.

    Parameters
    ----------
    gram
        (n, n) float32, symmetric: people who bought both products; the diagonal: who bought the product. Overwritten.
    n_people
        How many people were counted; the ridge is `RIDGE_SHARE` of them, at least 5.

    Returns
    -------
    FloatArray
        (n, n) float32: row, the product that was bought; column, the product it speaks for.
    """
    places = np.arange(len(gram))
    gram[places, places] += max(RIDGE_SHARE * n_people, _MIN_RIDGE)
    # the ridge makes the matrix positive definite, so that neither step can fail
    factor, _ = lapack.spotrf(gram.T, lower=0, overwrite_a=1)
    inverse, _ = lapack.spotri(factor, lower=0, overwrite_c=1)
    inverse = np.triu(inverse)
    inverse += np.triu(inverse, 1).T
    weights = inverse / -np.diag(inverse)[None, :]
    weights[places, places] = 0.0
    return np.asarray(weights, dtype=np.float32)


def related(weights: FloatArray, *, n_kept: int) -> sparse.csr_array:
    """Keep, for each product, the `n_kept` others that speak for it most; what speaks against it is dropped."""
    n = len(weights)
    kept = np.where(weights > 0, weights, 0.0).astype(np.float32)
    if n > n_kept:
        edge = np.partition(kept, n - n_kept, axis=0)[n - n_kept]
        kept[kept < edge[None, :]] = 0.0
    return sparse.csr_array(kept)
