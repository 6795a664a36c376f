"""The register read from files of other programs: what a file may hold, and how its rows become ours."""
