"""The doors of the main job: case pages, lists, jobs on a phone, and the public form."""
