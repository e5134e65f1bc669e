"""What computes a network: PyTorch on any device, OpenVINO on the cores of this machine."""
