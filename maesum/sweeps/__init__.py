"""Tables of the paper as data: which jobs they take, which are done, and running those that are not."""
