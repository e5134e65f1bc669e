"""Fay and Herriot's model of areas whose estimates have known sampling variances.

An estimate is a mean by covariates, how far areas differ, and sampling error of known variance (Fay
and Herriot 1979, JASA 74: 269-277). Random-effects meta-analysis is the same model without
covariates. The variance between areas is that of restricted likelihood.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar


@dataclass(frozen=True)
class AreaModel:
    """A fitted model.

    Attributes
    ----------
    coefficients, standard_errors
        Of the covariates, (p,).
    between
        Variance between areas, sampling error aside.
    weights
        How much each area's own estimate is believed, 0 to 1; (n,).
    estimates
        Best linear unbiased predictions of the areas, (n,): their own estimates, shrunk towards
        what covariates say.
    """

    coefficients: np.ndarray
    standard_errors: np.ndarray
    between: float
    weights: np.ndarray
    estimates: np.ndarray


def fay_herriot(
    direct: np.ndarray, sampling: np.ndarray, covariates: np.ndarray | None = None
) -> AreaModel:
    """Fit the model by restricted maximum likelihood.

    Parameters
    ----------
    direct
        Estimates, (n,).
    sampling
        Their sampling variances, above 0; (n,).
    covariates
        Of the areas, (n, p), of full rank and with p < n; default: a constant.
    """
    known = np.ones((len(direct), 1)) if covariates is None else covariates
    most = 10 * float(np.var(direct) + sampling.max())
    found = minimize_scalar(
        lambda root: _deviance(root**2, direct, sampling, known),
        bounds=(0, np.sqrt(most)),
        method="bounded",
        options={"xatol": 1e-9 * np.sqrt(most)},
    )
    at_none = _deviance(0, direct, sampling, known)
    between = 0.0 if at_none <= found.fun else float(found.x**2)
    coefficients, covariance = _regressed(between, direct, sampling, known)
    weights = between / (between + sampling)
    expected = known @ coefficients
    return AreaModel(
        coefficients=coefficients,
        standard_errors=np.sqrt(np.diag(covariance)),
        between=between,
        weights=weights,
        estimates=expected + weights * (direct - expected),
    )


def _regressed(
    between: float, direct: np.ndarray, sampling: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Regress on the covariates by generalised least squares."""
    precision = 1 / (between + sampling)
    covariance = np.linalg.inv(known.T @ (precision[:, None] * known))
    return covariance @ (known.T @ (precision * direct)), covariance


def _deviance(between: float, direct: np.ndarray, sampling: np.ndarray, known: np.ndarray) -> float:
    """Give minus twice the restricted log-likelihood, but for a constant."""
    coefficients, covariance = _regressed(between, direct, sampling, known)
    variance = between + sampling
    off = direct - known @ coefficients
    return float(
        np.sum(np.log(variance)) - np.linalg.slogdet(covariance)[1] + np.sum(off**2 / variance)
    )
