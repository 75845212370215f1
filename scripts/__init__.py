"""Tools of the project: set-up, running, testing. `make` names what there is."""
