import torch
from torch import nn

from cytally.training.averaging import AveragedNetwork


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_the_average_is_that_of_the_formula_statistics_included():
    trained = network()
    average = AveragedNetwork(trained, decay=0.5)
    slow = {name: value.clone() for name, value in trained.state_dict().items()}
    for step in range(12):
        for value in trained.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand_like(value))
            else:
                value.add_(1)
        average.update(trained, step)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, value in trained.state_dict().items():
            slow[name] = decay * slow[name] + (1 - decay) * value if value.is_floating_point() else value.clone()
    found = average.network.state_dict()
    assert found["1.num_batches_tracked"] == 12
    for name, value in slow.items():
        assert torch.allclose(found[name], value, atol=1e-5), name


def test_without_decay_it_follows_the_network():
    trained = network()
    average = AveragedNetwork(trained, decay=0.0)
    nn.init.uniform_(trained[0].weight)
    average.update(trained, 100)
    assert torch.equal(average.network[0].weight, trained[0].weight)


def test_it_is_a_copy_that_takes_no_gradient():
    trained = network()
    average = AveragedNetwork(trained, decay=0.9)
    assert average.network[0].weight.data_ptr() != trained[0].weight.data_ptr()
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
    assert all(parameter.requires_grad for parameter in trained.parameters())
