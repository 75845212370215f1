"""What the pages of the room ask for."""

VIEW, RUN, POLICY = "dunning.view_dunning", "dunning.run_dunning", "dunning.change_policy"
