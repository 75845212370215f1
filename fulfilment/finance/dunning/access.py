"""What the pages of the room ask for."""

VIEW, RUN, POLICY = "dunning.view_dunning", "dunning.run_dunning", "dunning.change_policy"
WRITE_OFF = "dunning.write_off"
VIEW_LIMITS, CHANGE_LIMITS = "dunning.view_limits", "dunning.change_limits"
