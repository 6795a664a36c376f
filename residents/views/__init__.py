"""The doors of the register: people, keys, meters, moves and what else goes with a home."""
