"""Empirical Bayes on three floors: the coefficients of a product, of its category, of the shop.

    product i of category g    b_i ~ N(m_g, T)
    category g                 m_g ~ N(mu, O)
    data of i                  y ~ N(X b_i, s_i^2)

mu, T and O are learned by EM; b and m are then posterior means. A product whose price hardly moved has little to say for itself
(X'X is small) and is given its category's coefficients; a category of few products is given the shop's.

References
----------
Lindley, D. V., Smith, A. F. M. (1972). Bayes estimates for the linear model. JRSS B 34(1), 1-41.
Dempster, A. P., Rubin, D. B., Tsutakawa, R. K. (1981). Estimation in covariance components models. JASA 76(374), 341-353.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.price.panel import Array, Integers

__all__ = ["Shrunk", "shrink"]

_ROUNDS = 200
_CLOSE = 1e-3  # the EM has arrived when mu and the spreads move less in a round
_LEAST = 1e-6  # variance below which a spread is nothing, so that matrices stay invertible


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """Posterior of K coefficients.

    Attributes
    ----------
    mean
        Of the shop, shape (K,).
    between_categories, between_products
        O and T, shape (K, K).
    category_mean, category_cov
        Shapes (G, K) and (G, K, K).
    product_mean, product_cov
        Shapes (N, K) and (N, K, K); the doubt about the category is in it.
    own_cov
        Covariance of a product's coefficients if its category were known exactly, shape (N, K, K).
    """

    mean: Array
    between_categories: Array
    between_products: Array
    category_mean: Array
    category_cov: Array
    product_mean: Array
    product_cov: Array
    own_cov: Array


def shrink(precision: Array, moment: Array, *, groups: Integers) -> Shrunk:
    """Return the posterior of every product, category and the shop.

    Parameters
    ----------
    precision
        X'X / s^2 of each product, shape (N, K, K).
    moment
        X'y / s^2 of each product, shape (N, K).
    groups
        Category of each product, 0..G-1, shape (N,).
    """
    k = moment.shape[1]
    mean, spread, apart = np.zeros(k), np.eye(k), np.eye(k)
    for _ in range(_ROUNDS):
        found = _posterior(precision, moment, groups=groups, mean=mean, spread=spread, apart=apart)
        before = np.concatenate([mean, spread.ravel(), apart.ravel()])
        mean = found.category_mean.mean(axis=0)
        spread = _spread(found, groups)
        apart = _outer(found.category_mean - mean) + found.category_cov.mean(axis=0)
        spread, apart = spread + _LEAST * np.eye(k), apart + _LEAST * np.eye(k)
        after = np.concatenate([mean, spread.ravel(), apart.ravel()])
        if np.abs(after - before).max() < _CLOSE:
            break
    return _posterior(precision, moment, groups=groups, mean=mean, spread=spread, apart=apart)


def _posterior(
    precision: Array, moment: Array, *, groups: Integers, mean: Array, spread: Array, apart: Array
) -> Shrunk:
    k = len(mean)
    n_groups = int(groups.max()) + 1
    inverse, inverse_apart = np.linalg.inv(spread), np.linalg.inv(apart)
    # What a product says about its category: (T + (X'X/s^2)^-1)^-1, written so that X'X may be singular.
    told = np.linalg.inv(precision @ spread + np.eye(k))
    weight = np.zeros((n_groups, k, k))
    said = np.zeros((n_groups, k))
    np.add.at(weight, groups, told @ precision)
    np.add.at(said, groups, (told @ moment[:, :, None])[:, :, 0])
    category_cov = np.linalg.inv(weight + inverse_apart)
    category_mean = (category_cov @ (said + inverse_apart @ mean)[:, :, None])[:, :, 0]
    own_cov = np.linalg.inv(precision + inverse)
    of_category = own_cov @ inverse  # how much of the answer is the category's
    product_mean = (own_cov @ (moment + category_mean[groups] @ inverse)[:, :, None])[:, :, 0]
    product_cov = own_cov + of_category @ category_cov[groups] @ of_category.transpose(0, 2, 1)
    return Shrunk(
        mean=mean,
        between_categories=apart,
        between_products=spread,
        category_mean=category_mean,
        category_cov=category_cov,
        product_mean=product_mean,
        product_cov=product_cov,
        own_cov=own_cov,
    )


def _spread(found: Shrunk, groups: Integers) -> Array:
    """Return the mean of E[(b_i - m_g)(b_i - m_g)'], the M-step of T."""
    rest = np.eye(len(found.mean)) - found.own_cov @ np.linalg.inv(found.between_products)
    doubt = found.own_cov + rest @ found.category_cov[groups] @ rest.transpose(0, 2, 1)
    mean: Array = doubt.mean(axis=0)
    return mean + _outer(found.product_mean - found.category_mean[groups])


def _outer(off: Array) -> Array:
    return np.asarray(off.T @ off / len(off))
