"""Stock django-oscar as its own handbook sets it up, with what makes it fast (docs/decisions/0081): nothing of ours."""
