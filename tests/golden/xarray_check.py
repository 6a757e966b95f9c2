#!/usr/bin/env python3
"""Opens result files as a user would, with xarray, and checks that names, attributes and content make sense.

    python3 xarray_check.py RESULT.nc...      exit 0, or 1 with one line for each thing that is wrong
"""
import sys
import tempfile

import matplotlib
import numpy as np
import xarray

COORDINATES = ["site", "sigma", "sample", "class"]
ATTRIBUTES = ["Conventions", "title", "source", "references", "model", "model_sha256", "data_sha256", "seed", "draws",
              "noise_kind", "noise_scale", "precision", "kernels", "libraries", "grid", "content_sha256"]
DIMENSIONS = {
    "label": ("sample",), "clean_class": ("sample",), "clean_margin": ("sample",), "clean_loss": ("sample",),
    "stay_count": ("site", "sigma", "sample"), "mode_class": ("site", "sigma", "sample"),
    "mode_count": ("site", "sigma", "sample"), "second_class": ("site", "sigma", "sample"),
    "second_count": ("site", "sigma", "sample"), "mean_margin": ("site", "sigma", "sample"),
    "stay_mean": ("site", "sigma"), "class_share": ("site", "sigma", "class"),
    "escape_sigma": ("site", "sample"), "escape_sigma_half": ("site", "sample"),
    "escape_sigma_first_flip": ("site", "sample"), "escape_status": ("site", "sample"), "activation_rms": ("site",),
}


class Check:
    def __init__(self, path):
        self.path, self.failures = path, 0

    def __call__(self, truth, message):
        if not truth:
            self.failures += 1
            print(f"{self.path}: {message}", file=sys.stderr)
        return truth


def check_names(check, ds):
    for name in COORDINATES:
        if check(name in ds.coords, f"no coordinate '{name}'; there are {list(ds.coords)}"):
            check("long_name" in ds[name].attrs, f"coordinate '{name}' has no long_name")
    check("units" in ds["sigma"].attrs, "coordinate 'sigma' has no units")
    for name in ATTRIBUTES:
        check(name in ds.attrs, f"no attribute '{name}'; there are {list(ds.attrs)}")
    check(str(ds.attrs.get("Conventions", "")).startswith("CF-"), "Conventions does not begin with CF-")
    for name, dimensions in DIMENSIONS.items():
        if check(name in ds, f"no variable '{name}'"):
            check(ds[name].dims == dimensions, f"{name} has dimensions {ds[name].dims}, not {dimensions}")
            check("long_name" in ds[name].attrs, f"{name} has no long_name")


def check_content(check, ds):
    draws = int(ds.attrs["draws"])
    sigma = ds.sigma.values
    check(np.all(np.diff(sigma) > 0) and sigma[0] > 0, f"sigma does not ascend from above 0: {sigma}")
    check(set(ds.site.dtype.str[1:2]) <= {"U", "O", "S"}, f"site names are {ds.site.dtype}, not text")
    for name in ("stay_count", "mode_count", "second_count"):
        value = ds[name].values.astype(float)
        value = value[np.isfinite(value)]
        check(value.size and value.min() >= 0 and value.max() <= draws,
              f"{name} is outside 0 to {draws}" if value.size else f"{name} is empty")
    check(bool((ds.mode_count + ds.second_count <= draws).where(ds.mode_count.notnull(), True).all()),
          "mode_count and second_count are together more than draws")
    check(bool((ds.stay_count <= ds.mode_count).where(ds.mode_count.notnull(), True).all()),
          "stay_count is above mode_count somewhere")

    stay = (ds.stay_count / draws).mean("sample")
    check(np.allclose(stay, ds.stay_mean, atol=1e-6, equal_nan=True), "stay_mean is not the mean of stay_count / draws")
    share = ds.class_share.sum("class", skipna=False)
    check(np.allclose(share.where(share.notnull(), 1), 1, atol=1e-5), "class_share does not add up to 1")
    if "class_count" in ds:
        total = ds.class_count.sum("class", skipna=False)
        check(bool((total == draws).where(ds.stay_count.notnull(), True).all()), "class_count does not add up to draws")
        check(bool((ds.class_count.max("class") == ds.mode_count).where(ds.stay_count.notnull(), True).all()),
              "the largest class_count is not mode_count")
    if "transition_count" in ds:
        moved = ds.transition_count.sum(ds.transition_count.dims[2:]).values
        whole = ds.stay_count.notnull().sum("sample").values * draws
        check(np.array_equal(moved, whole), "transition_count does not add up to samples x draws")

    if "transition_count" in ds and "class_count" in ds:
        total = ds.class_count.sum("sample").values
        check(np.array_equal(ds.transition_count.sum("class").values, total),
              "transition_count and class_count disagree on the perturbed classes")

    check(np.array_equal(np.isfinite(ds.escape_sigma.values) | np.isposinf(ds.escape_sigma.values),
                         ds.escape_status.values == 0), "escape_sigma is there where escape_status says it is not")
    left = ds.escape_sigma.values
    left = left[np.isfinite(left)]
    check(np.isin(left, sigma).all() if left.size else True, "escape_sigma holds values that are no scale of the grid")
    for name in ("label", "clean_class"):
        check(set(np.unique(ds[name].values[~np.isnan(ds[name].values.astype(float))])) <= set(ds["class"].values),
              f"{name} holds values that are no class")


def check_use(check, ds):
    """The first two things anybody does: one site's curve, and a picture of it."""
    site = str(ds.site.values[0])
    curve = ds.stay_mean.sel(site=site)
    check(curve.dims == ("sigma",), f"stay_mean.sel(site='{site}') has dimensions {curve.dims}")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    ds.stay_mean.where(np.isfinite(ds.sigma), drop=True).plot.line(x="sigma", xscale="log")
    with tempfile.TemporaryFile() as picture:
        plt.savefig(picture)
        check(picture.tell() > 1000, "the plot is empty")
    plt.close("all")


def main(paths):
    failures = 0
    for path in paths:
        check = Check(path)
        with xarray.open_dataset(path) as ds:
            check_names(check, ds)
            if not check.failures:
                check_content(check, ds)
                check_use(check, ds)
            if not check.failures:
                print(f"{path}: {ds.sizes['site']} sites, {ds.sizes['sigma']} scales, {ds.sizes['sample']} samples: good")
        failures += check.failures
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
