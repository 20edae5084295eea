"""The same chapter on CUDA and on the CPU. Skipped, and said so, where there is no CUDA device."""

import pytest
import torch

from mtgp_tutorial import choose_device, datasets, fit, icm, impute, predict, sample, scores, simulate

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here: CPU and GPU were not compared")


def test_small_tables_stay_on_the_cpu(monkeypatch):
    monkeypatch.delenv("MTGP_DEVICE", raising=False)
    assert choose_device(100) == "cpu"
    assert choose_device(10**6) == ("cuda" if torch.cuda.is_available() else "cpu")


@cuda
@pytest.mark.parametrize("noise", ["per task", "full"])
def test_cuda_agrees_with_the_cpu(noise):
    lakes = datasets.great_lakes()
    for table in (lakes, lakes.hide("Erie", 1950, 1970)[0], simulate.two_sines(seed=1)):
        results = []
        for device in ("cpu", "cuda"):
            fitted = fit(icm(table.to(device), noise=noise), starts=1)
            ours, filled = predict(fitted, table.x[:5].to(device)), impute(fitted)
            draws = sample(fitted, table.x[:3].to(device), 4, seed=0)
            assert ours.mean.device.type == filled.mean.device.type == draws.device.type == device
            results.append([v.cpu() for v in (ours.mean, ours.variance.log(), filled.mean, draws)])
            results[-1].append(torch.tensor(fitted.log_likelihood))
        for a, b in zip(*results, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@cuda
def test_queries_on_another_device_are_refused():
    fitted = fit(icm(simulate.two_sines(seed=1).to("cuda")), starts=1)
    with pytest.raises(ValueError, match="move one of them"):
        predict(fitted, [0.0])
    data = datasets.great_lakes().to("cuda")
    assert scores.mse(data.y[:, 0], data.y[:, 0]) == 0
