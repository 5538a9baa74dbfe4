"""The networks as plain `torch.nn.Module`s: no training, no files, no configuration beyond arguments."""
