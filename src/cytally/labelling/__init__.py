"""Label images without a labeller: nuclei found in a fluorescence channel, to train networks that see another one."""
